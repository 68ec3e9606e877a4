"""Groups of a whole portal out of its index: what brute force finds, with the hubs of the whole portal."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

import numpy as np
import pytest

from b24app.dedupe.group import JOINING
from b24app.dedupe.key_table import KeyTable
from b24app.dedupe.keys import KeyKind, MatchKey
from b24app.dedupe.record import RecordRef, RecordType, Stage
from b24app.dedupe.rules import RuleSet
from b24app.services.audit.run.describing import Chunk, Describer
from b24app.services.audit.run.grouping import Findings, find_groups, scope_mask
from b24app.services.audit.run.orders import AuditScope
from b24app.store.audit_values import AuditGroup
from b24app.store.index_columns import RecordColumns
from tests.dedupe.seeded import seeded_keys
from tests.store.audits import groups_of
from tests.store.builders import NOON, a_company, a_contact, a_lead

RULES = RuleSet()
DAY = 86_400.0
Keys = dict[RecordRef, frozenset[MatchKey]]


def columns(refs: Iterable[RecordRef], **known: list[float]) -> RecordColumns:
    """The records as the index has them: nobody's, without dates, unless told otherwise."""
    ordered = sorted(refs)
    count = len(ordered)
    return RecordColumns(
        types=np.array([ref.type for ref in ordered], np.int8),
        ids=np.array([ref.id for ref in ordered], np.int64),
        responsibles=np.array(known.get("responsibles", [0] * count), np.int64),
        stages=np.array(known.get("stages", [0] * count), np.int8),
        created_at=np.array(known.get("created_at", [np.nan] * count)),
        modified_at=np.array(known.get("modified_at", [np.nan] * count)),
    )


def found(keys_of: Keys, scope: AuditScope = AuditScope(), rules: RuleSet = RULES) -> Findings:
    records = columns(keys_of)
    in_scope = scope_mask(records, scope, rules, frozenset(), NOON)
    return find_groups(records, KeyTable.of(keys_of), rules, in_scope, [])


def described(findings: Findings, at_once: int = 7, skip: int = 0) -> list[Chunk]:
    describer, count = Describer(findings), findings.bulk.group_count
    return [describer.describe(start, at_once) for start in range(skip, count, at_once)]


def rows(chunks: Iterable[Chunk]) -> list[AuditGroup]:
    """The groups as they will be read again."""
    return [group for chunk in chunks for group in groups_of(chunk.groups)]


def members(chunks: Iterable[Chunk]) -> list[tuple[RecordRef, ...]]:
    by_group: defaultdict[int, list[RecordRef]] = defaultdict(list)
    for chunk in chunks:
        columns = chunk.members
        for number, kind, one in zip(
            columns.group_nos.tolist(), columns.types.tolist(), columns.ids.tolist(), strict=True
        ):
            by_group[number].append(RecordRef(RecordType(kind), one))
    return [tuple(refs) for _, refs in sorted(by_group.items())]


def brute_force(keys_of: Keys, types: Collection[RecordType], hub_limit: int) -> list[tuple[RecordRef, ...]]:
    """Spread group numbers along shared values until nothing changes; hubs are counted over all records."""
    holders: defaultdict[MatchKey, list[RecordRef]] = defaultdict(list)
    for ref, keys in keys_of.items():
        for key in keys:
            holders[key].append(ref)
    joints = [
        [ref for ref in refs if ref.type in types]
        for key, refs in holders.items()
        if key.kind in JOINING and 1 < len(refs) <= hub_limit
    ]
    label = {ref: ref for ref in keys_of}
    is_changing = True
    while is_changing:
        is_changing = False
        for refs in joints:
            least = min((label[ref] for ref in refs), default=None)
            for ref in refs:
                is_changing |= label[ref] != least
                label[ref] = least
    groups: defaultdict[RecordRef, list[RecordRef]] = defaultdict(list)
    for ref, least in label.items():
        groups[least].append(ref)
    return sorted(tuple(sorted(refs)) for refs in groups.values() if len(refs) > 1)


@pytest.fixture(scope="module")
def portal() -> Keys:
    return seeded_keys(20_000, seed=5)


@pytest.mark.parametrize("types", [frozenset(RecordType), frozenset({RecordType.LEAD, RecordType.COMPANY})])
def test_an_audit_finds_what_brute_force_finds_among_twenty_thousand_records(portal: Keys, types):
    findings = found(portal, AuditScope(types=types))

    assert members(described(findings, 4_000)) == brute_force(portal, types, RULES.hub_limit)
    assert [hub.size for hub in findings.hubs] == sorted((hub.size for hub in findings.hubs), reverse=True)
    assert findings.record_count == sum(ref.type in types for ref in portal)


def test_figures_of_groups_are_those_of_their_members(portal: Keys):
    findings = found(portal)
    chunks = described(findings, 1_000)
    groups = rows(chunks)

    for group, refs in zip(groups, members(chunks), strict=True):
        sizes = Counter(ref.type for ref in refs)
        assert (group.code, group.size) == (str(refs[0]), len(refs))
        assert (group.leads, group.contacts, group.companies) == tuple(sizes[kind] for kind in RecordType)
        assert len(group.chain) == group.size - 1
        assert all((sizes[a] > 1) if a is b else (sizes[a] and sizes[b]) for a, b in group.pairs)
    assert [group.group_no for group in groups] == list(range(len(groups)))
    assert findings.records_in_groups == sum(group.size for group in groups)


def test_what_is_left_of_a_description_is_the_same_wherever_it_begins(portal: Keys):
    findings = found(portal)
    whole = rows(described(findings, 1_000))

    rest = rows(described(findings, 999, skip=5))

    assert len(whole) > 10
    assert rest == whole[5:]


def test_a_hub_of_the_portal_joins_nobody_in_a_narrow_scope_either():
    switchboard = MatchKey(KeyKind.PHONE, 1)
    keys_of = {a_lead(number): frozenset({switchboard}) for number in range(1, 5)}
    keys_of |= {a_contact(number): frozenset({switchboard}) for number in (1, 2)}
    rules = RuleSet(hub_limit=5)

    narrow = found(keys_of, AuditScope(types=frozenset({RecordType.CONTACT})), rules)

    assert described(narrow) == []
    assert [(hub.size, hub.leads, hub.contacts) for hub in narrow.hubs] == [(6, 4, 2)]


def test_the_chain_says_who_holds_whom_by_what():
    phone, email = MatchKey(KeyKind.PHONE, 1), MatchKey(KeyKind.EMAIL, 2)
    keys_of = {
        a_lead(1): frozenset({phone}),
        a_contact(2): frozenset({phone, email}),
        a_company(3): frozenset({email}),
    }

    (chunk,) = described(found(keys_of))

    (group,) = rows([chunk])
    told = [(str(link.a), str(link.b), link.kind) for link in group.chain]
    assert told == [("lead:1", "contact:2", KeyKind.PHONE), ("contact:2", "company:3", KeyKind.EMAIL)]


def test_a_scope_lets_in_by_stage_responsible_and_date():
    refs = [a_lead(1), a_lead(2), a_contact(3), a_contact(4)]
    records = columns(
        refs,
        stages=[Stage.IN_WORK, Stage.LOST, 0, 0],
        responsibles=[5, 5, 6, 7],
        created_at=[NOON, NOON, NOON - 9 * DAY, np.nan],
    )

    def let_in(scope: AuditScope, rules: RuleSet = RULES) -> list[int]:
        employees = frozenset({7}) if scope.departments else frozenset()
        mask = scope_mask(records, scope, rules, employees, NOON)
        return records.ids[mask].tolist()

    assert let_in(AuditScope()) == [1, 2, 3, 4]
    assert let_in(AuditScope(stages=frozenset({Stage.IN_WORK}))) == [1, 3, 4]
    assert let_in(AuditScope(responsibles=frozenset({6}))) == [3]
    assert let_in(AuditScope(responsibles=frozenset({6}), departments=frozenset({1}))) == [3, 4]
    assert let_in(AuditScope(created_from=NOON - DAY)) == [1, 2]
    assert let_in(AuditScope(created_to=NOON - DAY)) == [3]
    assert let_in(AuditScope(), RuleSet(include_closed=False)) == [1, 3, 4]
    assert let_in(AuditScope(), RuleSet(look_back_days=2)) == [1, 2, 4]
    assert let_in(AuditScope(), RuleSet(types=frozenset({RecordType.LEAD}))) == [1, 2]

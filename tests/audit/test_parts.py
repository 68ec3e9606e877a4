"""The pure parts of an audit: grades of groups, sentences, words, and files that come whole or not at all."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from b24app.bitrix24 import errors
from b24app.dedupe.grade import Grade
from b24app.dedupe.group import group_records
from b24app.dedupe.keys import match_keys
from b24app.dedupe.record import Multifield, PersonName, Record, RecordRef, RecordType, ValueKind
from b24app.dedupe.rules import RuleSet
from b24app.services.audit.by_webhook.files import write_files
from b24app.services.audit.by_webhook.gathering import Gathered
from b24app.services.audit.by_webhook.refusals import sentence_for
from b24app.services.audit.by_webhook.result import AuditResult, Circumstances, Material, build_result
from b24app.services.audit.by_webhook.webhook import AuditOrder
from b24app.services.audit.grading import grade_group
from b24app.services.audit.words import WORDS

RULES, KEY = RuleSet(), bytes(32)
ONE, TWO, THREE = "+79161234567", "+79161234568", "+79161234569"


def a_lead(number: int, *values: str, name: str = "") -> Record:
    fields = [Multifield(ValueKind.EMAIL if "@" in value else ValueKind.PHONE, value) for value in values]
    return Record(RecordRef(RecordType.LEAD, number), tuple(fields), PersonName(last=name))


def grade_of(*leads: Record) -> Grade:
    """Return the grade of the one group that these make."""
    records = {lead.ref: lead for lead in leads}
    [group] = group_records(
        {ref: match_keys(r, RULES, KEY) for ref, r in records.items()}, hub_limit=50
    ).groups
    return grade_group(group, records, RULES, KEY).grade


def a_result(*leads: Record, key: bytes = KEY) -> AuditResult:
    records = {lead.ref: lead for lead in leads}
    keys = {ref: match_keys(record, RULES, key) for ref, record in records.items()}
    gathered = Gathered(True, dict.fromkeys(RecordType, 0), frozenset())
    material = Material(gathered, group_records(keys, hub_limit=50), records, {})
    return build_result(material, RULES, key, Circumstances("https://acme.bitrix24.ru", 0.0, 1.0, 2))


def test_a_group_is_as_sure_as_the_weakest_link_it_needs() -> None:
    sure, unsure = a_lead(1, ONE, "ivan.orlov@gmail.com"), a_lead(2, "ivanorlov@gmail.com", TWO)

    assert grade_of(sure, a_lead(3, ONE)) is Grade.EXACT
    assert grade_of(sure, a_lead(3, ONE), unsure) is Grade.POSSIBLE


def test_a_weak_link_beside_a_strong_one_takes_nothing_away() -> None:
    one = a_lead(1, ONE, "ivan.orlov@gmail.com")
    other = a_lead(2, TWO, "ivanorlov@gmail.com")

    assert grade_of(one, other, a_lead(3, ONE, TWO)) is Grade.EXACT


def test_other_people_behind_one_number_are_likely_at_best() -> None:
    assert grade_of(a_lead(1, ONE, name="Соколов"), a_lead(2, ONE, name="Ждановская")) is Grade.LIKELY


@pytest.mark.parametrize("language", WORDS)
def test_every_refusal_has_its_sentence(language: str) -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.Bitrix24Error)
    ]

    said = {kind: sentence_for(kind(), language) for kind in kinds}

    assert all(said.values())
    assert said[errors.TokenRejected] != said[errors.AccessDenied] != said[errors.PlanRefused]


def test_the_languages_say_the_same_things() -> None:
    assert WORDS["ru"].keys() == WORDS["en"].keys()


class Interrupted(Mapping[RecordRef, str]):
    """Titles at whose reading somebody presses Ctrl+C."""

    def __getitem__(self, ref: RecordRef) -> str:
        raise KeyboardInterrupt

    def __iter__(self) -> Iterator[RecordRef]:
        return iter(())

    def __len__(self) -> int:
        return 0


@pytest.mark.parametrize("kind", ["json", "xlsx"])
def test_an_interrupted_file_leaves_the_one_before_it_and_no_trace(tmp_path: Path, kind: str) -> None:
    target = tmp_path / f"audit.{kind}"
    target.write_bytes(b"the one before")
    result = replace(a_result(a_lead(1, ONE), a_lead(2, ONE)), titles=Interrupted())
    order = replace(AuditOrder("", with_values=True), **{kind: target})

    with pytest.raises(KeyboardInterrupt):
        write_files(result, order)

    assert target.read_bytes() == b"the one before"
    assert list(tmp_path.iterdir()) == [target]


def test_the_result_is_the_same_for_every_hashing_key() -> None:
    leads = [a_lead(1, ONE, TWO, THREE), a_lead(2, THREE, ONE, TWO), a_lead(3, TWO)]

    results = []
    for key in (bytes(32), bytes(range(32)), b"x" * 32):
        groups = a_result(*leads, key=key).groups
        results.append([(g.records, g.grade, [(k.display, k.records) for k in g.keys]) for g in groups])

    assert results[0] == results[1] == results[2]

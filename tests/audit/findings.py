"""Small portals as the index holds them, grouped by columns, and the same groups in plain form."""

from collections.abc import Collection, Mapping

import numpy as np
from hypothesis import strategies as st

from b24app.dedupe.bulk import describe_groups
from b24app.dedupe.group import DuplicateGroup
from b24app.dedupe.key_table import KeyTable
from b24app.dedupe.keys import KeyKind, MatchKey
from b24app.dedupe.record import RecordRef, RecordType
from b24app.dedupe.rules import RuleSet
from b24app.services.audit.run.grouping import Findings, find_groups
from b24app.store.index_columns import RecordColumns

Rejected = frozenset[frozenset[RecordRef]]
KeysOf = Mapping[RecordRef, Collection[MatchKey]]
Known = Mapping[RecordRef, tuple[int, float, float]]  # responsible, creation, change

refs = st.builds(RecordRef, st.sampled_from(RecordType), st.sampled_from([1, 2, 30, 2**40]))
keys = st.builds(
    lambda kind, step: MatchKey(kind, 8 * step + kind),  # a hash tells the kind
    st.sampled_from(KeyKind),
    st.integers(0, 2),
)
moments = st.sampled_from([np.nan, 0.0, 5.5, 1.7e9])
known_facts = st.tuples(st.sampled_from([0, 1, 2, 2**40]), moments, moments)
portals = st.dictionaries(refs, st.tuples(st.frozensets(keys, max_size=4), known_facts), max_size=12)
rejections = st.frozensets(st.frozensets(refs, min_size=2, max_size=2), max_size=3)


def findings_of(keys_of: KeysOf, known: Known, rejected: Rejected, rules: RuleSet) -> Findings:
    """Group everybody; ``known`` ascends by record."""
    facts = np.array(list(known.values()), np.float64).reshape(len(known), 3)
    records = RecordColumns(
        types=np.array([ref.type for ref in known], np.int8),
        ids=np.array([ref.id for ref in known], np.int64),
        responsibles=facts[:, 0].astype(np.int64),
        stages=np.zeros(len(known), np.int8),
        created_at=facts[:, 1],
        modified_at=facts[:, 2],
    )
    everybody = np.ones(len(records), np.bool_)
    return find_groups(records, KeyTable.of(keys_of), rules, everybody, rejected)


def plain_groups(findings: Findings) -> list[DuplicateGroup]:
    """Return the groups by their smallest record."""
    described = describe_groups(
        findings.table, findings.bulk, rejected=findings.rejected, joining=findings.joining
    )
    return list(described)

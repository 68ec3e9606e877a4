"""New groups of an audit with their members, as columns and as the rows that COPY takes.

Rows are made outside of any transaction: it costs the processor's time, and the portal's other writers would wait.
"""

from dataclasses import dataclass, field

import numpy as np

from b24app.dedupe.key_table import Bytes, Flags, Ids, Rows
from b24app.store.audit_values import SHARED_KINDS, Change, NameGrade
from b24app.store.binary_copy import BigintArrays, Column, Nulls, Numbers, Texts, encode_rows, same_in_all
from b24app.store.index_columns import Moments
from b24app.store.tables_audit import AUDIT_GROUP, AUDIT_MEMBER

GROUP_COLUMNS = tuple(column.name for column in AUDIT_GROUP.columns)
MEMBER_COLUMNS = tuple(column.name for column in AUDIT_MEMBER.columns if column.name != "source")


@dataclass(frozen=True, slots=True)
class AuditGroupColumns:
    """Groups whose records were not read yet. Sets and links are the numbers that the table keeps.

    ``responsibles`` and ``chain`` stand group by group, as many numbers each as their counts say.
    """

    group_nos: Ids
    codes: tuple[str, ...]
    sizes: Ids
    leads: Rows
    contacts: Rows
    companies: Rows
    grades: Bytes
    kinds: Bytes
    pairs: Bytes
    is_weakly_held: Flags
    responsible_counts: Ids
    responsibles: Ids
    newest_at: Moments
    chain_counts: Ids
    chains: Ids

    def __len__(self) -> int:
        return len(self.group_nos)


@dataclass(frozen=True, slots=True)
class AuditMemberColumns:
    """Records of groups. ``responsibles`` 0: none; ``created_at`` NaN: unknown."""

    group_nos: Ids
    types: Bytes
    ids: Ids
    responsibles: Ids
    stages: Bytes
    created_at: Moments

    def __len__(self) -> int:
        return len(self.group_nos)


@dataclass(frozen=True, slots=True)
class AuditRows:
    """Groups and members of one portal's run, ready to be stored."""

    portal_id: int
    run_id: int
    groups: bytearray = field(repr=False)
    members: bytearray = field(repr=False)

    @classmethod
    def of(
        cls, portal_id: int, run_id: int, groups: AuditGroupColumns, members: AuditMemberColumns
    ) -> "AuditRows":
        group_columns = same_in_all(len(groups), portal_id=portal_id, run_id=run_id) | _group_columns(groups)
        member_columns = same_in_all(len(members), portal_id=portal_id, run_id=run_id) | _member_columns(
            members
        )
        return cls(
            portal_id,
            run_id,
            encode_rows([group_columns[name] for name in GROUP_COLUMNS]),
            encode_rows([member_columns[name] for name in MEMBER_COLUMNS]),
        )


def _group_columns(groups: AuditGroupColumns) -> dict[str, Column]:
    count = len(groups)
    zero = np.zeros(count, np.int8)
    return {
        "group_no": Numbers(groups.group_nos, "i8"),
        "code": Texts(groups.codes),
        "size": Numbers(groups.sizes, "i4"),
        "leads": Numbers(groups.leads, "i4"),
        "contacts": Numbers(groups.contacts, "i4"),
        "companies": Numbers(groups.companies, "i4"),
        "grade": Numbers(groups.grades, "i2"),
        "name_grade": Numbers(np.full(count, int(NameGrade.NOT_READ)), "i2"),
        "name_score": Nulls(count),
        "kinds": Numbers(groups.kinds, "i2"),
        "pairs": Numbers(groups.pairs, "i2"),
        "shared_kind": Numbers(np.full(count, SHARED_KINDS.index(None)), "i2"),
        "severity": Numbers(zero, "i2"),
        "is_weakly_held": Numbers(groups.is_weakly_held, "b1"),
        "responsibles": BigintArrays(groups.responsible_counts, groups.responsibles),
        "newest_at": Numbers(groups.newest_at, "f8"),
        "chain": BigintArrays(groups.chain_counts, groups.chains),
        "change": Numbers(np.full(count, int(Change.NOT_COMPARED)), "i2"),
        "is_solved": Numbers(zero, "b1"),
        "handed_to": Nulls(count),
        "due_at": Nulls(count),
    }


def _member_columns(members: AuditMemberColumns) -> dict[str, Column]:
    return {
        "group_no": Numbers(members.group_nos, "i8"),
        "type": Numbers(members.types, "i2"),
        "id": Numbers(members.ids, "i8"),
        "responsible_id": Numbers(members.responsibles, "i8", members.responsibles == 0),
        "stage": Numbers(members.stages, "i2"),
        "created_at": Numbers(members.created_at, "f8", np.isnan(members.created_at)),
    }

"""Tables of the audit: runs and what they found. Ids, codes and numbers; what a person typed is sealed.

A run's row stays, for the trend; its groups, members, shared values and hubs are removed with old runs.
"""

from sqlalchemy import ARRAY, BigInteger, Column, Double, Identity, Index, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class AuditRunRow(SQLModel, table=True):
    """One audit, from the order to its figures. Dies with any uninstallation."""

    __tablename__ = "audit_run"
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    run_id: int = Field(sa_column=Column(BigInteger, Identity(), primary_key=True))
    name_sealed: bytes
    state: str = Field(sa_type=Text)
    stage: str = Field(sa_type=Text)
    scope: dict[str, object] = Field(sa_column=Column(JSONB, nullable=False))
    terms: dict[str, object] = Field(sa_column=Column(JSONB, nullable=False))
    rules_sealed: bytes
    done: int = Field(sa_type=BigInteger)
    total: int = Field(sa_type=BigInteger)
    rows: int = Field(sa_type=BigInteger)
    groups: int = Field(sa_type=BigInteger)
    speed: float = Field(sa_type=Double)
    started_by: int | None = Field(sa_type=BigInteger)
    created_at: float = Field(sa_type=Double)
    started_at: float | None = Field(sa_type=Double)
    updated_at: float = Field(sa_type=Double)
    finished_at: float | None = Field(sa_type=Double)
    numbers: dict[str, object] = Field(sa_column=Column(JSONB, nullable=False))
    checkpoint: dict[str, object] = Field(sa_column=Column(JSONB, nullable=False))
    previous_run_id: int | None = Field(sa_type=BigInteger)
    reason_code: str | None = Field(sa_type=Text)


class AuditGroupRow(SQLModel, table=True):
    """One duplicate group; ``chain`` is four numbers a link, ``kinds`` and ``pairs`` are sets as bits."""

    __tablename__ = "audit_group"
    __table_args__ = (
        Index("audit_group_by_size", "portal_id", "run_id", "size", "group_no"),
        Index("audit_group_by_grade", "portal_id", "run_id", "grade", "group_no"),
        Index("audit_group_by_severity", "portal_id", "run_id", "severity", "group_no"),
    )
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    run_id: int = Field(primary_key=True, sa_type=BigInteger)
    group_no: int = Field(primary_key=True, sa_type=BigInteger)
    code: str = Field(sa_type=Text)
    size: int
    leads: int
    contacts: int
    companies: int
    grade: int = Field(sa_type=SmallInteger)
    name_grade: int = Field(sa_type=SmallInteger)
    name_score: int | None = Field(sa_type=SmallInteger)
    kinds: int = Field(sa_type=SmallInteger)
    pairs: int = Field(sa_type=SmallInteger)
    shared_kind: int = Field(sa_type=SmallInteger)
    severity: int = Field(sa_type=SmallInteger)
    is_weakly_held: bool
    responsibles: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))
    newest_at: float = Field(sa_type=Double)
    chain: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))
    change: int = Field(sa_type=SmallInteger)
    is_solved: bool
    handed_to: int | None = Field(sa_type=BigInteger)
    due_at: float | None = Field(sa_type=Double)


class AuditMemberRow(SQLModel, table=True):
    """A record of a group, as it was when the audit saw it. Goes with its run."""

    __tablename__ = "audit_member"
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    run_id: int = Field(primary_key=True, sa_type=BigInteger)
    group_no: int = Field(primary_key=True, sa_type=BigInteger)
    type: int = Field(primary_key=True, sa_type=SmallInteger)
    id: int = Field(primary_key=True, sa_type=BigInteger)
    responsible_id: int | None = Field(sa_type=BigInteger)
    stage: int = Field(sa_type=SmallInteger)
    created_at: float | None = Field(sa_type=Double)
    source: str | None = Field(sa_type=Text)


class AuditSharedRow(SQLModel, table=True):
    """A phone or e-mail on contacts and companies at once: how bad, and who gets the next call."""

    __tablename__ = "audit_shared"
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    run_id: int = Field(primary_key=True, sa_type=BigInteger)
    group_no: int = Field(primary_key=True, sa_type=BigInteger)
    shared_no: int = Field(primary_key=True)
    value_kind: str = Field(sa_type=Text)
    shared_kind: int = Field(sa_type=SmallInteger)
    severity: int = Field(sa_type=SmallInteger)
    is_same_responsible: bool
    contacts: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))
    companies: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))
    receiver: int | None = Field(sa_type=BigInteger)
    should_receive: int | None = Field(sa_type=BigInteger)
    is_misrouted: bool
    advice: str = Field(sa_type=Text)


class AuditHubRow(SQLModel, table=True):
    """A value on more records than the rules allow; ``sample`` are the first of its holders."""

    __tablename__ = "audit_hub"
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    run_id: int = Field(primary_key=True, sa_type=BigInteger)
    hub_no: int = Field(primary_key=True, sa_type=BigInteger)
    kind: int = Field(sa_type=SmallInteger)
    size: int
    leads: int
    contacts: int
    companies: int
    sample: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))


AUDIT_RUN, AUDIT_GROUP, AUDIT_MEMBER, AUDIT_SHARED, AUDIT_HUB = (
    SQLModel.metadata.tables[name]
    for name in ("audit_run", "audit_group", "audit_member", "audit_shared", "audit_hub")
)

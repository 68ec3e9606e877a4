"""The tables, with what each keeps and for how long; behaviour is in the repositories.

Every table's primary key begins with ``portal_id``: tenants never meet and the data shards by tenant.
``record`` and ``record_key`` are hash-partitioned by it. No column holds a name, phone or e-mail in clear:
match keys are keyed hashes, what must stay readable is sealed (``*_sealed``, see vault.py). Times are Unix
seconds.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Sequence,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

PARTITIONS = 16  # of record and record_key, by hash of portal_id

INBOX_SEQUENCE = Sequence("inbox_sequence", metadata=SQLModel.metadata, data_type=BigInteger)


class PortalRow(SQLModel, table=True):
    """One customer's Bitrix24. Kept until it is uninstalled with CLEAN=1."""

    __tablename__ = "portal"
    portal_id: int = Field(sa_column=Column(BigInteger, Identity(), primary_key=True))
    member_id: str = Field(sa_type=Text, unique=True)
    origin: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    blocked_reason: str | None = Field(sa_type=Text)
    admin_user_id: int | None = Field(sa_type=BigInteger)
    scopes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    language: str = Field(sa_type=Text)
    license: str = Field(sa_type=Text)
    app_version: str = Field(sa_type=Text)
    manifest_version: int
    installed_at: float | None = Field(sa_type=Double)
    indexed_at: float | None = Field(sa_type=Double)
    token_expires_at: float | None = Field(sa_type=Double)
    access_token_sealed: bytes | None
    refresh_token_sealed: bytes | None
    application_token_sealed: bytes | None
    hashing_key_sealed: bytes | None
    rules_sealed: bytes | None


class ThrottleRow(SQLModel, table=True):
    """What is used up of a portal's request limits, shared by all processes. Dies with the portal.

    The foreign key is here, and only here, because this row is written without the portal's lock.
    """

    __tablename__ = "throttle"
    portal_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("portal.portal_id", ondelete="CASCADE"), primary_key=True)
    )
    level: float = Field(sa_type=Double)
    updated_at: float = Field(sa_type=Double)
    blocked_until: float = Field(sa_type=Double)
    capacity: float = Field(sa_type=Double)
    rate_per_s: float = Field(sa_type=Double)
    operating_limit_s: float = Field(sa_type=Double)
    methods: dict[str, list[float]] = Field(sa_column=Column(JSONB, nullable=False))


class RecordRow(SQLModel, table=True):
    """A lead, contact or company without anything personal. Kept while the portal has it."""

    __tablename__ = "record"
    __table_args__ = ({"postgresql_partition_by": "HASH (portal_id)"},)
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    type: int = Field(primary_key=True, sa_type=SmallInteger)
    id: int = Field(primary_key=True, sa_type=BigInteger)
    fingerprint: int = Field(sa_type=BigInteger)
    responsible_id: int | None = Field(sa_type=BigInteger)
    stage: int = Field(sa_type=SmallInteger)
    links: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))
    created_at: float | None = Field(sa_type=Double)
    modified_at: float | None = Field(sa_type=Double)
    read_at: float = Field(sa_type=Double)


class RecordKeyRow(SQLModel, table=True):
    """A match key of a record: the primary key finds records by key, the index keys by record."""

    __tablename__ = "record_key"
    __table_args__ = (
        Index("record_key_by_record", "portal_id", "type", "id"),
        {"postgresql_partition_by": "HASH (portal_id)"},
    )
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    kind: int = Field(primary_key=True, sa_type=SmallInteger)
    hash: int = Field(primary_key=True, sa_type=BigInteger)
    type: int = Field(primary_key=True, sa_type=SmallInteger)
    id: int = Field(primary_key=True, sa_type=BigInteger)


class ForgottenRow(SQLModel, table=True):
    """A deleted record's tombstone, so that a page read earlier does not revive it. Purged after days."""

    __tablename__ = "forgotten"
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    type: int = Field(primary_key=True, sa_type=SmallInteger)
    id: int = Field(primary_key=True, sa_type=BigInteger)
    forgotten_at: float = Field(sa_type=Double)


class InboxRow(SQLModel, table=True):
    """A record that changed and was not looked at since. Removed when worked off."""

    __tablename__ = "inbox"
    __table_args__ = (Index("inbox_by_age", "portal_id", "received_at"),)
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    type: int = Field(primary_key=True, sa_type=SmallInteger)
    id: int = Field(primary_key=True, sa_type=BigInteger)
    sequence: int = Field(sa_type=BigInteger)
    received_at: float = Field(sa_type=Double)
    deleted: bool


class SyncRunRow(SQLModel, table=True):
    """One first indexing, sweep or reconciliation. The last of each kind is kept."""

    __tablename__ = "sync_run"
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    run_id: int = Field(sa_column=Column(BigInteger, Identity(), primary_key=True))
    kind: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    reason_code: str | None = Field(sa_type=Text)
    expected: dict[str, int] = Field(sa_column=Column(JSONB, nullable=False))
    started_at: float = Field(sa_type=Double)
    updated_at: float = Field(sa_type=Double)
    finished_at: float | None = Field(sa_type=Double)


class SyncRangeRow(SQLModel, table=True):
    """A span of ids of one run, and how far it was read. Goes with its run."""

    __tablename__ = "sync_range"
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    run_id: int = Field(primary_key=True, sa_type=BigInteger)
    number: int = Field(primary_key=True)
    type: int = Field(sa_type=SmallInteger)
    after_id: int = Field(sa_type=BigInteger)
    up_to_id: int = Field(sa_type=BigInteger)
    read: int = Field(sa_type=BigInteger)
    done: bool


class SweepRow(SQLModel, table=True):
    """Up to which time changes of one type were swept."""

    __tablename__ = "sweep"
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    type: int = Field(primary_key=True, sa_type=SmallInteger)
    swept_at: float = Field(sa_type=Double)


class RejectionRow(SQLModel, table=True):
    """ "Not a duplicate", said by a person about a pair (a < b). Outlives an uninstallation with CLEAN=0."""

    __tablename__ = "rejection"
    __table_args__ = (Index("rejection_by_second", "portal_id", "b_type", "b_id"),)
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    a_type: int = Field(primary_key=True, sa_type=SmallInteger)
    a_id: int = Field(primary_key=True, sa_type=BigInteger)
    b_type: int = Field(primary_key=True, sa_type=SmallInteger)
    b_id: int = Field(primary_key=True, sa_type=BigInteger)
    fingerprint_a: int = Field(sa_type=BigInteger)
    fingerprint_b: int = Field(sa_type=BigInteger)
    author_id: int = Field(sa_type=BigInteger)
    reason: str = Field(sa_type=Text)
    rejected_at: float = Field(sa_type=Double)
    expires_at: float | None = Field(sa_type=Double)
    undone_by: int | None = Field(sa_type=BigInteger)
    undone_at: float | None = Field(sa_type=Double)


class JournalRow(SQLModel, table=True):
    """Who changed which setting, when; values sealed, because a stop list is phones and e-mails."""

    __tablename__ = "journal"
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    entry_id: int = Field(sa_column=Column(BigInteger, Identity(), primary_key=True))
    at: float = Field(sa_type=Double)
    user_id: int | None = Field(sa_type=BigInteger)
    what: str = Field(sa_type=Text)
    old_sealed: bytes
    new_sealed: bytes


class PageTokenRow(SQLModel, table=True):
    """A page token that was used, until it would have expired anyway."""

    __tablename__ = "page_token"
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    nonce: str = Field(primary_key=True, sa_type=Text)
    expires_at: float = Field(sa_type=Double)


class ApiKeyRow(SQLModel, table=True):
    """A key by which an outside program asks; its hash alone. Removed when revoked, dies with any uninstallation."""

    __tablename__ = "api_key"
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    key_id: int = Field(sa_column=Column(BigInteger, Identity(), primary_key=True))
    hash: bytes = Field(unique=True)
    name_sealed: bytes
    created_by: int = Field(sa_type=BigInteger)
    created_at: float = Field(sa_type=Double)
    last_used_at: float | None = Field(sa_type=Double)


def _table(name: str) -> Table:
    return SQLModel.metadata.tables[name]


PORTAL = _table("portal")
THROTTLE = _table("throttle")
RECORD = _table("record")
RECORD_KEY = _table("record_key")
FORGOTTEN = _table("forgotten")
INBOX = _table("inbox")
SYNC_RUN = _table("sync_run")
SYNC_RANGE = _table("sync_range")
SWEEP = _table("sweep")
REJECTION = _table("rejection")
JOURNAL = _table("journal")
PAGE_TOKEN = _table("page_token")
API_KEY = _table("api_key")

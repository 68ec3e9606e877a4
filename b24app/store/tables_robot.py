"""Tables of robots: their calls for a week, and the phones they rewrote until nobody may undo it."""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Identity,
    Index,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class RobotCallRow(SQLModel, table=True):
    """One step of a workflow that called us; known by a digest of its token, the token itself is sealed.

    ``inputs`` are checked codes, numbers and ids. ``mistake`` names the input that could not be read.
    """

    __tablename__ = "robot_call"
    __table_args__ = (Index("robot_call_waiting", "portal_id", "state", "received_at"),)
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    digest: bytes = Field(primary_key=True)
    token_sealed: bytes
    robot: str = Field(sa_type=Text)
    document_type: str = Field(sa_type=Text)
    document_id: int = Field(sa_type=BigInteger)
    inputs: dict[str, object] = Field(sa_column=Column(JSONB, nullable=False))
    mistake: str | None = Field(sa_type=Text)
    is_awaited: bool
    received_at: float = Field(sa_type=Double)
    deadline: float = Field(sa_type=Double)
    state: str = Field(sa_type=Text)
    sent_at: float | None = Field(sa_type=Double)
    finished_at: float | None = Field(sa_type=Double)
    reason_code: str | None = Field(sa_type=Text)


class PhoneFixRow(SQLModel, table=True):
    """The phones of one record that a robot rewrote: old and new spellings, sealed, so that it can be undone."""

    __tablename__ = "phone_fix"
    __table_args__ = (UniqueConstraint("portal_id", "digest", "type", "id"),)
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    fix_id: int = Field(sa_column=Column(BigInteger, Identity(), primary_key=True))
    digest: bytes
    type: int = Field(sa_type=SmallInteger)
    id: int = Field(sa_type=BigInteger)
    values_sealed: bytes
    unchanged: int
    invalid: int
    made_at: float = Field(sa_type=Double)
    undone_at: float | None = Field(sa_type=Double)
    undone_by: int | None = Field(sa_type=BigInteger)


def _table(name: str) -> Table:
    return SQLModel.metadata.tables[name]


ROBOT_CALL = _table("robot_call")
PHONE_FIX = _table("phone_fix")

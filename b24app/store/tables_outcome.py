"""Tables of what was found for each record, as it was last written into the portal, and what waits for a new look."""

from sqlalchemy import ARRAY, BigInteger, Column, Double, Index, Sequence, SmallInteger, Text
from sqlmodel import Field, SQLModel

PENDING_SEQUENCE = Sequence("pending_sequence", metadata=SQLModel.metadata, data_type=BigInteger)


class OutcomeRow(SQLModel, table=True):
    """What a record's fields say: ids, codes and a hash of them. Kept while the portal has the record."""

    __tablename__ = "outcome"
    __table_args__ = (Index("outcome_by_group", "portal_id", "group_name"),)
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    type: int = Field(primary_key=True, sa_type=SmallInteger)
    id: int = Field(primary_key=True, sa_type=BigInteger)
    status: str = Field(sa_type=Text)
    matches: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))
    best: int | None = Field(sa_type=BigInteger)
    grade: int | None = Field(sa_type=SmallInteger)
    shared: str | None = Field(sa_type=Text)
    partners: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))
    group_name: str = Field(sa_type=Text)
    version: int
    written_hash: int | None = Field(sa_type=BigInteger)
    published_at: float = Field(sa_type=Double)


class PendingOutcomeRow(SQLModel, table=True):
    """A record whose outcome may be another one now. Removed when it was looked at."""

    __tablename__ = "pending_outcome"
    __table_args__ = (Index("pending_outcome_by_turn", "portal_id", "is_backlog", "sequence"),)
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    type: int = Field(primary_key=True, sa_type=SmallInteger)
    id: int = Field(primary_key=True, sa_type=BigInteger)
    sequence: int = Field(sa_type=BigInteger)
    noted_at: float = Field(sa_type=Double)
    is_new: bool
    is_backlog: bool

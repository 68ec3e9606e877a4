"""Table of our notes in records' timelines."""

from sqlalchemy import BigInteger, SmallInteger
from sqlmodel import Field, SQLModel


class TimelineNoteRow(SQLModel, table=True):
    """Which comment of a card is ours, and whether the lead is a repeat. Outlives an uninstallation with CLEAN=0."""

    __tablename__ = "timeline_note"
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    type: int = Field(primary_key=True, sa_type=SmallInteger)
    id: int = Field(primary_key=True, sa_type=BigInteger)
    comment_id: int | None = Field(sa_type=BigInteger)
    is_repeat: bool

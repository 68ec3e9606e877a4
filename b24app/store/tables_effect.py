"""Tables of what the app does in a portal, each once, and of enquiries judged. Ids and codes only."""

from sqlalchemy import BigInteger, Column, Double, Identity, Index, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

WAITING = text("state IN ('planned', 'doing', 'undoing')")


class EffectRow(SQLModel, table=True):
    """Something to do once in the portal. Kept for 180 days, and as long as an enquiry names it."""

    __tablename__ = "effect"
    __table_args__ = (
        UniqueConstraint("portal_id", "key"),
        Index("effect_waiting", "portal_id", "effect_id", postgresql_where=WAITING),
        Index("effect_of_enquiry", "portal_id", "lead_id"),
    )
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    effect_id: int = Field(sa_column=Column(BigInteger, Identity(), primary_key=True))
    key: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    payload: dict[str, object] = Field(sa_column=Column(JSONB, nullable=False))
    state: str = Field(sa_type=Text)
    result: dict[str, object] = Field(sa_column=Column(JSONB, nullable=False))
    reason: str | None = Field(sa_type=Text)
    lead_id: int | None = Field(sa_type=BigInteger)
    planned_at: float = Field(sa_type=Double)
    changed_at: float = Field(sa_type=Double)


class EnquiryRow(SQLModel, table=True):
    """A new lead that is or was to be judged. One that is no repeat is kept for a day, others as long as the app."""

    __tablename__ = "enquiry"
    __table_args__ = (
        Index("enquiry_by_state", "portal_id", "state", "judged_at"),
        Index("enquiry_by_original", "portal_id", "original_type", "original_id"),
    )
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    lead_id: int = Field(primary_key=True, sa_type=BigInteger)
    state: str = Field(sa_type=Text)
    planned_at: float = Field(sa_type=Double)
    judged_at: float | None = Field(sa_type=Double)
    original_type: int | None = Field(sa_type=SmallInteger)
    original_id: int | None = Field(sa_type=BigInteger)
    rule: str | None = Field(sa_type=Text)
    number: int | None

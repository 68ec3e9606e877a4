"""Tables of outgoing webhooks: where changes are told, and what is still to be told."""

from sqlalchemy import ARRAY, BigInteger, Column, Double, Identity, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class WebhookRow(SQLModel, table=True):
    """An address that wants to be told, and the secret it knows us by. Dies with any uninstallation."""

    __tablename__ = "webhook"
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    webhook_id: int = Field(sa_column=Column(BigInteger, Identity(), primary_key=True))
    url_sealed: bytes
    secret_sealed: bytes
    kinds: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    created_by: int = Field(sa_type=BigInteger)
    created_at: float = Field(sa_type=Double)
    state: str = Field(sa_type=Text)
    tried_at: float | None = Field(sa_type=Double)
    result: str | None = Field(sa_type=Text)


class WebhookDeliveryRow(SQLModel, table=True):
    """One event for one webhook: ids and codes only. Removed days after it ended."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("portal_id", "webhook_id", "event_key"),
        Index("webhook_delivery_due", "portal_id", "state", "next_at"),
    )
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    delivery_id: int = Field(sa_column=Column(BigInteger, Identity(), primary_key=True))
    webhook_id: int = Field(sa_type=BigInteger)
    event_key: str = Field(sa_type=Text)
    event_id: str = Field(sa_type=Text)
    body: dict[str, object] = Field(sa_column=Column(JSONB, nullable=False))
    planned_at: float = Field(sa_type=Double)
    attempts: int
    next_at: float = Field(sa_type=Double)
    state: str = Field(sa_type=Text)
    result: str | None = Field(sa_type=Text)

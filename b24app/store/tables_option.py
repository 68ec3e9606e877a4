"""Table of a portal's options: what an administrator set besides the matching rules, and what the portal refused."""

from sqlalchemy import BigInteger, Column, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class OptionRow(SQLModel, table=True):
    """One named JSON value: ids, codes and switches, nothing personal. Outlives an uninstallation with CLEAN=0."""

    __tablename__ = "option"
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    name: str = Field(primary_key=True, sa_type=Text)
    value: dict[str, object] = Field(sa_column=Column(JSONB, nullable=False))

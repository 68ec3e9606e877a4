"""Tables of files made of audits: sealed pieces, each file with a key of its own, for a day.

What is in them is personal data: nothing here opens without the secret that is not in the database.
"""

from sqlalchemy import BigInteger, Column, Double, Identity, LargeBinary, Text
from sqlmodel import Field, SQLModel


class ExportRow(SQLModel, table=True):
    """One file, from the order to its end. Dies with any uninstallation."""

    __tablename__ = "export"
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    export_id: int = Field(sa_column=Column(BigInteger, Identity(), primary_key=True))
    run_id: int = Field(sa_type=BigInteger)
    kind: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    key_sealed: bytes
    done: int = Field(sa_type=BigInteger)
    total: int = Field(sa_type=BigInteger)
    size: int = Field(sa_type=BigInteger)
    pieces: int
    created_by: int = Field(sa_type=BigInteger)
    created_at: float = Field(sa_type=Double)
    updated_at: float = Field(sa_type=Double)
    dies_at: float = Field(sa_type=Double)


class ExportPieceRow(SQLModel, table=True):
    """A sealed piece of a file."""

    __tablename__ = "export_piece"
    portal_id: int = Field(primary_key=True, sa_type=BigInteger)
    export_id: int = Field(primary_key=True, sa_type=BigInteger)
    piece_no: int = Field(primary_key=True)
    piece: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


EXPORT, EXPORT_PIECE = (SQLModel.metadata.tables[name] for name in ("export", "export_piece"))

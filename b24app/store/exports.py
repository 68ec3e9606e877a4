"""Files made of audits, piece by piece. A file's key is sealed here, and dies with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import delete, insert, select, update

from b24app.store.scope import AnyRow, Scope
from b24app.store.tables_export import EXPORT, EXPORT_PIECE

_KEY = "export.key"


class ExportState(StrEnum):
    """What becomes of a file."""

    RUNNING = "running"
    READY = "ready"
    BROKEN = "broken"


class ExportKind(StrEnum):
    """What kind of file."""

    XLSX = "xlsx"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Export:
    """One file. ``done`` of ``total`` records are in it; ``size`` bytes in ``pieces``. Times are Unix seconds."""

    export_id: int
    run_id: int
    kind: ExportKind
    state: ExportState
    key: bytes = field(repr=False)
    done: int
    total: int
    size: int
    pieces: int
    created_by: int
    created_at: float
    updated_at: float
    dies_at: float


class ExportRepository:
    """One portal's files."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._own = EXPORT.c.portal_id == scope.portal_id
        self._own_pieces = EXPORT_PIECE.c.portal_id == scope.portal_id

    async def begin(
        self, run_id: int, kind: ExportKind, key: bytes, *, total: int, by: int, at: float, dies_at: float
    ) -> Export:
        """Note a file that is about to be written."""
        row = {
            "portal_id": self._scope.portal_id,
            "run_id": run_id,
            "kind": kind.value,
            "state": ExportState.RUNNING.value,
            "key_sealed": self._scope.seal(_KEY, key.hex()),
            "done": 0,
            "total": total,
            "size": 0,
            "pieces": 0,
            "created_by": by,
            "created_at": at,
            "updated_at": at,
            "dies_at": dies_at,
        }
        added = await self._scope.connection.execute(insert(EXPORT).values(row).returning(EXPORT))
        return self._to_export(added.one())

    async def get(self, export_id: int) -> Export | None:
        query = select(EXPORT).where(self._own, EXPORT.c.export_id == export_id)
        row = (await self._scope.connection.execute(query)).first()
        return None if row is None else self._to_export(row)

    async def of_run(self, run_id: int, at: float) -> list[Export]:
        """Return the run's files that live at ``at``, the latest first."""
        query = (
            select(EXPORT)
            .where(self._own, EXPORT.c.run_id == run_id, EXPORT.c.dies_at > at)
            .order_by(EXPORT.c.export_id.desc())
        )
        return [self._to_export(row) for row in await self._scope.connection.execute(query)]

    async def add_pieces(
        self, export_id: int, first: int, pieces: Sequence[bytes], *, done: int, size: int, at: float
    ) -> None:
        """Keep the next pieces, and note how far the file is."""
        rows = [
            {
                "portal_id": self._scope.portal_id,
                "export_id": export_id,
                "piece_no": first + number,
                "piece": piece,
            }
            for number, piece in enumerate(pieces)
        ]
        if rows:
            await self._scope.connection.execute(insert(EXPORT_PIECE), rows)
        values = {"pieces": first + len(pieces), "done": done, "size": size, "updated_at": at}
        await self._change(export_id, values)

    async def piece(self, export_id: int, number: int) -> bytes | None:
        query = select(EXPORT_PIECE.c.piece).where(
            self._own_pieces, EXPORT_PIECE.c.export_id == export_id, EXPORT_PIECE.c.piece_no == number
        )
        found: bytes | None = await self._scope.connection.scalar(query)
        return found

    async def set_state(self, export_id: int, state: ExportState, at: float) -> None:
        """Note that the file is ready, or will never be."""
        await self._change(export_id, {"state": state.value, "updated_at": at})

    async def purge(self, at: float) -> None:
        """Remove the files that have died by ``at``, with their keys."""
        dead = select(EXPORT.c.export_id).where(self._own, EXPORT.c.dies_at <= at)
        pieces = delete(EXPORT_PIECE).where(self._own_pieces, EXPORT_PIECE.c.export_id.in_(dead))
        await self._scope.connection.execute(pieces)
        await self._scope.connection.execute(delete(EXPORT).where(self._own, EXPORT.c.dies_at <= at))

    async def remove(self, export_id: int) -> None:
        """Remove one file with its key."""
        pieces = delete(EXPORT_PIECE).where(self._own_pieces, EXPORT_PIECE.c.export_id == export_id)
        await self._scope.connection.execute(pieces)
        await self._scope.connection.execute(delete(EXPORT).where(self._own, EXPORT.c.export_id == export_id))

    async def _change(self, export_id: int, values: Mapping[str, object]) -> None:
        await self._scope.connection.execute(
            update(EXPORT).where(self._own, EXPORT.c.export_id == export_id).values(dict(values))
        )

    def _to_export(self, row: AnyRow) -> Export:
        return Export(
            export_id=row.export_id,
            run_id=row.run_id,
            kind=ExportKind(row.kind),
            state=ExportState(row.state),
            key=bytes.fromhex(self._scope.open(_KEY, row.key_sealed)),
            done=row.done,
            total=row.total,
            size=row.size,
            pieces=row.pieces,
            created_by=row.created_by,
            created_at=row.created_at,
            updated_at=row.updated_at,
            dies_at=row.dies_at,
        )

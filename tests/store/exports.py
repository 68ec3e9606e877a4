"""Builder of a file in the store."""

from b24app.services.audit.sealed_file import SealedWriter, new_key
from b24app.store.database import Transaction
from b24app.store.exports import Export, ExportKind, ExportState
from tests.store.builders import NOON

DAY_S = 86_400.0


async def a_stored_export(
    tx: Transaction, content: bytes = b"rows", *, run_id: int = 1, by: int = 1, at: float = NOON
) -> Export:
    """Return a file that is ready."""
    key = new_key()
    writer = SealedWriter(key)
    writer.write(content)
    writer.finish()
    begun = await tx.exports.begin(run_id, ExportKind.CSV, key, total=1, by=by, at=at, dies_at=at + DAY_S)
    await tx.exports.add_pieces(begun.export_id, 0, writer.take(), done=1, size=writer.size, at=at)
    await tx.exports.set_state(begun.export_id, ExportState.READY, at)
    found = await tx.exports.get(begun.export_id)
    assert found is not None
    return found

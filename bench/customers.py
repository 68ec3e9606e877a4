"""A million customers without a seed: row and key follow from the id, so that nothing need be kept in memory.

Lead, contact and company of one id share phone and e-mail, each in a spelling of its own.
"""

import asyncio
from collections.abc import Sequence
from itertools import islice

from b24app.bitrix24.listing import ListedRow
from b24app.dedupe.record import RecordType
from b24app.dedupe.rules import RuleSet
from b24app.sandbox.crm import Fields
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.rest.reading import ClassicPrinter
from b24app.services.indexing.record_columns import to_batch
from b24app.services.indexing.records import SELECTED
from b24app.store.index_batch import IndexedBatch
from bench.database import execute
from bench.town import Town

SPELLINGS = ("+7 {0} {1}-{2}-{3}", "8 ({0}) {1}-{2}-{3}", "7{0}{1}{2}{3}", "8{0}{1}{2}{3} доб. 5")
AT_ONCE = 20_000
FIRST_CODE, CODES = 910, 10
RESPONSIBLES = 2


def customer_row(record_id: int) -> Fields:
    """Return the record of this id, the same each time."""
    code, rest = FIRST_CODE + record_id % CODES, f"{record_id // CODES:07d}"
    spelling = SPELLINGS[record_id * 7 % len(SPELLINGS)]
    return {
        "NAME": "Анна",
        "LAST_NAME": f"Примерова-{record_id}",
        "TITLE": f"Заявка {record_id}",
        "ASSIGNED_BY_ID": record_id % RESPONSIBLES + 1,
        "DATE_CREATE": "2026-03-02T11:18:38+03:00",
        "PHONE": [{"VALUE": spelling.format(code, rest[:3], rest[3:5], rest[5:])}],
        "EMAIL": [{"VALUE": f"anna.{record_id}@mail.example"}],
    }


async def load_index(town: Town, database_url: str) -> None:
    """Bring every record of the portal into the index, unless an earlier run did."""
    store = town.runtime.store
    async with store.read(town.portal_id) as tx:
        portal = await tx.portal.get()
        hashing_key = await tx.portal.hashing_key()
    if portal.indexed_at is not None:
        return
    for record_type in RecordType:
        table = town.portal.crm.tables[record_type.word]
        ids = iter(table.ids_between(1, table.last_id))
        while some := list(islice(ids, AT_ONCE)):
            batch = await asyncio.to_thread(_indexed, town.portal, record_type, some, hashing_key)
            async with store.begin(town.portal_id) as tx:
                await tx.index.replace_batch(batch)
    await execute(database_url, "VACUUM ANALYZE record, record_key")
    async with store.begin(town.portal_id) as tx:
        await tx.portal.mark_indexed(town.runtime.clock.now())


def _indexed(
    portal: SandboxPortal, record_type: RecordType, ids: Sequence[int], hashing_key: bytes
) -> IndexedBatch:
    """Read the records as the app reads them, without the wire between."""
    table = portal.crm.tables[record_type.word]
    printer = ClassicPrinter(portal, table.spec, SELECTED[record_type], in_list=True)
    rules, now = RuleSet(), portal.clock.now()
    rows = (printer.row(record) for one in ids if (record := table.get(one)))
    return to_batch([(record_type, list(map(ListedRow.of, rows)))], rules, hashing_key, read_at=now)

"""Writes a file of an audit while the portal is read with its owner's token: never whole, never in clear.

The portal is asked block by block, behind people who wait for a page; memory holds one block.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from b24app.bitrix24.errors import Bitrix24Error
from b24app.bitrix24.throttle import Priority
from b24app.logs import logger
from b24app.services.audit.export.export_rows import (
    BOM,
    GROUP_COLUMNS,
    HUB_COLUMNS,
    MEMBER_COLUMNS,
    SHARED_COLUMNS,
    Rows,
    csv_lines,
)
from b24app.services.audit.export.workbook import Cell, Workbook
from b24app.services.audit.pages.figures import figure_rows
from b24app.services.audit.pages.live_members import NAMES_AT_ONCE, REFS_AT_ONCE, LiveMembers, read_members
from b24app.services.audit.pages.open_desk import Desk
from b24app.services.audit.sealed_file import SealedWriter
from b24app.services.audit.words import WORDS, Words
from b24app.services.portal.access import Refused
from b24app.services.portal.context import StoreUnavailable, UnknownPortal, open_portal_as
from b24app.store.audit_values import AuditGroup, AuditMember, AuditRun, GroupCursor, GroupFilter, GroupOrder
from b24app.store.exports import Export, ExportKind, ExportState

log = logger(__name__)

GROUPS_AT_ONCE: Final = 1_000
ROWS_AT_ONCE: Final = 2_000
SEPARATORS: Final = {"ru": ";"}  # what Excel expects there; elsewhere a comma


@dataclass(frozen=True, slots=True)
class Block:
    """Groups that follow each other, some of their members, and what the portal said about those."""

    codes: dict[int, str]
    members: Sequence[AuditMember]
    live: LiveMembers


async def write_export(desk: Desk, run: AuditRun, export: Export, zone: str) -> None:
    """Write the file to its end, with times of that zone; a failure leaves one of which nothing can be opened."""
    file = _File(await _slow(desk), export, zone)
    try:
        write = _write_workbook if export.kind is ExportKind.XLSX else _write_csv
        await write(file, run, desk.token.language)
        await file.finish()
    except (Bitrix24Error, StoreUnavailable) as error:
        log.info("export broken off", error_code=getattr(error, "code", "store"))
        await file.give_up()
    except UnknownPortal:
        log.info("export ended: the portal was uninstalled")
    except Exception:
        await file.give_up()  # a mistake of ours: whoever waits should know, the log tells the rest
        raise


async def _slow(desk: Desk) -> Desk:
    """Return the desk with the same person's voice, but behind people who wait for a page."""
    token = desk.token
    context = await open_portal_as(desk.context.runtime, token.portal_id, token.access_token, Priority.ROBOT)
    return replace(desk, context=context)


class _File:
    """A file on its way into the store, with the desk it is read from."""

    def __init__(self, desk: Desk, export: Export, zone: str) -> None:
        self.desk = desk
        self.zone = zone
        self.sink = SealedWriter(export.key)
        self._export = export
        self._pieces = 0
        self._done = 0

    async def work(self, job: Callable[[], None], done: int = 0) -> None:
        """Do what takes the processor's time beside the loop, then keep the pieces that are full."""
        await asyncio.to_thread(job)
        pieces, self._done, at = self.sink.take(), self._done + done, self.desk.context.now()
        async with self.desk.context.begin() as tx:
            await tx.exports.add_pieces(
                self._export.export_id, self._pieces, pieces, done=self._done, size=self.sink.size, at=at
            )
        self._pieces += len(pieces)

    async def finish(self) -> None:
        await self.work(self.sink.finish)
        await self._end(ExportState.READY)

    async def give_up(self) -> None:
        await self._end(ExportState.BROKEN)

    async def _end(self, state: ExportState) -> None:
        async with self.desk.context.begin() as tx:
            await tx.exports.set_state(self._export.export_id, state, self.desk.context.now())


async def _write_workbook(file: _File, run: AuditRun, language: str) -> None:
    words, names = WORDS[language], dict[int, str]()
    rows = Rows(file.desk.context.portal.origin, words, file.zone)
    book = Workbook(file.sink)
    await file.work(partial(_summary, book, run, words, file.zone))
    await file.work(partial(book.begin, words["members"], rows.headers(MEMBER_COLUMNS)))
    async for block in read_blocks(file.desk, run, names):
        await file.work(partial(book.write, _members(rows, block, names)), len(block.members))
    await file.work(partial(book.begin, words["groups"], rows.headers(GROUP_COLUMNS)))
    codes: dict[int, str] = {}
    async for groups in _groups(file.desk, run):
        codes.update((group.group_no, group.code) for group in groups if group.severity is not None)
        await file.work(partial(book.write, _group_rows(rows, groups, names)))
    await file.work(partial(book.begin, words["shared"], rows.headers(SHARED_COLUMNS)))
    async for shared in _shared_rows(file.desk, run, rows, codes):
        await file.work(partial(book.write, shared))
    await file.work(partial(book.begin, words["hubs"], rows.headers(HUB_COLUMNS)))
    async for hubs in _hub_rows(file.desk, run, rows):
        await file.work(partial(book.write, hubs))
    await file.work(book.close)


async def _write_csv(file: _File, run: AuditRun, language: str) -> None:
    words, names = WORDS[language], dict[int, str]()
    rows = Rows(file.desk.context.portal.origin, words, file.zone)
    separator = SEPARATORS.get(language, ",")

    def put(lines: Iterable[Sequence[Cell]]) -> None:
        file.sink.write(csv_lines(lines, separator).encode())

    file.sink.write(BOM.encode())
    await file.work(partial(put, [rows.headers(MEMBER_COLUMNS)]))
    async for block in read_blocks(file.desk, run, names):
        await file.work(partial(put, _members(rows, block, names)), len(block.members))


def _summary(book: Workbook, run: AuditRun, words: Words, zone: str) -> None:
    book.begin(words["summary"], [words["figure"], words["value"]])
    book.write([*figure_rows(run, words), [words["time_zone"], zone]])


def _members(rows: Rows, block: Block, names: Mapping[int, str]) -> Iterator[list[Cell]]:
    return (rows.member(block.codes[member.group_no], member, block.live, names) for member in block.members)


def _group_rows(rows: Rows, groups: Iterable[AuditGroup], names: Mapping[int, str]) -> Iterator[list[Cell]]:
    return (rows.group(group, names) for group in groups)


async def read_blocks(desk: Desk, run: AuditRun, names: dict[int, str]) -> AsyncIterator[Block]:
    """Yield the members of all groups with what the portal says about them; ``names`` grows on the way."""
    stages: dict[str, str] = {}
    async for groups in _groups(desk, run):
        codes = {group.group_no: group.code for group in groups}
        async with desk.context.read() as tx:
            members = await tx.audits.members(run.run_id, list(codes))
        for start in range(0, len(members), REFS_AT_ONCE):
            part = members[start : start + REFS_AT_ONCE]
            people = {member.responsible_id for member in part if member.responsible_id} - names.keys()
            wanted = sorted(people)[:NAMES_AT_ONCE]
            refs = [member.ref for member in part]
            live = await read_members(desk, refs, wanted, with_stages=not stages)
            if live.viewer.id != desk.viewer.id:
                raise Refused("no_access", 403)
            stages.update(live.stages)
            names.update(live.names)
            yield Block(codes, part, replace(live, stages=stages))


async def _groups(desk: Desk, run: AuditRun) -> AsyncIterator[list[AuditGroup]]:
    after: GroupCursor | None = None
    while True:
        async with desk.context.read() as tx:
            groups = await tx.audits.find_groups(
                run.run_id, GroupFilter(), GroupOrder.NUMBER, after, GROUPS_AT_ONCE
            )
        if not groups:
            return
        yield groups
        after = GroupCursor(groups[-1].group_no, groups[-1].group_no)


async def _shared_rows(
    desk: Desk, run: AuditRun, rows: Rows, codes: dict[int, str]
) -> AsyncIterator[list[list[Cell]]]:
    after = (-1, -1)
    while True:
        async with desk.context.read() as tx:
            values = await tx.audits.shared(run.run_id, after=after, limit=ROWS_AT_ONCE)
        if not values:
            return
        yield [rows.shared(codes.get(value.group_no, ""), value) for value in values]
        after = (values[-1].group_no, values[-1].shared_no)


async def _hub_rows(desk: Desk, run: AuditRun, rows: Rows) -> AsyncIterator[list[list[Cell]]]:
    after = -1
    while True:
        async with desk.context.read() as tx:
            hubs = await tx.audits.hubs(run.run_id, after=after, limit=ROWS_AT_ONCE)
        if not hubs:
            return
        yield [rows.hub(hub) for hub in hubs]
        after = hubs[-1].hub_no

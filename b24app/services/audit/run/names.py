"""Second half of a run: members of groups read from the portal, a request's worth at a time, and judged."""

import asyncio
from dataclasses import dataclass

from b24app.dedupe.group import KeyHolders
from b24app.dedupe.keys import MatchKey
from b24app.dedupe.record import Record, RecordRef
from b24app.services.audit.run.groups import COUNTS
from b24app.services.audit.run.live import Members, read_members, read_open_deals
from b24app.services.audit.run.naming import Judged, judge_group, shared_keys, sharers
from b24app.services.audit.run.reading_pace import ReadingPace, ReadingPlan
from b24app.services.audit.run.steps import Work
from b24app.services.indexing.company_links import complete_links
from b24app.store.audit_values import (
    AuditGroup,
    AuditStage,
    GroupCursor,
    GroupFilter,
    GroupOrder,
    NameGrade,
    Progress,
)
from b24app.store.database import Transaction

NAMED = "named"  # in the checkpoint: the last group read


@dataclass(frozen=True, slots=True)
class Step:
    """Groups that are read together, with their members and the keys by which they hang together."""

    groups: tuple[AuditGroup, ...]
    keys: dict[int, tuple[KeyHolders, ...]]
    refs: dict[int, tuple[RecordRef, ...]]


async def read_names(work: Work) -> None:
    """Read and judge the groups that are not known yet. Raises RunStopped, PortalBusy, LostRights."""
    named = int(str(work.checkpoint.get(NAMED, -1)))
    async with work.context.read() as tx:
        plan = ReadingPlan(await tx.audits.unread(work.run.run_id), work.steps.records_read)
    pace = ReadingPace(plan, work.requests_per_s, work.context.now)
    done = work.progress.done if NAMED in work.checkpoint else 0  # a run taken up again goes on counting
    total = done + plan.records
    while count := plan.groups_behind(named):
        step = await _next_step(work, named, count)
        if not step.groups:
            break  # another worker, which took this one for dead, has read them
        members, deals = await _ask(work, step)
        judged = await asyncio.to_thread(_judge, work, step, members.records, deals)
        named = step.groups[-1].group_no
        done += sum(group.size for group in step.groups)
        await _keep(work, step, members, judged, _progress(work, done, total, pace.left_s(named)))


async def _next_step(work: Work, after: int, count: int) -> Step:
    """Return the next so many groups that are not known, by number."""
    run_id = work.run.run_id
    async with work.context.read() as tx:
        await work.prove_running(tx)
        groups = await tx.audits.find_groups(
            run_id, GroupFilter(name_grade=NameGrade.NOT_READ), GroupOrder.NUMBER, GroupCursor(after, after), count
        )  # fmt: skip
        members = await tx.audits.members(run_id, [group.group_no for group in groups])
        refs: dict[int, tuple[RecordRef, ...]] = {group.group_no: () for group in groups}
        for member in members:
            refs[member.group_no] += (member.ref,)
        known = await tx.index.get_many([member.ref for member in members])
        held = {number: shared_keys(own, known, frozenset()) for number, own in refs.items()}
        counts = await tx.index.counts({key.key for keys in held.values() for key in keys})
    hubs = {key for key, count in counts.items() if count > work.rules.hub_limit}
    return Step(tuple(groups), {number: _without(keys, hubs) for number, keys in held.items()}, refs)


def _without(keys: tuple[KeyHolders, ...], hubs: set[MatchKey]) -> tuple[KeyHolders, ...]:
    return tuple(key for key in keys if key.key not in hubs)


async def _ask(work: Work, step: Step) -> tuple[Members, dict[RecordRef, float]]:
    """Read the members, all companies of contacts that share a value, and the open deals of who shares one."""
    client = work.context.client
    members = await read_members(client, [ref for refs in step.refs.values() for ref in refs])
    contacts, companies = sharers([key for keys in step.keys.values() for key in keys])
    here = members.records.keys()
    if contacts & here:
        await complete_links(client, members.records, contacts & here)
    return members, await read_open_deals(client, (contacts | companies) & here)


def _judge(
    work: Work, step: Step, records: dict[RecordRef, Record], deals: dict[RecordRef, float]
) -> list[Judged]:
    key = work.context.hashing_key
    return [
        judge_group(group, step.keys[group.group_no], records, deals, work.rules, key)
        for group in step.groups
    ]


async def _keep(work: Work, step: Step, members: Members, judged: list[Judged], progress: Progress) -> None:
    run_id = work.run.run_id
    sources = {
        (number, ref): members.sources[ref]
        for number, refs in step.refs.items()
        for ref in refs
        if ref in members.sources
    }

    async def write(tx: Transaction) -> None:
        await tx.audits.grade_groups(run_id, [each.graded for each in judged])
        await tx.audits.describe_members(run_id, sources)
        await tx.audits.add_shared(run_id, [value for each in judged for value in each.shared])

    await work.keep(
        write,
        stage=AuditStage.NAMING,
        progress=progress,
        checkpoint={COUNTS: work.checkpoint[COUNTS], NAMED: step.groups[-1].group_no},
    )


def _progress(work: Work, done: int, total: int, left_s: float) -> Progress:
    """Count records, and say at which speed the rest of them will be read."""
    speed = (total - done) / left_s if left_s > 0 else work.progress.speed
    return Progress(work.progress.rows, work.progress.groups, done, total, speed)

"""Bringing phones to one form, and taking it back: what would be written, what was, and what still stands there.

A plan is kept before anything is written, so that a process that ends in between neither writes twice nor forgets the
old spelling. A value is changed only while it still is what the plan, or the undoing, expects.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from b24app.bitrix24 import acting, answers, methods
from b24app.bitrix24.answers_phones import PhoneValue, phone_values
from b24app.bitrix24.calls import JSON, Command
from b24app.bitrix24.errors import PortalBusy
from b24app.dedupe.phone_form import written_form
from b24app.dedupe.record import RecordRef, RecordType
from b24app.services.portal.context import PortalContext
from b24app.store.phone_fixes import FixedPhone, PhoneFix

UNDO_LIFE_S = 30 * 86_400.0
JOURNAL_CODE = "phone_fix"

Phones = Mapping[RecordRef, tuple[PhoneValue, ...]]


@dataclass(frozen=True, slots=True)
class PhonePlan:
    """What would become of a record's phones."""

    phones: tuple[FixedPhone, ...]
    unchanged: int
    invalid: int


def plan_phones(values: Iterable[PhoneValue], region: str) -> PhonePlan:
    """Decide which values get another spelling; what is no phone, or more than one, stays as it is."""
    fixed = []
    unchanged = invalid = 0
    for value in values:
        form = written_form(value.value, region)
        if form is None:
            invalid += 1
        elif form == value.value:
            unchanged += 1
        else:
            fixed.append(FixedPhone(value.id, value.value_type, value.value, form))
    return PhonePlan(tuple(fixed), unchanged, invalid)


async def read_phones(
    context: PortalContext, refs: Collection[RecordRef]
) -> dict[RecordRef, tuple[PhoneValue, ...]]:
    """Return the phones of records as they stand now; a record that is gone is missing."""
    commands: dict[str, Command] = {}
    for kind in RecordType:
        ids = sorted({ref.id for ref in refs if ref.type is kind})
        for start in range(0, len(ids), methods.PAGE_SIZE):
            commands[f"{kind.word}_{start}"] = methods.list_records(
                kind.word,
                select=["ID", "PHONE"],
                filter_by={"@ID": ids[start : start + methods.PAGE_SIZE]},
                order={"ID": "ASC"},
            )
    batch = await context.client.batch(commands)
    found = {}
    for key in commands:
        kind = RecordType.parse(key.partition("_")[0])
        for row in answers.rows(batch.get(key)):
            if (record_id := answers.to_id(row.get("ID"))) is not None:
                found[RecordRef(kind, record_id)] = phone_values(row)
    return found


async def write_fixes(context: PortalContext, fixes: Sequence[PhoneFix], phones: Phones) -> None:
    """Write what is planned and does not stand there yet; raises what the portal refused, which is forgotten."""
    batch = await context.client.batch(_commands(fixes, phones, lambda phone: (phone.old, phone.new)))
    refused = [int(key) for key, error in batch.errors.items() if not isinstance(error, PortalBusy)]
    if refused:
        async with context.begin() as tx:
            for fix_id in refused:
                await tx.phone_fixes.drop(fix_id)
    for error in batch.errors.values():
        raise error


async def undo_phone_fix(context: PortalContext, fix_id: int, user_id: int) -> int:
    """Write the old spellings back where the new ones still stand; return how many.

    0 when there is no such fix, when it was taken back before, or when its time is over.
    """
    async with context.read() as tx:
        fix = await tx.phone_fixes.get(fix_id)
    if fix is None or not may_be_undone(fix, context.now()):
        return 0
    phones = await read_phones(context, [fix.ref])
    standing = {value.id: value.value for value in phones.get(fix.ref, ())}
    restored = sum(standing.get(phone.value_id) == phone.new for phone in fix.phones)
    batch = await context.client.batch(_commands([fix], phones, lambda phone: (phone.new, phone.old)))
    for error in batch.errors.values():
        raise error
    async with context.begin() as tx:
        await tx.phone_fixes.mark_undone(fix_id, user_id, context.now())
        await tx.journal.note(user_id, JOURNAL_CODE, "", str(fix.ref), context.now())
    return restored


def may_be_undone(fix: PhoneFix, now: float) -> bool:
    return fix.undone_at is None and now - fix.made_at < UNDO_LIFE_S


def _commands(
    fixes: Iterable[PhoneFix], phones: Phones, change: Callable[[FixedPhone], tuple[str, str]]
) -> dict[str, Command]:
    """Return one update a record; ``change`` gives what has to stand there now, and what is put in its place."""
    commands = {}
    for fix in fixes:
        standing = {value.id: value for value in phones.get(fix.ref, ())}
        rows: list[dict[str, JSON]] = []
        for phone in fix.phones:
            expected, wanted = change(phone)
            now = standing.get(phone.value_id)
            if now is not None and now.value == expected:
                rows.append({"ID": phone.value_id, "VALUE": wanted, "VALUE_TYPE": now.value_type})
        if rows:
            commands[str(fix.fix_id)] = acting.change_phones(fix.ref.type.word, fix.ref.id, rows)
    return commands

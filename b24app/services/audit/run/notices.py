"""Telling chosen people that an audit is done. What they read is made of the run's figures when it is sent."""

from b24app.bitrix24 import acting
from b24app.bitrix24.calls import JSON
from b24app.dedupe.shared import Severity
from b24app.services.audit.run.numbers import AuditNumbers
from b24app.services.audit.run.orders import AuditTerms
from b24app.services.effects import EffectKind, NothingToDo, Payload, plan_effect
from b24app.services.portal.context import PortalContext
from b24app.store.audit_values import AuditRun, Change
from b24app.store.database import Transaction
from b24app.texts import language_of, plain_translator

AUDIT_DONE = "audit_done"  # the payload's kind


async def plan_notices(tx: Transaction, run: AuditRun, terms: AuditTerms) -> None:
    """Plan one notification for each person, once a run."""
    for user_id in terms.told:
        key = f"notify:{AUDIT_DONE}:{run.run_id}:{user_id}"
        payload: dict[str, JSON] = {"kind": AUDIT_DONE, "run": run.run_id, "user": user_id}
        await plan_effect(tx, key, EffectKind.NOTIFY, payload)


async def tell_audit_done(context: PortalContext, payload: Payload) -> dict[str, JSON]:
    """Notify one person; the tag keeps it single. Raises NothingToDo for a run or person that is gone."""
    user_id = int(str(payload["user"]))
    async with context.read() as tx:
        run = await tx.audits.get(int(str(payload["run"])))
    if run is None:
        raise NothingToDo("gone")
    text = _text(AuditNumbers.from_dict(run.numbers), language_of(context.portal.language))
    command = acting.notify(user_id, text, f"b24app:{payload['key']}")
    if not (await context.client.call(command.method, command.params)).result:
        raise NothingToDo("not_accepted")
    return {"user": user_id}


def _text(numbers: AuditNumbers, language: str) -> str:
    alarms = sum(count for code, count in numbers.shared.items() if code.endswith(f":{Severity.ALARM.word}"))
    t = plain_translator(language)
    return t(
        "audit_notice.done",
        groups=numbers.groups,
        records=numbers.records_in_groups,
        total=numbers.records,
        new=numbers.by_change.get(Change.NEW.word, 0),
        grown=numbers.by_change.get(Change.GROWN.word, 0),
        solved=numbers.solved,
        alarms=alarms,
    )

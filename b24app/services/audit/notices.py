"""Telling chosen people that an audit is done. What they read is made of the run's figures when it is sent."""

from b24app.bitrix24.calls import JSON
from b24app.services.audit.orders import AuditTerms
from b24app.services.effects import EffectKind, plan_effect
from b24app.store.audit_values import AuditRun
from b24app.store.database import Transaction

AUDIT_DONE = "audit_done"  # the payload's kind


async def plan_notices(tx: Transaction, run: AuditRun, terms: AuditTerms) -> None:
    """Plan one notification for each person, once a run."""
    for user_id in terms.told:
        key = f"notify:{AUDIT_DONE}:{run.run_id}:{user_id}"
        payload: dict[str, JSON] = {"kind": AUDIT_DONE, "run": run.run_id, "user": user_id}
        await plan_effect(tx, key, EffectKind.NOTIFY, payload)

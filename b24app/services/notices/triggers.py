"""Firing triggers: all of a round in one request; those of contacts and companies on their open deals."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias, cast

from b24app.bitrix24 import acting, answers, methods
from b24app.bitrix24.calls import BATCH_LIMIT, JSON
from b24app.bitrix24.errors import PortalBusy
from b24app.dedupe.record import RecordRef
from b24app.services.card.reading import CLIENT_FIELDS
from b24app.services.effects import EffectKind, Payload, plan_effect
from b24app.services.portal.context import PortalContext
from b24app.store.database import Transaction

Run: TypeAlias = tuple[str, Literal["lead", "deal"], int]  # trigger's code, and where it is fired
OfClient: TypeAlias = tuple[str, RecordRef]


async def plan_runs(tx: Transaction, key: str, runs: Sequence[Run]) -> None:
    """Plan to fire these; ``key`` names what they follow from."""
    for start in range(0, len(runs), BATCH_LIMIT):
        told: Payload = {"runs": [list(run) for run in runs[start : start + BATCH_LIMIT]]}
        await plan_effect(tx, f"{key}:{start}", EffectKind.TRIGGER, told)


async def plan_runs_of_clients(tx: Transaction, key: str, clients: Sequence[OfClient]) -> None:
    """Plan to fire triggers on whatever open deals these have when it is done."""
    for start in range(0, len(clients), BATCH_LIMIT):
        named = [[code, str(ref)] for code, ref in clients[start : start + BATCH_LIMIT]]
        await plan_effect(tx, f"{key}:{start}", EffectKind.TRIGGER, {"clients": named})


class TriggerRun:
    """Payload: ``runs``, or ``clients``, whose deals are planned as runs of their own."""

    async def carry_out(self, context: PortalContext, payload: Payload) -> dict[str, JSON]:
        """Fire them; raises the refusal when none could be fired."""
        if "clients" in payload:
            return await self._plan_deals(context, payload)
        runs = cast("Sequence[Run]", payload["runs"])
        commands = {
            str(number): acting.execute_trigger(code, word, record_id)
            for number, (code, word, record_id) in enumerate(runs)
        }
        refused = (await context.client.batch(commands)).errors
        put_off = {key: error for key, error in refused.items() if isinstance(error, PortalBusy)}
        if len(refused) == len(commands):
            raise next(iter((put_off or refused).values()))
        if put_off:  # the running time of the method ended in the midst of them
            async with context.begin() as tx:
                await plan_runs(tx, f"{payload['key']}:again", [runs[int(key)] for key in put_off])
        return {"fired": len(commands) - len(refused)}

    async def undo(self, context: PortalContext, payload: Payload, result: Payload) -> None:
        """Leave it: what a portal's automation has done is its own."""

    async def _plan_deals(self, context: PortalContext, payload: Payload) -> dict[str, JSON]:
        """Plan a run for each open deal, once however many of its clients changed."""
        clients: defaultdict[str, list[RecordRef]] = defaultdict(list)
        for code, ref in cast("Sequence[Sequence[str]]", payload["clients"]):
            clients[code].append(RecordRef.parse(ref))
        runs: list[Run] = [
            (code, "deal", deal)
            for code, refs in clients.items()
            for deal in await _open_deals(context, refs)
        ]
        async with context.begin() as tx:
            await plan_runs(tx, f"{payload['key']}:deals", runs)
        return {"deals": len(runs)}


async def _open_deals(context: PortalContext, clients: Iterable[RecordRef]) -> list[int]:
    """Return the newest open deals of these, fifty of contacts and fifty of companies at most."""
    found: set[int] = set()
    for record_type, field in CLIENT_FIELDS.items():
        ids = [ref.id for ref in clients if ref.type is record_type]
        if not ids:
            continue
        command = methods.list_records(
            "deal", select=["ID"], filter_by={f"@{field}": ids, "CLOSED": "N"}, order={"ID": "DESC"}
        )
        listed = answers.rows(await context.client.call(command.method, command.params))
        found |= {deal for row in listed if (deal := answers.to_id(row.get("ID"))) is not None}
    return sorted(found)

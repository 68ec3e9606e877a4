"""Effects that change a lead: its stage, responsible and client. Each writes only over the value it was planned for.

What stood there before is in the payload, so that an undo is exact: it restores that value, and only while ours is
still in its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from b24app.bitrix24 import acting, answers, methods
from b24app.bitrix24.calls import JSON
from b24app.bitrix24.errors import UnexpectedAnswer
from b24app.services.effects import NothingToDo, Payload
from b24app.services.portal.context import PortalContext

_EMPTY = ("", "0")  # "no link" in the three spellings of a portal, null being the third


@dataclass(frozen=True, slots=True)
class LeadField:
    """Sets one field of a lead. Payload: ``lead``, ``old`` and ``new``, "" for nothing."""

    name: str

    async def carry_out(self, context: PortalContext, payload: Payload) -> dict[str, JSON]:
        """Write the new value where the old one stands."""
        lead_id = number(payload, "lead")
        now = await self._value(context, lead_id)
        if now == payload["new"]:
            raise NothingToDo("already_so")
        if now != payload["old"]:
            raise NothingToDo("changed_meanwhile")
        await self._write(context, lead_id, payload["new"])
        return {"old": payload["old"], "new": payload["new"]}

    async def find(self, context: PortalContext, payload: Payload) -> dict[str, JSON] | None:
        """Tell by the value: the old one says that nothing was written."""
        if await self._value(context, number(payload, "lead")) == payload["old"]:
            return None
        return {"old": payload["old"], "new": payload["new"]}

    async def undo(self, context: PortalContext, payload: Payload, result: Payload) -> None:
        """Write the old value back, unless somebody has changed ours."""
        lead_id = number(payload, "lead")
        if await self._value(context, lead_id) == result["new"]:
            await self._write(context, lead_id, result["old"])

    async def _value(self, context: PortalContext, lead_id: int) -> str:
        return field_text(await read_lead(context, lead_id), self.name)

    async def _write(self, context: PortalContext, lead_id: int, value: JSON) -> None:
        command = acting.update_lead(lead_id, {self.name: value})
        await context.client.call(command.method, command.params)


class LeadContact:
    """Adds a contact to a lead. Payload: ``lead`` and ``contact``."""

    async def carry_out(self, context: PortalContext, payload: Payload) -> dict[str, JSON]:
        """Add the contact to those the lead has."""
        if await self.find(context, payload) is not None:
            raise NothingToDo("already_so")
        command = acting.add_contact_to_lead(number(payload, "lead"), number(payload, "contact"))
        await context.client.call(command.method, command.params)
        return {"contact": payload["contact"]}

    async def find(self, context: PortalContext, payload: Payload) -> dict[str, JSON] | None:
        """Tell by the lead's contacts."""
        command = methods.contacts_of_lead(number(payload, "lead"))
        linked = answers.linked_ids(await context.client.call(command.method, command.params), "CONTACT_ID")
        return {"contact": payload["contact"]} if payload["contact"] in linked else None

    async def undo(self, context: PortalContext, payload: Payload, result: Payload) -> None:
        """Remove the contact from the lead; the contact itself stays."""
        if await self.find(context, payload) is not None:
            command = acting.remove_contact_from_lead(number(payload, "lead"), number(result, "contact"))
            await context.client.call(command.method, command.params)


class LeadClient:
    """Links a lead to its client: ``contact``, or a company as ``old`` and ``new``."""

    _contact, _company = LeadContact(), LeadField("COMPANY_ID")

    async def carry_out(self, context: PortalContext, payload: Payload) -> dict[str, JSON]:
        """Link the lead."""
        return await self._one(payload).carry_out(context, payload)

    async def find(self, context: PortalContext, payload: Payload) -> dict[str, JSON] | None:
        """Tell by the lead's links."""
        return await self._one(payload).find(context, payload)

    async def undo(self, context: PortalContext, payload: Payload, result: Payload) -> None:
        """Take our link away."""
        await self._one(payload).undo(context, payload, result)

    def _one(self, payload: Payload) -> LeadContact | LeadField:
        return self._contact if "contact" in payload else self._company


async def read_lead(context: PortalContext, lead_id: int) -> Mapping[str, JSON]:
    """Return the lead as it stands now; raises NotFound."""
    command = methods.get_record("lead", lead_id)
    return answers.row(await context.client.call(command.method, command.params))


def field_text(row: Mapping[str, JSON], name: str) -> str:
    """Return a stage's or a linked record's id; "" when there is none."""
    value = row.get(name)
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return "" if text in _EMPTY else text


def number(facts: Payload, name: str) -> int:
    """Return an id of a payload or result."""
    value = facts[name]
    if not isinstance(value, int):
        raise UnexpectedAnswer
    return value

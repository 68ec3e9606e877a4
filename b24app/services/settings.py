"""The portal's matching rules: read from a form, checked, saved, written into the journal. Administrators only."""

from collections.abc import Mapping
from dataclasses import dataclass

from b24app.bitrix24 import answers, methods
from b24app.dedupe.rules import JSON, MistakeCode, RuleMistake, RuleSet
from b24app.services.access import PageToken, Refused
from b24app.services.portal import Runtime, open_portal_as

REKEYING = frozenset({"region", "email_aliases", "stop_list"})  # changes that give records other keys
NUMBERS = ("hub_limit", "look_back_days")
FLAGS = ("email_aliases", "include_closed")
WORDS = ("region", "least_grade", "reveal")


@dataclass(frozen=True, slots=True)
class SettingsForm:
    """What an administrator sent: rules, or the first mistake as (field, reason code)."""

    rules: RuleSet | None
    mistake: tuple[str, str] | None

    @classmethod
    def read(cls, fields: Mapping[str, list[str]]) -> "SettingsForm":
        """Read the form; an unticked box is simply not sent."""
        raw: dict[str, JSON] = {name: fields[name][0] for name in WORDS if fields.get(name)}
        raw["types"] = [*fields.get("types", [])]
        raw.update({name: name in fields for name in FLAGS})
        lines = "\n".join(fields.get("stop_list", [])).splitlines()
        raw["stop_list"] = [line.strip() for line in lines if line.strip()]
        for name in NUMBERS:
            text = fields.get(name, [""])[0].strip()
            if not (text.isascii() and text.isdigit()):
                return cls(None, (name, MistakeCode.WRONG_TYPE.value))
            raw[name] = int(text)
        try:
            return cls(RuleSet.from_dict(raw), None)
        except RuleMistake as mistake:
            return cls(None, (mistake.field, mistake.code.value))


@dataclass(frozen=True, slots=True)
class SettingsOutcome:
    """What became of a form."""

    saved: bool
    mistake: tuple[str, str] | None


async def save_settings(runtime: Runtime, token: PageToken, form: SettingsForm) -> SettingsOutcome:
    """Save the rules of a form without mistakes; changed keys mean that the index is built anew.

    Raises Refused for anybody but an administrator, as the portal says at this moment.
    """
    context = await open_portal_as(runtime, token.portal_id, token.access_token)
    viewer = answers.viewer((await context.client.batch({"me": methods.profile()})).get("me"))
    if viewer.id != token.user_id or not viewer.is_admin:
        raise Refused("not_admin_settings", 403)
    if form.rules is None:
        return SettingsOutcome(saved=False, mistake=form.mistake)
    old, new = context.rules.to_dict(), form.rules.to_dict()
    changed = [name for name in new if new[name] != old.get(name)]
    async with context.begin() as tx:
        await tx.portal.save_rules({**new})
        for name in changed:
            await tx.journal.note(viewer.id, name, old.get(name), new[name], context.now())
        if REKEYING & set(changed):
            await tx.portal.mark_indexed(None)
    if REKEYING & set(changed):
        await runtime.queue.ask("index_portal", token.portal_id)
    return SettingsOutcome(saved=True, mistake=None)

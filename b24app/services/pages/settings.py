"""The portal's matching rules: read from a form, checked, saved, written into the journal. Administrators only."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from b24app.dedupe.rules import MistakeCode, RuleMistake, RuleSet
from b24app.services.mistake import Mistake
from b24app.services.pages.overview import ShownRules, version_of
from b24app.services.portal.access import PageToken
from b24app.services.portal.context import Runtime
from b24app.services.portal.viewers import open_for_administrator
from b24app.services.publishing import ask_to_publish
from b24app.store.sync_state import SyncKind

RULES_CHANGED = "rules_changed"  # why a first indexing was given up
CHANGED_MEANWHILE = "changed_meanwhile"
LONGEST_NUMBER = 9  # digits of a number somebody typed


@dataclass(frozen=True, slots=True)
class SettingsForm:
    """What an administrator sent: rules, or the first mistake; and the form as it was filled in."""

    typed: ShownRules
    rules: RuleSet | None
    mistake: Mistake | None

    @classmethod
    def read(cls, fields: Mapping[str, list[str]]) -> "SettingsForm":
        """Read the form; an unticked box is simply not sent."""
        typed = _typed(fields)
        for name, number in (("hub_limit", typed.hub_limit), ("look_back_days", typed.look_back_days)):
            if not (number.isascii() and number.isdigit()):
                return cls(typed, None, Mistake(name, MistakeCode.WRONG_TYPE.value))
            if len(number) > LONGEST_NUMBER:
                return cls(typed, None, Mistake(name, MistakeCode.OUT_OF_RANGE.value))
        try:
            return cls(typed, RuleSet.from_dict(_to_raw(typed)), None)
        except RuleMistake as refused:
            line = None if refused.position is None else refused.position + 1
            return cls(typed, None, Mistake(refused.field, refused.code.value, line))

    def beside(self, kept: RuleSet) -> "SettingsForm":
        """Return the form unsaved, to be looked at once more beside what somebody else saved meanwhile."""
        typed = replace(self.typed, version=version_of(kept))
        return SettingsForm(typed, None, Mistake("rules", CHANGED_MEANWHILE))


def _typed(fields: Mapping[str, list[str]]) -> ShownRules:
    def text(name: str) -> str:
        return fields.get(name, [""])[0].strip()

    lines = (line.strip() for line in text("stop_list").splitlines())
    return ShownRules(
        region=text("region"),
        types=tuple(fields.get("types", [])),
        email_aliases="email_aliases" in fields,
        hub_limit=text("hub_limit"),
        least_grade=text("least_grade"),
        stop_list="\n".join(line for line in lines if line),
        reveal=text("reveal"),
        look_back_days=text("look_back_days"),
        include_closed="include_closed" in fields,
        version=text("version"),
    )


def _to_raw(typed: ShownRules) -> dict[str, object]:
    raw = asdict(typed)
    del raw["version"]
    return {
        **raw,
        "types": list(typed.types),
        "hub_limit": int(typed.hub_limit),
        "look_back_days": int(typed.look_back_days),
        "stop_list": typed.stop_list.splitlines(),
    }


@dataclass(frozen=True, slots=True)
class SettingsOutcome:
    """What became of a form."""

    form: SettingsForm

    @property
    def is_saved(self) -> bool:
        return self.form.rules is not None


async def save_settings(runtime: Runtime, token: PageToken, form: SettingsForm) -> SettingsOutcome:
    """Save the rules of a form without mistakes; changed keys mean that the index is built anew.

    Rules that somebody else saved since the form was shown are not overwritten. Raises Refused for anybody but an
    administrator, as the portal says at this moment.
    """
    context, viewer = await open_for_administrator(runtime, token)
    if form.rules is None:
        return SettingsOutcome(form)
    async with context.begin() as tx:
        kept = RuleSet.from_dict((await tx.portal.get()).rules)
        if form.typed.version not in ("", version_of(kept)):
            return SettingsOutcome(form.beside(kept))
        old, new = kept.to_dict(), form.rules.to_dict()
        changed = [name for name in new if new[name] != old.get(name)]
        has_other_keys = not form.rules.gives_same_keys_as(kept)
        await tx.portal.save_rules({**new})
        for name in changed:
            await tx.journal.note(viewer.id, name, old.get(name), new[name], context.now())
        if has_other_keys:
            await tx.portal.mark_indexed(None)
            if run := await tx.sync.current(SyncKind.FIRST):  # what it has read so far has other keys
                await tx.sync.fail(run, RULES_CHANGED, context.now())
        elif changed:
            await tx.pending.note_all(context.now(), hub_limit=form.rules.hub_limit)
    if has_other_keys:
        await runtime.queue.ask("index_portal", token.portal_id)
    await ask_to_publish(runtime, token.portal_id)
    return SettingsOutcome(form)

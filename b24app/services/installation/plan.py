"""The pure difference between the manifest and what a portal has: commands, part by part. Nothing is asked here.

User fields are only ever added: a label, an order or a place in the card that an administrator changed is his.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import orjson

from b24app.bitrix24 import methods, registering
from b24app.bitrix24.answers import EventHandler, PlacementHandler
from b24app.bitrix24.answers_fields import UserField
from b24app.bitrix24.calls import JSON, Command
from b24app.bitrix24.registering import FieldOwner, StepKind
from b24app.services.portal.manifest import Choice, Manifest, ResultField, Step, StepProperty, Texts

FALLBACK = "en"
FIELD_SORT = 9000  # behind the portal's own fields; each of ours follows the one before it
SORT_STEP = 10

# Types of documents: REST documentation of bizproc.workflow.start. Our properties need none of their own.
DOCUMENTS = {
    word: ("crm", f"CCrmDocument{word.capitalize()}") for word in ("lead", "deal", "contact", "company")
}
ACTIVITY_DOCUMENTS = ("contact", "company")


@dataclass(frozen=True, slots=True)
class WantedStep:
    """A robot or activity as it should be registered. ``fingerprint`` changes with any of its settings."""

    settings: Mapping[str, JSON]
    fingerprint: str


def plan_placements(
    manifest: Manifest, base_url: str, registered: Iterable[PlacementHandler]
) -> list[Command]:
    """Decide what to take out and put in. ``registered`` are ours alone, whatever version registered them.

    Ones we no longer want, that lead elsewhere or have another title, go first.
    """
    wanted = {(p.code, _url(base_url, p.handler)): p for p in manifest.placements}
    good = set()
    plan = []
    for have in registered:
        key = (have.code, have.handler)
        if key in wanted and dict(have.titles) in ({}, dict(wanted[key].title)):
            good.add(key)
        else:
            plan.append(methods.unbind_placement(*key))
    missing = (key for key in wanted if key not in good)
    return [*plan, *(methods.bind_placement(*key, titles=wanted[key].title) for key in missing)]


def plan_events(manifest: Manifest, base_url: str, registered: Iterable[EventHandler]) -> list[Command]:
    """Decide which events to let go and which to listen to."""
    wanted = {(name, _url(base_url, handler)) for name, handler in manifest.events}
    have = {(bound.event, bound.handler) for bound in registered}
    return [
        *(methods.unbind_event(name, handler) for name, handler in sorted(have - wanted)),
        *(methods.bind_event(name, handler) for name, handler in sorted(wanted - have)),
    ]


def plan_fields(
    manifest: Manifest, owner: FieldOwner, have: Mapping[str, UserField], language: str
) -> dict[str, Command]:
    """Decide which result fields to make on this type of records, by their codes."""
    return {
        field.code: registering.add_user_field(owner, _field_settings(field, place, language))
        for place, field in enumerate(manifest.fields)
        if field.code not in have
    }


def find_misfits(manifest: Manifest, have: Mapping[str, UserField]) -> list[str]:
    """Return codes of ours that somebody gave to a field of another kind: it can't be changed, nor written to."""
    return [
        field.code
        for field in manifest.fields
        if (found := have.get(field.code))
        and (found.type, found.is_multiple) != (field.type, field.is_multiple)
    ]


def wanted_steps(manifest: Manifest, kind: StepKind, base_url: str, language: str) -> dict[str, WantedStep]:
    """Return the robots, or the activities, as they should be, by their codes."""
    codes = ((step.code if kind == "robot" else step.activity, step) for step in manifest.steps)
    return {code: _wanted(step, kind, base_url, language) for code, step in codes if code is not None}


def plan_steps(
    kind: StepKind, wanted: Mapping[str, WantedStep], have: Collection[str], known: Mapping[str, str]
) -> list[Command]:
    """Decide what to take out, put in and change.

    The portal tells codes only. ``known`` are fingerprints of what was registered last, by code: a step whose
    fingerprint is another one, or not known, is written anew.
    """
    return [
        *(registering.delete_step(kind, code) for code in sorted(set(have) - set(wanted))),
        *(registering.add_step(kind, code, wanted[code].settings) for code in wanted if code not in have),
        *(
            registering.update_step(kind, code, step.settings)
            for code, step in wanted.items()
            if code in have and known.get(code) != step.fingerprint
        ),
    ]


def plan_triggers(manifest: Manifest, have: Mapping[str, str], language: str) -> list[Command]:
    """Decide which triggers to take out, and which to put in or give their name."""
    wanted = {trigger.code: _text(trigger.title, language) for trigger in manifest.triggers}
    return [
        *(registering.delete_trigger(code) for code in sorted(set(have) - set(wanted))),
        *(registering.add_trigger(code, name) for code, name in wanted.items() if have.get(code) != name),
    ]


def _url(base_url: str, path: str) -> str:
    return base_url.rstrip("/") + path


def _text(texts: Texts, language: str) -> str:
    return texts.get(language) or texts[FALLBACK]


def _field_settings(field: ResultField, place: int, language: str) -> dict[str, JSON]:
    labels = dict(field.title)
    settings: dict[str, JSON] = {
        "FIELD_NAME": field.code,
        "USER_TYPE_ID": field.type,
        "XML_ID": field.code,
        "LABEL": field.title[FALLBACK],
        "EDIT_FORM_LABEL": labels,
        "LIST_COLUMN_LABEL": labels,
        "LIST_FILTER_LABEL": labels,
        "MULTIPLE": _yes_no(is_yes=field.is_multiple),
        "MANDATORY": "N",
        "SHOW_FILTER": "Y",
        "SHOW_IN_LIST": "Y",
        "EDIT_IN_LIST": "N",
        "SORT": FIELD_SORT + place * SORT_STEP,
    }
    if field.settings:
        settings["SETTINGS"] = dict(field.settings)
    if field.options:
        settings["LIST"] = [_item(choice, at, language) for at, choice in enumerate(field.options, start=1)]
    return settings


def _item(choice: Choice, place: int, language: str) -> dict[str, JSON]:
    value = _text(choice.title, language)
    return {"VALUE": value, "XML_ID": choice.code, "SORT": place * SORT_STEP, "DEF": "N"}


def _wanted(step: Step, kind: StepKind, base_url: str, language: str) -> WantedStep:
    documents = step.documents if kind == "robot" else ACTIVITY_DOCUMENTS
    settings: dict[str, JSON] = {
        "HANDLER": _url(base_url, step.handler),
        "USE_SUBSCRIPTION": "Y",  # the step waits for our answer
        "NAME": dict(step.title),
        "DESCRIPTION": dict(step.text),
        "RETURN_PROPERTIES": {entry.code: _property(entry, language) for entry in step.outputs},
        "FILTER": {"INCLUDE": [list(DOCUMENTS[word]) for word in documents]},
    }
    if step.inputs:
        settings["PROPERTIES"] = {entry.code: _property(entry, language) for entry in step.inputs}
    digest = hashlib.sha256(orjson.dumps(settings, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return WantedStep(settings, digest[:16])


def _property(entry: StepProperty, language: str) -> dict[str, JSON]:
    described: dict[str, JSON] = {
        "Name": dict(entry.title),
        "Type": entry.type,
        "Required": "N",
        "Multiple": _yes_no(is_yes=entry.is_multiple),
    }
    if entry.text:
        described["Description"] = dict(entry.text)
    if entry.options:
        described["Options"] = {choice.code: _text(choice.title, language) for choice in entry.options}
    if entry.default is not None:
        described["Default"] = entry.default
    return described


def _yes_no(*, is_yes: bool) -> str:
    return "Y" if is_yes else "N"

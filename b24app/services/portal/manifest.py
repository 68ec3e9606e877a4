"""What we register in a portal (``install/portal.toml``), as values. What is missing there is in ``registering.py``."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from b24app.bitrix24.calls import JSON

FIELD_CODE = re.compile(r"UF_CRM_[A-Z0-9_]{1,43}")  # crm.lead.userfield.add: 50 characters with the prefix
STEP_CODE = re.compile(r"[A-Za-z0-9._-]{1,128}")  # bizproc.robot.add
TRIGGER_CODE = re.compile(r"[a-z0-9._-]+")  # crm.automation.trigger.add
PROPERTY_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")  # bizproc.robot.add
FIELD_TYPES = frozenset({"enumeration", "integer", "crm", "employee", "string", "datetime"})
PROPERTY_TYPES = frozenset({"bool", "datetime", "int", "select", "string", "text", "user"})
ROBOT_DOCUMENTS = frozenset({"lead", "deal"})  # those with stages; contacts and companies have none

Texts = Mapping[str, str]  # language → text


class ManifestMistake(Exception):
    """``install/portal.toml`` can't be read; the text says where."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A place for our page: code, path of the handler, titles by language."""

    code: str
    handler: str
    title: Texts


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a list to choose from."""

    code: str
    title: Texts


@dataclass(frozen=True, slots=True)
class ResultField:
    """A user field, the same on leads, contacts and companies. ``options`` only for enumerations."""

    code: str
    type: str
    title: Texts
    is_multiple: bool = False
    options: tuple[Choice, ...] = ()
    settings: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepProperty:
    """An input or a result of a step. ``default`` None: the person chooses, or the app's settings hold."""

    code: str
    type: str
    title: Texts
    text: Texts = field(default_factory=dict)
    is_multiple: bool = False
    options: tuple[Choice, ...] = ()
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A robot; ``activity`` is the code of its twin in workflows of contacts and companies, if any.

    ``documents``: where the robot is offered, ``lead`` and ``deal``.
    """

    code: str
    activity: str | None
    documents: tuple[str, ...]
    handler: str
    title: Texts
    text: Texts
    inputs: tuple[StepProperty, ...]
    outputs: tuple[StepProperty, ...]


@dataclass(frozen=True, slots=True)
class Trigger:
    """A signal an administrator may place on a stage of leads and deals."""

    code: str
    title: Texts


@dataclass(frozen=True, slots=True)
class Manifest:
    """The whole list. ``events`` are (name, path of the handler); a scope that is optional stops no other part."""

    version: int
    scopes: frozenset[str]
    optional_scopes: frozenset[str]
    placements: tuple[Placement, ...]
    events: tuple[tuple[str, str], ...]
    fields: tuple[ResultField, ...]
    steps: tuple[Step, ...]
    triggers: tuple[Trigger, ...]

    def handlers(self) -> frozenset[str]:
        """Return every path a portal may call."""
        placed = {placement.handler for placement in self.placements}
        return frozenset(placed | {handler for _, handler in self.events} | {s.handler for s in self.steps})


def parse_manifest(text: str) -> Manifest:
    """Read the manifest; raises ManifestMistake, also for codes and types that no portal would accept."""
    try:
        raw = tomllib.loads(text)
        lists = {name: _choices(entries) for name, entries in raw.get("options", {}).items()}
        return Manifest(
            version=int(raw["version"]),
            scopes=frozenset(raw["scopes"]),
            optional_scopes=frozenset(raw.get("optional_scopes", ())),
            placements=tuple(Placement(p["code"], p["handler"], p["title"]) for p in raw["placements"]),
            events=tuple((name, block["handler"]) for block in raw["events"] for name in block["names"]),
            fields=tuple(_field(entry, lists) for entry in raw.get("fields", ())),
            steps=tuple(_step(entry, lists) for entry in raw.get("robots", ())),
            triggers=tuple(
                Trigger(_matching(TRIGGER_CODE, entry["code"]), entry["title"])
                for entry in raw.get("triggers", ())
            ),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise ManifestMistake(f"install/portal.toml: {error!r}") from error


Lists = Mapping[str, tuple[Choice, ...]]


def _choices(entries: Iterable[Mapping[str, object]]) -> tuple[Choice, ...]:
    return tuple(Choice(str(entry["code"]), _texts(entry["title"])) for entry in entries)


def _field(entry: Mapping[str, object], lists: Lists) -> ResultField:
    return ResultField(
        code=_matching(FIELD_CODE, entry["code"]),
        type=_one_of(FIELD_TYPES, entry["type"]),
        title=_texts(entry["title"]),
        is_multiple=entry.get("multiple") is True,
        options=_options(entry, lists),
        settings=_settings(entry.get("settings", {})),
    )


def _step(entry: Mapping[str, object], lists: Lists) -> Step:
    activity = entry.get("activity")
    return Step(
        code=_matching(STEP_CODE, entry["code"]),
        activity=None if activity is None else _matching(STEP_CODE, activity),
        documents=_documents(entry["documents"]),
        handler=str(entry["handler"]),
        title=_texts(entry["title"]),
        text=_texts(entry["text"]),
        inputs=_properties(entry["inputs"], lists),
        outputs=_properties(entry["outputs"], lists),
    )


def _documents(words: object) -> tuple[str, ...]:
    if not isinstance(words, list):
        raise TypeError("documents are a list")
    return tuple(_one_of(ROBOT_DOCUMENTS, word) for word in words)


def _properties(entries: object, lists: Lists) -> tuple[StepProperty, ...]:
    if not isinstance(entries, list):
        raise TypeError("inputs and outputs are lists")
    return tuple(
        StepProperty(
            code=_matching(PROPERTY_CODE, entry["code"]),
            type=_one_of(PROPERTY_TYPES, entry["type"]),
            title=_texts(entry["title"]),
            text=_texts(entry.get("text", {})),
            is_multiple=entry.get("multiple") is True,
            options=_options(entry, lists),
            default=entry.get("default"),
        )
        for entry in entries
    )


def _options(entry: Mapping[str, object], lists: Lists) -> tuple[Choice, ...]:
    name = entry.get("options")
    return () if name is None else lists[str(name)]


def _texts(value: object) -> Texts:
    if not isinstance(value, dict):
        raise TypeError("a text is a table of languages")
    return value


def _settings(value: object) -> Mapping[str, JSON]:
    if not isinstance(value, dict):
        raise TypeError("settings are a table")
    return value


def _matching(pattern: re.Pattern[str], code: object) -> str:
    if not isinstance(code, str) or not pattern.fullmatch(code):
        raise ValueError(f"{code!r} is no code of this kind")
    return code


def _one_of(known: frozenset[str], name: object) -> str:
    if name not in known:
        raise ValueError(f"{name!r} is none of {sorted(known)}")
    return str(name)

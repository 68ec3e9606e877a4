"""The commands of a batch: taken apart, and earlier results put in place of ``$result[…]``.

A reference that leads nowhere becomes empty text; one that fills a whole value keeps its type, lists included
(documentation, batch; the portal's behaviour on unresolved references).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from b24app.sandbox.refusals import Refusal
from b24app.sandbox.wire import Json, Params, as_map, as_text, is_true, parse_query

MOST_COMMANDS = 50
_REFERENCE = re.compile(r"\$result((?:\[[^\[\]]*\])+)")


@dataclass(frozen=True, slots=True)
class Command:
    """One line of a batch."""

    key: str
    method: str
    query: str

    def params(self, results: Mapping[str, Json]) -> Params:
        """Return the parameters with earlier results filled in."""
        return {name: _filled(value, results) for name, value in parse_query(self.query).items()}


def commands_of(params: Mapping[str, Json]) -> list[Command]:
    commands = as_map(params.get("cmd"))
    unknown = [name for name in params if name not in ("cmd", "halt", "auth")]
    if unknown:
        raise Refusal("SANDBOX_UNKNOWN_PARAMETER", f"batch has no parameter {unknown[0]!r}")
    if commands is None:
        return []
    return [_command(key, as_text(text)) for key, text in commands.items()]


def is_halting(params: Mapping[str, Json]) -> bool:
    return is_true(params.get("halt"))


def _command(key: str, text: str) -> Command:
    method, _, query = text.partition("?")
    return Command(key, method.strip(), query)


def _filled(value: Json, results: Mapping[str, Json]) -> Json:
    if isinstance(value, str):
        whole = _REFERENCE.fullmatch(value)
        if whole:
            return _resolved(whole[1], results)
        return _REFERENCE.sub(lambda found: as_text(_resolved(found[1], results)), value)
    if isinstance(value, Mapping):
        return {name: _filled(below, results) for name, below in value.items()}
    if isinstance(value, list):
        return [_filled(below, results) for below in value]
    return value


def _resolved(path: str, results: Mapping[str, Json]) -> Json:
    place: Json = results
    for part in path[1:-1].split("]["):
        below = as_map(place)
        if below is None or part not in below:
            return ""
        place = below[part]
    return place

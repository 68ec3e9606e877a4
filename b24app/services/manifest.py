"""What we register in a portal (``install/portal.toml``), and the pure difference to what is registered."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from b24app.bitrix24 import methods
from b24app.bitrix24.answers import EventHandler, PlacementHandler
from b24app.bitrix24.calls import Command


class ManifestMistake(Exception):
    """``install/portal.toml`` can't be read; the text says where."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A place for our page: code, path of the handler, titles by language."""

    code: str
    handler: str
    title: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The whole list. ``events`` are (name, path of the handler)."""

    version: int
    scopes: frozenset[str]
    placements: tuple[Placement, ...]
    events: tuple[tuple[str, str], ...]

    def handlers(self) -> frozenset[str]:
        """Return every path a portal may call."""
        return frozenset({p.handler for p in self.placements} | {handler for _, handler in self.events})


def parse_manifest(text: str) -> Manifest:
    """Read the manifest; raises ManifestMistake."""
    try:
        raw = tomllib.loads(text)
        return Manifest(
            version=int(raw["version"]),
            scopes=frozenset(raw["scopes"]),
            placements=tuple(Placement(p["code"], p["handler"], p["title"]) for p in raw["placements"]),
            events=tuple((name, block["handler"]) for block in raw["events"] for name in block["names"]),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise ManifestMistake(f"install/portal.toml: {error!r}") from error


def plan_registrations(
    manifest: Manifest,
    base_url: str,
    *,
    placements: Iterable[PlacementHandler],
    events: Iterable[EventHandler],
) -> list[Command]:
    """Decide what to take out and put in; empty when the portal has exactly what we want.

    ``placements`` and ``events`` are ours alone, whatever version registered them. Ones we no longer want,
    that lead elsewhere or have another title, go first.
    """
    return [*_plan_placements(manifest, base_url, placements), *_plan_events(manifest, base_url, events)]


def _url(base_url: str, path: str) -> str:
    return base_url.rstrip("/") + path


def _plan_placements(
    manifest: Manifest, base_url: str, registered: Iterable[PlacementHandler]
) -> Iterable[Command]:
    wanted = {(p.code, _url(base_url, p.handler)): p for p in manifest.placements}
    good = set()
    for have in registered:
        key = (have.code, have.handler)
        if key in wanted and dict(have.titles) in ({}, dict(wanted[key].title)):
            good.add(key)
        else:
            yield methods.unbind_placement(*key)
    for key, placement in wanted.items():
        if key not in good:
            yield methods.bind_placement(*key, titles=placement.title)


def _plan_events(manifest: Manifest, base_url: str, registered: Iterable[EventHandler]) -> Iterable[Command]:
    wanted = {(name, _url(base_url, handler)) for name, handler in manifest.events}
    have = {(bound.event, bound.handler) for bound in registered}
    for name, handler in sorted(have - wanted):
        yield methods.unbind_event(name, handler)
    for name, handler in sorted(wanted - have):
        yield methods.bind_event(name, handler)

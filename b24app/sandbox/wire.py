"""How values travel: PHP's bracketed forms in both directions, and arrays as PHP prints them in JSON.

It knows nothing of methods or records; it only takes forms apart and puts them together.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias
from urllib.parse import parse_qsl

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
Params: TypeAlias = "dict[str, Json]"
Node: TypeAlias = "dict[str, Node | str]"


def parse_query(text: str) -> Params:
    """Take ``a=1&filter[>ID]=5&ids[]=7`` apart as PHP's ``parse_str`` does."""
    return parse_pairs(parse_qsl(text, keep_blank_values=True))


def parse_pairs(pairs: Iterable[tuple[str, str]]) -> Params:
    """Build the tree that bracketed names describe; keys ``0…n-1`` in order become a list."""
    root: Node = {}
    for name, value in pairs:
        _put(root, _split_name(name), value)
    return {name: _settle(node) for name, node in root.items()}


def _split_name(name: str) -> list[str]:
    head, bracket, rest = name.partition("[")
    if not bracket or not rest.endswith("]"):
        return [name]
    return [head, *rest[:-1].split("][")]


def _put(root: Node, path: list[str], value: str) -> None:
    place = root
    for part in path[:-1]:
        key = part or str(len(place))
        below = place.get(key)
        if not isinstance(below, dict):
            below = {}
            place[key] = below
        place = below
    place[path[-1] or str(len(place))] = value


def _settle(node: "Node | str") -> Json:
    if isinstance(node, str):
        return node
    return php_array({key: _settle(value) for key, value in node.items()})


def php_array(values: Mapping[str, Json]) -> Json:
    """Return what PHP's ``json_encode`` makes of this array: ``[]`` when empty, a list when numbered."""
    if all(key == str(position) for position, key in enumerate(values)):
        return list(values.values())
    return dict(values)


def to_pairs(values: Mapping[str, Json]) -> list[tuple[str, str]]:
    """Write a tree as form fields, ``data[FIELDS][ID]=5``; everything becomes text, None becomes empty."""
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        _flatten(name, value, pairs)
    return pairs


def _flatten(name: str, value: Json, pairs: list[tuple[str, str]]) -> None:
    if isinstance(value, str):
        pairs.append((name, value))
    elif isinstance(value, Mapping):
        for key, below in value.items():
            _flatten(f"{name}[{key}]", below, pairs)
    elif isinstance(value, Sequence):
        for position, below in enumerate(value):
            _flatten(f"{name}[{position}]", below, pairs)
    else:
        pairs.append((name, _scalar_text(value)))


def _scalar_text(value: bool | float | None) -> str:
    if value is None or value is False:
        return ""
    return "1" if value is True else str(value)


def as_map(value: Json) -> Mapping[str, Json] | None:
    """Read a value as a PHP array with keys; a list is numbered, anything else is None."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, Sequence) and not isinstance(value, str):
        return {str(position): below for position, below in enumerate(value)}
    return None


def as_list(value: Json) -> list[Json] | None:
    """Read a value as a PHP array without regard to its keys; None when it is no array."""
    found = as_map(value)
    return None if found is None else list(found.values())


def as_int(value: Json) -> int:
    """Cast as PHP's ``(int)``: leading digits count, everything else is 0."""
    if isinstance(value, bool | int | float):
        return int(value)
    if not isinstance(value, str):
        return 0
    text = value.strip()
    sign, digits = (-1, text[1:]) if text[:1] == "-" else (1, text)
    end = next((at for at, character in enumerate(digits) if character not in "0123456789"), len(digits))
    return sign * int(digits[:end]) if end else 0


def as_text(value: Json) -> str:
    """Cast a scalar to text; arrays and None are empty."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool | int | float):
        return _scalar_text(value)
    return ""


def is_true(value: Json) -> bool:
    """Read a switch as the portal does: 1, true, Y."""
    return value is True or as_text(value).lower() in {"1", "y", "true"}

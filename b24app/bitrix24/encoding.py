"""PHP's spelling of nested parameters: ``filter[>ID]=5&select[0]=ID``, as batch commands want it."""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from b24app.bitrix24.calls import JSON, Command

# Brackets and the dollar are left readable: PHP and Bitrix24's "$result[…]" take them either way.
_READABLE = "[]$"
_NAMES_LOGGED = 40


def command_line(command: Command) -> str:
    """Return ``method?query`` as it stands in the ``cmd`` of a batch with a JSON body."""
    query = "&".join(
        f"{quote(name, safe=_READABLE)}={quote(value, safe=_READABLE)}"
        for name, value in flat_pairs(command.params)
    )
    return f"{command.method}?{query}" if query else command.method


def flat_pairs(params: Mapping[str, JSON]) -> Iterator[tuple[str, str]]:
    """Yield every leaf with its bracketed name; empty lists and maps have no spelling and vanish."""
    for key, value in params.items():
        yield from _leaves(key, value)


def parameter_names(params: Mapping[str, JSON]) -> tuple[str, ...]:
    """Return the names of parameters for the log, two levels deep, without any value."""
    names: list[str] = []
    for key, value in params.items():
        inner = [f"{key}[{name}]" for name in value] if isinstance(value, Mapping) else []
        names.extend(inner or [key])
    return tuple(names[:_NAMES_LOGGED])


def _leaves(name: str, value: JSON) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{name}[{key}]", inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, inner in enumerate(value):
            yield from _leaves(f"{name}[{index}]", inner)
    else:
        yield name, _leaf(value)


def _leaf(value: bool | int | float | str | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)

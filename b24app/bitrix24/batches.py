"""A batch as data: commands to request bodies of at most fifty, and the five maps of its answer.

Empty maps arrive as ``[]``, and maps with the keys 0, 1, 2 … as lists; a failed command has no key in
``result``. Source: REST documentation, "batch"; portal behaviour on empty maps.
"""

from collections.abc import Iterator, Mapping

from b24app.bitrix24.calls import BATCH_LIMIT, JSON, Answer, BatchAnswer, Command
from b24app.bitrix24.encoding import command_line
from b24app.bitrix24.errors import Bitrix24Error, CommandNotRun, UnexpectedAnswer
from b24app.bitrix24.wire import error_of

_REFERENCE = "$result["
_BATCH_STATUS = 200


def batch_params(commands: Mapping[str, Command], *, halt: bool) -> dict[str, JSON]:
    """Return the parameters of one ``batch`` call."""
    return {"halt": int(halt), "cmd": {key: command_line(command) for key, command in commands.items()}}


def chunks(commands: Mapping[str, Command], *, halt: bool) -> Iterator[dict[str, Command]]:
    """Yield parts of at most fifty commands, in order.

    Raises ValueError where splitting would change the meaning: with ``halt``, or when a command
    refers to another's result.
    """
    if len(commands) > BATCH_LIMIT and (halt or any(map(refers_to_others, commands.values()))):
        raise ValueError("more than fifty commands that depend on each other")
    keys = list(commands)
    for start in range(0, len(keys), BATCH_LIMIT):
        yield {key: commands[key] for key in keys[start : start + BATCH_LIMIT]}


def refers_to_others(command: Command) -> bool:
    """Tell whether the command uses ``$result[…]`` of an earlier one."""
    return _REFERENCE in command_line(command)


def read_batch(body: Mapping[str, JSON], commands: Mapping[str, Command]) -> BatchAnswer:
    """Return every command's answer or error."""
    maps = body.get("result")
    if not isinstance(maps, dict):
        raise UnexpectedAnswer(method="batch", http_status=_BATCH_STATUS)
    results, failures = as_map(maps.get("result")), as_map(maps.get("result_error"))
    totals, nexts, times = (as_map(maps.get(f"result_{name}")) for name in ("total", "next", "time"))
    answers: dict[str, Answer] = {}
    errors: dict[str, Bitrix24Error] = {}
    for key, command in commands.items():
        if key in failures:
            errors[key] = _command_error(failures[key], command.method)
        elif key in results:
            answers[key] = read_answer(results[key], totals.get(key), nexts.get(key), times.get(key))
        else:
            errors[key] = CommandNotRun(method=command.method)
    return BatchAnswer(answers=answers, errors=errors)


def read_answer(result: JSON, total: JSON, following: JSON, time: JSON) -> Answer:
    """Return one method's answer from its parts, wherever they lay."""
    times = as_map(time)
    return Answer(
        result=result,
        total=_whole(total),
        next=_whole(following),
        operating_s=_float(times.get("operating")),
        reset_at=_float(times.get("operating_reset_at")),
    )


def as_map(value: JSON) -> Mapping[str, JSON]:
    """Return PHP's idea of a map: an object, or a list standing for the keys 0, 1, 2 …"""
    if isinstance(value, dict):
        return value
    return {str(index): inner for index, inner in enumerate(value)} if isinstance(value, list) else {}


def _command_error(failure: JSON, method: str) -> Bitrix24Error:
    body = failure if isinstance(failure, dict) and "error" in failure else {"error": failure}
    return error_of(body, method=method, http_status=_BATCH_STATUS)


def _whole(value: JSON) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return int(value) if value.isdigit() else None
    return int(value) if isinstance(value, int | float) else None


def _float(value: JSON) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

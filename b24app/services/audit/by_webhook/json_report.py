"""An audit as JSON, for programs. The format is fixed: others read it (issue 4, point 9; docs/audit.md).

With values, records have a ``title`` and keys and hubs a ``value`` besides; nothing else changes.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import orjson

from b24app.bitrix24.calls import JSON
from b24app.dedupe.record import RecordRef
from b24app.services.audit.by_webhook.result import AuditedGroup, AuditResult, Hub
from b24app.services.audit.grading import VALUE_KINDS


def to_json(result: AuditResult, *, with_values: bool) -> bytes:
    """Return the file's content."""
    return orjson.dumps(_Report(result, with_values).body(), option=orjson.OPT_APPEND_NEWLINE)


class _Report:
    def __init__(self, result: AuditResult, with_values: bool) -> None:
        self._result = result
        self._with_values = with_values

    def body(self) -> dict[str, JSON]:
        result = self._result
        return {
            "portal": result.origin,
            "started_at": _moment(result.started_at),
            "finished_at": _moment(result.finished_at),
            "coverage": {
                kind.word: {"read": coverage.read, "total": coverage.total}
                for kind, coverage in result.coverage.items()
            },
            "totals": {
                "records": result.records,
                "groups": len(result.groups),
                "records_in_groups": result.records_in_groups,
                "by_pair": {f"{a.word}-{b.word}": pairs for (a, b), pairs in result.by_pair.items()},
                "shared_contact_data": len(result.shared_values),
            },
            "groups": [self._group(group) for group in result.groups],
            "hubs": [self._hub(hub) for hub in result.hubs],
        }

    def _group(self, group: AuditedGroup) -> dict[str, JSON]:
        shared = group.worst_shared
        return {
            "id": group.number,
            "records": self._records(group.records),
            "keys": [
                {
                    "kind": VALUE_KINDS[key.key.kind].value,
                    "grade": key.grade.word,
                    "records": self._records(key.records),
                    **self._value(key.display),
                }
                for key in group.keys
            ],
            "grade": group.grade.word,
            "shared": {"kind": shared.kind.value, "severity": shared.severity.word} if shared else None,
        }

    def _hub(self, hub: Hub) -> dict[str, JSON]:
        return {
            "kind": hub.kind.value,
            "records": self._records(hub.records),
            **self._value(hub.display),
        }

    def _records(self, refs: Iterable[RecordRef]) -> list[JSON]:
        return [{"type": ref.type.word, "id": ref.id, **self._title(ref)} for ref in refs]

    def _title(self, ref: RecordRef) -> dict[str, JSON]:
        return {"title": self._result.titles.get(ref, "")} if self._with_values else {}

    def _value(self, display: str) -> dict[str, JSON]:
        return {"value": display} if self._with_values else {}


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")

"""Offline events: rows that wait until the application fetches them.

One row per event and object (a repeat moves the row's time); changes made by the same application are left
out by the caller. Documentation, events/offline-events; collapsing by MESSAGE_ID: portal-behaviour notes,
point 5.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import md5
from secrets import token_hex

import orjson

from b24app.sandbox.installs import EventHandler
from b24app.sandbox.records import print_time
from b24app.sandbox.wire import Json


@dataclass(slots=True)
class OfflineRow:
    """One waiting change."""

    id: int
    at: float
    event: str
    data: Mapping[str, Json]
    user_id: int | None
    message_id: str
    connector: str = ""
    process_id: str = ""
    is_error: bool = False

    def to_json(self) -> dict[str, Json]:
        return {
            "ID": str(self.id),
            "TIMESTAMP_X": print_time(self.at),
            "EVENT_NAME": self.event,
            "EVENT_DATA": self.data,
            "EVENT_ADDITIONAL": {"user_id": str(self.user_id or 0)},
            "MESSAGE_ID": self.message_id,
        }


class OfflineQueue:
    """The rows of one application."""

    def __init__(self) -> None:
        self.rows: list[OfflineRow] = []
        self._last_id = 0

    def put(self, handler: EventHandler, data: Mapping[str, Json], user_id: int | None, now: float) -> None:
        body = orjson.dumps([handler.event, data, handler.connector], option=orjson.OPT_SORT_KEYS)
        message_id = md5(body, usedforsecurity=False).hexdigest()
        for row in self.rows:
            if row.message_id == message_id and not row.process_id:
                row.at = now
                return
        self._last_id += 1
        self.rows.append(
            OfflineRow(self._last_id, now, handler.event, data, user_id, message_id, handler.connector)
        )

    def take(self, limit: int, connector: str, *, clear: bool) -> tuple[str | None, list[OfflineRow]]:
        """Return the oldest free rows; ``clear`` deletes them, else a process id reserves them."""
        free = [row for row in self.rows if not row.process_id and row.connector == connector]
        taken = sorted(free, key=lambda row: (row.at, row.id))[:limit]
        if clear:
            self.rows = [row for row in self.rows if row not in taken]
            return None, taken
        process_id = token_hex(16) if taken else None
        for row in taken:
            row.process_id = process_id or ""
        return process_id, taken

    def of_process(self, process_id: str) -> list[OfflineRow]:
        return [row for row in self.rows if process_id and row.process_id == process_id]

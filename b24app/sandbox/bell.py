"""Notifications of a portal's people: what the bell at the top of the screen shows."""

from dataclasses import dataclass
from itertools import count


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification; ``author_id`` is None when it came from the system, ``app`` who may delete it by tag."""

    id: int
    user_id: int
    author_id: int | None
    text: str
    tag: str
    sub_tag: str
    app: str
    at: float


class Bell:
    """All notifications of a portal."""

    def __init__(self) -> None:
        self.all: list[Notification] = []
        self._ids = count(12345)

    def ring(
        self, user_id: int, text: str, *, author_id: int | None, tag: str, sub_tag: str, app: str, at: float
    ) -> Notification:
        """Notify one person; an earlier notification of this application with the same tag goes."""
        if tag:
            self.all = [one for one in self.all if (one.tag, one.app) != (tag, app)]
        made = Notification(next(self._ids), user_id, author_id, text, tag, sub_tag, app, at)
        self.all.append(made)
        return made

    def of(self, user_id: int) -> list[Notification]:
        """Return a person's notifications, newest first."""
        return [one for one in reversed(self.all) if one.user_id == user_id]

    def delete(self, *, number: int, tag: str, sub_tag: str, app: str) -> bool:
        """Delete by id, or this application's by tag or second tag; False when there was none."""
        before = len(self.all)
        self.all = [one for one in self.all if not _is_meant(one, number, tag, sub_tag, app)]
        return len(self.all) < before


def _is_meant(one: Notification, number: int, tag: str, sub_tag: str, app: str) -> bool:
    if number:
        return one.id == number
    return one.app == app and (one.tag == tag if tag else one.sub_tag == sub_tag)

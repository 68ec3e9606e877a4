"""The timeline of records: comments, newest first, up to three of them pinned on top.

What the methods answer stands in ``rest.timeline``; files of comments are not kept.
"""

from dataclasses import dataclass
from itertools import count

MOST_PINNED = 3  # documentation, crm.timeline.item.pin: "Only three events can be added to favorites"


class TooManyPinned(Exception):
    """The record has its three pinned entries already."""


@dataclass(slots=True)
class Comment:
    """One entry; ``by_automation`` tells a text that a robot of the portal wrote."""

    id: int
    word: str
    record_id: int
    text: str
    author_id: int
    created: float
    is_pinned: bool = False
    by_automation: bool = False


class Timeline:
    """All comments of a portal."""

    def __init__(self) -> None:
        self._comments: dict[int, Comment] = {}
        self._ids = count(999)

    def add(
        self, word: str, record_id: int, text: str, *, author_id: int, now: float, by_automation: bool = False
    ) -> Comment:
        """Write a comment under a record."""
        number = next(self._ids)
        comment = Comment(number, word, record_id, text, author_id, now, by_automation=by_automation)
        self._comments[number] = comment
        return comment

    def get(self, number: int) -> Comment | None:
        return self._comments.get(number)

    def all(self) -> list[Comment]:
        return list(self._comments.values())

    def of(self, word: str, record_id: int) -> list[Comment]:
        """Return a record's comments as they were written."""
        return [one for one in self._comments.values() if (one.word, one.record_id) == (word, record_id)]

    def shown(self, word: str, record_id: int) -> list[Comment]:
        """Return a record's comments as its card shows them: pinned ones, then the newest first."""
        newest = sorted(self.of(word, record_id), key=lambda one: -one.id)
        return sorted(newest, key=lambda one: not one.is_pinned)

    def pin(self, comment: Comment) -> None:
        """Put a comment on top; pinning it again changes nothing."""
        pinned = [one for one in self.of(comment.word, comment.record_id) if one.is_pinned]
        if len(pinned) >= MOST_PINNED and not comment.is_pinned:
            raise TooManyPinned
        comment.is_pinned = True

    def remove(self, number: int) -> None:
        del self._comments[number]

    def forget(self, word: str, record_id: int) -> None:
        """Drop the comments of a record that is gone."""
        for comment in self.of(word, record_id):
            self.remove(comment.id)

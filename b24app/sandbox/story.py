"""The story of one record: everything around it that left a trace, in the order of time.

It is gathered from the diary, deliveries, comments and tasks; the demo and the screen tell it.
"""

from collections.abc import Iterator

from b24app.sandbox.diary import Happening
from b24app.sandbox.fields import BINDING_MARKS
from b24app.sandbox.portal import SandboxPortal


def story(portal: SandboxPortal, word: str, record_id: int) -> list[Happening]:
    """Return what happened around one record."""
    lines = [*portal.diary.of(word, record_id), *_deliveries(portal, word, record_id)]
    lines += _comments(portal, word, record_id)
    lines += _tasks(portal, word, record_id)
    return sorted(lines, key=lambda line: line.at)


def binding(word: str, record_id: int) -> str:
    """Return how a task or a user field names the record, such as ``L_5``."""
    return f"{BINDING_MARKS[word]}_{record_id}"


def _deliveries(portal: SandboxPortal, word: str, record_id: int) -> Iterator[Happening]:
    for sent in portal.events.log:
        if sent.about == f"{word}:{record_id}":
            status = "unreachable" if sent.status is None else f"HTTP {sent.status}"
            yield Happening(sent.at, word, record_id, "delivered", f"{sent.name} → {status}")


def _comments(portal: SandboxPortal, word: str, record_id: int) -> Iterator[Happening]:
    for comment in portal.timeline.of(word, record_id):
        if not comment.by_automation:  # those are in the diary
            what = "app_note" if comment.is_pinned else "app_comment"
            yield Happening(comment.created, word, record_id, what, comment.text)


def _tasks(portal: SandboxPortal, word: str, record_id: int) -> Iterator[Happening]:
    for task in portal.tasks.bound_to(binding(word, record_id)):
        made = task.fields["CREATED_DATE"]
        if isinstance(made, float):
            yield Happening(made, word, record_id, "app_task", str(task.fields["TITLE"]))

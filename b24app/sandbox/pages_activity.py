"""What people read around a record: its timeline, its tasks, and the bell with a person's notifications."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from b24app.sandbox.bb_code import Piece, pieces_of
from b24app.sandbox.pages_records import moment_text, path_of, person_name
from b24app.sandbox.pages_screen import WORDS, Screen, Viewer, go_to
from b24app.sandbox.records import Record
from b24app.sandbox.story import binding
from b24app.sandbox.tasks import COMPLETED, may_complete, may_see
from b24app.sandbox.wire import as_int, as_text


@dataclass(frozen=True, slots=True)
class Entry:
    """One comment of the timeline."""

    id: int
    pieces: tuple[Piece, ...]
    author: str
    at: str
    is_pinned: bool
    by_automation: bool


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task bound to the record."""

    id: int
    title: str
    pieces: tuple[Piece, ...]
    responsible: str
    deadline: str
    is_done: bool
    may_complete: bool


@dataclass(frozen=True, slots=True)
class Ring:
    """One notification."""

    pieces: tuple[Piece, ...]
    author: str
    at: str


def show_timeline(viewer: Viewer, word: str, record_id: int) -> tuple[Entry, ...]:
    """Return a record's comments: pinned ones, then the newest first."""
    return tuple(
        Entry(
            one.id,
            pieces_of(one.text),
            viewer.texts["automation"] if one.by_automation else person_name(viewer, one.author_id),
            moment_text(one.created),
            one.is_pinned,
            one.by_automation,
        )
        for one in viewer.portal.timeline.shown(word, record_id)
    )


def show_tasks(viewer: Viewer, word: str, record_id: int) -> tuple[TaskView, ...]:
    """Return the tasks that are bound to a record and that the viewer takes part in."""
    bound = viewer.portal.tasks.bound_to(binding(word, record_id))
    return tuple(_task(viewer, task) for task in bound if may_see(viewer.user, task))


def _task(viewer: Viewer, task: Record) -> TaskView:
    deadline = task.fields.get("DEADLINE")
    is_done = task.fields["STATUS"] == COMPLETED
    return TaskView(
        task.id,
        as_text(task.fields.get("TITLE")),
        pieces_of(as_text(task.fields.get("DESCRIPTION"))),
        person_name(viewer, as_int(task.fields.get("RESPONSIBLE_ID"))),
        moment_text(deadline) if isinstance(deadline, float) else "",
        is_done,
        not is_done and may_complete(viewer.user, task),
    )


async def show_notifications(screen: Screen, request: Request) -> Response:
    """Answer the viewer's notifications, newest first."""
    viewer = screen.viewer(request)
    rings = tuple(
        Ring(
            pieces_of(one.text),
            viewer.texts["system"] if one.author_id is None else person_name(viewer, one.author_id),
            moment_text(one.at),
        )
        for one in viewer.portal.bell.of(viewer.user.id)
    )
    return screen.page(request, "notifications.html", rings=rings)


async def complete_task(screen: Screen, request: Request) -> Response:
    """Complete a task as its responsible does, and go back to the card."""
    viewer = screen.viewer(request)
    word, record_id = request.path_params["word"], request.path_params["id"]
    task = screen.portal.tasks.get(request.path_params["task"])
    if word not in WORDS or task is None or not may_complete(viewer.user, task):
        return screen.notice(request, "access_denied", "change_denied_text", status=403)
    screen.portal.tasks.update(task, {"STATUS": COMPLETED}, by=viewer.user.id, now=screen.portal.clock.now())
    return go_to(path_of(word, record_id))


async def write_comment(screen: Screen, request: Request) -> Response:
    """Write a person's comment into the timeline of a record that the person may change."""
    viewer = screen.viewer(request)
    word, record_id = request.path_params["word"], request.path_params["id"]
    record = screen.portal.crm.get(word, record_id) if word in WORDS else None
    if record is None or not viewer.may_write(word, record):
        return screen.notice(request, "access_denied", "change_denied_text", status=403)
    text = (await request.form()).get("text")
    if isinstance(text, str) and text.strip():
        now = screen.portal.clock.now()
        screen.portal.timeline.add(word, record_id, text.strip(), author_id=viewer.user.id, now=now)
    return go_to(path_of(word, record_id))

"""What forms offer to choose from, by name: people who were looked for, departments as a tree, sources.

Everything is read with the viewer's token and shown; ids and codes alone are kept. Where the portal tells no names,
the field is typed as before, and says why.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.answers import PortalUser
from b24app.bitrix24.calls import BatchAnswer, Command
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.errors import Bitrix24Error
from b24app.services.audit.pages.form_values import AccessForm, OrderForm, ScheduleForm
from b24app.services.audit.pages.forms import to_list
from b24app.services.audit.pages.open_desk import Desk
from b24app.services.audit.pages.picker_values import Option, Picker, Pickers, ScopePickers
from b24app.services.audit.run.structure import FIRST_PAGE, Structure, read_structure
from b24app.services.portal.people import name_commands, read_people

SOURCES: Final = "sources"
CALLED: Final = "called_"
WHO_WORKED_HERE: Final = frozenset({"start", "schedule"})
RECEIVERS: Final = "receivers"
FOUND_SHOWN: Final = 20
QUERY_SIGNS: Final = 100
DEEPEST: Final = 4  # step of the tree that is still shown as one


async def read_pickers(
    desk: Desk, order: OrderForm, schedule: ScheduleForm, access: AccessForm, others: Collection[int]
) -> tuple[Pickers, Mapping[int, str]]:
    """Return the choices of the first page's forms, and the names of the other people it shows; one request."""
    client, scopes = desk.context.client, {"start": order.scope, "schedule": schedule.scope}
    chosen = {place: scope.responsibles for place, scope in scopes.items()}
    chosen |= {"told": schedule.told, "people": access.people}
    queries = {place: scope.responsibles_query for place, scope in scopes.items()}
    queries |= {"told": schedule.told_query, "people": access.people_query}
    ids = {int(value) for typed in chosen.values() for value in to_list(typed) if _is_id(value)}
    ids |= {*others, desk.viewer.id}  # the viewer, so that a missing right shows at once
    commands = name_commands(ids)
    commands |= {FIRST_PAGE: methods.departments(), SOURCES: methods.statuses("SOURCE")}
    batch = await client.batch(commands | _searches(queries))
    known, is_whole = read_people(batch)
    people = {
        place: _people(typed, queries[place], known, batch, place) if is_whole else _untold(typed, "people")
        for place, typed in chosen.items()
    }
    structure = await _structure(client, batch)
    choices = {
        place: ScopePickers(
            people[place], _departments(scope.departments, structure), _sources(scope.sources, batch)
        )
        for place, scope in scopes.items()
    }
    named = _departments(access.departments, structure)
    names = {user.id: user.name for user in known.values()}
    return Pickers(**choices, told=people["told"], people=people["people"], named_departments=named), names


async def find_receivers(desk: Desk, offered: Iterable[PortalUser], chosen: str, query: str) -> Picker:
    """Return to whom a group can be handed: those who have to do with it, and employees who are called so."""
    known = {user.id: user for user in offered}
    if not known:  # not even the viewer: the portal tells nobody
        return Picker(reason=RECEIVERS)
    commands = name_commands({int(chosen)} - known.keys() if _is_id(chosen) else ()) | _searches(
        {"user": query}
    )
    batch = await desk.context.client.batch(commands) if commands else BatchAnswer({}, {})
    known |= read_people(batch)[0]
    picker = _people(chosen, query, known, batch, "user")
    shown = {option.value for option in picker.options}
    near = [user for user in known.values() if user.is_active and str(user.id) not in shown]
    near.sort(key=lambda user: user.name.casefold())
    options = (*picker.options, *(_person(user, is_chosen=False) for user in near))
    return replace(picker, options=options, reason=RECEIVERS if picker.reason else "")


def _searches(queries: Mapping[str, str]) -> dict[str, Command]:
    """Look for people; who was dismissed may still be responsible for records, and is nobody to do anything."""
    ask = {
        place: methods.users_called if place in WHO_WORKED_HERE else methods.employees_called
        for place in queries
    }
    return {CALLED + place: ask[place](text[:QUERY_SIGNS]) for place, text in queries.items() if text}


def _people(
    typed: str, query: str, known: Mapping[int, PortalUser], batch: BatchAnswer, field: str
) -> Picker:
    """Return who is chosen, known to the portal or not, and behind them who is called as it was typed."""
    values = to_list(typed)
    options = [_chosen_person(value, known) for value in values]
    if not query:
        return Picker(tuple(options))
    try:
        answer = batch.get(CALLED + field)
        called = answers.portal_users(answer).values()
    except Bitrix24Error:
        return _untold(typed, "people")
    fresh = [user for user in called if str(user.id) not in values]
    fresh.sort(key=lambda user: not user.is_active)
    options += [_person(user, is_chosen=False) for user in fresh[:FOUND_SHOWN]]
    found = answer.total or len(called)
    return Picker(
        tuple(options), query=query, found=found, is_cut=found > len(called) or len(fresh) > FOUND_SHOWN
    )


def _chosen_person(value: str, known: Mapping[int, PortalUser]) -> Option:
    user = known.get(int(value)) if _is_id(value) else None
    return (
        Option(value, "", is_chosen=True, note="unknown") if user is None else _person(user, is_chosen=True)
    )


def _person(user: PortalUser, *, is_chosen: bool) -> Option:
    note = "" if user.is_active else "dismissed"
    return Option(str(user.id), user.name, is_chosen, note, detail=user.position)


def _departments(typed: str, structure: Structure | None) -> Picker:
    if structure is None:
        return _untold(typed, "departments")
    rows = [(str(one.id), one.name, min(depth, DEEPEST)) for one, depth in structure.as_tree()]
    return _listed(typed, rows)


def _sources(typed: str, batch: BatchAnswer) -> Picker:
    try:
        sources = answers.status_list(batch.get(SOURCES))
    except Bitrix24Error:
        return _untold(typed, "sources")
    return _listed(typed, [(source.id, source.name, 0) for source in sources])


def _listed(typed: str, rows: Sequence[tuple[str, str, int]]) -> Picker:
    """Return all there is to choose, and first what was chosen and is no more."""
    values = to_list(typed)
    there = {value for value, _, _ in rows}
    gone = [Option(value, "", is_chosen=True, note="unknown") for value in values if value not in there]
    return Picker(
        (*gone, *(Option(value, name, value in values, depth=depth) for value, name, depth in rows))
    )


def _untold(typed: str, reason: str) -> Picker:
    return Picker(tuple(Option(value, "", is_chosen=True) for value in to_list(typed)), reason)


async def _structure(client: PortalClient, batch: BatchAnswer) -> Structure | None:
    """Return the departments, or None where the portal does not tell them."""
    try:
        return await read_structure(client, batch.get(FIRST_PAGE))
    except Bitrix24Error:
        return None


def _is_id(value: str) -> bool:
    return value.isascii() and value.isdigit()

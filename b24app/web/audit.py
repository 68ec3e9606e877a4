"""The audit's pages: runs and their forms, the report, groups, hubs. What is shown is decided in services/audit."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from b24app.services.audit.pages import forms
from b24app.services.audit.pages.group_acts import hand_group, part_group
from b24app.services.audit.pages.open_desk import Desk, find_run, get_run, open_desk, open_whole_desk
from b24app.services.audit.pages.page_values import Choice, GroupPage
from b24app.services.audit.pages.show_group import show_group
from b24app.services.audit.pages.show_groups import no_groups, read_turn, show_groups
from b24app.services.audit.pages.show_home import HomeNews, show_home, show_live
from b24app.services.audit.pages.show_hubs import show_hubs
from b24app.services.audit.pages.show_report import show_report
from b24app.services.audit.pages.try_rules import try_rules
from b24app.services.audit.run import acts
from b24app.services.audit.run.access import save_access
from b24app.services.audit.run.orders import OrderMistake
from b24app.services.audit.run.schedule import save_schedule
from b24app.services.portal.access import Refused, use_page_token
from b24app.web.calls import FORM_BODY, one, read_act, runtime_of
from b24app.web.pages import page_response

router = APIRouter(prefix="/audit", default_response_class=HTMLResponse)

Fields = Mapping[str, list[str]]
ACTS = {
    "pause": (acts.pause_audit, "paused"),
    "resume": (acts.resume_audit, "resumed"),
    "cancel": (acts.cancel_audit, "cancelled"),
}
FORMS: Mapping[str, Callable[[Fields], HomeNews]] = {
    "start": lambda fields: HomeNews(order=forms.read_order_form(fields), opened="start"),
    "schedule": lambda fields: HomeNews(schedule=forms.read_schedule_form(fields), opened="schedule"),
    "access": lambda fields: HomeNews(access=forms.read_access_form(fields), opened="access"),
}
"""Forms in which people are looked for, by what their button says."""
NUMBER_SIGNS = 18
OWN = "own"  # in the way back: to the viewer's own groups


@router.post("", openapi_extra=FORM_BODY)
async def home(request: Request) -> HTMLResponse:
    """Show the runs; who sees only his own groups gets those."""
    token, _ = await read_act(request)
    desk = await open_desk(runtime_of(request), token)
    return (
        await _home(request, desk, HomeNews()) if desk.may_all else await _groups(request, desk, {}, own=True)
    )


@router.post("/live", openapi_extra=FORM_BODY)
async def live(request: Request) -> HTMLResponse:
    """Show the runs again, with those under way where they are now."""
    desk, _ = await _look(request)
    return await page_response(request, "pages/audit.html", home=await show_live(desk))


@router.post("/start", openapi_extra=FORM_BODY)
async def start(request: Request) -> HTMLResponse:
    """Order an audit."""
    desk, fields = await _act(request)
    form = forms.read_order_form(fields)

    async def order() -> None:
        scope, terms = forms.to_scope(form.scope), forms.to_terms(form.scope, incremental=False)
        await acts.order_audit(desk.context, desk.viewer, form.name, scope, terms)

    return await _try(request, desk, order, HomeNews(order=form, opened="start"), "started")


@router.post("/act", openapi_extra=FORM_BODY)
async def act(request: Request) -> HTMLResponse:
    """Pause a run, let it go on, or end it."""
    desk, fields = await _act(request)
    known = ACTS.get(one(fields, "act"))
    if known is None:
        raise Refused("malformed", 400)
    turn, done = known
    await turn(desk.context, desk.viewer, number_of(fields, "which"))
    return await _home(request, desk, HomeNews(done=done))


@router.post("/schedule", openapi_extra=FORM_BODY)
async def schedule(request: Request) -> HTMLResponse:
    """Keep the schedule; administrators only."""
    desk, fields = await _act(request)
    form = forms.read_schedule_form(fields)

    async def keep() -> None:
        await save_schedule(desk.context, desk.viewer, forms.to_schedule(form))

    return await _try(request, desk, keep, HomeNews(schedule=form, opened="schedule"), "schedule")


@router.post("/access", openapi_extra=FORM_BODY)
async def access(request: Request) -> HTMLResponse:
    """Keep who may see audits; administrators only."""
    desk, fields = await _act(request)
    form = forms.read_access_form(fields)

    async def keep() -> None:
        await save_access(desk.context, desk.viewer, forms.to_access(form))

    return await _try(request, desk, keep, HomeNews(access=form, opened="access"), "access")


@router.post("/find", openapi_extra=FORM_BODY)
async def find(request: Request) -> HTMLResponse:
    """Look for people by name, in the form that asks; what was typed elsewhere in it stays."""
    desk, fields = await _look(request)
    read = FORMS.get(one(fields, "find"))
    if read is None:
        raise Refused("malformed", 400)
    return await _home(request, desk, read(fields))


@router.post("/simulate", openapi_extra=FORM_BODY)
async def simulate(request: Request) -> HTMLResponse:
    """Tell what other rules would find."""
    desk, fields = await _look(request)
    form = forms.read_rules_form(fields)
    news = HomeNews(rules=form, opened="simulator")
    try:
        news = replace(news, trial=await try_rules(desk, form))
    except OrderMistake as mistake:
        news = replace(news, mistake=mistake.field)
    return await _home(request, desk, news)


@router.post("/report", openapi_extra=FORM_BODY)
async def report(request: Request) -> HTMLResponse:
    """Show a run's summary."""
    desk, fields = await _look(request)
    run = await get_run(desk, number_of(fields, "run_id"))
    return await page_response(request, "pages/audit_report.html", report=await show_report(desk, run))


@router.post("/print", openapi_extra=FORM_BODY)
async def print_page(request: Request) -> HTMLResponse:
    """Show the summary on one page, for paper."""
    desk, fields = await _look(request)
    run = await get_run(desk, number_of(fields, "run_id"))
    return await page_response(request, "pages/audit_print.html", report=await show_report(desk, run))


@router.post("/groups", openapi_extra=FORM_BODY)
async def groups(request: Request) -> HTMLResponse:
    """Show a page of a run's groups."""
    desk, fields = await _look(request)
    return await _groups(request, desk, fields, own=False)


@router.post("/mine", openapi_extra=FORM_BODY)
async def mine(request: Request) -> HTMLResponse:
    """Show the groups with records the viewer is responsible for."""
    token, fields = await read_act(request)
    return await _groups(request, await open_desk(runtime_of(request), token), fields, own=True)


@router.post("/back", openapi_extra=FORM_BODY)
async def back(request: Request) -> HTMLResponse:
    """Show the page of groups again from which one was opened: its filters, its order, its place."""
    token, fields = await read_act(request)
    try:
        listed = parse_qs(one(fields, "way"), max_num_fields=len(Choice.__slots__) + 3)
    except ValueError as error:
        raise Refused("malformed", 400) from error
    open_for = open_desk if OWN in listed else open_whole_desk
    return await _groups(request, await open_for(runtime_of(request), token), listed, own=OWN in listed)


@router.post("/group", openapi_extra=FORM_BODY)
async def group(request: Request) -> HTMLResponse:
    """Show one group."""
    token, fields = await read_act(request)
    desk = await open_desk(runtime_of(request), token)
    run = await get_run(desk, number_of(fields, "run_id"))
    await acts.note_opened(desk.context, desk.viewer, run.run_id, "group")
    page = await show_group(desk, run, number_of(fields, "group"), page=number_of(fields, "page", 1))
    return await _group(request, fields, page)


@router.post("/reject", openapi_extra=FORM_BODY)
async def reject(request: Request) -> HTMLResponse:
    """Note that a record of a group is no duplicate of the others."""
    desk, fields = await _spend(request)
    run, number = await get_run(desk, number_of(fields, "run_id")), number_of(fields, "group")
    await part_group(desk, run, number, one(fields, "ref"), one(fields, "reason"), one(fields, "days"))
    return await _group(request, fields, await show_group(desk, run, number, done="rejected"))


@router.post("/receiver", openapi_extra=FORM_BODY)
async def receiver(request: Request) -> HTMLResponse:
    """Look for somebody by name, to hand a group to."""
    desk, fields = await _look(request)
    run, number = await get_run(desk, number_of(fields, "run_id")), number_of(fields, "group")
    page = await show_group(desk, run, number, hand=forms.read_hand_form(fields))
    return await _group(request, fields, page)


@router.post("/hand", openapi_extra=FORM_BODY)
async def hand(request: Request) -> HTMLResponse:
    """Hand a group to somebody, with a date."""
    desk, fields = await _act(request)
    run, number = await get_run(desk, number_of(fields, "run_id")), number_of(fields, "group")
    form = forms.read_hand_form(fields)
    try:
        await hand_group(desk, run, number, form)
    except OrderMistake as wrong:
        page = await show_group(desk, run, number, hand=form, mistake=wrong.field)
        return await _group(request, fields, page, status=422)
    page = await show_group(desk, run, number, done="handed" if form.user else "taken_back")
    return await _group(request, fields, page)


@router.post("/hubs", openapi_extra=FORM_BODY)
async def hubs(request: Request) -> HTMLResponse:
    """Show values on too many records."""
    desk, fields = await _look(request)
    run = await get_run(desk, number_of(fields, "run_id"))
    after = number_of(fields, "after", -1)
    return await page_response(request, "pages/audit_hubs.html", list=await show_hubs(desk, run, after))


async def _look(request: Request) -> tuple[Desk, Fields]:
    """Return the desk of somebody who may see audits, and what he asks for."""
    token, fields = await read_act(request)
    return await open_whole_desk(runtime_of(request), token), fields


async def _spend(request: Request) -> tuple[Desk, Fields]:
    """Return the desk for an act: a page's token buys one."""
    token, fields = await read_act(request)
    await use_page_token(runtime_of(request), token)
    return await open_desk(runtime_of(request), token), fields


async def _act(request: Request) -> tuple[Desk, Fields]:
    """Return the same for an act of somebody who may see audits."""
    desk, fields = await _spend(request)
    if not desk.may_all:
        raise Refused("not_auditor", 403)
    return desk, fields


async def _home(request: Request, desk: Desk, news: HomeNews) -> HTMLResponse:
    status = 422 if news.mistake else 200
    return await page_response(request, "pages/audit.html", home=await show_home(desk, news), status=status)


async def _try(
    request: Request, desk: Desk, work: Callable[[], Awaitable[None]], kept: HomeNews, done: str
) -> HTMLResponse:
    """Do what a form asks; a mistake in it is shown with all that was typed."""
    try:
        await work()
    except OrderMistake as mistake:
        return await _home(request, desk, replace(kept, mistake=mistake.field))
    return await _home(request, desk, HomeNews(done=done))


async def _groups(request: Request, desk: Desk, fields: Fields, *, own: bool) -> HTMLResponse:
    choice = Choice(**{name: fields[name][0] for name in Choice.__slots__ if fields.get(name, [""])[0]})
    wanted = fields.get("run_id")
    run = await get_run(desk, number_of(fields, "run_id")) if wanted else await find_run(desk)
    if run is None:
        page = no_groups(desk, choice, only_own=own)
    else:
        after, trail = read_turn(fields.get("turn", [""])[0])
        page = await show_groups(desk, run, choice, after, trail, only_own=own)
    kept = {name: fields[name][0] for name in ("run_id", "turn", *Choice.__slots__) if fields.get(name)}
    way = urlencode(kept | {OWN: "1"} if own else kept)
    return await page_response(request, "pages/audit_groups.html", list=page, way=way)


async def _group(request: Request, fields: Fields, page: GroupPage, status: int = 200) -> HTMLResponse:
    """Show a group, with the way back to the list it was opened from."""
    way = "".join(fields.get("way", ()))
    return await page_response(request, "pages/audit_group.html", page=page, way=way, status=status)


def number_of(fields: Fields, name: str, default: int | None = None) -> int:
    if default is not None and name not in fields:
        return default
    text = one(fields, name)
    if not (text.isascii() and text.isdigit()) or len(text) > NUMBER_SIGNS:
        raise Refused("malformed", 400)
    return int(text)

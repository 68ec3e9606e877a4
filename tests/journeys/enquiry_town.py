"""Clients and new leads in the toy portal, and what became of them: for stories of repeat enquiries."""

import httpx

from b24app.clock import SystemClock
from b24app.jobs.tasks import TASKS
from b24app.services.enquiries.rules import OPTION
from b24app.store.effects import Effect
from tests.journeys.town import ADMIN, Town, token_of

MANAGER, KEEPER = 3, 5
DAY_S = 86_400.0


class TravelClock(SystemClock):
    """The real clock, which a story can set forward."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now(self) -> float:
        return super().now() + self.ahead_s


async def set_enquiry_rules(acme: Town, **rules: object) -> None:
    async with acme.house.runtime.store.begin((await acme.known()).portal_id) as tx:
        await tx.options.put(OPTION, rules)


def pass_time(acme: Town, seconds: float) -> None:
    acme.house.runtime.clock.ahead_s += seconds  # type: ignore[attr-defined]


def phone(text: str) -> dict[str, list[dict[str, str]]]:
    return {"PHONE": [{"VALUE": text, "VALUE_TYPE": "WORK"}]}


def a_client(acme: Town, digits: str) -> int:
    """Make a contact with a lead that was won, a month ago."""
    pass_time(acme, -30 * DAY_S)
    contact = acme.portal.create(
        "contact", {"NAME": "Вера", "ASSIGNED_BY_ID": KEEPER, **phone(f"+7{digits}")}, by=KEEPER
    )
    lead = {"TITLE": "Первый заказ", "SOURCE_ID": "CALL", "STATUS_ID": "CONVERTED", "ASSIGNED_BY_ID": KEEPER}
    acme.portal.create("lead", {**lead, **phone(f"+7{digits}")}, by=KEEPER)
    pass_time(acme, 30 * DAY_S)
    return contact


def a_new_lead(acme: Town, digits: str, **fields: object) -> int:
    told = {"TITLE": "Заявка с сайта", "SOURCE_ID": "WEB", "ASSIGNED_BY_ID": MANAGER, "STATUS_ID": "NEW"}
    return acme.portal.create("lead", {**told, **phone(f"8{digits}"), **fields}, by=MANAGER)  # type: ignore[arg-type]


async def hear(acme: Town) -> None:
    """Deliver what happened, and let everything follow from it."""
    await acme.deliver()


async def try_again(acme: Town) -> None:
    await TASKS["retry_effects"].run(acme.house.runtime, (await acme.known()).portal_id)


async def effects_of(acme: Town, lead: int) -> list[Effect]:
    async with acme.house.runtime.store.read((await acme.known()).portal_id) as tx:
        return await tx.effects.of_leads([lead])


def texts(acme: Town, contact: int) -> list[str]:
    return [comment.text for comment in acme.portal.timeline.of("contact", contact)]


def lead_stands(acme: Town, lead: int) -> tuple[object, object, list[int]]:
    record = acme.portal.crm.get("lead", lead)
    assert record is not None
    linked = acme.portal.crm.links["lead"].targets(lead)
    return record.fields["STATUS_ID"], record.fields["ASSIGNED_BY_ID"], linked


async def page_of(acme: Town, user: int = ADMIN) -> httpx.Response:
    token = token_of((await acme.open(user, "DEFAULT")).text)
    return await acme.browser.post(acme.address + "enquiries", data={"page_token": token})


async def act(acme: Town, what: str, page: httpx.Response, **fields: object) -> httpx.Response:
    given = {"page_token": token_of(page.text), "page": "1", **fields}
    return await acme.browser.post(f"{acme.address}enquiries/{what}", data=given)

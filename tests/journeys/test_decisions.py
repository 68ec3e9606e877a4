"""Not a duplicate: said once, true for the whole portal, until data change, a date comes, or somebody takes it back."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from b24app.clock import SystemClock
from b24app.sandbox.people import SHOWCASE
from b24app.sandbox.users import Breadth, User
from tests.journeys.seen import Ref, SeenPage
from tests.journeys.town import ADMIN, Town, town

MANAGER, COLLEAGUE = SHOWCASE.viewer_of_all, 3
LEAD: Ref = ("lead", SHOWCASE.lead)
OTHER: Ref = ("lead", SHOWCASE.other_spelling_lead)
DAY_S = 86_400.0


class TravelClock(SystemClock):
    """The real clock, which a story can set forward."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now(self) -> float:
        return super().now() + self.ahead_s


@pytest.fixture
def clock() -> TravelClock:
    return TravelClock()


@pytest.fixture
async def acme(database_url: str, tmp_path: Path, clock: TravelClock) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path, size=20, clock=clock) as built:
        await built.install()
        await built.work()
        yield built


async def see(acme: Town, ref: Ref, user: int = MANAGER) -> SeenPage:
    return SeenPage((await acme.open_card(user, *ref)).text)


async def act(acme: Town, what: str, page: SeenPage, ref: Ref, **fields: str) -> httpx.Response:
    given = {"page_token": page.token, "ref": f"{ref[0]}:{ref[1]}"} | fields
    return await acme.browser.post(f"{acme.address}widget/{what}", data=given)


async def reject(
    acme: Town, opened: Ref = LEAD, other: Ref = OTHER, *, user: int = MANAGER, days: str = "0"
) -> SeenPage:
    page = await see(acme, opened, user)
    answer = await act(acme, "reject", page, other, reason="shared_value", days=days)
    assert answer.status_code == 200
    return SeenPage(answer.text)


async def test_a_rejected_pair_is_gone_for_everybody_and_from_both_cards(acme: Town) -> None:
    page = await reject(acme)

    assert OTHER not in page.matches()
    assert page.rejected() == [OTHER]
    assert page.verdict == "Найдено 6 совпадений"
    for user in (MANAGER, COLLEAGUE, ADMIN):
        assert OTHER not in (await see(acme, LEAD, user)).matches()
        assert LEAD not in (await see(acme, OTHER, user)).matches()
        assert (await see(acme, OTHER, user)).rejected() == [LEAD]


async def test_a_record_whose_only_match_was_rejected_does_not_say_that_nobody_has_its_values(
    acme: Town,
) -> None:
    only_with_lead: Ref = ("contact", SHOWCASE.email_contact)
    await reject(acme, only_with_lead, LEAD)

    page = await acme.open_card(MANAGER, *only_with_lead)

    assert SeenPage(page.text).verdict == "Дубликатов нет"
    assert "нет ни в одной другой" not in page.text
    assert "есть только в карточках ниже" in page.text


async def test_the_decision_tells_who_when_why_and_for_how_long(acme: Town) -> None:
    await reject(acme, days="30")

    text = (await see(acme, LEAD, COLLEAGUE)).text

    assert "Общий номер: семья, офис, посредник" in text
    assert "Отметка: Мария Калинина" in text
    assert "Действует до" in text


async def test_only_that_pair_is_meant(acme: Town) -> None:
    before = (await see(acme, ("contact", SHOWCASE.contact))).matches().keys()

    await reject(acme)

    assert (await see(acme, ("contact", SHOWCASE.contact))).matches().keys() == before
    third = ("lead", SHOWCASE.extension_lead)
    assert {LEAD, OTHER} <= (await see(acme, third)).matches().keys()


async def test_undoing_brings_the_pair_back_for_everybody(acme: Town) -> None:
    page = await reject(acme)

    answer = await act(acme, "undo", page, OTHER)

    assert OTHER in SeenPage(answer.text).matches()
    assert SeenPage(answer.text).rejected() == []
    assert LEAD in (await see(acme, OTHER, COLLEAGUE)).matches()


async def test_a_colleague_may_undo_and_reject_again(acme: Town) -> None:
    await reject(acme)
    undone = await act(acme, "undo", await see(acme, OTHER, COLLEAGUE), LEAD)

    page = await reject(acme, OTHER, LEAD, user=COLLEAGUE)

    assert LEAD in SeenPage(undone.text).matches()
    assert page.rejected() == [LEAD]
    assert "Олег Дроздов" in (await see(acme, LEAD)).text


async def test_a_decision_ends_on_its_day(acme: Town, clock: TravelClock) -> None:
    for days in (30, 180, 365):
        began_s = clock.ahead_s
        await reject(acme, days=str(days))

        clock.ahead_s = began_s + days * DAY_S - 3_600
        before = await see(acme, LEAD)
        clock.ahead_s = began_s + days * DAY_S + 60
        after = await see(acme, LEAD)

        assert OTHER not in before.matches()
        assert OTHER in after.matches()
        assert after.rejected() == []


async def test_a_decision_without_end_stays(acme: Town, clock: TravelClock) -> None:
    await reject(acme)

    clock.ahead_s = 3_650 * DAY_S

    assert (await see(acme, LEAD)).rejected() == [OTHER]


@pytest.mark.parametrize("changed", [LEAD, OTHER], ids=["the open record", "the other one"])
async def test_the_pair_comes_back_when_a_phone_of_either_changes(acme: Town, changed: Ref) -> None:
    await reject(acme)
    added = {"PHONE": [{"VALUE": "+7 900 000-79-01"}]}

    acme.portal.change(*changed, added, by=MANAGER)
    await acme.deliver()

    assert OTHER in (await see(acme, LEAD)).matches()
    assert LEAD in (await see(acme, OTHER)).matches()


async def test_other_changes_do_not_bring_it_back(acme: Town) -> None:
    await reject(acme)

    for ref in (LEAD, OTHER):
        acme.portal.change(*ref, {"TITLE": "Новое имя", "STATUS_ID": "JUNK", "ASSIGNED_BY_ID": 2}, by=MANAGER)
    await acme.deliver()

    assert OTHER not in (await see(acme, LEAD)).matches()


async def test_the_decision_survives_a_new_indexing(acme: Town) -> None:
    await reject(acme)

    await acme.set_rules()

    assert (await see(acme, LEAD)).rejected() == [OTHER]


async def test_a_used_page_token_does_nothing_again(acme: Town) -> None:
    page = await see(acme, LEAD)
    fields = {"reason": "different_people", "days": "0"}

    first = await act(acme, "reject", page, OTHER, **fields)
    again = await act(acme, "undo", page, OTHER)
    elsewhere = await act(acme, "reject", page, ("contact", SHOWCASE.contact), **fields)

    assert [first.status_code, again.status_code, elsewhere.status_code] == [200, 409, 409]
    assert SeenPage(again.text).refusal == "page_outdated"
    assert (await see(acme, LEAD)).rejected() == [OTHER]


async def test_an_old_or_broken_page_token_does_nothing(acme: Town, clock: TravelClock) -> None:
    page = await see(acme, LEAD)
    broken = page.token[:-6] + "AAAAA="
    clock.ahead_s = 3_700

    answers = [
        await acme.browser.post(
            f"{acme.address}widget/reject",
            data={"page_token": token, "ref": "lead:102", "reason": "not_stated", "days": "0"},
        )
        for token in (page.token, broken, "", "я")
    ]

    assert {answer.status_code for answer in answers} <= {400, 409}
    assert (await see(acme, LEAD)).rejected() == []


async def test_a_viewer_who_cannot_read_the_other_record_cannot_decide_about_it(acme: Town) -> None:
    acme.portal.users.add(User(id=6, rights={"lead": Breadth.OWN}))  # responsible for lead 101 alone
    page = await see(acme, LEAD, 6)

    refused = await act(acme, "reject", page, OTHER, reason="not_stated", days="0")
    missing = await act(
        acme, "reject", await see(acme, LEAD, 6), ("lead", 999), reason="not_stated", days="0"
    )
    undone = await act(acme, "undo", await see(acme, LEAD, 6), OTHER)

    assert [answer.status_code for answer in (refused, missing, undone)] == [403] * 3
    assert refused.text == missing.text == undone.text
    assert OTHER in (await see(acme, LEAD)).matches()


async def test_a_decision_about_an_unreadable_record_is_not_told(acme: Town) -> None:
    await reject(acme)
    acme.portal.users.add(User(id=6, rights={"lead": Breadth.OWN}))

    page = await see(acme, LEAD, 6)

    assert page.rejected() == []
    assert "Отмечены как разные" not in page.text


async def test_what_the_page_did_not_offer_is_refused(acme: Town) -> None:
    wrongs = [
        {"reason": "because"}, {"days": "7"}, {"days": "-1"}, {"ref": "lead:101"}, {"ref": "deal:101"}, {"ref": "lead"},
    ]  # fmt: skip

    for wrong in wrongs:
        page = await see(acme, LEAD)
        fields = {"reason": "not_stated", "days": "0", "ref": "lead:102"} | wrong
        answer = await acme.browser.post(
            f"{acme.address}widget/reject", data={"page_token": page.token, **fields}
        )
        assert answer.status_code in (400, 409), wrong

    assert (await see(acme, LEAD)).rejected() == []


async def test_decisions_outlive_an_uninstall_that_keeps_data_and_die_with_one_that_cleans(
    acme: Town,
) -> None:
    await reject(acme)
    app = acme.portal.app
    assert app is not None

    acme.portal.uninstall(clean=False)
    await acme.deliver()
    acme.portal.add_app(app)
    await acme.install()
    await acme.work()
    kept = (await see(acme, LEAD)).rejected()
    acme.portal.uninstall(clean=True)
    await acme.deliver()
    acme.portal.add_app(app)
    await acme.install()
    await acme.work()

    assert kept == [OTHER]
    assert OTHER in (await see(acme, LEAD)).matches()


async def test_a_record_makes_no_pair_with_itself(acme: Town) -> None:
    answer = await act(acme, "reject", await see(acme, LEAD), LEAD, reason="shared_value", days="0")

    assert answer.status_code == 400

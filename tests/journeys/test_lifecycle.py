"""The app's life in a portal: updated, renamed, uninstalled with and without its data, installed again."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from b24app.sandbox.portal import SandboxPortal
from b24app.store.tenants import TENANT_TABLES
from tests.conftest import StillClock
from tests.journeys.indexes import index_of, undisturbed
from tests.journeys.test_install import registered, wanted
from tests.journeys.test_trust import NOT_THE_SAME, act, an_event, post_event
from tests.journeys.town import ADMIN, Town, token_of, town

NOW = 1_790_000_000.0
MANAGER = 2
SIZE = 40


@pytest.fixture
async def acme(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path, size=SIZE, clock=StillClock(NOW)) as built:
        await built.install()
        await built.work()
        yield built


async def rows_left(acme: Town) -> Mapping[str, int]:
    """Return how many rows each tenant table holds; tables without any are left out."""
    counts = {}
    for table in TENANT_TABLES:
        (row,) = await acme.rows(f"SELECT count(*) AS rows FROM {table.name} /* all portals */")
        counts[table.name] = row["rows"]
    return {name: count for name, count in counts.items() if count}


def rest_requests(acme: Town) -> int:
    return len([heard for heard in acme.heard if heard.path.startswith(("/rest/", "/oauth/"))])


async def test_an_update_that_drops_everything_is_answered_by_registering_again(acme: Town):
    acme.portal.update_app(2, by=ADMIN)
    assert not registered(acme.portal)

    await acme.deliver()

    assert registered(acme.portal) == wanted(acme.address)


async def test_an_update_whose_event_was_lost_is_mended_by_the_installer_page(acme: Town):
    acme.portal.update_app(2, by=ADMIN, new_token=True)
    acme.portal.app.registrations.events.clear()  # type: ignore[union-attr]

    answer = await acme.install()
    card = await acme.open_card(MANAGER, "lead", 101)

    assert [answer.status_code, card.status_code] == [200, 200]
    assert registered(acme.portal) == wanted(acme.address)


async def test_a_new_application_token_is_taken_when_an_access_token_proves_the_portal(acme: Town):
    old = an_event(acme)
    acme.portal.update_app(2, by=ADMIN, new_token=True)
    await acme.deliver()

    with_old, with_new = await post_event(acme, old), await post_event(acme, an_event(acme))

    assert {delivered.status for delivered in acme.portal.events.log} == {200}
    assert [with_old.status_code, with_new.status_code] == [403, 200]
    assert registered(acme.portal) == wanted(acme.address)


async def test_a_new_application_token_without_proof_is_refused(acme: Town):
    for access_token in ("", "garbage", "0" * 64):
        forged = {"auth[application_token]": "f" * 32, "auth[access_token]": access_token}
        answer = await post_event(acme, an_event(acme, "ONAPPUPDATE", **forged))

        assert (answer.status_code, answer.text) == (403, "forged")
    assert (await post_event(acme, an_event(acme))).status_code == 200


async def test_a_new_application_token_is_not_proven_by_an_employees_access_token(acme: Town):
    employee = acme.portal.open_frame(MANAGER, "CRM_LEAD_DETAIL_TAB", {"ID": "101"}).form["AUTH_ID"]
    own = {"auth[application_token]": "f" * 32}

    update = await post_event(acme, an_event(acme, "ONAPPUPDATE", **own, **{"auth[access_token]": employee}))
    uninstall = await post_event(acme, an_event(acme, "ONAPPUNINSTALL", **own))

    assert [(answer.status_code, answer.text) for answer in (update, uninstall)] == [(403, "forged")] * 2
    assert await acme.is_active()


async def test_a_new_application_token_is_not_proven_by_another_portals_access_token(
    database_url: str, tmp_path: Path
):
    async with town(database_url, tmp_path, size=10, portals=2, clock=StillClock(NOW)) as two:
        for portal in two.portals:
            await two.install(portal)
        stranger = two.portals[1].open_frame(ADMIN, "DEFAULT").form["AUTH_ID"]
        forged = {"auth[application_token]": "f" * 32, "auth[access_token]": stranger}

        answer = await post_event(two, an_event(two, "ONAPPUPDATE", **forged))

        assert (answer.status_code, answer.text) == (403, "forged")


def rename(portal: SandboxPortal) -> None:
    """Give the portal another name on the same port; the old one answers 302."""
    portal.rename(portal.domain.replace("127.0.0.1", "localhost"))


async def test_a_card_in_a_renamed_portal_opens_at_once_and_its_new_address_may_frame_it(acme: Town):
    rename(acme.portal)

    answer = await acme.open_card(MANAGER, "lead", 101)

    assert answer.status_code == 200
    assert "/crm/lead/details/102/" in answer.text
    assert f"frame-ancestors {acme.portal.base_url};" in answer.headers["content-security-policy"] + ";"
    assert (await acme.known()).origin == acme.portal.base_url
    assert acme.portal.base_url + "/crm/lead/details/102/" in answer.text or 'href="/crm' in answer.text


async def test_events_of_a_renamed_portal_are_worked_off_at_its_new_address(acme: Town):
    rename(acme.portal)
    acme.portal.change("lead", 102, {"PHONE": [{"VALUE": "+7 900 555-44-33"}]}, by=MANAGER)

    await acme.deliver()

    assert await index_of(acme) == await undisturbed(acme)
    assert (await acme.known()).origin == acme.portal.base_url
    assert acme.oauth.renewals == 1, "one renewal tells the new address to everybody"


async def test_what_a_form_or_redirect_says_of_a_new_address_is_not_believed(acme: Town):
    acme.portal.old_domains.add(acme.portal.domain)  # redirects to itself, and nobody confirms it

    answer = await acme.open_card(MANAGER, "lead", 101)

    assert answer.status_code == 503
    assert "/details/" not in answer.text


async def decide(acme: Town) -> None:
    token = token_of((await acme.open_card(MANAGER, "lead", 101)).text)
    assert (await act(acme, "widget/reject", token, **NOT_THE_SAME)).status_code == 200


async def test_uninstalling_with_all_data_leaves_no_row_anywhere(acme: Town):
    await decide(acme)
    acme.portal.uninstall(clean=True)

    await acme.deliver()

    assert await rows_left(acme) == {}
    assert await acme.rows("SELECT * FROM portal /* all portals */") == []


async def test_uninstalling_without_cleaning_keeps_decisions_as_ids_and_no_token(acme: Town):
    await decide(acme)
    acme.portal.uninstall(clean=False)

    await acme.deliver()

    left = await rows_left(acme)
    assert not {"record", "record_key", "inbox", "sync_run", "sync_range", "forgotten"} & set(left)
    (portal,) = await acme.rows("SELECT * FROM portal /* all portals */")
    sealed = ("access_token_sealed", "refresh_token_sealed", "application_token_sealed")
    assert [portal[column] for column in sealed] == [None, None, None]
    (decision,) = await acme.rows("SELECT * FROM rejection /* all portals */")
    assert not any(isinstance(value, str) and "@" in value for value in decision.values())


@pytest.mark.parametrize("clean", [True, False])
async def test_after_uninstalling_not_one_request_goes_there_whatever_still_waits(acme: Town, clean: bool):
    frame = acme.portal.open_frame(MANAGER, "CRM_LEAD_DETAIL_TAB", {"ID": "101"})
    page = token_of((await acme.browser.post(frame.url, data=dict(frame.form))).text)
    late = an_event(acme)
    portal_id = (await acme.known()).portal_id
    await post_event(acme, late)
    for task in ("index_portal", "reconcile_portal", "sweep_portal", "register_portal"):
        await acme.house.queue.ask(task, portal_id)
    acme.portal.uninstall(clean=clean)
    await acme.portal.events.deliver_all()
    before = rest_requests(acme)

    await acme.work()
    answers = [
        await act(acme, "widget/check", page),
        await act(acme, "widget/reject", page, **NOT_THE_SAME),
        await acme.browser.post(frame.url, data=dict(frame.form)),
        await post_event(acme, late),
    ]

    assert rest_requests(acme) == before
    assert {answer.status_code for answer in answers} <= {403, 409}


@pytest.mark.parametrize("clean", [True, False])
async def test_a_portal_that_comes_back_is_indexed_anew_and_has_its_decisions_if_they_were_kept(
    acme: Town, clean: bool
):
    app = acme.portal.app
    assert app is not None
    await decide(acme)
    acme.portal.uninstall(clean=clean)
    await acme.deliver()
    acme.portal.change("lead", 103, {"PHONE": [{"VALUE": "+7 900 555-44-33"}]}, by=MANAGER)
    app.registrations.placements.clear()
    app.registrations.events.clear()
    acme.portal.add_app(app)

    await acme.install()
    await acme.work()

    assert await index_of(acme) == await undisturbed(acme)
    assert registered(acme.portal) == wanted(acme.address)
    kept = await acme.rows("SELECT * FROM rejection /* all portals */")
    assert len(kept) == (0 if clean else 1)


async def test_a_removal_whose_event_was_lost_is_learned_from_the_authorization_server(acme: Town) -> None:
    assert acme.portal.app is not None
    acme.portal.app.registrations.events.clear()  # nobody is told
    acme.portal.uninstall(clean=False)

    await acme.house.queue.ask("sweep_portal", (await acme.known()).portal_id)
    await acme.work()

    assert not await acme.is_active()

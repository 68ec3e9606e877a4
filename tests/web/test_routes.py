"""Every door of the app as a stranger finds it: what it answers, and with which headers."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
from sqlalchemy.engine import make_url

from b24app.bitrix24.forms import BODY_LIMIT_BYTES
from b24app.store.address import libpq_dsn
from tests.conftest import StillClock
from tests.journeys.town import ADMIN, Town, token_of, town

NOW = 1_790_000_000.0
MANAGER = 2
FRAMES = ["", "install", "widget/lead", "widget/contact", "widget/company", "widget/deal"]
ACTS = [
    "automation",
    "connections",
    "keys/create",
    "keys/revoke",
    "notices",
    "webhooks/create",
    "webhooks/remove",
    "webhooks/secret",
    "webhooks/test",
    "phone-fixes/undo",
    "progress",
    "settings",
    "widget/check",
    "widget/page",
    "widget/reject",
    "widget/undo",
]
CALLED = ["events", "robots/find_duplicates"]
QUERY = {"DOMAIN": "portal.example", "PROTOCOL": "1", "APP_SID": "0" * 32}
MEMBER = {"auth[member_id]": "a" * 32, "auth[application_token]": "b" * 32}
INLINE = re.compile(r"<script\b(?![^>]*\bsrc=)|<style\b|\sstyle=\"|\son[a-z]+=\"|javascript:", re.IGNORECASE)

FORM = "application/x-www-form-urlencoded"
ODD_BODIES = [
    (b"{}", "application/json"),
    (b"\xff\xfe=1", FORM),
    (b"a[b=1", FORM),
    (b"a=1&a[b]=2", FORM),
    (b"&".join([b"a=1"] * 2000), FORM),
    (b"a[b][c][d][e][f][g][h]=1", FORM),
    (b"--x\r\n\r\n", "multipart/form-data; boundary=x"),
    (b"", FORM),
]


@pytest.fixture
async def acme(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path, size=20, clock=StillClock(NOW)) as built:
        yield built


async def post(acme: Town, path: str, language: str = "ru", **form: str) -> httpx.Response:
    return await acme.browser.post(acme.address + path, params={**QUERY, "LANG": language}, data=form)


async def test_the_market_probes_and_strangers_read_what_this_is(acme: Town):
    probe = await acme.browser.head(acme.address)
    russian = await acme.browser.get(acme.address, headers={"Accept-Language": "ru-RU"})
    english = await acme.browser.get(acme.address)

    assert (probe.status_code, probe.content) == (200, b"")
    assert [russian.status_code, english.status_code] == [200, 200]
    assert 'lang="ru"' in russian.text
    assert 'lang="en"' in english.text


async def test_those_who_run_the_app_learn_its_state(acme: Town):
    await acme.install()
    await acme.work()

    alive, ready, measures = [
        await acme.browser.get(acme.address + path) for path in ("healthz", "readyz", "metrics")
    ]

    assert [answer.status_code for answer in (alive, ready, measures)] == [200, 200, 200]
    assert 'b24app_portals{state="indexed"} 1.0' in measures.text
    assert "b24app_rest_requests_total" in measures.text
    assert acme.portal.member_id not in measures.text
    assert acme.portal.domain not in measures.text


@asynccontextmanager
async def closed_database(acme: Town) -> AsyncIterator[None]:
    """Throw everybody out of the database, and let nobody in until the block ends."""
    url = make_url(acme.database_url)
    maintenance = libpq_dsn(url.set(database="postgres").render_as_string(hide_password=False))
    connection = await asyncpg.connect(maintenance)
    try:
        await connection.execute(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS false")
        await connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1", url.database
        )
        yield
        await connection.execute(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS true")
    finally:
        await connection.close()


async def test_without_its_database_the_app_is_alive_and_not_ready_and_comes_back(acme: Town):
    paths = ("healthz", "readyz", "metrics")
    frame = acme.installer_frame(ADMIN)

    async with closed_database(acme):
        answers = [await acme.browser.get(acme.address + path) for path in paths]
        page = await acme.browser.post(frame.url, data=dict(frame.form))
        event = await post(acme, "events", event="ONCRMLEADADD", **{"data[FIELDS][ID]": "1", **MEMBER})
    later = [await acme.browser.get(acme.address + path) for path in paths]

    assert [answer.status_code for answer in answers] == [200, 503, 503]
    assert [page.status_code, event.status_code] == [503, 503]
    assert page.headers["retry-after"].isdigit()
    assert "data-refusal" in page.text
    assert not any("Traceback" in answer.text for answer in [*answers, page, event])
    assert [answer.status_code for answer in later] == [200, 200, 200]


async def test_a_button_pressed_without_the_database_is_answered_with_a_page(acme: Town):
    await acme.install()
    token = token_of((await acme.open(ADMIN, "DEFAULT")).text)

    async with closed_database(acme):
        answer = await acme.browser.post(acme.address + "progress", data={"page_token": token})

    assert answer.status_code == 503
    assert "data-refusal" in answer.text


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_a_malformed_frame_call_is_answered_in_the_callers_language(acme: Town, language: str):
    for path in FRAMES:
        answer = await post(acme, path, language, member_id="не номер", AUTH_ID="x")

        assert answer.status_code == 400
        assert f'lang="{language}"' in answer.text
        assert "data-refusal" in answer.text
        assert ancestors(answer) == "https://portal.example", "or nobody could read it in the portal's frame"


async def test_an_outdated_page_is_told_so_in_its_readers_language(acme: Town):
    acme.browser.headers["Accept-Language"] = "ru-RU,ru;q=0.9"

    answer = await post(acme, "widget/check", page_token="AAAA")

    assert answer.status_code == 409
    assert 'lang="ru"' in answer.text


async def test_an_act_without_a_page_token_is_malformed_and_with_a_bad_one_outdated(acme: Town):
    for path in ACTS:
        missing, bad = await post(acme, path), await post(acme, path, page_token="AAAA")

        assert [missing.status_code, bad.status_code] == [400, 409]
        assert "data-refusal" in bad.text


async def test_a_body_beyond_every_portals_need_is_not_read(acme: Town):
    for path in [*FRAMES, *ACTS, *CALLED]:
        answer = await post(acme, path, AUTH_ID="x" * (BODY_LIMIT_BYTES + 1))

        assert answer.status_code == 413


async def test_what_no_portal_sends_is_malformed(acme: Town):
    for content, kind in ODD_BODIES:
        for path in [*FRAMES, *ACTS, *CALLED]:
            answer = await acme.browser.post(
                acme.address + path, params=QUERY, content=content, headers={"Content-Type": kind}
            )

            assert answer.status_code == 400


async def test_an_unknown_address_is_not_found_and_a_wrong_verb_not_allowed(acme: Town):
    unknown = await acme.browser.get(acme.address + "wp-login.php")
    wrong = await acme.browser.put(acme.address + "events")

    assert [unknown.status_code, wrong.status_code] == [404, 405]


async def everything(acme: Town) -> list[httpx.Response]:
    """Return an answer of every kind: pages, refusals, plain texts, static files."""
    await acme.install()
    await acme.work()
    answers = [await acme.browser.get(acme.address + path) for path in ("", "healthz", "metrics", "nothing")]
    answers += [await acme.browser.get(acme.address + path) for path in ("static/app.js", "static/app.css")]
    answers += [await post(acme, path) for path in [*FRAMES, *ACTS, *CALLED]]
    answers += [await acme.open_card(MANAGER, word, 101) for word in ("lead", "contact", "company", "deal")]
    answers += [await acme.open(user, "DEFAULT") for user in (ADMIN, MANAGER)]
    answers += [await acme.open_installer(user) for user in (ADMIN, MANAGER)]
    return answers


async def test_no_answer_sets_a_cookie_or_runs_a_script_of_its_own(acme: Town):
    for answer in await everything(acme):
        headers = answer.headers

        assert "set-cookie" not in headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "x-powered-by" not in headers
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert "unsafe" not in headers["content-security-policy"]
        if "text/html" in headers.get("content-type", ""):
            assert not INLINE.search(answer.text)
            assert headers["cache-control"] == "no-store"


async def test_even_a_mistake_of_ours_is_answered_with_the_headers_of_every_answer(acme: Town):
    await acme.rows("ALTER TABLE portal RENAME TO away /* all portals */")

    broken = await post(acme, "widget/lead", member_id="a" * 32, AUTH_ID="x")

    about = await acme.browser.get(acme.address)
    wanted = ["x-content-type-options", "referrer-policy", "cache-control"]
    assert broken.status_code == 500
    assert [broken.headers.get(name) for name in wanted] == [about.headers[name] for name in wanted]
    assert "default-src 'none'" in broken.headers["content-security-policy"]


async def test_only_the_portal_itself_may_frame_its_pages(acme: Town):
    await acme.install()
    framed = [await acme.open_card(MANAGER, "lead", 101), await acme.open(ADMIN, "DEFAULT")]
    loose = [await acme.browser.get(acme.address + path) for path in ("", "healthz", "static/app.js")]

    assert {ancestors(answer) for answer in framed} == {acme.portal.base_url}
    assert {ancestors(answer) for answer in loose} == {"'none'"}


def ancestors(answer: httpx.Response) -> str:
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    return policy["frame-ancestors"]


@pytest.mark.parametrize("number", ["0", "-1", "x", "²", "9" * 5000])
async def test_a_page_number_that_no_page_offers_is_malformed(acme: Town, number: str):
    await acme.install()
    token = token_of((await acme.open(ADMIN, "DEFAULT")).text)

    answer = await post(acme, "widget/page", page_token=token, type="lead", page=number)

    assert answer.status_code == 400

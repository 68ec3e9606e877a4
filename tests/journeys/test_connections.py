"""An administrator connects a program: a webhook is made, tried, given another secret and removed."""

import hashlib
import hmac
import html
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from b24app.services.webhooks.manage import MAX_WEBHOOKS
from tests.conftest import StillClock
from tests.journeys.test_trust import act
from tests.journeys.town import ADMIN, Town, token_of, town
from tests.receiver import Receiver, Told, receiver

NOW = 1_790_000_000.0
MANAGER = 2
SECRET = re.compile(r"b24s_[\w-]{43}")
EVERYTHING = {"kinds[0]": "outcome.changed", "kinds[1]": "enquiry.repeat"}


@pytest.fixture
async def listener() -> AsyncIterator[Receiver]:
    async with receiver() as built:
        yield built


@pytest.fixture
async def acme(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path, size=10, clock=StillClock(NOW)) as built:
        await built.install()
        await built.work()
        yield built


async def submit(acme: Town, path: str, user: int = ADMIN, **fields: str) -> httpx.Response:
    """Open the app's page as this user, and post one of the forms of connections."""
    return await act(acme, path, token_of((await acme.open(user, "DEFAULT")).text), **fields)


def is_signed_with(secret: str, told: Told) -> bool:
    moment, signature = re.fullmatch(r"t=(\d+),v1=(.+)", told.headers["b24app-signature"]).groups()  # type: ignore[union-attr]
    expected = hmac.new(secret.encode(), f"{moment}.".encode() + told.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(signature, expected)


async def test_a_webhook_is_made_tried_given_another_secret_and_removed(acme: Town, listener: Receiver):
    made = await submit(acme, "webhooks/create", url=listener.url, **EVERYTHING)
    first = SECRET.findall(made.text)[0]
    page = await submit(acme, "connections")
    webhook_id = re.findall(r'name="webhook_id" value="(\d+)"', page.text)[0]

    tried = await submit(acme, "webhooks/test", webhook_id=webhook_id)
    renewed = await submit(acme, "webhooks/secret", webhook_id=webhook_id)
    second = SECRET.findall(renewed.text)[0]
    listener.answers = ["500 Oops"]
    failed = await submit(acme, "webhooks/test", webhook_id=webhook_id)
    removed = await submit(acme, "webhooks/remove", webhook_id=webhook_id)
    again = await submit(acme, "webhooks/remove", webhook_id=webhook_id)

    assert [answer.status_code for answer in (made, tried, renewed, failed, removed, again)] == [200] * 5 + [
        409
    ]
    assert not SECRET.search(page.text), "a secret is shown once"
    assert "of=acme" not in page.text, "what follows the question mark may be a token"
    assert "Доставлено, ответ 204" in tried.text
    assert "Не принято, ответ 500" in failed.text
    assert [told.json["kind"] for told in listener.told] == ["webhook.test"] * 2
    assert is_signed_with(first, listener.told[0])
    assert is_signed_with(second, listener.told[1])
    assert not is_signed_with(first, listener.told[1])
    assert "Вебхуков пока нет" in removed.text
    assert "Секрет вебхука" in (await acme.open(ADMIN, "DEFAULT")).text, "it is in the journal"


async def test_addresses_and_secrets_are_kept_sealed(acme: Town, listener: Receiver):
    made = await submit(acme, "webhooks/create", url=listener.url, **EVERYTHING)

    (row,) = await acme.rows("SELECT * FROM webhook /* all portals */")

    kept = b" ".join(bytes(value) for value in row.values() if isinstance(value, bytes))
    assert SECRET.findall(made.text)[0].encode() not in kept
    assert b"127.0.0.1" not in kept


async def test_a_webhook_without_an_address_or_a_subject_or_beyond_ten_is_refused(
    acme: Town, listener: Receiver
):
    odd = await submit(acme, "webhooks/create", url="ftp://files.example/", **EVERYTHING)
    silent = await submit(acme, "webhooks/create", url=listener.url)
    async with acme.house.runtime.store.begin((await acme.known()).portal_id) as tx:
        for _ in range(MAX_WEBHOOKS):
            await tx.webhooks.add(listener.url, "b24s_", ["enquiry.repeat"], created_by=ADMIN, at=NOW)
    one_more = await submit(acme, "webhooks/create", url=listener.url, **EVERYTHING)

    assert [answer.status_code for answer in (odd, silent, one_more)] == [422, 422, 422]
    assert 'value="ftp://files.example/"' in odd.text
    assert "отметьте, о чём сообщать" in html.unescape(silent.text)
    assert "их уже 10" in html.unescape(one_more.text)
    assert listener.told == []


async def test_connections_are_the_administrators_and_each_page_acts_once(acme: Town, listener: Receiver):
    token = token_of((await acme.open(ADMIN, "DEFAULT")).text)
    of_manager = token_of((await acme.open_card(MANAGER, "lead", 101)).text)

    foreign = await act(acme, "webhooks/create", of_manager, url=listener.url, **EVERYTHING)
    first = await act(acme, "webhooks/create", token, url=listener.url, **EVERYTHING)
    replayed = await act(acme, "webhooks/create", token, url=listener.url, **EVERYTHING)
    malformed = await submit(acme, "webhooks/remove", webhook_id="1 OR 1=1")

    assert [answer.status_code for answer in (foreign, first, replayed, malformed)] == [403, 200, 409, 400]
    assert len(await acme.rows("SELECT * FROM webhook /* all portals */")) == 1

"""Reading a webhook's address, and keeping it a secret."""

import pytest

from b24app.bitrix24.tokens import Grant
from b24app.bitrix24.webhooks import WebhookMistake, parse_webhook

CODE = "abcdef0123456789"


@pytest.mark.parametrize(
    "address", [f"https://acme.bitrix24.ru/rest/12/{CODE}/", f" https://ACME.bitrix24.ru/rest/12/{CODE} "]
)
def test_an_address_is_read_into_portal_user_and_code(address: str) -> None:
    grant = parse_webhook(address, allow_insecure=False)

    assert grant.origin == "https://acme.bitrix24.ru"
    assert grant.address("batch") == f"https://acme.bitrix24.ru/rest/12/{CODE}/batch"
    assert grant.signed({"halt": 0}) == {"halt": 0}


def test_a_webhook_shows_its_code_to_nobody_who_prints_it() -> None:
    grant = parse_webhook(f"https://acme.bitrix24.ru/rest/12/{CODE}/", allow_insecure=False)

    assert isinstance(grant, Grant)
    assert CODE not in f"{grant} {grant!r}"


@pytest.mark.parametrize(
    "address",
    [
        "",
        f"acme.bitrix24.ru/rest/12/{CODE}/",
        f"http://acme.bitrix24.ru/rest/12/{CODE}/",
        f"https://127.0.0.1/rest/12/{CODE}/",
        f"https://localhost/rest/12/{CODE}/",
        f"https://acme.bitrix24.ru:8443/rest/12/{CODE}/",
        f"https://user@acme.bitrix24.ru/rest/12/{CODE}/",
        f"https://acme.bitrix24.ru/rest/0/{CODE}/",
        f"https://acme.bitrix24.ru/rest/x/{CODE}/",
        f"https://acme.bitrix24.ru/rest/12/{CODE}/profile",
        f"https://acme.bitrix24.ru/rest/12/{CODE}/?auth=1",
        f"https://acme.bitrix24.ru/rest/12/{CODE}/#x",
        f"https://acme.bitrix24.ru/rest/12/{CODE}/../../",
        f"https://acme.bitrix24.ru/{CODE}/",
        "https://acme.bitrix24.ru/rest/12/",
    ],
)
def test_anything_else_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(WebhookMistake) as refused:
        parse_webhook(address, allow_insecure=False)

    assert CODE not in str(refused.value)
    assert refused.value.__cause__ is None

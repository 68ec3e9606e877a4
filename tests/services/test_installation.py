"""Installing without the demo's leave to call loopback: which addresses of portals are believed at all."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from b24app.bitrix24.errors import Bitrix24Error
from b24app.bitrix24.incoming import FrameCall, parse_frame
from b24app.bitrix24.wire import make_sender
from b24app.bootstrap import make_runtime, make_vault
from b24app.config import Settings
from b24app.services.installation.install import install_portal
from b24app.services.portal.access import Refused
from b24app.services.portal.context import Runtime
from b24app.store.database import Store
from tests.conftest import StillClock

MEMBER_ID = "a" * 32
OAUTH = "https://oauth.bitrix.test/"

REFUSED_ENDPOINTS = [
    "http://acme.bitrix24.test/rest/",
    "https://127.0.0.1/rest/",
    "https://127.1/rest/",
    "https://2130706433/rest/",
    "https://0x7f.0.0.1/rest/",
    "https://[::1]/rest/",
    "https://10.0.0.5/rest/",
    "https://192.168.1.1/rest/",
    "https://169.254.169.254/latest/meta-data/",
    "https://localhost/rest/",
    "https://app.localhost/rest/",
    "https://portal.internal/rest/",
    "https://intranet/rest/",
    "https://acme.bitrix24.test:8443/rest/",
    "https://user:secret@acme.bitrix24.test/rest/",
    "https://acme.bitrix24.test\\@evil.example/rest/",
    "file:///etc/passwd",
    "//acme",
    "",
]


@dataclass
class Internet:
    """The authorization server, and everybody else: they only note that they were called."""

    client_endpoint: str = "https://acme.bitrix24.test/rest/"
    client_id: str = "local.acme"
    member_id: str = MEMBER_ID
    called: list[str] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.called.append(request.url.host)
        if request.url.host != "oauth.bitrix.test":
            return httpx.Response(500)
        install = {"installed": True, "version": "1", "status": "L", "client_endpoint": self.client_endpoint,
                   "domain": "acme.bitrix24.test", "member_id": self.member_id}  # fmt: skip
        return httpx.Response(
            200,
            json={"result": {"client_id": self.client_id, "user_id": 1, "scope": "crm", "install": install}},
        )


class SilentQueue:
    """A queue nobody works off."""

    async def ask(self, task: str, portal_id: int) -> None:
        raise AssertionError(f"{task} was asked for")

    async def counts(self) -> dict[str, int]:
        return {}


@pytest.fixture
def internet() -> Internet:
    return Internet()


@pytest.fixture
async def runtime(
    store: Store, internet: Internet, clock: StillClock, tmp_path: Path
) -> AsyncIterator[Runtime]:
    settings = Settings(
        base_url="https://app.example", oauth_url=OAUTH, client_id="local.acme", client_secret="s" * 20,
        secret_key="k" * 40, data_dir=tmp_path,
    )  # type: ignore[arg-type]  # fmt: skip
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(internet)) as http,
        make_sender(allow_insecure=False, timeout_s=1) as send,
    ):
        yield make_runtime(settings, store, SilentQueue(), http, send, clock, make_vault(settings))  # type: ignore[arg-type]


def a_call(**form: str) -> FrameCall:
    fields = {"member_id": MEMBER_ID, "AUTH_ID": "access", "REFRESH_ID": "refresh", "AUTH_EXPIRES": "3600"}
    return parse_frame({"DOMAIN": "acme.bitrix24.test", "PROTOCOL": "1", "LANG": "en"}, {**fields, **form})


async def is_unknown(runtime: Runtime) -> bool:
    async with runtime.store.begin_shared() as shared:
        return await shared.portals.find(MEMBER_ID) is None


async def test_an_inner_or_odd_address_is_not_called_even_if_the_authorization_server_names_it(
    runtime: Runtime, internet: Internet
):
    for internet.client_endpoint in REFUSED_ENDPOINTS:
        with pytest.raises(Bitrix24Error):
            await install_portal(runtime, a_call())

        assert set(internet.called) == {"oauth.bitrix.test"}
        assert await is_unknown(runtime)


@pytest.mark.parametrize(
    ("about", "told"), [("client_id", "local.other"), ("client_id", ""), ("member_id", "b" * 32)]
)
async def test_a_token_of_another_app_or_portal_is_forged(
    runtime: Runtime, internet: Internet, about: str, told: str
):
    setattr(internet, about, told)

    with pytest.raises((Refused, Bitrix24Error)):
        await install_portal(runtime, a_call())

    assert set(internet.called) == {"oauth.bitrix.test"}
    assert await is_unknown(runtime)


async def test_a_server_that_the_form_names_is_not_asked(runtime: Runtime, internet: Internet):
    with pytest.raises(Bitrix24Error):  # the good portal answers 500
        await install_portal(runtime, a_call(SERVER_ENDPOINT="https://evil.example/rest/"))

    assert set(internet.called) == {"oauth.bitrix.test", "acme.bitrix24.test"}


async def test_a_public_portal_is_called_at_the_address_the_authorization_server_names(
    runtime: Runtime, internet: Internet
):
    internet.client_endpoint = "https://Moved.Bitrix24.test./rest/"

    with pytest.raises(Bitrix24Error):
        await install_portal(runtime, a_call())

    assert set(internet.called) == {"oauth.bitrix.test", "moved.bitrix24.test"}

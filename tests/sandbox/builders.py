"""A small portal for the sandbox's own tests, and a caller that speaks to it without HTTP."""

import asyncio
from collections.abc import Mapping
from typing import Any

from b24app.sandbox.installs import AppInstall
from b24app.sandbox.limits import SandboxLimits
from b24app.sandbox.oauth import SandboxOAuth
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.rest.answering import RestDoor, RestRequest
from b24app.sandbox.users import Breadth, User, UserKind

ADMIN, OWNER, COLLEAGUE, BLIND, BOT = 1, 2, 3, 4, 9
SCOPES = ("crm", "placement", "bizproc", "user_brief", "im", "task", "department")
TYPES = ("lead", "contact", "company", "deal")


class StillClock:
    """A clock that moves only when it is told to or slept on."""

    def __init__(self, now: float = 1_750_000_000.0) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(0)


def everywhere(breadth: Breadth) -> dict[str, Breadth]:
    return dict.fromkeys(TYPES, breadth)


def the_users() -> list[User]:
    """An administrator, one with OWN rights, one with DEPARTMENT, one without any, and a bot."""
    return [
        User(ADMIN, "Анна", "Главная", admin=True, departments=(1,)),
        User(OWNER, "Олег", "Свой", rights=everywhere(Breadth.OWN), departments=(5,)),
        User(COLLEAGUE, "Ирина", "Отдельская", rights=everywhere(Breadth.DEPARTMENT), departments=(5,)),
        User(BLIND, "Пётр", "Посторонний", rights=everywhere(Breadth.NONE), departments=(6,)),
        User(BOT, "Бот", kind=UserKind.BOT),
    ]


def an_app(**changes: Any) -> AppInstall:
    card = {
        "client_id": "local.test",
        "client_secret": "secret-of-the-app",
        "handler_url": "http://127.0.0.1:9/",
        "installer_url": "http://127.0.0.1:9/install",
        "scopes": SCOPES,
    }
    return AppInstall(**{**card, **changes})


def a_portal(
    *,
    limits: SandboxLimits | None = None,
    is_installed: bool = True,
    member_id: str = "member-one",
    oauth: SandboxOAuth | None = None,
    clock: Any = None,
    **app: Any,
) -> SandboxPortal:
    clock = clock or StillClock()
    portal = SandboxPortal(
        member_id=member_id,
        domain="acme.bitrix24.test",
        scheme="https",
        clock=clock,
        oauth=oauth or SandboxOAuth(clock),
        limits=limits or SandboxLimits.none(),
        users=the_users(),
    )
    portal.add_app(an_app(**app)).installed = is_installed
    return portal


class Caller:
    """One user's token at a portal's REST entrance."""

    def __init__(self, portal: SandboxPortal, user_id: int = ADMIN, source: str = "127.0.0.1") -> None:
        self.portal = portal
        self.source = source
        assert portal.app is not None
        self.token = portal.oauth.issue(portal, portal.app, user_id).access_token
        self._door = RestDoor(portal)

    async def ask(self, method: str, **params: Any) -> tuple[int, dict[str, Any]]:
        """Return status and whole body."""
        request = RestRequest(method, {"auth": self.token, **params}, self.source)
        answer = await self._door.answer(request)
        return answer.status, dict(answer.body)

    async def result(self, method: str, **params: Any) -> Any:
        """Return the result of a call that must succeed."""
        status, body = await self.ask(method, **params)
        assert status == 200 and "error" not in body, body
        return body["result"]

    async def refusal(self, method: str, **params: Any) -> tuple[int, Any, str]:
        """Return status, code and text of a call that must be refused."""
        status, body = await self.ask(method, **params)
        assert "error" in body, body
        return status, body["error"], body["error_description"]

    async def batch(self, commands: Any, **params: Any) -> dict[str, Any]:
        found: dict[str, Any] = await self.result("batch", cmd=commands, **params)
        return found


def phone(value: str, value_type: str = "WORK") -> list[Mapping[str, str]]:
    return [{"VALUE": value, "VALUE_TYPE": value_type}]

"""``b24app doctor``: what keeps this installation from working, and what to do about it."""

from dataclasses import dataclass

import httpx

from b24app.bootstrap import database_url
from b24app.config import Settings, SettingsMistake, read_settings
from b24app.store.database import pending
from b24app.store.errors import StoreUnavailable

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    about: str
    is_good: bool
    says: str


async def examine() -> list[Finding]:
    """Look at everything that can be looked at; without usable settings at those alone."""
    try:
        settings = read_settings()
    except SettingsMistake as mistake:
        return [Finding("settings", False, line) for line in str(mistake).splitlines()]
    return [
        Finding("settings", True, "complete and safe"),
        await _database(settings),
        await _reach("the app itself", settings.base_url + "healthz", "start it with: b24app serve"),
        await _reach("the authorization server", settings.oauth_url, "open this address in the firewall"),
    ]


async def _database(settings: Settings) -> Finding:
    kind = "database" if settings.database_url else "embedded database"
    try:
        behind = await pending(await database_url(settings))
    except (StoreUnavailable, OSError) as error:
        what = (
            "check B24APP_DATABASE_URL (address, user, password, database) and that the server runs"
            if settings.database_url
            else "see its folder"
        )
        return Finding(kind, False, f"does not answer ({type(error).__name__}): {what}")
    if behind and settings.database_url:
        return Finding(kind, False, "the schema is of another version; run: b24app migrate")
    return Finding(
        kind, True, "answers; the schema is right" if not behind else "answers; migrates at the first start"
    )


async def _reach(about: str, address: str, advice: str) -> Finding:
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
            answer = await http.get(address)
    except httpx.HTTPError as error:
        return Finding(about, False, f"{address} can't be reached ({type(error).__name__}); {advice}")
    return Finding(about, answer.status_code < 500, f"{address} answers {answer.status_code}")

"""No phone, no e-mail, no name at rest: after a whole life in a portal, every file of the data folder is searched.

The database's files and its write-ahead log are read as bytes, after a checkpoint and with the server stopped; so are
the logs. Planted values are searched as typed, as digits, as E.164, in UTF-8 and UTF-16.
"""

import asyncio
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from b24app.sandbox.people import SHOWCASE, Seeded, seed
from b24app.store.address import libpq_dsn
from b24app.store.database import migrate
from b24app.store.embedded import start_embedded, stop_embedded
from tests.conftest import disk_with_room
from tests.journeys.seen import SeenPage
from tests.journeys.town import ADMIN, Town, town

SIZE = 400
LEAST_LETTERS, LEAST_DIGITS = 5, 10  # shorter words and numbers stand in any big file by chance
STOPPED = ("+7 900 000-98-76", "tayna*@zapret.example")
FRESH = {
    "NAME": "Златоцветка",
    "LAST_NAME": "Перепёлкина-Дождь",
    "PHONE": "8 (900) 000-87-65",
    "EMAIL": "zlata@dozhd.example",
}
SEARCHED_BY = ("PHONE", "EMAIL")
NAMED_BY = ("TITLE", "NAME", "SECOND_NAME", "LAST_NAME", "COMPANY_TITLE")


@pytest.fixture
async def server() -> AsyncIterator[tuple[str, Path]]:
    """A database server of this test's own, with a folder that can be searched.

    Not below pytest's folder: another run of pytest takes that one's permissions away from the server's user.
    """
    top = Path(tempfile.mkdtemp(prefix="b24app-privacy-", dir=disk_with_room()))
    folder = top / "data"
    url = await start_embedded(folder)
    await migrate(url)
    yield url, folder
    await stop_embedded(folder)
    shutil.rmtree(top)


async def test_nothing_personal_is_left_anywhere_after_a_whole_story(server: tuple[str, Path]) -> None:
    url, folder = server
    people = seed(SIZE)
    needles = set(needles_of(people))
    async with town(url, folder, people=people) as built:
        await live_through(built)
        await check_that_the_story_left_traces(built)
        built.portal.uninstall(clean=False)
        await built.deliver()
    await stop_for_reading(url, folder)

    found = await asyncio.to_thread(search, folder, needles)

    assert len(needles) > 1_000
    assert found == set()
    assert list((folder / "logs").glob("rest-*.log")), "no log was searched"
    assert await what_a_leak_would_give(folder, needles) >= {"base", "pg_wal", "wide.txt"}


async def what_a_leak_would_give(folder: Path, needles: set[str]) -> set[str]:
    """Plant a name and a phone in the database and in a file, and return where the search finds them.

    The name is planted twice: the write-ahead log cuts what stands across two of its pages, one of the two at most.
    """
    url = await start_embedded(folder)
    connection = await asyncpg.connect(libpq_dsn(url))
    await connection.execute("CREATE TABLE leak (text text)")
    await connection.execute("INSERT INTO leak VALUES ($1), ($1)", FRESH["LAST_NAME"])
    await connection.close()
    (folder / "wide.txt").write_bytes(re.sub(r"\D", "", FRESH["PHONE"]).encode("utf-16-le"))
    await stop_for_reading(url, folder)
    found = await asyncio.to_thread(search, folder, needles)
    return {part for path, _ in found for part in Path(path).parts}


async def live_through(built: Town) -> None:
    """Install, index, look, decide, change rules, take events, sweep and reconcile."""
    await built.install()
    await built.work()
    page = SeenPage((await built.open_card(SHOWCASE.viewer_of_all, "lead", SHOWCASE.lead)).text)
    decided = {"page_token": page.token, "ref": "lead:102", "reason": "shared_value", "days": "30"}
    await built.browser.post(built.address + "widget/reject", data=decided)
    for word, number in (
        ("contact", SHOWCASE.contact),
        ("company", SHOWCASE.company),
        ("deal", SHOWCASE.deal),
    ):
        await built.open_card(SHOWCASE.viewer_of_own, word, number)
    form = SeenPage((await built.open(ADMIN, "DEFAULT")).text).form("/settings")
    form["stop_list"] = ["\n".join(STOPPED)]
    answer = await built.browser.post(built.address + "settings", data=form)
    assert answer.status_code == 200
    await built.work()
    values = {name: [{"VALUE": FRESH[name]}] for name in SEARCHED_BY}
    fresh = built.portal.create("lead", {**FRESH, **values, "TITLE": "Свежая"}, by=ADMIN)
    built.portal.change("contact", SHOWCASE.contact, {"LAST_NAME": "Переименованная"}, by=ADMIN)
    built.portal.delete("company", SHOWCASE.own_company, by=ADMIN)
    await built.deliver()
    await built.open_card(SHOWCASE.viewer_of_all, "lead", fresh)
    portal_id = (await built.known()).portal_id
    for task in ("sweep_portal", "reconcile_portal"):
        await built.house.queue.ask(task, portal_id)
    await built.work()


async def check_that_the_story_left_traces(built: Town) -> None:
    """A search of nothing proves nothing: keys, a decision and journal entries must be there."""
    for table, least in (("record", SIZE), ("record_key", SIZE), ("rejection", 1), ("journal", 1)):
        assert (await built.rows(f"SELECT count(*) FROM {table}"))[0]["count"] >= least, table


async def stop_for_reading(url: str, folder: Path) -> None:
    connection = await asyncpg.connect(libpq_dsn(url))
    await connection.execute("CHECKPOINT")
    await connection.close()
    await stop_embedded(folder)


def needles_of(people: Seeded) -> Iterator[str]:
    """Return every planted phone, e-mail and name, in the spellings in which it could have been kept."""
    for row in (*people.leads, *people.contacts, *people.companies):
        for name in NAMED_BY:
            yield from _words(str(row.get(name) or ""))
        for name in SEARCHED_BY:
            for value in row[name]:
                yield from _spellings(value["VALUE"])
    for user in people.users:
        yield str(user["LAST_NAME"])
    for text in (FRESH["NAME"], FRESH["LAST_NAME"], "Переименованная"):
        yield text
    for text in (FRESH["PHONE"], FRESH["EMAIL"], *STOPPED):
        yield from _spellings(text)


def _words(text: str) -> Iterator[str]:
    yield from (word for word in re.findall(rf"[А-Яа-яЁё]{{{LEAST_LETTERS},}}", text))


def _spellings(value: str) -> Iterator[str]:
    yield value
    if "@" in value:
        yield value.lower()
        yield value.lower().partition("@")[0] + "@"
        return
    digits = re.sub(r"\D", "", value)
    if len(digits) >= LEAST_DIGITS:
        yield from (digits, f"+7{digits[-10:]}", digits[-10:])


def search(folder: Path, needles: set[str]) -> set[tuple[str, str]]:
    """Return (file, needle) of everything found: as UTF-8 and, without the zero bytes, as UTF-16."""
    wanted = [needle for needle in needles if len(needle) >= LEAST_LETTERS]
    list_file = folder.parent / "needles"
    list_file.write_bytes(b"\n".join(bytes_ for needle in wanted for bytes_ in _in_all_encodings(needle)))
    narrowed = folder.parent / "narrowed"
    for path in folder.rglob("*"):
        if path.is_file() and b"\0" in (content := path.read_bytes()):
            copy = narrowed / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content.replace(b"\0", b""))
    command = ["grep", "--recursive", "--text", "--only-matching", "--fixed-strings", "--with-filename", "--null",
               f"--file={list_file}", str(folder), str(narrowed)]  # fmt: skip
    output = subprocess.run(command, capture_output=True, check=False, env={"LC_ALL": "C"}).stdout
    shutil.rmtree(narrowed)
    hits = (line.partition(b"\0") for line in output.splitlines())
    return {(path.decode(), needle.decode("utf-8", "replace")) for path, _, needle in hits}


def _in_all_encodings(needle: str) -> set[bytes]:
    """Return the needle's bytes; of UTF-16 without the zero bytes, which Latin letters and digits have."""
    return {needle.encode(encoding).replace(b"\0", b"") for encoding in ("utf-8", "utf-16-le", "utf-16-be")}

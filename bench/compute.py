"""From raw values to groups, everything that is computed: ours at full accuracy beside pandas and its last ten digits.

And one record's way from the wire's JSON to its keys, beside orjson, phonenumbers and BLAKE2b taken one by one.
"""

import gc
from collections.abc import Iterator
from functools import partial
from hashlib import blake2b
from itertools import chain
from random import Random

import orjson
import phonenumbers

from b24app.bitrix24 import listing
from b24app.bitrix24.batches import read_batch
from b24app.bitrix24.calls import Command
from b24app.bootstrap import YOUNG_OBJECTS
from b24app.dedupe.bulk import group_table
from b24app.dedupe.keys import THIS_PROCESS
from b24app.dedupe.record import RecordType
from b24app.dedupe.rules import RuleSet
from b24app.sandbox.people_names import Person
from b24app.sandbox.people_values import ValuePool, type_email, type_phone
from b24app.services.indexing.reading import PAGE_ROWS, REQUEST_ROWS
from b24app.services.indexing.record_columns import keys_of_rows, row_ids, to_batch
from bench.accuracy import PORTAL_KEY, key_table
from bench.grouping import cpu_s, peak_mb
from bench.population import HUB_LIMIT, Population, make_population
from bench.report import Figure, middle
from bench.rivals import last_digits_in_pandas

SIZE, QUICK_SIZE = 1_000_000, 20_000
ROUNDS, QUICK_ROUNDS = 5, 3
PATH_ROWS = 20_000
_COMMANDS = {f"p{start}": Command("crm.lead.list") for start in range(0, REQUEST_ROWS, PAGE_ROWS)}
TARGET_COMPUTE, TARGET_PATH, TARGET_MB = 0.8, 0.23, 600


def measure(*, quick: bool = False) -> Iterator[Figure]:
    """Compute over 1 million records (20,000 when quick, where no target is meant), and the path of one."""
    size, rounds = (QUICK_SIZE, QUICK_ROUNDS) if quick else (SIZE, ROUNDS)
    yield from _path(rounds)
    people = make_population(size)
    times = [
        (cpu_s(lambda: _group(people)), cpu_s(lambda: last_digits_in_pandas(people))) for _ in range(rounds)
    ]
    yield Figure(
        f"{size:,} raw rows to labelled groups, CPU",
        middle([ours for ours, _ in times]),
        "s",
        middle([peer for _, peer in times]),
        "pandas, last 10 digits",
        None if quick else TARGET_COMPUTE,
        note=f"median of {rounds}; ours at full accuracy",
    )
    yield Figure(
        f"{size:,} raw rows to labelled groups, memory on top of the rows",
        peak_mb(lambda: _group(people)),
        "MB",
        target=None if quick else TARGET_MB,
        is_ratio_target=False,
    )


def _group(people: Population) -> object:
    table, _ = key_table(people, THIS_PROCESS)
    return group_table(table, hub_limit=HUB_LIMIT)


def _path(rounds: int) -> Iterator[Figure]:
    pages = _pages()
    gc.collect()
    gc.freeze()  # as the app does when it has started
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
    ways = (_read_keys, _read_wholly, _read_plainly)
    times = [[cpu_s(partial(way, pages)) for way in ways] for _ in range(rounds)]
    keys, whole, peer = (middle(list(each)) * 1e6 / PATH_ROWS for each in zip(*times, strict=True))
    name, peers = "one record from the wire's JSON to", "orjson + phonenumbers + BLAKE2b"
    yield Figure(f"{name} its keys, CPU", keys, "µs", peer, peers, TARGET_PATH)
    yield Figure(
        f"{name} what the index keeps, CPU", whole, "µs", peer, f"{peers}, keys alone",
        note="ours with names, dates, links and the fingerprint",
    )  # fmt: skip


def _pages() -> list[bytes]:
    """Return what lists of leads answer, a request's worth of rows each."""
    random, pool = Random(7), ValuePool()
    rows: list[dict[str, object]] = []
    for number in range(PATH_ROWS):
        phone = type_phone(pool.mobile(), random)
        email = type_email(pool.email(Person("Анна", "", "Примерова")), random)
        rows.append(
            {
                "ID": str(number + 1),
                "TITLE": "Заявка с сайта",
                "NAME": "Анна",
                "SECOND_NAME": None,
                "LAST_NAME": "Примерова",
                "COMPANY_TITLE": None,
                "ASSIGNED_BY_ID": "5",
                "STATUS_ID": "NEW",
                "STATUS_SEMANTIC_ID": "P",
                "COMPANY_ID": None,
                "CONTACT_ID": "0",
                "DATE_CREATE": "2026-03-02T11:18:38+03:00",
                "DATE_MODIFY": "2026-03-02T11:18:38+03:00",
                "PHONE": [{"ID": "1", "VALUE_TYPE": "WORK", "VALUE": phone.raw, "TYPE_ID": "PHONE"}],
                "EMAIL": [{"ID": "2", "VALUE_TYPE": "WORK", "VALUE": email.raw, "TYPE_ID": "EMAIL"}],
            }
        )
    return [_batch(rows[start : start + REQUEST_ROWS]) for start in range(0, PATH_ROWS, REQUEST_ROWS)]


def _batch(rows: list[dict[str, object]]) -> bytes:
    pages = {f"p{start}": rows[start : start + PAGE_ROWS] for start in range(0, len(rows), PAGE_ROWS)}
    return orjson.dumps({"result": {"result": pages, "result_error": [], "result_time": {}}})


def _read_keys(pages: list[bytes]) -> None:
    for page in pages:
        rows = list(chain.from_iterable(_lists(page)))
        row_ids(rows)
        keys_of_rows(rows, RuleSet(), PORTAL_KEY)


def _read_wholly(pages: list[bytes]) -> None:
    for page in pages:
        listed = [(RecordType.LEAD, rows) for rows in _lists(page)]
        to_batch(listed, RuleSet(), PORTAL_KEY, read_at=0.0)


def _lists(page: bytes) -> Iterator[list[listing.ListedRow]]:
    return map(listing.listed_rows, read_batch(listing.loads(page), _COMMANDS).answers.values())


def _read_plainly(pages: list[bytes]) -> None:
    for page in pages:
        lists = orjson.loads(page)["result"]["result"].values()
        for row in chain.from_iterable(lists):
            for phone in row["PHONE"]:
                number = phonenumbers.parse(phone["VALUE"], "RU")
                if phonenumbers.is_possible_number(number):
                    text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
                    blake2b(text.encode(), key=PORTAL_KEY, digest_size=8).digest()
            for email in row["EMAIL"]:
                blake2b(email["VALUE"].strip().lower().encode(), key=PORTAL_KEY, digest_size=8).digest()

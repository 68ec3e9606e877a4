"""``b24app audit`` as a person runs it: what it prints and writes, what it refuses, and what it never tells."""

import asyncio
import logging
import os
import re
import signal
import sys
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest
from python_calamine import CalamineWorkbook

from b24app.bootstrap import demo_settings, run_webhook_audit
from b24app.sandbox.faults import Fault, FaultKind
from b24app.sandbox.limits import SandboxLimits
from b24app.sandbox.people import seed
from b24app.sandbox.users import Breadth, User
from b24app.services.audit.by_webhook.refusals import AuditStopped
from b24app.services.audit.by_webhook.webhook import AuditOrder
from b24app.services.audit.words import WORDS
from tests.audit.portal_by_webhook import ADMIN, CODE, INSECURE, Served, served
from tests.conftest import StillClock

PHONE, EMAIL, NAME = "8 (916) 123-45-67", "petrova@mail.example", "Петрова-Водкина"
MANAGER = 7


def add_twins(portal: Served) -> None:
    """Put in a lead and a contact who are one customer."""
    portal.add("lead", PHONE, EMAIL, TITLE=f"Заявка {NAME}", LAST_NAME=NAME)
    portal.add("contact", "+7 916 123-45-67", LAST_NAME=NAME)


def sheets_of(path: Path) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_path(path)
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def everything_in(path: Path) -> str:
    """Return all that a file holds, unzipped."""
    if not zipfile.is_zipfile(path):
        return path.read_text(encoding="utf-8")
    with zipfile.ZipFile(path) as archive:
        return "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


async def test_the_json_has_exactly_the_fields_that_others_read(tmp_path: Path) -> None:
    async with served() as portal:
        add_twins(portal)
        company = portal.add("company", PHONE)

        found = await portal.audit_to_json(tmp_path)

    twins = [{"type": "lead", "id": 1}, {"type": "contact", "id": 1}, {"type": "company", "id": company.id}]
    moments = [found.pop("started_at"), found.pop("finished_at")]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", moment) for moment in moments)
    assert found == {
        "portal": portal.portal.base_url,
        "coverage": {word: {"read": 1, "total": 1} for word in ("lead", "contact", "company")},
        "totals": {
            "records": 3,
            "groups": 1,
            "records_in_groups": 3,
            "by_pair": {
                "lead-lead": 0,
                "lead-contact": 1,
                "lead-company": 1,
                "contact-contact": 0,
                "contact-company": 1,
                "company-company": 0,
            },
            "shared_contact_data": 1,
        },
        "groups": [
            {
                "id": "lead:1",
                "records": twins,
                "keys": [{"kind": "phone", "grade": "exact", "records": twins}],
                "grade": "exact",
                "shared": {"kind": "foreign_company", "severity": "warning"},
            }
        ],
        "hubs": [],
    }


async def test_no_phone_email_or_name_is_told_unless_it_is_wanted(tmp_path: Path) -> None:
    json, xlsx = tmp_path / "a.json", tmp_path / "a.xlsx"
    async with served() as portal:
        add_twins(portal)
        portal.add("contact", EMAIL)

        silent = await portal.audit("--json", str(json), "--xlsx", str(xlsx))
        told = everything_in(json) + everything_in(xlsx) + silent.output
        await portal.audit("--json", str(json), "--xlsx", str(xlsx), "--with-values")
        wanted = [everything_in(json), everything_in(xlsx)]

    digits = re.sub(r"\D", "", PHONE)[1:]
    assert silent.exit_code == 0
    assert not [value for value in (EMAIL, "petrova", NAME, CODE) if value in told]
    assert digits not in re.sub(r"[\s()\-]", "", told)
    for file in wanted:
        assert EMAIL in file
        assert NAME in file
        assert digits in re.sub(r"[\s()\-]", "", file)
        assert CODE not in file


async def test_the_workbook_holds_what_the_json_holds(tmp_path: Path) -> None:
    xlsx = tmp_path / "audit.xlsx"
    async with served(seed(300)) as portal:
        found = await portal.audit_to_json(tmp_path, "--xlsx", str(xlsx), "--language", "en")

    sheets, origin = sheets_of(xlsx), found["portal"]
    members = sheets["Members"][1:]
    links = {f"{origin}/crm/{r['type']}/details/{r['id']}/" for g in found["groups"] for r in g["records"]}
    assert list(sheets) == ["Summary", "Groups", "Members", "Shared data", "Hubs"]
    assert [row[0] for row in sheets["Groups"][1:]] == [group["id"] for group in found["groups"]]
    assert len(members) == found["totals"]["records_in_groups"]
    assert {row[3] for row in members} == links
    assert len(sheets["Shared data"]) - 1 == found["totals"]["shared_contact_data"]
    assert [row[1] for row in sheets["Hubs"][1:]] == [len(hub["records"]) for hub in found["hubs"]]
    assert ["Records in groups", len(members)] in sheets["Summary"]


@pytest.mark.parametrize(
    "title",
    ["=1+1", '=HYPERLINK("http://evil.example")', "+1", "-1", "@SUM(1)", "http://evil.example", "{=1}"],
)
async def test_what_was_typed_is_never_a_formula_or_a_link(tmp_path: Path, title: str) -> None:
    xlsx = tmp_path / "audit.xlsx"
    async with served() as portal:
        portal.add("lead", PHONE, TITLE=title)
        portal.add("lead", PHONE, TITLE=title)

        await portal.audit("--xlsx", str(xlsx), "--with-values")

    assert [row[6] for row in sheets_of(xlsx)[WORDS["ru"]["members"]][1:]] == [title, title]
    with zipfile.ZipFile(xlsx) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert not [name for name, text in parts.items() if "<f>" in text]
    assert not [name for name, text in parts.items() if name.endswith(".rels") and "evil" in text]


async def test_a_company_beside_the_primary_one_is_the_contacts_own_too(tmp_path: Path) -> None:
    async with served() as portal:
        first, second = portal.add("company"), portal.add("company", PHONE)
        portal.add("contact", PHONE, COMPANY_IDS=[first.id, second.id])

        found = await portal.audit_to_json(tmp_path)

    assert [group["shared"]["kind"] for group in found["groups"]] == ["own_company"]


async def test_names_and_links_of_values_decide_the_grade(tmp_path: Path) -> None:
    async with served() as portal:
        portal.add("contact", PHONE, NAME="Иван", LAST_NAME="Соколов")
        portal.add("contact", PHONE, NAME="Мария", LAST_NAME="Ждановская")
        portal.add("lead", "ivan.orlov@gmail.com", NAME="Иван", LAST_NAME="Орлов")
        portal.add("lead", "ivanorlov+shop@gmail.com", NAME="Иван", LAST_NAME="Орлов")

        found = await portal.audit_to_json(tmp_path)

    grades = {
        group["id"]: (group["grade"], [key["kind"] for key in group["keys"]]) for group in found["groups"]
    }
    assert grades == {"lead:1": ("likely", ["email"]), "contact:1": ("likely", ["phone"])}


async def test_a_portal_with_limits_is_read_by_few_requests_and_never_overrun(tmp_path: Path) -> None:
    async with served(seed(2_000), limits=SandboxLimits()) as portal:
        found = await portal.audit_to_json(tmp_path)
        traffic = portal.portal.traffic

    assert found["totals"]["records"] == 2_000
    assert traffic.requests <= 8
    assert not traffic.refusals
    assert all(not heard.holds('"auth"') for heard in portal.heard)


async def test_an_audit_goes_on_after_the_portal_stumbled(tmp_path: Path) -> None:
    async with served(seed(300)) as portal:
        portal.portal.faults.add(Fault(FaultKind.BAD_GATEWAY, times=2))

        found = await portal.audit_to_json(tmp_path)

    assert found["totals"]["records"] == 300


async def test_a_wrong_code_is_refused_in_a_clear_sentence(tmp_path: Path) -> None:
    json = tmp_path / "audit.json"
    async with served() as portal:
        wrong = portal.webhook.replace(CODE, "n0suchc0deatall")

        done = await portal.audit("--json", str(json), "--language", "en", webhook=wrong)

    assert done.exit_code == 1
    assert "does not accept this webhook" in done.output
    assert "n0suchc0deatall" not in done.output
    assert not json.exists()


async def test_a_webhook_without_the_crm_permission_is_told_so() -> None:
    async with served(scopes=["task"]) as portal:
        done = await portal.audit("--language", "en")

    assert done.exit_code == 1
    assert "lacks the permission CRM" in done.output


async def test_what_an_owner_without_all_rights_can_not_see_is_said(tmp_path: Path) -> None:
    xlsx = tmp_path / "audit.xlsx"
    rights = {"contact": Breadth.OWN, "company": Breadth.ALL}
    async with served(user=MANAGER) as portal:
        portal.portal.users.add(User(MANAGER, "Пётр", "Ждановский", rights=rights))
        portal.add("contact", PHONE, ASSIGNED_BY_ID=MANAGER)
        portal.add("contact", PHONE, ASSIGNED_BY_ID=ADMIN)
        portal.add("lead", PHONE)

        found = await portal.audit_to_json(tmp_path)
        done = await portal.audit("--xlsx", str(xlsx), "--language", "en")

    assert found["coverage"]["contact"] == {"read": 1, "total": 1}
    assert found["coverage"]["lead"] == {"read": 0, "total": 0}
    assert "no administrator" in done.output
    assert "no right to read: lead" in done.output
    assert "no administrator" in str(sheets_of(xlsx)["Summary"])


async def test_an_owner_who_may_read_nothing_is_refused() -> None:
    async with served(user=MANAGER) as portal:
        portal.portal.users.add(User(MANAGER, "Пётр", "Ждановский"))

        done = await portal.audit("--language", "en")

    assert done.exit_code == 1
    assert "may not read the CRM" in done.output


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (["--region", "XX"], INSECURE),
        (["--json", "/no/such/folder/audit.json"], INSECURE),
        (["--xlsx", "/"], INSECURE),
        (["--language", "de"], INSECURE),
        ([], {"B24APP_ALLOW_INSECURE_HTTP": "0"}),
    ],
)
async def test_a_senseless_order_is_refused_before_anybody_is_called(
    arguments: list[str], env: dict[str, str]
) -> None:
    async with served() as portal:
        done = await portal.audit(*arguments, env=env)

    assert done.exit_code == 2
    assert portal.heard == []
    assert CODE not in done.output


async def test_no_log_holds_the_webhooks_code(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with served() as portal:
        done = await portal.audit()

    assert done.exit_code == 0
    assert CODE not in caplog.text


def _heed_ctrl_c() -> None:
    """Undo what a shell does to a job in the background: it ignores Ctrl+C, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_nothing_is_left_behind_but_the_files(tmp_path: Path, when: str) -> None:
    """``before``: Ctrl+C while it reads. ``after``: undisturbed."""
    folder, temporary = tmp_path / "work", tmp_path / "tmp"
    folder.mkdir()
    temporary.mkdir()
    environment = {**os.environ, **INSECURE, "TMPDIR": str(temporary), "HOME": str(folder)}
    async with served() as portal:
        add_twins(portal)
        if when == "before":
            portal.portal.faults.add(Fault(FaultKind.SLOW, skip=1, seconds=20.0))
        words = ["--webhook", portal.webhook, "--json", "a.json", "--xlsx", "a.xlsx"]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "b24app.cli", "audit", *words, cwd=folder, env=environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, preexec_fn=_heed_ctrl_c,
        )  # fmt: skip
        if when == "before":
            while len(portal.heard) < 2 and process.returncode is None:
                await asyncio.sleep(0.02)
            process.send_signal(signal.SIGINT)
        output, _ = await process.communicate()

    assert process.returncode == (0 if when == "after" else 130), output.decode()
    assert sorted(path.name for path in folder.iterdir()) == (
        [] if when == "before" else ["a.json", "a.xlsx"]
    )
    assert list(temporary.iterdir()) == []
    assert CODE.encode() not in output


@pytest.mark.parametrize(
    ("trouble", "said"), [(FaultKind.BUSY, "busy for too long"), (FaultKind.BAD_GATEWAY, "does not answer")]
)
async def test_an_audit_gives_up_when_the_portal_gives_nothing_any_more(
    tmp_path: Path, clock: StillClock, trouble: FaultKind, said: str
) -> None:
    settings = demo_settings(tmp_path)
    async with served(seed(300)) as portal:
        portal.portal.faults.add(Fault(trouble, times=None, skip=1))
        order = AuditOrder(portal.webhook, json=tmp_path / "a.json", language="en")

        with pytest.raises(AuditStopped, match=said):
            await asyncio.to_thread(run_webhook_audit, order, settings, clock)

    assert not (tmp_path / "a.json").exists()
    assert len(portal.heard) > 6  # it was patient


async def test_an_audit_reads_on_where_a_busy_portal_stopped_it(tmp_path: Path, clock: StillClock) -> None:
    settings = demo_settings(tmp_path)
    async with served(seed(6_000)) as portal:
        portal.portal.faults.add(Fault(FaultKind.BUSY, times=20, skip=3))
        order = AuditOrder(portal.webhook, json=tmp_path / "a.json")

        await asyncio.to_thread(run_webhook_audit, order, settings, clock)

    found = orjson.loads((tmp_path / "a.json").read_bytes())
    assert portal.portal.faults.happened == {FaultKind.BUSY: 20}
    assert found["totals"]["records"] == sum(each["total"] for each in found["coverage"].values())

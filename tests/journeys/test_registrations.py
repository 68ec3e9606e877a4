"""Fields, robots and triggers: made once, left to the administrator, made again when deleted, each part on its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from b24app.bootstrap import read_manifest
from b24app.sandbox.crm import CustomField
from b24app.sandbox.limits import SandboxLimits
from b24app.sandbox.quirks import PlanPart
from b24app.services.installation.install import register_again
from b24app.services.installation.memory import FIELD_RESTORED, Memory
from b24app.services.portal.parts import Part, parts_off
from tests.conftest import StillClock
from tests.journeys.town import ADMIN, Town, token_of, town

SIZE = 20
NOW = 1_790_000_000.0
SECONDS_A_FIELD = 60.0  # of the 480 that a method has in ten minutes
TEN_MINUTES_S = 600.0
MANIFEST = read_manifest()
OWNERS = ("lead", "contact", "company")
STATUS = "UF_CRM_B24DUP_STATUS"
COUNT = "UF_CRM_B24DUP_COUNT"
WRITING = ("add", "update", "delete", "bind", "unbind")


@pytest.fixture
async def acme(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path, size=SIZE) as built:
        yield built


async def register(acme: Town) -> None:
    await acme.house.queue.ask("register_portal", (await acme.known()).portal_id)
    await acme.work()


async def off(acme: Town) -> dict[Part, str]:
    async with acme.house.runtime.store.read((await acme.known()).portal_id) as tx:
        return {part: why.reason for part, why in (await parts_off(tx)).items()}


def fields_of(acme: Town, word: str) -> dict[str, CustomField]:
    return dict(acme.portal.crm.custom_names(word))


def steps_of(acme: Town) -> dict[str, str]:
    assert acme.portal.app is not None
    return {code: robot.handler for code, robot in acme.portal.app.registrations.robots.items()}


def written(acme: Town) -> set[str]:
    """Return the methods called that change something, those of reading left out."""
    return {method for method in acme.portal.traffic.calls if method.rsplit(".", 1)[-1] in WRITING}


async def test_the_portal_gets_fields_robots_activities_and_triggers_and_a_second_time_nothing(acme: Town):
    await acme.install()
    await acme.work()

    assert acme.portal.app is not None
    for word in OWNERS:
        made = fields_of(acme, word)
        assert set(made) == {field.code for field in MANIFEST.fields}
        assert {code for code, field in made.items() if field.multiple} == {"UF_CRM_B24DUP_MATCHES"}
        items = made[STATUS].row["LIST"]
        assert {item["XML_ID"] for item in items} == {"not_checked", "none", "duplicate", "shared"}
    base = acme.address.rstrip("/")
    twins = {step.activity: base + step.handler for step in MANIFEST.steps if step.activity}
    assert steps_of(acme) == {step.code: base + step.handler for step in MANIFEST.steps} | twins
    assert set(acme.portal.app.registrations.triggers) == {trigger.code for trigger in MANIFEST.triggers}
    assert (await acme.known()).manifest_version == MANIFEST.version
    assert await off(acme) == {}

    acme.portal.traffic.reset()
    await register(acme)

    assert written(acme) == set()
    assert acme.portal.traffic.calls["bizproc.robot.list"] == 1


async def test_a_renamed_field_stays_renamed_and_a_deleted_one_is_made_again_with_a_note(acme: Town):
    await acme.install()
    await acme.work()
    fields_of(acme, "lead")[STATUS].row["EDIT_FORM_LABEL"] = {"ru": "Двойники"}
    deleted = fields_of(acme, "contact")[COUNT]
    del acme.portal.crm.custom_fields[deleted.id]

    await register(acme)

    assert fields_of(acme, "lead")[STATUS].row["EDIT_FORM_LABEL"] == {"ru": "Двойники"}
    assert COUNT in fields_of(acme, "contact")
    async with acme.house.runtime.store.read((await acme.known()).portal_id) as tx:
        noted = [
            (entry.user_id, entry.new) for entry in await tx.journal.recent(9) if entry.what == FIELD_RESTORED
        ]
        restored = (await Memory.load(tx)).restored
    assert noted == [(None, f"contact {COUNT}")]
    assert set(restored) == {("contact", COUNT)}
    overview = (await acme.open(ADMIN, "DEFAULT")).text
    assert f"contact {COUNT}" in overview
    assert "Что работает в этом портале" not in overview, "all is well: nothing to tell"
    automation = await acme.browser.post(f"{acme.address}automation", data={"page_token": token_of(overview)})
    assert "Удалённое поле создано заново: 1" in automation.text
    assert "Тариф портала" not in automation.text


async def test_an_update_that_dropped_the_robots_brings_them_back_and_old_ones_go(acme: Town):
    await acme.install()
    await acme.work()
    assert acme.portal.app is not None
    wanted, robots = steps_of(acme), acme.portal.app.registrations.robots
    robots["from_an_older_version"] = robots.pop("check_shared")
    robots["from_an_older_version"].code = "from_an_older_version"
    acme.portal.app.registrations.triggers["duplicate_found"] = "Another name"

    await register(acme)

    assert steps_of(acme) == wanted
    assert acme.portal.app.registrations.triggers["duplicate_found"] != "Another name"


async def test_a_plan_without_robots_keeps_the_rest_and_says_so_until_the_plan_has_them(acme: Town):
    acme.portal.plan.lacks |= {PlanPart.ROBOTS, PlanPart.TRIGGERS}
    await acme.install()
    await acme.work()

    assert steps_of(acme) == {}
    assert STATUS in fields_of(acme, "lead")
    assert await off(acme) == {
        Part.ROBOTS: "plan_refused", Part.ACTIVITIES: "plan_refused", Part.TRIGGERS: "plan_refused",
    }  # fmt: skip
    assert await acme.is_active()
    page = (await acme.open(ADMIN, "DEFAULT")).text
    assert page.count("Тариф портала этого не даёт") == 3
    assert "Удалённых полей" not in page

    acme.portal.plan.lacks.clear()
    await register(acme)

    assert len(steps_of(acme)) == 7
    assert await off(acme) == {}


async def test_a_portal_whose_time_is_used_up_gets_the_other_fields_later_and_no_part_is_off(
    database_url: str, tmp_path: Path
):
    clock = StillClock(NOW)
    limits = SandboxLimits(server_seconds_by_method={"crm.lead.userfield.add": SECONDS_A_FIELD})
    async with town(database_url, tmp_path, size=SIZE, clock=clock, limits=limits) as acme:
        await acme.install()
        await acme.work()

        assert 0 < len(fields_of(acme, "lead")) < len(MANIFEST.fields)
        assert len(fields_of(acme, "company")) == len(MANIFEST.fields)
        assert len(steps_of(acme)) == 7
        assert await off(acme) == {}
        assert "register_portal" in {job.task_name for job in await acme.jobs("todo")}, "it is asked again"

        clock.advance(TEN_MINUTES_S + 60)
        await register_again(acme.house.runtime, (await acme.known()).portal_id)

        assert len(fields_of(acme, "lead")) == len(MANIFEST.fields)


async def test_a_field_of_another_kind_under_a_code_of_ours_is_told_and_left_alone(acme: Town):
    acme.portal.crm.custom_fields[7001] = CustomField(
        7001, "lead", COUNT, "string", False,
        {"ID": "7001", "FIELD_NAME": COUNT, "USER_TYPE_ID": "string", "MULTIPLE": "N"},
    )  # fmt: skip

    await acme.install()
    await acme.work()

    assert await off(acme) == {Part.FIELDS: "field_misfit"}
    assert fields_of(acme, "lead")[COUNT].type == "string"
    assert len(fields_of(acme, "lead")) == len(MANIFEST.fields)


async def test_who_is_no_administrator_any_more_registers_nothing(acme: Town):
    await acme.install()
    user = acme.portal.users.get(ADMIN)
    assert user is not None
    user.admin = False
    acme.portal.traffic.reset()

    await register(acme)

    assert written(acme) == set()
    assert (await acme.known()).manifest_version == 0

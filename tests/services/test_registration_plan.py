"""What is done to a portal so that it has what the manifest lists: nothing that is there already, nothing of others."""

from pathlib import Path

import pytest

from b24app.bitrix24.answers_fields import UserField
from b24app.bitrix24.registering import FIELD_OWNERS
from b24app.bootstrap import read_manifest
from b24app.dedupe.grade import Grade
from b24app.dedupe.outcome import Status
from b24app.dedupe.record import RecordType
from b24app.dedupe.shared import Severity, SharedKind
from b24app.services.installation.plan import (
    find_misfits,
    plan_fields,
    plan_steps,
    plan_triggers,
    wanted_steps,
)
from b24app.services.portal.manifest import ManifestMistake, parse_manifest

MANIFEST = read_manifest()
BASE = "https://app.example/"
FIRST = MANIFEST.fields[0]
ROBOTS = wanted_steps(MANIFEST, "robot", BASE, "ru")
LONGEST_FIELD_CODE = 50


@pytest.fixture(scope="module")
def manifest_text() -> str:
    return (Path(__file__).parents[2] / "install" / "portal.toml").read_text(encoding="utf-8")


def a_portal_s_field(number: int = 1, *, kind: str, multiple: bool) -> UserField:
    return UserField(number, kind, multiple, {})


ALL_FIELDS = {
    wanted.code: a_portal_s_field(kind=wanted.type, multiple=wanted.is_multiple) for wanted in MANIFEST.fields
}


@pytest.mark.parametrize("owner", FIELD_OWNERS)
def test_a_bare_portal_gets_thirteen_fields_with_texts_in_both_languages(owner):
    commands = plan_fields(MANIFEST, owner, {}, "ru")

    assert len(commands) == 13
    assert {command.method for command in commands.values()} == {f"crm.{owner}.userfield.add"}
    for code, command in commands.items():
        fields = command.params["fields"]
        assert fields["FIELD_NAME"] == code
        assert len(code) <= LONGEST_FIELD_CODE
        assert set(fields["EDIT_FORM_LABEL"]) == {"ru", "en"}
        assert (fields["SHOW_FILTER"], fields["EDIT_IN_LIST"]) == ("Y", "N")


def test_fields_that_are_there_are_left_alone_whatever_they_are_called_now():
    missing = dict(ALL_FIELDS)
    del missing[FIRST.code]

    assert plan_fields(MANIFEST, "lead", ALL_FIELDS, "ru") == {}
    assert list(plan_fields(MANIFEST, "lead", missing, "ru")) == [FIRST.code]


def test_a_code_of_ours_on_a_field_of_another_kind_is_named():
    taken = {**ALL_FIELDS, FIRST.code: a_portal_s_field(kind="string", multiple=False)}

    assert find_misfits(MANIFEST, ALL_FIELDS) == []
    assert find_misfits(MANIFEST, taken) == [FIRST.code]


def test_lists_hold_every_value_the_app_can_say_in_the_portal_s_language():
    said = {
        "UF_CRM_B24DUP_STATUS": {status.value for status in Status},
        "UF_CRM_B24DUP_GRADE": {grade.word for grade in Grade},
        "UF_CRM_B24DUP_SHARED": {kind.value for kind in SharedKind},
    }
    commands = plan_fields(MANIFEST, "company", {}, "ru")

    items = {code: commands[code].params["fields"]["LIST"] for code in said}

    assert {code: {item["XML_ID"] for item in listed} for code, listed in items.items()} == said
    assert items["UF_CRM_B24DUP_STATUS"][1]["VALUE"] == "Дубликатов нет"
    assert ROBOTS["find_duplicates"].settings["PROPERTIES"]["types"]["Options"].keys() == {
        record_type.word for record_type in RecordType
    }
    severities = ROBOTS["check_shared"].settings["RETURN_PROPERTIES"]["severity"]["Options"]
    assert set(severities) == {severity.word for severity in Severity}


def test_robots_are_for_leads_and_deals_and_their_twins_for_workflows_of_contacts_and_companies():
    activities = wanted_steps(MANIFEST, "activity", BASE, "en")

    assert set(ROBOTS) == {"find_duplicates", "check_shared", "repeat_enquiry", "unify_phones"}
    assert not set(ROBOTS) & set(activities), "robots and activities share one space of codes"
    assert ROBOTS["find_duplicates"].settings["FILTER"] == {
        "INCLUDE": [["crm", "CCrmDocumentLead"], ["crm", "CCrmDocumentDeal"]]
    }
    assert ROBOTS["repeat_enquiry"].settings["FILTER"] == {"INCLUDE": [["crm", "CCrmDocumentLead"]]}
    for step in activities.values():
        documents = {document[1] for document in step.settings["FILTER"]["INCLUDE"]}
        assert documents == {"CCrmDocumentContact", "CCrmDocumentCompany"}
        assert step.settings["USE_SUBSCRIPTION"] == "Y"
    twins = (ROBOTS["find_duplicates"], activities["find_duplicates_workflow"])
    assert len({step.settings["HANDLER"] for step in twins}) == 1


def test_steps_are_put_in_changed_and_taken_out_by_their_settings():
    known = {code: step.fingerprint for code, step in ROBOTS.items()}
    moved = wanted_steps(MANIFEST, "robot", "https://moved.example", "ru")

    def methods(wanted, have, remembered):
        return [command.method for command in plan_steps("robot", wanted, have, remembered)]

    assert methods(ROBOTS, [], {}) == ["bizproc.robot.add"] * 4
    assert methods(ROBOTS, list(ROBOTS), known) == []
    assert methods(moved, list(ROBOTS), known) == ["bizproc.robot.update"] * 4
    assert methods(ROBOTS, [*ROBOTS, "old_one"], known) == ["bizproc.robot.delete"]
    assert methods(ROBOTS, list(ROBOTS), {}) == ["bizproc.robot.update"] * 4, "nobody knows what is there"


def test_triggers_get_their_name_in_the_portal_s_language_and_old_ones_go():
    names = {trigger.code: trigger.title["ru"] for trigger in MANIFEST.triggers}

    assert plan_triggers(MANIFEST, names, "ru") == []
    assert len(plan_triggers(MANIFEST, names, "en")) == 3
    (gone,) = plan_triggers(MANIFEST, {**names, "older": "Old"}, "ru")
    assert (gone.method, gone.params) == ("crm.automation.trigger.delete", {"CODE": "older"})


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('code = "UF_CRM_B24DUP_COUNT"', f'code = "UF_CRM_{"X" * 44}"'),
        ('code = "UF_CRM_B24DUP_COUNT"', 'code = "B24DUP_COUNT"'),
        ('type = "integer"', 'type = "number"'),
        ('options = "statuses"', 'options = "no_such_list"'),
        ('code = "duplicate_found"', 'code = "Duplicate Found"'),
        ('code = "dry_run"', 'code = "1run"'),
    ],
)
def test_what_no_portal_would_accept_is_refused_at_reading(right: str, wrong: str, manifest_text: str):
    assert right in manifest_text

    with pytest.raises(ManifestMistake):
        parse_manifest(manifest_text.replace(right, wrong))

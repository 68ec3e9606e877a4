"""Methods of ``registering.py``: calls, readings and refusals by the documentation's own answers."""

from b24app.bitrix24 import answers, answers_fields, registering
from b24app.bitrix24.errors import AccessDenied, BadRequest, NotFound
from tests.bitrix24.witnesses import Commands, Readings, Refusals

KINDS = ("robot", "activity")
STEP = {"HANDLER": "https://app.example/robots/find_duplicates", "NAME": {"en": "Find duplicates"}}

COMMANDS: Commands = {
    command.method: command
    for command in (
        *(registering.user_fields(owner) for owner in registering.FIELD_OWNERS),
        *(
            registering.add_user_field(owner, {"FIELD_NAME": "UF_CRM_HELLO", "USER_TYPE_ID": "string"})
            for owner in registering.FIELD_OWNERS
        ),
        *(registering.registered_steps(kind) for kind in KINDS),
        *(registering.add_step(kind, "find_duplicates", STEP) for kind in KINDS),
        *(registering.update_step(kind, "find_duplicates", STEP) for kind in KINDS),
        *(registering.delete_step(kind, "find_duplicates") for kind in KINDS),
        registering.registered_triggers(),
        registering.add_trigger("duplicate_found", "Duplicate found"),
        registering.delete_trigger("duplicate_found"),
    )
}

READINGS: Readings = {
    **{
        f"crm.{owner}.userfield.add": (lambda answer: answers.to_id(answer.result) is not None, True)
        for owner in registering.FIELD_OWNERS
    },
    **{
        f"bizproc.{kind}.{action}": (answers.is_done, True)
        for kind in KINDS
        for action in ("add", "update", "delete")
    },
    "crm.lead.userfield.list": (
        lambda answer: answers_fields.user_fields(answer)["UF_CRM_1724077760"],
        answers_fields.UserField(
            6799,
            "enumeration",
            is_multiple=True,
            items={
                "79b4c576f96e65eb40f390e45c0dc802": 3157,
                "d3ffd89a825f218f5efd79dffd38fbbf": 3159,
                "dff769fa19d7d7ce8d0677341d221161": 3161,
                "1f22e5c818ce336a42bd0ec94eb69b9e": 3163,
                "fc1c5e6b4a9fd20b4749240b8dbac41a": 3181,
            },
        ),
    ),
    "crm.contact.userfield.list": (lambda answer: len(answers_fields.user_fields(answer)), 6),
    "crm.company.userfield.list": (lambda answer: len(answers_fields.user_fields(answer)), 5),
    "bizproc.robot.list": (answers_fields.step_codes, frozenset({"test_robot", "sms_robot"})),
    "bizproc.activity.list": (answers_fields.step_codes, frozenset({"md5_action", "doc_action"})),
    "crm.automation.trigger.list": (
        answers_fields.trigger_names,
        {"sample.app": "Trigger 2"},  # the sample's codes are replaced by one
    ),
    "crm.automation.trigger.add": (answers.is_done, True),
    "crm.automation.trigger.delete": (answers.is_done, True),
}

REFUSALS: Refusals = {
    **{f"crm.{owner}.userfield.add": NotFound for owner in registering.FIELD_OWNERS},
    **{f"bizproc.{kind}.add": BadRequest for kind in KINDS},
    **{f"bizproc.{kind}.delete": NotFound for kind in KINDS},
    "bizproc.robot.list": AccessDenied,
    "crm.automation.trigger.list": AccessDenied,
    "crm.automation.trigger.add": AccessDenied,
}

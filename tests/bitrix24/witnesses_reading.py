"""Methods of ``methods.py``: calls, readings and refusals by the documentation's own answers."""

from b24app.bitrix24 import answers, answers_structure, methods
from b24app.bitrix24.errors import AccessDenied, BadRequest, NotFound
from tests.bitrix24.witnesses import Commands, Readings, Refusals

COMMANDS: Commands = {
    command.method: command
    for command in (
        methods.app_info(),
        methods.profile(),
        methods.user_admin(),
        methods.users([1, 3]),
        methods.departments(),
        methods.available_events(),
        methods.registered_events(),
        methods.bind_event("ONCRMLEADADD", "https://app.example/events"),
        methods.unbind_event("ONCRMLEADADD", "https://app.example/events"),
        methods.available_placements(),
        methods.registered_placements(),
        methods.bind_placement("CRM_LEAD_DETAIL_TAB", "https://app.example/tab", titles={"en": "Duplicates"}),
        methods.unbind_placement("CRM_LEAD_DETAIL_TAB", "https://app.example/tab"),
        methods.statuses("DEAL_STAGE"),
        methods.find_by_communication("PHONE", ["+79990001122"], "CONTACT"),
        methods.contacts_of_deal(1),
        methods.contacts_of_lead(1),
        methods.contacts_of_company(1),
        methods.companies_of_contact(1),
        *(methods.get_record(word, 1) for word in methods.FILTER_FIELDS),
        *(
            methods.list_records(word, select=["ID"], filter_by={">ID": 0}, order={"ID": "ASC"})
            for word in methods.FILTER_FIELDS
        ),
    )
}

READINGS: Readings = {
    "app.info": (
        answers.app_state,
        answers.AppState(4, "F", is_installed=True, is_payment_expired=False, license="de_ent10000"),
    ),
    "profile": (answers.viewer, answers.Viewer(1, is_admin=True)),
    "user.admin": (answers.is_done, True),
    "event.bind": (answers.is_done, True),
    "placement.bind": (answers.is_done, True),
    "event.unbind": (answers.removed_count, 1),
    "placement.unbind": (answers.removed_count, 4),
    "user.get": (lambda answer: sorted(answers.portal_users(answer)), [1, 3]),
    "department.get": (
        lambda answer: [(one.id, one.parent_id) for one in answers_structure.departments(answer)],
        [(15, 1), (2, 1), (4, 1), (3, 1), (17, 1)],
    ),
    "events": (lambda answer: {"ONCRMLEADADD", "ONAPPUNINSTALL"} <= answers.codes(answer), True),
    "placement.list": (lambda answer: "CRM_LEAD_DETAIL_TOOLBAR" in answers.codes(answer), True),
    "event.get": (
        lambda answer: [(bound.event, bound.auth_type) for bound in answers.event_handlers(answer)],
        [("ONCRMLEADADD", 0), ("ONCRMLEADADD", 15)],
    ),
    "placement.get": (
        lambda answer: answers.placement_handlers(answer)[0],
        answers.PlacementHandler(
            "CRM_DEAL_LIST_TOOLBAR", "https://app.example/?handler=1", {"de": "Add invoice"}
        ),
    ),
    "crm.status.list": (
        lambda answer: [(stage.id, stage.semantics) for stage in answers.status_list(answer)][-3:],
        [("WON", "S"), ("LOSE", "F"), ("APOLOGY", "F")],
    ),
    "crm.duplicate.findbycomm": (answers.found_ids, {"CONTACT": (275, 2297)}),
    "crm.deal.contact.items.get": (lambda answer: answers.linked_ids(answer, "CONTACT_ID"), (55, 54, 56)),
    "crm.lead.contact.items.get": (lambda answer: answers.linked_ids(answer, "CONTACT_ID"), (1010, 1011)),
    "crm.contact.company.items.get": (lambda answer: answers.linked_ids(answer, "COMPANY_ID"), (7, 8, 9)),
    "crm.company.contact.items.get": (lambda answer: len(answers.linked_ids(answer, "CONTACT_ID")), 3),
    "crm.lead.get": (lambda answer: answers.to_id(answers.row(answer)["ID"]), 123),
    "crm.contact.get": (lambda answer: len(answers.row(answer)["PHONE"]), 2),
    "crm.company.get": (lambda answer: answers.to_id(answers.row(answer)["ID"]), 2909),
    "crm.deal.get": (lambda answer: answers.to_id(answers.row(answer)["ID"]) is not None, True),
    "crm.lead.list": (lambda answer: (len(answers.rows(answer)), answer.total, answer.next), (2, 654, 50)),
    "crm.contact.list": (lambda answer: (len(answers.rows(answer)), answer.total, answer.next), (5, 5, None)),
    "crm.company.list": (lambda answer: answers.rows(answer)[0]["PHONE"][0]["VALUE"], "+79990001122"),
    "crm.deal.list": (lambda answer: len(answers.rows(answer)), 6),
}

REFUSALS: Refusals = {
    "app.info": AccessDenied,
    "placement.get": BadRequest,
    "placement.bind": BadRequest,
    "placement.unbind": AccessDenied,
    "placement.list": AccessDenied,
    "event.bind": NotFound,
    "event.unbind": AccessDenied,
    "crm.status.list": BadRequest,
    "crm.duplicate.findbycomm": BadRequest,
    "crm.contact.company.items.get": BadRequest,
    "crm.deal.contact.items.get": NotFound,
    "crm.lead.get": NotFound,
    "crm.company.get": NotFound,
    "crm.lead.list": AccessDenied,
}

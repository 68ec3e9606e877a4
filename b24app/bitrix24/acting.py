"""One small function per REST method by which the app changes something in a portal. Each returns a Command."""

from collections.abc import Mapping, Sequence
from typing import Literal

from b24app.bitrix24.calls import JSON, Command
from b24app.bitrix24.methods import RecordWord

METHODS: frozenset[str] = frozenset(
    {
        "bizproc.event.send",
        "crm.contact.update",
        "crm.company.update",
        "crm.lead.update",
        "crm.lead.contact.add",
        "crm.lead.contact.delete",
        "crm.timeline.comment.add",
        "crm.timeline.comment.delete",
        "crm.timeline.comment.list",
        "crm.timeline.comment.update",
        "crm.timeline.item.pin",
        "crm.automation.trigger.execute",
        "im.notify.system.add",
        "tasks.task.add",
        "tasks.task.delete",
        "tasks.task.list",
    }
)

OWNER_TYPES: Mapping[RecordWord, int] = {"lead": 1, "deal": 2, "contact": 3, "company": 4}
_TASK_BINDINGS: Mapping[RecordWord, str] = {"lead": "L", "contact": "C", "company": "CO", "deal": "D"}


def update_lead(lead_id: int, fields: Mapping[str, JSON]) -> Command:
    """Change these fields of a lead, and no others; an unknown field is ignored in silence."""
    return Command("crm.lead.update", {"id": lead_id, "fields": dict(fields)})


def write_user_fields(word: RecordWord, record_id: int, values: Mapping[str, JSON]) -> Command:
    """Write these user fields of a record and no others, without a message in anybody's news feed.

    Writing the same again changes nothing, so it may be repeated.
    """
    params: dict[str, JSON] = {"REGISTER_SONET_EVENT": "N"}
    return Command(f"crm.{word}.update", {"id": record_id, "fields": dict(values), "params": params})


def add_contact_to_lead(lead_id: int, contact_id: int) -> Command:
    return Command("crm.lead.contact.add", {"id": lead_id, "fields": {"CONTACT_ID": contact_id}})


def remove_contact_from_lead(lead_id: int, contact_id: int) -> Command:
    return Command("crm.lead.contact.delete", {"id": lead_id, "fields": {"CONTACT_ID": contact_id}})


def add_comment(word: RecordWord, record_id: int, text: str) -> Command:
    """Write a comment into a card's timeline; the answer is its id. BB codes work."""
    fields: dict[str, JSON] = {"ENTITY_ID": record_id, "ENTITY_TYPE": word, "COMMENT": text}
    return Command("crm.timeline.comment.add", {"fields": fields})


def remove_comment(comment_id: int) -> Command:
    return Command("crm.timeline.comment.delete", {"id": comment_id})


def change_comment(comment_id: int, text: str) -> Command:
    return Command("crm.timeline.comment.update", {"id": comment_id, "fields": {"COMMENT": text}})


def pin_comment(word: RecordWord, record_id: int, comment_id: int) -> Command:
    """Pin a comment on top of a card's timeline; a fourth pinned entry is a refusal."""
    owner = {"ownerTypeId": OWNER_TYPES[word], "ownerId": record_id}
    return Command("crm.timeline.item.pin", {"id": comment_id, **owner})


def execute_trigger(code: str, word: Literal["lead", "deal"], record_id: int) -> Command:
    """Fire our trigger on a record; whether it stands on a stage is not told. Contacts and companies have none."""
    params: dict[str, JSON] = {"CODE": code, "OWNER_TYPE_ID": OWNER_TYPES[word], "OWNER_ID": record_id}
    return Command("crm.automation.trigger.execute", params)


def notify(user_id: int, text: str, tag: str) -> Command:
    """Notify a person in the system's name; an earlier notification with this tag goes. False: it was not made."""
    return Command("im.notify.system.add", {"USER_ID": user_id, "MESSAGE": text, "TAG": tag})


def newest_comments(word: RecordWord, record_id: int) -> Command:
    """Ask for a card's last fifty comments, newest first."""
    return Command(
        "crm.timeline.comment.list",
        {
            "select": ["ID", "COMMENT"],
            "filter": {"ENTITY_ID": record_id, "ENTITY_TYPE": word},
            "order": {"ID": "DESC"},
        },
    )


def task_binding(word: RecordWord, record_id: int) -> str:
    """Return how a task names a CRM record: ``L_12``, ``CO_7``."""
    return f"{_TASK_BINDINGS[word]}_{record_id}"


def add_task(
    *, title: str, description: str, responsible_id: int, bound_to: Sequence[str], deadline: str | None
) -> Command:
    """Make a task; ``deadline`` is an ISO time with its offset or none, ``bound_to`` are ``task_binding`` s."""
    fields: dict[str, JSON] = {
        "TITLE": title,
        "DESCRIPTION": description,
        "RESPONSIBLE_ID": responsible_id,
        "UF_CRM_TASK": list(bound_to),
    }
    if deadline is not None:
        fields["DEADLINE"] = deadline
    return Command("tasks.task.add", {"fields": fields})


def remove_task(task_id: int) -> Command:
    return Command("tasks.task.delete", {"taskId": task_id})


def tasks(filter_by: Mapping[str, JSON]) -> Command:
    """Ask for the newest fifty tasks of a filter, such as ``{"UF_CRM_TASK": "L_12"}``."""
    return Command(
        "tasks.task.list",
        {"filter": dict(filter_by), "select": ["ID", "DESCRIPTION"], "order": {"ID": "desc"}},
    )


def answer_robot(event_token: str, values: Mapping[str, JSON], message: str) -> Command:
    """Let a waiting robot go on with these values; a second answer has no effect, or is AccessDenied."""
    params: dict[str, JSON] = {
        "EVENT_TOKEN": event_token,
        "RETURN_VALUES": dict(values),
        "LOG_MESSAGE": message,
    }
    return Command("bizproc.event.send", params)


def change_phones(word: RecordWord, record_id: int, phones: Sequence[Mapping[str, JSON]]) -> Command:
    """Change phones of a record by their ids; each needs ID, VALUE and VALUE_TYPE, or it is deleted."""
    return Command(f"crm.{word}.update", {"id": record_id, "fields": {"PHONE": list(phones)}})

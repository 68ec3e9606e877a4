"""Making a repeat enquiry: a lead as a web form would send it, from a client that the portal knows already."""

from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.wire import Json

TITLE = "Заявка с сайта"
TEXT = "Хочу заказать ещё раз, перезвоните после обеда."


def create_repeat(portal: SandboxPortal, word: str, record_id: int, *, stage: str = "NEW") -> int:
    """Create a lead with the record's first phone and e-mail, the phone written in another way; returns its id."""
    original = portal.crm.get(word, record_id)
    if original is None:
        raise KeyError(f"no {word} {record_id}")
    fields: dict[str, Json] = {
        "TITLE": TITLE,
        "NAME": _name(original.fields.get("NAME")),
        "STATUS_ID": stage,
        "SOURCE_ID": "WEB",
        "SOURCE_DESCRIPTION": "Форма обратного звонка",
        "COMMENTS": TEXT,
        "UTM_SOURCE": "newsletter",
        "UTM_MEDIUM": "email",
        "UTM_CAMPAIGN": "spring",
    }
    for kind in ("PHONE", "EMAIL"):
        values = original.values.get(kind, ())
        if values:
            fields[kind] = [{"VALUE": _respelled(values[0].value), "VALUE_TYPE": "WORK"}]
    return portal.create("lead", fields, by=None)


def _name(value: object) -> str:
    return value if isinstance(value, str) else ""


def _respelled(value: str) -> str:
    """Write a Russian number the other usual way; everything else stays."""
    if value.startswith("+7"):
        return f"8{value[2:]}"
    return f"+7{value[1:]}" if value.startswith("8") else value

"""Where a record's card is opened in its portal."""

from b24app.dedupe.record import RecordRef
from b24app.texts import Say


def card_path(ref: RecordRef) -> str:
    """Return the card's address within its portal."""
    return f"/crm/{ref.type.word}/details/{ref.id}/"


def numbered_link(t: Say, origin: str, ref: RecordRef) -> str:
    """Return a link to the card that names the record by its number alone, as the timeline and the bell take it."""
    title = t(f"row.untitled_{ref.type.word}", id=str(ref.id))
    return f"[URL={origin}{card_path(ref)}]{title}[/URL]"

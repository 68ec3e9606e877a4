"""Sample answers of the client search: options of every kind, nobody, no value."""

from b24app.dedupe.record import RecordRef
from b24app.services.client_search import ClientSearch, FoundClient

PHONE, EMAIL = "+7 912 345-67-89", "anna@mail.example"
SCRIPT = '<script>alert("1")</script>'


def a_client(ref: str, title: str, by_lead: int | None = None) -> FoundClient:
    return FoundClient(RecordRef.parse(ref), title, PHONE, EMAIL, by_lead)


SEARCHES: dict[str, ClientSearch] = {
    "found": ClientSearch(
        (
            a_client("contact:21", "Петрова Анна"),
            a_client("contact:22", SCRIPT, by_lead=12),
            a_client("company:31", ""),
            a_client("lead:13", "Заявка с сайта"),
        ),
        is_value=True,
        hidden=True,
    ),
    "nobody": ClientSearch((), is_value=True, hidden=False),
    "no_value": ClientSearch((), is_value=False, hidden=False),
}

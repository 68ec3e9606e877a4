"""One small function per REST method the app uses; the only place where method names are written.

Each returns a Command for ``PortalClient.call`` or ``.batch``; ``answers.py`` reads what comes back.
Names and parameters: REST documentation, the page of each method.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

from b24app.bitrix24.calls import JSON, Command

RecordWord: TypeAlias = Literal["lead", "contact", "company", "deal"]

PAGE_SIZE = 50  # rows of one list answer; REST documentation, "list-methods-pecularities"
COMMUNICATION_LIMIT = 20  # values of crm.duplicate.findbycomm; the rest is ignored in silence
USERS_AT_ONCE = 50
NO_COUNT = -1  # ``start`` that leaves out counting

_RECORD_WORDS: tuple[RecordWord, ...] = ("lead", "contact", "company", "deal")

METHODS: frozenset[str] = frozenset(
    {
        "app.info",
        "profile",
        "user.admin",
        "user.get",
        "department.get",
        "events",
        "event.get",
        "event.bind",
        "event.unbind",
        "placement.list",
        "placement.get",
        "placement.bind",
        "placement.unbind",
        "crm.status.list",
        "crm.duplicate.findbycomm",
        "crm.deal.contact.items.get",
        "crm.lead.contact.items.get",
        "crm.contact.company.items.get",
        "crm.company.contact.items.get",
        *(f"crm.{word}.{action}" for word in _RECORD_WORDS for action in ("list", "get")),
    }
)

# Portals drop unknown filter keys in silence and then answer everything, so only these pass.
_COMMON_FIELDS = frozenset(
    {"ID", "ASSIGNED_BY_ID", "CREATED_BY_ID", "MODIFY_BY_ID", "DATE_CREATE", "DATE_MODIFY", "OPENED"}
)
_NAMED_FIELDS = frozenset({"NAME", "SECOND_NAME", "LAST_NAME"})
_REACHED_FIELDS = frozenset({"HAS_PHONE", "HAS_EMAIL", "PHONE", "EMAIL"})
FILTER_FIELDS: Mapping[RecordWord, frozenset[str]] = {
    "lead": _COMMON_FIELDS
    | _NAMED_FIELDS
    | _REACHED_FIELDS
    | {
        "TITLE",
        "COMPANY_TITLE",
        "STATUS_ID",
        "STATUS_SEMANTIC_ID",
        "COMPANY_ID",
        "CONTACT_ID",
        "IS_RETURN_CUSTOMER",
        "SOURCE_ID",
        "DATE_CLOSED",
    },
    "contact": _COMMON_FIELDS
    | _NAMED_FIELDS
    | _REACHED_FIELDS
    | {"COMPANY_ID", "LEAD_ID", "TYPE_ID", "EXPORT", "SOURCE_ID"},
    "company": _COMMON_FIELDS | _REACHED_FIELDS | {"TITLE", "COMPANY_TYPE", "LEAD_ID", "IS_MY_COMPANY"},
    "deal": _COMMON_FIELDS
    | {
        "TITLE",
        "STAGE_ID",
        "STAGE_SEMANTIC_ID",
        "CATEGORY_ID",
        "CLOSED",
        "COMPANY_ID",
        "CONTACT_ID",
        "LEAD_ID",
    },
}
_FILTER_OPERATORS = (">=", "<=", "!=", "!@", ">", "<", "=", "@", "!", "")
_BARE_ONLY = frozenset({"PHONE", "EMAIL"})  # multifields: exact match, no operator


class FilterMistake(ValueError):
    """A list filter names a field that portals may not know; the text names it."""


def app_info() -> Command:
    return Command("app.info")


def profile() -> Command:
    """Ask who the token's user is, and whether an administrator."""
    return Command("profile")


def user_admin() -> Command:
    """Ask whether the token's user may manage the app's settings."""
    return Command("user.admin")


def users(ids: Sequence[int]) -> Command:
    """Ask for at most fifty users; system users and bots never come."""
    if len(ids) > USERS_AT_ONCE:
        raise ValueError("more than fifty users in one call")
    return Command("user.get", {"FILTER": {"ID": list(ids)}})


def users_in_parts(ids: Iterable[int]) -> list[Command]:
    """Ask for any number of users, fifty a command."""
    wanted = sorted(set(ids))
    return [users(wanted[start : start + USERS_AT_ONCE]) for start in range(0, len(wanted), USERS_AT_ONCE)]


def users_of_departments(departments: Sequence[int], start: int) -> Command:
    """Ask for a page of the employees of departments, not of those below them."""
    return Command("user.get", {"FILTER": {"UF_DEPARTMENT": list(departments)}, "sort": "ID", "start": start})


def users_called(text: str) -> Command:
    """Ask for the first fifty users whose name or position begins so, dismissed ones among them."""
    return Command("user.get", {"FILTER": {"NAME_SEARCH": text}, "sort": "LAST_NAME", "order": "ASC"})


def employees_called(text: str) -> Command:
    """Ask for the same people without those who were dismissed."""
    return Command("user.get", {**users_called(text).params, "FILTER": {"NAME_SEARCH": text, "ACTIVE": True}})


def departments(start: int = 0) -> Command:
    """Ask for a page of the company's departments."""
    return Command("department.get", {"sort": "ID", "order": "ASC", "START": start})


def available_events() -> Command:
    return Command("events")


def registered_events() -> Command:
    return Command("event.get")


def bind_event(event: str, handler: str) -> Command:
    """Register a handler; a second time is AlreadyRegistered."""
    return Command("event.bind", {"event": event, "handler": handler})


def unbind_event(event: str, handler: str) -> Command:
    return Command("event.unbind", {"event": event, "handler": handler})


def available_placements() -> Command:
    return Command("placement.list")


def registered_placements() -> Command:
    return Command("placement.get")


def bind_placement(code: str, handler: str, *, titles: Mapping[str, str]) -> Command:
    """Register a page for a place. ``titles``: language code to title; English is the fallback."""
    params: dict[str, JSON] = {
        "PLACEMENT": code,
        "HANDLER": handler,
        "TITLE": titles.get("en") or next(iter(titles.values())),
        "LANG_ALL": {language: {"TITLE": title} for language, title in titles.items()},
    }
    return Command("placement.bind", params)


def unbind_placement(code: str, handler: str) -> Command:
    return Command("placement.unbind", {"PLACEMENT": code, "HANDLER": handler})


def statuses(entity_id: str) -> Command:
    """Ask for a directory: ``STATUS`` are lead stages, ``DEAL_STAGE`` those of the first pipeline."""
    return Command("crm.status.list", {"filter": {"ENTITY_ID": entity_id}, "order": {"SORT": "ASC"}})


def get_record(word: RecordWord, record_id: int | str) -> Command:
    """Ask for one record; in a batch the id may be a ``$result[…]`` of an earlier command."""
    return Command(f"crm.{word}.get", {"id": record_id})


def list_records(
    word: RecordWord,
    *,
    select: Sequence[str],
    filter_by: Mapping[str, JSON] | None = None,
    order: Mapping[str, Literal["ASC", "DESC"]] | None = None,
    start: int = NO_COUNT,
) -> Command:
    """Ask for one page of at most fifty rows; phones and e-mails come only when named in ``select``.

    The default ``start`` leaves out ``total`` and ``next``: walk by ``order ID`` and a bound on ID.
    Raises FilterMistake for a field that is not in FILTER_FIELDS.
    """
    params: dict[str, JSON] = {"select": list(select), "start": start}
    if filter_by:
        _check_filter(word, filter_by)
        params["filter"] = dict(filter_by)
    if order:
        params["order"] = dict(order)
    return Command(f"crm.{word}.list", params)


def contacts_of_deal(deal_id: int) -> Command:
    return Command("crm.deal.contact.items.get", {"id": deal_id})


def contacts_of_lead(lead_id: int) -> Command:
    return Command("crm.lead.contact.items.get", {"id": lead_id})


def contacts_of_company(company_id: int) -> Command:
    return Command("crm.company.contact.items.get", {"id": company_id})


def companies_of_contact(contact_id: int) -> Command:
    return Command("crm.contact.company.items.get", {"id": contact_id})


def find_by_communication(
    kind: Literal["PHONE", "EMAIL"],
    values: Sequence[str],
    record_type: Literal["LEAD", "CONTACT", "COMPANY"],
) -> Command:
    """Ask what Bitrix24 itself finds: at most twenty ids a value, unreadable ones among them.

    One record type a call, because twenty leads hide all contacts and companies.
    """
    if len(values) > COMMUNICATION_LIMIT:
        raise ValueError("more than twenty values in one call")
    params: dict[str, JSON] = {"type": kind, "values": list(values), "entity_type": record_type}
    return Command("crm.duplicate.findbycomm", params)


def _check_filter(word: RecordWord, filter_by: Mapping[str, JSON]) -> None:
    for key in filter_by:
        operator = next(sign for sign in _FILTER_OPERATORS if key.startswith(sign))
        name = key[len(operator) :]
        if name not in FILTER_FIELDS[word] or (operator and name in _BARE_ONLY):
            raise FilterMistake(f"crm.{word}.list must not be filtered by {key}")

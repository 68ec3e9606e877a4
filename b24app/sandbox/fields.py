"""The fields of leads, contacts, companies and deals: names in the documentation's order, and their kinds.

Names and order are those of the answers printed on the pages crm.lead.get, crm.contact.get,
crm.company.get, crm.deal.get.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

MULTIFIELDS = ("PHONE", "EMAIL", "WEB", "IM", "LINK")
TYPE_IDS = {"lead": 1, "deal": 2, "contact": 3, "company": 4}
BINDING_MARKS = {"lead": "L", "deal": "D", "contact": "C", "company": "CO"}  # documentation, crm/data-types
TYPE_WORDS = {number: word for word, number in TYPE_IDS.items()}


class Kind(StrEnum):
    """How a field is stored, compared and printed."""

    TEXT = "string"
    NUMBER = "integer"
    MONEY = "double"
    TIME = "datetime"
    DAY = "date"
    FLAG = "char"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_NUMBERS = _words(
    "ID COMPANY_ID CONTACT_ID LEAD_ID QUOTE_ID CATEGORY_ID ASSIGNED_BY_ID CREATED_BY_ID "
    "MODIFY_BY_ID MOVED_BY_ID LAST_ACTIVITY_BY PROBABILITY"
)
_TIMES = _words("DATE_CREATE DATE_MODIFY DATE_CLOSED MOVED_TIME LAST_ACTIVITY_TIME")
_DAYS = _words("BIRTHDATE BEGINDATE CLOSEDATE")
_MONEY = _words("OPPORTUNITY TAX_VALUE REVENUE")
_FLAGS = _words(
    "HAS_PHONE HAS_EMAIL HAS_IMOL OPENED EXPORT CLOSED IS_NEW IS_RECURRING IS_RETURN_CUSTOMER "
    "IS_REPEATED_APPROACH IS_MANUAL_OPPORTUNITY IS_MY_COMPANY"
)
READ_ONLY = _words(
    "ID HAS_PHONE HAS_EMAIL HAS_IMOL STATUS_SEMANTIC_ID STAGE_SEMANTIC_ID DATE_CREATE DATE_MODIFY "
    "CREATED_BY_ID MODIFY_BY_ID MOVED_BY_ID MOVED_TIME IS_RETURN_CUSTOMER DATE_CLOSED "
    "LAST_ACTIVITY_BY LAST_ACTIVITY_TIME"
)
_NAMES = {
    "lead": _words(
        "ID TITLE HONORIFIC NAME SECOND_NAME LAST_NAME COMPANY_TITLE COMPANY_ID CONTACT_ID "
        "IS_RETURN_CUSTOMER BIRTHDATE SOURCE_ID SOURCE_DESCRIPTION STATUS_ID STATUS_DESCRIPTION "
        "POST COMMENTS CURRENCY_ID OPPORTUNITY IS_MANUAL_OPPORTUNITY HAS_PHONE HAS_EMAIL HAS_IMOL "
        "ASSIGNED_BY_ID CREATED_BY_ID MODIFY_BY_ID DATE_CREATE DATE_MODIFY DATE_CLOSED "
        "STATUS_SEMANTIC_ID OPENED ORIGINATOR_ID ORIGIN_ID MOVED_BY_ID MOVED_TIME ADDRESS "
        "ADDRESS_2 ADDRESS_CITY ADDRESS_POSTAL_CODE ADDRESS_REGION ADDRESS_PROVINCE "
        "ADDRESS_COUNTRY ADDRESS_COUNTRY_CODE ADDRESS_LOC_ADDR_ID UTM_SOURCE UTM_MEDIUM "
        "UTM_CAMPAIGN UTM_CONTENT UTM_TERM LAST_ACTIVITY_BY LAST_ACTIVITY_TIME"
    ),
    "contact": _words(
        "ID POST COMMENTS HONORIFIC NAME SECOND_NAME LAST_NAME PHOTO LEAD_ID TYPE_ID SOURCE_ID "
        "SOURCE_DESCRIPTION COMPANY_ID BIRTHDATE EXPORT HAS_PHONE HAS_EMAIL HAS_IMOL DATE_CREATE "
        "DATE_MODIFY ASSIGNED_BY_ID CREATED_BY_ID MODIFY_BY_ID OPENED ORIGINATOR_ID ORIGIN_ID "
        "ORIGIN_VERSION FACE_ID ADDRESS ADDRESS_2 ADDRESS_CITY ADDRESS_POSTAL_CODE ADDRESS_REGION "
        "ADDRESS_PROVINCE ADDRESS_COUNTRY ADDRESS_COUNTRY_CODE ADDRESS_LOC_ADDR_ID UTM_SOURCE "
        "UTM_MEDIUM UTM_CAMPAIGN UTM_CONTENT UTM_TERM LAST_ACTIVITY_BY LAST_ACTIVITY_TIME"
    ),
    "company": _words(
        "ID COMPANY_TYPE TITLE LOGO LEAD_ID HAS_PHONE HAS_EMAIL HAS_IMOL ASSIGNED_BY_ID "
        "CREATED_BY_ID MODIFY_BY_ID BANKING_DETAILS INDUSTRY REVENUE CURRENCY_ID EMPLOYEES "
        "COMMENTS DATE_CREATE DATE_MODIFY IS_MY_COMPANY OPENED ORIGINATOR_ID ORIGIN_ID "
        "ORIGIN_VERSION ADDRESS ADDRESS_2 ADDRESS_CITY ADDRESS_POSTAL_CODE ADDRESS_REGION "
        "ADDRESS_PROVINCE ADDRESS_COUNTRY ADDRESS_COUNTRY_CODE ADDRESS_LOC_ADDR_ID UTM_SOURCE "
        "UTM_MEDIUM UTM_CAMPAIGN UTM_CONTENT UTM_TERM LAST_ACTIVITY_BY LAST_ACTIVITY_TIME"
    ),
    "deal": _words(
        "ID TITLE TYPE_ID STAGE_ID PROBABILITY CURRENCY_ID OPPORTUNITY IS_MANUAL_OPPORTUNITY "
        "TAX_VALUE LEAD_ID COMPANY_ID CONTACT_ID QUOTE_ID BEGINDATE CLOSEDATE ASSIGNED_BY_ID "
        "CREATED_BY_ID MODIFY_BY_ID DATE_CREATE DATE_MODIFY CLOSED COMMENTS ADDITIONAL_INFO "
        "LOCATION_ID CATEGORY_ID STAGE_SEMANTIC_ID IS_NEW IS_RECURRING IS_RETURN_CUSTOMER "
        "IS_REPEATED_APPROACH SOURCE_ID SOURCE_DESCRIPTION OPENED ORIGINATOR_ID ORIGIN_ID "
        "MOVED_BY_ID MOVED_TIME UTM_SOURCE UTM_MEDIUM UTM_CAMPAIGN UTM_CONTENT UTM_TERM "
        "LAST_ACTIVITY_BY LAST_ACTIVITY_TIME"
    ),
}


@dataclass(frozen=True, slots=True)
class RecordSpec:
    """One CRM type: its word, its number, its plain fields in order, and the field that holds its stage."""

    word: str
    type_id: int
    names: Mapping[str, Kind]
    stage_field: str | None
    directory: str | None
    has_multifields: bool

    @property
    def semantic_field(self) -> str | None:
        return self.stage_field.replace("_ID", "_SEMANTIC_ID") if self.stage_field else None


_KINDS = {
    name: kind
    for kind, names in (
        (Kind.NUMBER, _NUMBERS),
        (Kind.TIME, _TIMES),
        (Kind.DAY, _DAYS),
        (Kind.MONEY, _MONEY),
        (Kind.FLAG, _FLAGS),
    )
    for name in names
}


def kind_of(name: str) -> Kind:
    """Return how a plain field is stored; unknown names are text."""
    return _KINDS.get(name, Kind.TEXT)


def _spec(word: str, stage_field: str | None, directory: str | None) -> RecordSpec:
    return RecordSpec(
        word,
        TYPE_IDS[word],
        {name: kind_of(name) for name in _NAMES[word]},
        stage_field,
        directory,
        word != "deal",
    )


SPECS = {
    "lead": _spec("lead", "STATUS_ID", "STATUS"),
    "contact": _spec("contact", None, None),
    "company": _spec("company", None, None),
    "deal": _spec("deal", "STAGE_ID", "DEAL_STAGE"),
}

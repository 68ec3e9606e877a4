import pytest

from b24app.dedupe.record import Record, RecordRef
from b24app.dedupe.shared import Severity, SharedKind, classify_shared
from tests.dedupe.builders import COMPANY, CONTACT, LEAD, a_record


def contact(number: int, responsible: int | None = 1, *links: str) -> Record:
    return a_record(CONTACT, number, responsible=responsible, links=links)


def company(number: int, responsible: int | None = 1, *links: str) -> Record:
    return a_record(COMPANY, number, responsible=responsible, links=links)


@pytest.mark.parametrize(
    ("holders", "kind", "severity", "same_responsible"),
    [
        ([contact(1, 1, "company:7"), company(7, 1)], SharedKind.OWN_COMPANY, Severity.INFO, True),
        ([contact(1, 1), company(7, 1, "contact:1")], SharedKind.OWN_COMPANY, Severity.INFO, True),
        (
            [contact(1, 1, "company:8", "company:7"), company(7, 1)],
            SharedKind.OWN_COMPANY,
            Severity.INFO,
            True,
        ),
        ([contact(1, 1, "company:7"), company(7, 2)], SharedKind.OWN_COMPANY, Severity.WARNING, False),
        ([contact(1, 1, "company:8"), company(7, 1)], SharedKind.FOREIGN_COMPANY, Severity.WARNING, True),
        ([contact(1, 1), company(7, 2)], SharedKind.FOREIGN_COMPANY, Severity.ALARM, False),
        ([contact(1, None), company(7, None)], SharedKind.FOREIGN_COMPANY, Severity.ALARM, False),
        (
            [contact(1, 1, "company:7"), contact(2, 1, "company:7"), company(7, 1)],
            SharedKind.SEVERAL,
            Severity.WARNING,
            True,
        ),
        (
            [contact(1, 1, "company:7"), contact(2, 2), company(7, 1)],
            SharedKind.SEVERAL,
            Severity.ALARM,
            False,
        ),
        (
            [contact(1, 1, "company:7"), company(7, 1), company(8, 1)],
            SharedKind.SEVERAL,
            Severity.WARNING,
            True,
        ),
    ],
)
def test_a_shared_value_is_classed(
    holders: list[Record], kind: SharedKind, severity: Severity, same_responsible: bool
) -> None:
    for order in (holders, holders[::-1]):
        shared = classify_shared(order)

        assert shared is not None
        assert (shared.kind, shared.severity, shared.same_responsible) == (kind, severity, same_responsible)


@pytest.mark.parametrize(
    "holders",
    [
        [],
        [contact(1)],
        [contact(1), contact(2, 2)],
        [company(7), company(8)],
        [a_record(LEAD, 1), company(7)],
        [a_record(LEAD, 1), a_record(LEAD, 2)],
    ],
)
def test_without_a_contact_and_a_company_nothing_is_shared(holders: list[Record]) -> None:
    assert classify_shared(holders) is None


def test_leads_and_repetitions_do_not_count() -> None:
    pair = [contact(1, 1, "company:7"), company(7, 1)]

    shared = classify_shared([*pair, *pair, a_record(LEAD, 1, responsible=5)])

    assert shared == classify_shared(pair)
    assert shared is not None
    assert shared.contacts == (RecordRef(CONTACT, 1),)
    assert shared.companies == (RecordRef(COMPANY, 7),)
    assert shared.severity.word == "info"

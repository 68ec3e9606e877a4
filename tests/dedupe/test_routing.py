import pytest

from b24app.dedupe.record import Stage
from b24app.dedupe.routing import Holder, Routing, next_call
from tests.dedupe.builders import COMPANY, CONTACT, LEAD, a_record


def contact(number: int, *, boss: int = 1, company: str = "", deal_at: float | None = None) -> Holder:
    return Holder(a_record(CONTACT, number, responsible=boss, links=tuple(company.split())), deal_at)


def company(number: int, *, boss: int = 1, deal_at: float | None = None) -> Holder:
    return Holder(a_record(COMPANY, number, responsible=boss), deal_at)


def lead(
    number: int, *, boss: int = 1, stage: Stage = Stage.IN_WORK, modified_at: float | None = None
) -> Holder:
    return Holder(a_record(LEAD, number, responsible=boss, stage=stage, modified_at=modified_at))


def told(routing: Routing | None) -> tuple[str, str, str, str]:
    """Return receiver, storage, the ignored with their codes, and who should receive it."""
    assert routing is not None
    return (
        str(routing.receiver),
        " ".join(map(str, routing.stored_in)),
        " ".join(f"{ignored.ref}={ignored.code}" for ignored in routing.ignored),
        str(routing.should_receive),
    )


@pytest.mark.parametrize(
    ("holders", "expected"),
    [
        ([contact(1)], ("contact:1", "contact:1", "", "contact:1")),
        ([company(7)], ("company:7", "company:7", "", "company:7")),
        ([lead(3)], ("lead:3", "lead:3", "", "lead:3")),
        # the record of the call lands in a company the contact has nothing to do with
        (
            [contact(1), company(7)],
            ("contact:1", "company:7", "contact:1=other_company", "contact:1"),
        ),
        (
            [contact(1, company="company:8 company:7"), company(7)],
            ("contact:1", "company:7", "contact:1=other_company", "contact:1"),
        ),
        (
            [contact(1, company="company:7"), company(7)],
            ("contact:1", "contact:1 company:7", "", "contact:1"),
        ),
        # the lead in work never gets the call
        ([contact(1), lead(3)], ("contact:1", "contact:1", "lead:3=lead_behind_client", "lead:3")),
        ([company(7), lead(3)], ("company:7", "company:7", "lead:3=lead_behind_client", "lead:3")),
        (
            [contact(1, deal_at=5.0), lead(3)],
            ("contact:1", "contact:1", "lead:3=lead_behind_client", "contact:1"),
        ),
        # several of one type: the latest deal, else the lowest id
        ([contact(2), contact(1)], ("contact:1", "contact:1", "contact:2=higher_id", "contact:1")),
        (
            [contact(1), contact(2, deal_at=1.0)],
            ("contact:2", "contact:2", "contact:1=older_deal", "contact:2"),
        ),
        (
            [contact(1, deal_at=1.0), contact(2, deal_at=2.0)],
            ("contact:2", "contact:2", "contact:1=older_deal", "contact:2"),
        ),
        (
            [contact(2, deal_at=1.0), contact(1, deal_at=1.0)],
            ("contact:1", "contact:1", "contact:2=older_deal", "contact:1"),
        ),
        # the deal is with the company, the call goes to a contact of another one
        (
            [contact(1), company(7, deal_at=9.0)],
            ("contact:1", "company:7", "contact:1=other_company", "company:7"),
        ),
        # the oldest contact is a stranger, the company's own contact is passed over
        (
            [contact(1), contact(2, company="company:7"), company(7)],
            ("contact:1", "company:7", "contact:1=other_company contact:2=higher_id", "contact:2"),
        ),
        # leads among themselves
        (
            [lead(3, modified_at=1.0), lead(4, modified_at=2.0), lead(5, stage=Stage.LOST, modified_at=3.0)],
            ("lead:4", "lead:4", "lead:3=lead_modified_earlier lead:5=lead_closed", "lead:4"),
        ),
        (
            [contact(1), lead(3, stage=Stage.WON)],
            ("contact:1", "contact:1", "lead:3=lead_closed", "contact:1"),
        ),
    ],
)
def test_the_next_call_goes_where_the_portal_sends_it(
    holders: list[Holder], expected: tuple[str, str, str, str]
) -> None:
    assert told(next_call(holders)) == expected
    assert told(next_call(holders[::-1])) == expected


@pytest.mark.parametrize("holders", [[], [lead(3, stage=Stage.WON)], [lead(3, stage=Stage.LOST)]])
def test_a_number_on_closed_leads_alone_reaches_nobody(holders: list[Holder]) -> None:
    assert next_call(holders) is None


@pytest.mark.parametrize(("boss", "differs"), [(1, False), (2, True)])
def test_it_hurts_only_when_another_responsible_should_have_got_it(boss: int, differs: bool) -> None:
    routing = next_call([contact(1, boss=1), lead(3, boss=boss)])

    assert routing is not None
    assert routing.differs is differs


def test_a_call_may_be_missing_in_the_history_of_the_one_who_got_it() -> None:
    foreign = next_call([contact(1), company(7)])
    own = next_call([contact(1, company="company:7"), company(7)])

    assert foreign is not None
    assert own is not None
    assert not foreign.is_stored_with_receiver
    assert own.is_stored_with_receiver

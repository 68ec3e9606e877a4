"""Sample values of the page of repeat enquiries: every state of what was done, and a refused form."""

from dataclasses import replace

from b24app.dedupe.enquiry_rules import EnquiryRules
from b24app.dedupe.record import RecordRef
from b24app.services.links import card_path
from b24app.services.mistake import Mistake
from b24app.services.pages.enquiries import (
    EnquiriesPage,
    ShownEffect,
    ShownEnquiry,
    ShownEnquiryRules,
    ShownRecord,
)
from tests.web.sample_overviews import DAY_S, NOW, SCRIPT

STAGES = (("NEW", "Не обработан"), ("IN_PROCESS", "В работе"), ("UC_1", SCRIPT))
STATES = ("planned", "doing", "done", "refused", "unsure", "undoing", "undone")
REASONS = (
    "scope_missing", "plan_refused", "access_denied", "method_unknown", "gone", "not_accepted", "already_so",
    "changed_meanwhile", "something_new",
)  # fmt: skip


def a_record(word: str, number: int, title: str) -> ShownRecord:
    return ShownRecord(word, number, title, card_path(RecordRef.parse(f"{word}:{number}")))


def an_effect(number: int, kind: str, state: str = "done", reason: str | None = None) -> ShownEffect:
    return ShownEffect(number, kind, state, reason, may_undo=state in ("done", "planned"))


def an_enquiry(number: int, *effects: ShownEffect, **differences: object) -> ShownEnquiry:
    """Return a repeat of a contact's enquiry by phone."""
    usual: dict[str, object] = {
        "lead": a_record("lead", number, f"Заявка с сайта {number}"),
        "original": a_record("contact", 55, "Вера Иванова"),
        "rule": "phone",
        "number": 2,
        "judged_at": NOW - DAY_S,
        "is_undone": False,
        "effects": effects,
    }
    return ShownEnquiry(**{**usual, **differences})  # type: ignore[arg-type]


LONG = "Заявка с очень длинным названием без пробелов " + "х" * 80
ENQUIRIES_LISTED = (
    an_enquiry(
        101,
        an_effect(1, "comment"),
        an_effect(2, "task", "refused", "scope_missing"),
        an_effect(3, "link"),
        an_effect(4, "assign", "planned"),
        an_effect(5, "move", "refused", "changed_meanwhile"),
    ),
    an_enquiry(102, lead=a_record("lead", 102, SCRIPT), original=a_record("company", 7, LONG), rule="email"),
    an_enquiry(103, *(an_effect(10 + n, "comment", state) for n, state in enumerate(STATES)), rule="both"),
    an_enquiry(
        104,
        *(an_effect(30 + n, "task", "refused", reason) for n, reason in enumerate(REASONS)),
        lead=a_record("lead", 104, ""),
        original=a_record("lead", 12, ""),
        is_undone=True,
    ),
)


FULL = EnquiriesPage(
    page_token="token",
    rules=ShownEnquiryRules.of(EnquiryRules(is_on=True, move=True, move_to="IN_PROCESS")),
    stages=STAGES,
    enquiries=ENQUIRIES_LISTED,
    total=1_204,
    page=2,
    pages=61,
)


def refused(field: str, code: str) -> EnquiriesPage:
    return replace(FULL, mistake=Mistake(field, code), enquiries=(), total=0, page=1, pages=1)


ENQUIRIES: dict[str, EnquiriesPage] = {
    "full": FULL,
    "empty": replace(
        FULL, rules=ShownEnquiryRules.of(EnquiryRules()), enquiries=(), total=0, page=1, pages=1, saved=True
    ),
    "no_stage": refused("move_to", "empty"),
    "no_originals": refused("originals", "empty"),
    "too_long": refused("look_back_days", "out_of_range"),
}

"""Sample values of the list of phones brought to one form: fresh, undone, too old, and a value somebody played with."""

from b24app.dedupe.record import RecordRef
from b24app.services.links import card_path
from b24app.services.pages.phone_fix_list import ShownPhoneFix, ShownPhoneFixes
from tests.web.sample_overviews import DAY_S, NOW, SCRIPT


def a_fix(
    number: int, word: str, *phones: tuple[str, str], days_ago: int = 1, is_undone: bool = False
) -> ShownPhoneFix:
    return ShownPhoneFix(
        fix_id=number,
        type=word,
        id=100 + number,
        path=card_path(RecordRef.parse(f"{word}:{100 + number}")),
        made_at=NOW - days_ago * DAY_S,
        phones=phones,
        is_undone=is_undone,
        may_undo=not is_undone and days_ago < 30,
    )


PHONE_FIXES = ShownPhoneFixes(
    (
        a_fix(
            1,
            "lead",
            ("8 (900) 555-01-02", "+79005550102"),
            ("8 495 000-55-66 доб. 104", "+74950005566;104"),
        ),
        a_fix(2, "contact", ("тел. 8 900 555 01 03", "+79005550103"), is_undone=True),
        a_fix(3, "company", (SCRIPT, "+79005550104"), days_ago=40),
        a_fix(4, "company", ("8" + " " * 3 + "-" * 120 + "900 555 01 05", "+79005550105")),
    ),
    restored=1,
)

"""Sample values of the page of automation."""

from b24app.dedupe.outcome import MatchKind
from b24app.services.notices.options import TRIGGERS, Happening
from b24app.services.pages.notice_settings import MEANS, NoticeChoice, ShownNotices
from b24app.services.pages.phone_fix_list import ShownPhoneFixes
from b24app.services.pages.publishing_settings import ShownPublishing
from b24app.services.pages.show_automation import Automation
from tests.web.sample_phone_fixes import PHONE_FIXES

ROWS = tuple(
    (
        kind.value,
        tuple(
            NoticeChoice(means, kind.value, means == "trigger")
            if means != "trigger" or kind in TRIGGERS
            else None
            for means in MEANS
        ),
    )
    for kind in Happening
)
ORDER = tuple(kind.value for kind in MatchKind)
WRITING = ShownPublishing(True, ORDER)
AUTOMATION: dict[str, Automation] = {
    "usual": Automation("token-of-the-page", WRITING, ShownNotices(MEANS, ROWS)),
    "phones": Automation("token-of-the-page", WRITING, ShownNotices(MEANS, ROWS), PHONE_FIXES),
    "nothing_restored": Automation(
        "token-of-the-page", WRITING, ShownNotices(MEANS, ROWS), ShownPhoneFixes((), restored=0)
    ),
    "saved": Automation("token-of-the-page", WRITING, ShownNotices(MEANS, ROWS, saved=True)),
    "order_saved": Automation(
        "token-of-the-page",
        ShownPublishing(False, ORDER[::-1], waiting=1_234, saved=True),
        ShownNotices(MEANS, ROWS),
    ),
    "order_mistaken": Automation(
        "token-of-the-page",
        ShownPublishing(True, (*ORDER[:5], ORDER[0]), waiting=1, is_mistaken=True),
        ShownNotices(MEANS, ROWS),
    ),
}

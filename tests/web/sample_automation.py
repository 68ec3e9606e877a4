"""Sample values of the page of automation."""

from b24app.services.notice_settings import MEANS, NoticeChoice, ShownNotices
from b24app.services.notices import TRIGGERS, Happening
from b24app.services.phone_fix_list import ShownPhoneFixes
from b24app.services.show_automation import Automation
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
AUTOMATION: dict[str, Automation] = {
    "usual": Automation("token-of-the-page", ShownNotices(MEANS, ROWS)),
    "phones": Automation("token-of-the-page", ShownNotices(MEANS, ROWS), PHONE_FIXES),
    "nothing_restored": Automation(
        "token-of-the-page", ShownNotices(MEANS, ROWS), ShownPhoneFixes((), restored=0)
    ),
    "saved": Automation("token-of-the-page", ShownNotices(MEANS, ROWS, saved=True)),
}

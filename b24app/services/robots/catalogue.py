"""The robots by their codes, as ``install/portal.toml`` registers them."""

from collections.abc import Mapping

from b24app.services.robots.check_shared import CHECK_SHARED
from b24app.services.robots.find_duplicates import FIND_DUPLICATES
from b24app.services.robots.repeat_enquiry import REPEAT_ENQUIRY
from b24app.services.robots.robot import Robot
from b24app.services.robots.unify_phones import UNIFY_PHONES

ROBOTS: Mapping[str, Robot] = {
    "find_duplicates": FIND_DUPLICATES,
    "check_shared": CHECK_SHARED,
    "repeat_enquiry": REPEAT_ENQUIRY,
    "unify_phones": UNIFY_PHONES,
}

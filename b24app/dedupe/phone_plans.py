"""What phonenumbers' metadata says of lengths and prefixes: enough to be sure of a number without reading it.

A number written with its country's code is taken as it stands when its length is possible there and no prefix
could be stripped from it. Whatever is not sure is left to `phones`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

TRUNK_8_REGIONS = frozenset({"RU", "KZ", "BY"})
POST_SOVIET_CODES = frozenset({7, 373, 374, 375, 380, 992, 993, 994, 995, 996, 998})
LONGEST_CODE = 3
_OF_THE_WORLD = "001"  # codes of satellites and free calls, which belong to no country


@dataclass(frozen=True, slots=True)
class _Plan:
    code: int
    lengths: frozenset[int]
    prefix: re.Pattern[str] | None


def is_surely_international(digits: str, codes: frozenset[int] | None = None) -> bool:
    """Tell whether "+" and these digits are a number's E.164 form beyond doubt, of one of the codes."""
    plan = next(filter(None, (_plan(digits[:width]) for width in range(1, LONGEST_CODE + 1))), None)
    if plan is None or (codes is not None and plan.code not in codes):
        return False
    national = digits[len(str(plan.code)) :]
    if len(national) not in plan.lengths or national.startswith("0") or len(set(national)) == 1:
        return False
    return plan.prefix is None or plan.prefix.match(national) is None


@cache
def _plan(code: str) -> _Plan | None:
    """Return the plan of a country's code, at most a thousand of them; None: no country has it."""
    if not code.isdigit() or code.startswith("0"):
        return None
    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code), (_OF_THE_WORLD,))
    metadata = None if regions[0] == _OF_THE_WORLD else PhoneMetadata.metadata_for_region(regions[0], None)
    if metadata is None or metadata.general_desc is None:
        return None
    general, prefix = metadata.general_desc, metadata.national_prefix_for_parsing
    lengths = frozenset(general.possible_length or ()) - frozenset(general.possible_length_local_only or ())
    return _Plan(int(code), lengths, re.compile(prefix) if prefix else None)

"""Phone numbers: what was typed → the numbers it names, in one spelling each.

The portal's region decides how a number without country code is read; phonenumbers is the truth about
numbering plans.

What gives which key:

- a number of a length its country knows gives its E.164 form, valid or merely possible (a mistyped code is
  still equal to itself);
- a local, impossible or placeholder number (one digit throughout) of three digits or more gives its bare
  digits, a weak key;
- fewer digits give nothing. Beside a full number, stray digits under five ("с 9-00 до 18-00") give nothing
  either.

Readings that were chosen:

- "+8 495 …" with region RU, KZ or BY: the trunk 8 with a plus by mistake, if the 8 stands apart or no other
  country fits; "+84951234567" is Vietnam. "+9161234567", ten digits that are valid at home and nowhere
  else, lost its 7.
- "8123456789" is ten digits, so St Petersburg: +7 812 345-67-89.
- 00 is an exit prefix everywhere; 810 and 011 where the country says so or nothing else fits.
- Eleven digits or more that fit no national plan are a country code without its plus, if that is valid;
  between post-Soviet countries a possible number is enough ("375 29 …" in a Russian portal).
- "… 1234567/8" names two neighbours (…67 and …68); "/12" after …67 is no neighbour, so an extension.
- After "," and ";" up to five digits are an extension, more are another number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult

from b24app.dedupe.phone_fast import fast_e164
from b24app.dedupe.phone_plans import POST_SOVIET_CODES, TRUNK_8_REGIONS
from b24app.dedupe.phone_text import Mark, Run, is_vanity_spelling, only_digits, split_runs, to_plain_text

LEAST_WEAK_DIGITS = 3
LEAST_STRAY_DIGITS = 5
LONGEST_EXTENSION = 7
LONGEST_COMMA_EXTENSION = 5
NEIGHBOUR_DISTANCE = 10
FEWEST_INTERNATIONAL_DIGITS = 11
MOST_GLUED_DIGITS = 30  # E.164 has fifteen at most
LONGEST_VALUE = 250  # a multifield is VARCHAR(250); what is longer is no phone and not worth the time
CACHED_VALUES = 8_192

_Number = phonenumbers.PhoneNumber
_Reader: TypeAlias = Callable[[Run, str], str | None]


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """One number: either `e164` ("+79161234567") or, when it is no full number, `weak` (its bare digits)."""

    e164: str | None
    weak: str | None
    extension: str | None = None

    @property
    def display(self) -> str:
        """Return the number for reading: "+7 916 123-45-67", or the bare digits."""
        return self.weak or "" if self.e164 is None else format_for_reading(self.e164)

    @property
    def normalised(self) -> str:
        """Return the one spelling all equal numbers share."""
        return self.e164 or self.weak or ""


@lru_cache(maxsize=CACHED_VALUES)
def phones_in(raw: str, region: str) -> tuple[PhoneNumber, ...]:
    """Return the numbers a value names, in order, each once; empty when it names none."""
    text = to_plain_text(raw[:LONGEST_VALUE])
    e164 = fast_e164(text, region)
    if e164 is not None:
        return (PhoneNumber(e164, None),)
    return _numbers(text, region, _read_quickly)


@lru_cache(maxsize=CACHED_VALUES)
def format_for_reading(e164: str) -> str:
    """Return an E.164 number in its country's international format."""
    return phonenumbers.format_number(phonenumbers.parse(e164), PhoneNumberFormat.INTERNATIONAL)


def read_slowly(text: str, region: str) -> tuple[PhoneNumber, ...]:
    """Return the numbers of a plain text by phonenumbers alone; tests hold the short cuts equal to this."""
    return _numbers(text, region, _read)


def _numbers(text: str, region: str, read: _Reader) -> tuple[PhoneNumber, ...]:
    if is_vanity_spelling(text):
        spelled = phonenumbers.convert_alpha_characters_in_number(text)
        vanity = _read_valid(Run(spelled.strip(), Mark.NOTHING), region)
        if vanity is not None:
            return (PhoneNumber(vanity, None),)
    found: list[PhoneNumber] = []
    for run in _join_split_number(split_runs(text), region):
        if not _is_said_of_previous(run, found):
            found.extend(_numbers_of_run(run, region, read))
    return _without_strays(found)


def _numbers_of_run(run: Run, region: str, read: _Reader) -> list[PhoneNumber]:
    """Return the number of a run; of two numbers glued by a space both."""
    e164 = read(run, region)
    if e164 is not None:
        return [PhoneNumber(e164, None)]
    bracketed = _split_bracketed_extension(run, region)
    if bracketed is not None:
        return [bracketed]
    glued = _split_glued(run, region)
    if glued:
        return glued
    return [PhoneNumber(None, run.digits)]


def _is_said_of_previous(run: Run, found: list[PhoneNumber]) -> bool:
    """Take a run as the extension or the other ending of the number before it, if it is one."""
    if not found:
        return False
    previous, digits = found[-1], run.digits
    if len(previous.normalised) < LEAST_STRAY_DIGITS:
        return False
    if run.mark is Mark.SLASH and len(digits) <= 2:
        neighbour = _neighbour(previous, digits)
        found.extend([] if neighbour is None else [neighbour])
        if neighbour is not None:
            return True
    longest = _LONGEST_EXTENSION_AFTER.get(run.mark, 0)
    if run.has_plus or len(digits) > longest:
        return False
    extension = digits if previous.extension is None else f"{previous.extension}#{digits}"
    found[-1] = PhoneNumber(previous.e164, previous.weak, extension)
    return True


_LONGEST_EXTENSION_AFTER = {
    Mark.EXTENSION: LONGEST_EXTENSION,
    Mark.SYMBOL: LONGEST_EXTENSION,
    Mark.COMMA: LONGEST_COMMA_EXTENSION,
    Mark.SLASH: LONGEST_COMMA_EXTENSION,
}


def _neighbour(number: PhoneNumber, ending: str) -> PhoneNumber | None:
    """Return the number with its last digits replaced, if that is a near neighbour as in "…67/68"."""
    old = int(number.normalised[-len(ending) :])
    if not 0 < int(ending) - old <= NEIGHBOUR_DISTANCE:
        return None
    if number.e164 is not None:
        return PhoneNumber(number.e164[: -len(ending)] + ending, None)
    return PhoneNumber(None, number.normalised[: -len(ending)] + ending)


def _without_strays(found: list[PhoneNumber]) -> tuple[PhoneNumber, ...]:
    has_full_number = any(number.e164 is not None for number in found)
    least = LEAST_STRAY_DIGITS if has_full_number else LEAST_WEAK_DIGITS
    kept = [number for number in found if number.weak is None or len(number.weak) >= least]
    return tuple(dict.fromkeys(kept))


def _join_split_number(runs: Sequence[Run], region: str) -> Sequence[Run]:
    """Return one run for "8/916/123-45-67" and "030 / 12345678": the parts are no numbers, all together are."""
    marks = {run.mark for run in runs[1:]}
    if marks not in ({Mark.SLASH}, {Mark.COMMA}):
        return runs
    suspects = runs[:1] if marks == {Mark.SLASH} else runs
    if any(_read_valid(run, region) is not None for run in suspects):
        return runs
    joined = Run("-".join(run.text for run in runs), runs[0].mark)
    return runs if _read_valid(joined, region) is None else [joined]


def _split_glued(run: Run, region: str) -> list[PhoneNumber]:
    """Return both numbers of "89161234567 89261234567", or nothing."""
    if len(run.digits) > MOST_GLUED_DIGITS:
        return []
    for position, sign in enumerate(run.text):
        if sign != " ":
            continue
        left = _read_valid(Run(run.text[:position], run.mark), region)
        right = _read_valid(Run(run.text[position:].strip(), Mark.BREAK), region)
        if left is not None and right is not None:
            return [PhoneNumber(left, None), PhoneNumber(right, None)]
    return []


def _split_bracketed_extension(run: Run, region: str) -> PhoneNumber | None:
    """Return the number of "8 495 123-45-67 (12)" with its extension, or None."""
    if not run.text.endswith(")") or "(" not in run.text:
        return None
    number, _, extension = run.text.rpartition("(")
    digits = only_digits(extension)
    e164 = _read(Run(number, run.mark), region)
    if e164 is None or not 0 < len(digits) <= LONGEST_COMMA_EXTENSION:
        return None
    return PhoneNumber(e164, None, digits)


def _read_quickly(run: Run, region: str) -> str | None:
    return fast_e164(run.text, region) or _read(run, region)


def _read(run: Run, region: str) -> str | None:
    """Return the E.164 form of a run, or None when it is no full number."""
    number = _read_number(run, region)
    return None if number is None else _to_e164(number)


def _read_valid(run: Run, region: str) -> str | None:
    """Return the E.164 form of a run that is a valid number, not merely one of a possible length."""
    number = _read_number(run, region)
    return _to_e164(number) if _is_valid(number) and number is not None else None


def _read_number(run: Run, region: str) -> _Number | None:
    digits = run.digits
    if run.has_plus and not digits.startswith("0"):
        number = _read_with_plus(run, digits, region)
    else:
        number = _read_without_plus(digits, region)
    return None if number is None or _is_placeholder(number) else number


def _read_with_plus(run: Run, digits: str, region: str) -> _Number | None:
    abroad = _parsed(f"+{digits}", None)
    is_trunk = len(digits) == 11 and digits.startswith("8")
    may_be_home = region in TRUNK_8_REGIONS and (is_trunk or len(digits) == 10)
    if abroad is not None and not may_be_home:
        return abroad
    at_home = _parsed(digits, region)
    if not _is_valid(at_home):
        return abroad
    stands_apart = is_trunk and run.has_gap_after_first_digit
    return at_home if stands_apart or not _is_valid(abroad) else abroad


def _read_without_plus(digits: str, region: str) -> _Number | None:
    if digits.startswith("00"):
        return _parsed(f"+{digits.lstrip('0')}", None)
    at_home = _parsed(digits, region)
    if len(digits) < FEWEST_INTERNATIONAL_DIGITS or _is_valid(at_home):
        return at_home
    if at_home is not None and len(digits) == 11 and digits.startswith(_home_prefixes(region)):
        return at_home
    for exit_prefix in ("810", "011", ""):
        if not digits.startswith(exit_prefix):
            continue
        abroad = _parsed(f"+{digits.removeprefix(exit_prefix)}", None)
        if abroad is not None and (_is_valid(abroad) or _are_neighbours(region, abroad)):
            return abroad
    return at_home


def _home_prefixes(region: str) -> tuple[str, ...]:
    """Return what a number of the region starts with when it is written with a prefix but without a plus."""
    code = str(phonenumbers.country_code_for_region(region))
    return (code, "8") if region in TRUNK_8_REGIONS else (code,)


def _are_neighbours(region: str, number: _Number) -> bool:
    """Tell whether people of the region leave the plus out of that country's numbers."""
    codes = {phonenumbers.country_code_for_region(region), number.country_code}
    return codes <= POST_SOVIET_CODES


def _parsed(text: str, region: str | None) -> _Number | None:
    """Return what phonenumbers reads, if its length is possible (a local-only length is not)."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    is_possible = phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    return number if is_possible else None


def _to_e164(number: _Number) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _is_valid(number: _Number | None) -> bool:
    return number is not None and phonenumbers.is_valid_number(number)


def _is_placeholder(number: _Number) -> bool:
    """Tell +7 999 999-99-99 and the like: one digit from start to end, typed to fill a field."""
    return len(set(phonenumbers.national_significant_number(number))) == 1

"""One written form for every phone: what may be written back into a portal in place of what was typed.

The international form without spaces, an extension after a semicolon: "+74951234567;104". Bitrix24 leaves out of its
own index what follows a semicolon (notes on portal behaviour, section 1), while it glues "доб. 104" to the number; and
we read the same number with the same extension back, which is checked for every value.
"""

from __future__ import annotations

import re

import phonenumbers

from b24app.dedupe.phone_text import EXTENSION_LETTERS, EXTENSION_WORDS, only_digits, to_plain_text
from b24app.dedupe.phones import LONGEST_VALUE, phones_in

_LABEL_LIST = (
    "т тел телефон м моб мобильный сот сотовый раб рабочий дом домашний tel phone mob mobile cell work home"
)
_SAID_ANYWAY = frozenset(_LABEL_LIST.split()) | EXTENSION_WORDS | EXTENSION_LETTERS
_WORD = re.compile(r"[^\W\d_]+")


def written_form(raw: str, region: str) -> str | None:
    """Return the one form of a value that is one valid number and nothing else; None for any other value.

    A name, a second number or a note beside the number would be lost, so such a value has no form.
    """
    if len(raw) > LONGEST_VALUE or _has_other_words(raw):
        return None
    numbers = phones_in(raw, region)
    if len(numbers) != 1 or numbers[0].e164 is None:
        return None
    e164, extension = numbers[0].e164, numbers[0].extension
    if extension is not None and not extension.isdigit():  # "104#3": the portal would glue it to the number
        return None
    number = phonenumbers.parse(e164)
    if not phonenumbers.is_valid_number(number):
        return None
    said = phonenumbers.national_significant_number(number) + only_digits(extension or "")
    if not only_digits(to_plain_text(raw)).endswith(said):  # hours, another number's ending
        return None
    form = e164 if extension is None else f"{e164};{extension}"
    return form if phones_in(form, region) == numbers else None


def masked(phone: str) -> str:
    """Return a phone whose owner is recognised by who knows it: "8 (9••) •••-••-02"."""
    places = [place for place, sign in enumerate(phone) if sign.isdigit()]
    hidden = set(places[2:-2])
    return "".join("•" if place in hidden else sign for place, sign in enumerate(phone))


def _has_other_words(raw: str) -> bool:
    return any(word.lower() not in _SAID_ANYWAY for word in _WORD.findall(to_plain_text(raw)))

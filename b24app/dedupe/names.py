"""How alike two records are named: evidence for a match by phone or e-mail, never a match by itself.

Names are compared in a canonical form: folded, ё as е, one Latin skeleton for every script, legal forms and
quotes off, short first names in full, initials against the names they stand for. Token by token with
`rapidfuzz.fuzz.ratio`; a person is only as alike as the least alike part, so that Ivan Petrov and Ivan
Sidorov are two.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache

from rapidfuzz.fuzz import ratio

from b24app.dedupe.name_tables import (
    FULL_NAMES,
    LATIN_SPELLINGS,
    LEGAL_FORMS,
    LEGAL_PHRASES,
    LETTERS,
    NO_NAMES,
    SOLE_TRADER_FORMS,
)
from b24app.dedupe.record import PersonName, Record

SAME_FROM = 82  # a typing mistake in a name of six letters; Petrov and Petrovich stay below
DIFFERENT_BELOW = 60
INITIAL_SCORE = 90.0  # an initial that fits: the same, and yet less than the whole name
LONGEST_NAME = 255  # signs of a title field
CACHED_NAMES = 8_192

_WORD = re.compile(r"[^\W_]+")
_APOSTROPHES = re.compile(r"(?<=\w)['’`ʼ](?=\w)")
_QUOTES = re.compile(r"[«»\"“”„'’`]")
_DOTTED_FORM = re.compile(r"\b(?:[^\W\d_]\.\s?){2,}", re.UNICODE)
_DOUBLED = re.compile(r"(.)\1+")
_LETTERS_TABLE = str.maketrans(LETTERS)

Tokens = tuple[str, ...]


class NameEffect(StrEnum):
    """What the names say about a match."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


def name_similarity(a: Record, b: Record) -> int | None:
    """Return 0-100, or None when the two have no names that can be compared.

    Persons are held against persons and companies against companies; a sole trader's company also against a
    person. Of several comparisons the best counts: two colleagues are one customer by their company.
    """
    person_a, person_b = canonical_person(a.person), canonical_person(b.person)
    company_a, company_b = canonical_company(a.company_title), canonical_company(b.company_title)
    scores = [
        _person_score(person_a, person_b),
        _company_score(company_a, company_b),
        _person_score(person_a, company_b) if is_sole_trader(b.company_title) else None,
        _person_score(company_a, person_b) if is_sole_trader(a.company_title) else None,
    ]
    known = [score for score in scores if score is not None]
    return round(max(known)) if known else None


def effect_of(similarity: int | None) -> NameEffect:
    """Return what a similarity means; between clearly different and the same lies unknown."""
    if similarity is None or DIFFERENT_BELOW <= similarity < SAME_FROM:
        return NameEffect.UNKNOWN
    return NameEffect.SAME if similarity >= SAME_FROM else NameEffect.DIFFERENT


@lru_cache(maxsize=CACHED_NAMES)
def canonical_person(name: PersonName) -> Tokens:
    """Return a person's names, sorted; empty when the fields hold no name ("Без имени", a phone number)."""
    whole = f"{name.last} {name.first} {name.second}"[:LONGEST_NAME]
    words = _WORD.findall(_folded(whole))
    skeletons = (to_skeleton(word) for word in words if word not in NO_NAMES and not _has_digit(word))
    return tuple(sorted(_FULL_SKELETONS.get(skeleton, skeleton) for skeleton in skeletons if skeleton))


@lru_cache(maxsize=CACHED_NAMES)
def canonical_company(title: str) -> Tokens:
    """Return a company's words, sorted, without its legal form; empty when nothing is left."""
    folded = _DOTTED_FORM.sub(_undotted, _QUOTES.sub(" ", _folded(title[:LONGEST_NAME])))
    for phrase in LEGAL_PHRASES:
        folded = folded.replace(phrase, " ")
    skeletons = (to_skeleton(word) for word in _WORD.findall(folded) if word not in LEGAL_FORMS)
    return tuple(sorted(skeleton for skeleton in skeletons if skeleton))


def is_sole_trader(title: str) -> bool:
    """Tell whether a company is one person: ИП Иванов."""
    folded = _DOTTED_FORM.sub(_undotted, _folded(title))
    has_form = not SOLE_TRADER_FORMS.isdisjoint(_WORD.findall(folded))
    return has_form or "индивидуальный предприниматель" in folded


def to_skeleton(word: str) -> str:
    """Return a folded word of any script in one Latin spelling: Юлия and Julia give the same."""
    latin = unicodedata.normalize("NFKD", word.translate(_LETTERS_TABLE))
    skeleton = "".join(sign for sign in latin if not unicodedata.combining(sign))
    for spelling, replacement in LATIN_SPELLINGS:
        skeleton = skeleton.replace(spelling, replacement)
    return _DOUBLED.sub(r"\1", skeleton)


_FULL_SKELETONS = {to_skeleton(short): to_skeleton(full) for short, full in FULL_NAMES.items()}


def _folded(text: str) -> str:
    composed = unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")
    return _APOSTROPHES.sub("", composed)


def _undotted(found: re.Match[str]) -> str:
    """Return "о.о.о. " as "ооо "."""
    return "".join(filter(str.isalpha, found.group())) + " "


def _has_digit(word: str) -> bool:
    return any(map(str.isdigit, word))


def _company_score(a: Tokens, b: Tokens) -> float | None:
    return ratio(" ".join(a), " ".join(b)) if a and b else None


def _person_score(a: Tokens, b: Tokens) -> float | None:
    """Return the likeness of the least alike part; parts that one side does not have are left out."""
    if not a or not b:
        return None
    fewer, more = sorted((a, b), key=lambda tokens: (len(tokens), tokens))
    pairs = sorted(
        ((_part_score(x, y), i, j) for i, x in enumerate(fewer) for j, y in enumerate(more)),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    taken_fewer: set[int] = set()
    taken_more: set[int] = set()
    least = 100.0
    for score, i, j in pairs:
        if i not in taken_fewer and j not in taken_more:
            taken_fewer.add(i)
            taken_more.add(j)
            least = min(least, score)
    return least


def _part_score(x: str, y: str) -> float:
    if x != y and 1 in (len(x), len(y)):
        return INITIAL_SCORE if x[0] == y[0] else 0.0
    return ratio(x, y)

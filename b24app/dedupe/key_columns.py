"""Match keys of many values at once, as columns: the road of whole portals.

The same answers as `keys.match_keys`, which a property test holds it to; only faster. Phones are sorted by
their shape (every digit a 9): one look at a shape, and one at its columns of digits, decide about all numbers
written that way. Whatever is not an everyday spelling goes the long way, one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from b24app.dedupe.email_providers import PROVIDERS
from b24app.dedupe.emails import is_plain_email
from b24app.dedupe.key_table import Bytes, Hashes, Rows
from b24app.dedupe.keys import KeyKind, MatchKey, hash_all, normal_forms
from b24app.dedupe.phone_fast import HOME_SHAPES, PLUS_SHAPES, Numbering
from b24app.dedupe.record import Multifield, Record, ValueKind
from b24app.dedupe.rules import RuleSet
from b24app.dedupe.stoplist import stop_list_of

_TO_SHAPE = str.maketrans("012345678", "9" * 9)
_ZERO = ord("0")
_KINDS = {int(kind): kind for kind in KeyKind}
_SEPARATORS = ("\n", "\x1e", "\x00")
_FEWEST_ALIKE = 16  # rows of one shape that pay for columns


@dataclass(frozen=True, slots=True)
class ValueKeys:
    """Keys of a list of values: `values` is the position of the value that each key was read from."""

    values: Rows
    kinds: Bytes
    hashes: Hashes


def keys_of_values(kind: ValueKind, raws: Sequence[str], rules: RuleSet, portal_key: bytes) -> ValueKeys:
    """Return the keys of phones or of e-mails, in no order; a value may give none, or several."""
    found = _Found(portal_key)
    if rules.stop_list:
        found.add_slowly(kind, raws, range(len(raws)), rules)
    elif kind is ValueKind.PHONE:
        _read_phones(raws, rules, found)
    else:
        _read_emails(raws, rules, found)
    return found.keys()


def match_keys_of_all(
    records: Sequence[Record], rules: RuleSet, portal_key: bytes
) -> list[frozenset[MatchKey]]:
    """Return the keys of each record: what `keys.match_keys` returns, for many."""
    typed: dict[ValueKind, tuple[list[int], list[str]]] = {kind: ([], []) for kind in ValueKind}
    for number, record in enumerate(records):
        for multifield in record.multifields:
            owners, raws = typed[multifield.kind]
            owners.append(number)
            raws.append(multifield.value)
    keys: list[set[MatchKey]] = [set() for _ in records]
    for kind, (owners, raws) in typed.items():
        found = keys_of_values(kind, raws, rules, portal_key)
        columns = (found.values.tolist(), found.kinds.tolist(), found.hashes.tolist())
        for value, key_kind, key_hash in zip(*columns, strict=True):
            keys[owners[value]].add(MatchKey(_KINDS[key_kind], key_hash))
    return [frozenset(each) for each in keys]


class _Found:
    """Normal forms and the values they come from, until they are hashed."""

    def __init__(self, portal_key: bytes) -> None:
        self._portal_key = portal_key
        self._parts: list[ValueKeys] = []

    def add(self, kind: KeyKind, values: Rows, normalised: Sequence[bytes]) -> None:
        kinds = np.full(len(values), kind, np.int8)
        self._parts.append(ValueKeys(values, kinds, hash_all(kind, normalised, self._portal_key)))

    def add_slowly(self, kind: ValueKind, raws: Sequence[str], values: Sequence[int], rules: RuleSet) -> None:
        stop_list = stop_list_of(rules.stop_list, rules.region)
        read: dict[KeyKind, tuple[list[int], list[bytes]]] = {each: ([], []) for each in KeyKind}
        for value in values:
            forms = normal_forms(Multifield(kind, raws[value]), rules, stop_list)
            for key_kind, normalised in dict.fromkeys(forms):
                read[key_kind][0].append(value)
                read[key_kind][1].append(normalised.encode())
        for key_kind, (places, normal) in read.items():
            self.add(key_kind, np.array(places, np.int32), normal)

    def keys(self) -> ValueKeys:
        """Return everything that was added."""
        return ValueKeys(
            np.concatenate([np.zeros(0, np.int32), *(part.values for part in self._parts)]),
            np.concatenate([np.zeros(0, np.int8), *(part.kinds for part in self._parts)]),
            np.concatenate([np.zeros(0, np.int64), *(part.hashes for part in self._parts)]),
        )


def _read_phones(raws: Sequence[str], rules: RuleSet, found: _Found) -> None:
    by_shape: dict[str, list[int]] = {}
    for value, shape in enumerate(_shapes(raws)):
        by_shape.setdefault(shape, []).append(value)
    slow: list[int] = []
    for shape, values in by_shape.items():
        numbering = _numbering(shape, rules.region) if len(values) >= _FEWEST_ALIKE else None
        if numbering is None:
            slow += values
            continue
        places = np.array(values, np.int32)
        digits = _digits(shape, [raws[value] for value in values])
        is_sure = numbering.is_sure(digits)
        slow += places[~is_sure].tolist()
        found.add(KeyKind.PHONE, places[is_sure], _e164(numbering, digits[is_sure]))
    found.add_slowly(ValueKind.PHONE, raws, slow, rules)


def _shapes(raws: Sequence[str]) -> Iterator[str]:
    """Yield every value with each digit as 9; at C's pace, as one text, with a separator that no value has."""
    for separator in _SEPARATORS:
        joined = separator.join(raws)
        if joined.count(separator) == len(raws) - 1:
            return iter(joined.translate(_TO_SHAPE).split(separator))
    return (raw.translate(_TO_SHAPE) for raw in raws)


def _numbering(shape: str, region: str) -> Numbering | None:
    """Return how numbers of this shape are to be read; None: one by one."""
    known = PLUS_SHAPES if shape.startswith("+") else HOME_SHAPES.get(region, ())
    return next((each for each in known if each.pattern.fullmatch(shape)), None)


def _digits(shape: str, alike: Sequence[str]) -> NDArray[np.uint8]:
    """Return the digits of values of one shape: a row each, 0 to 9."""
    signs = np.frombuffer("".join(alike).encode("ascii"), np.uint8).reshape(len(alike), len(shape))
    return signs[:, [place for place, sign in enumerate(shape) if sign == "9"]] - np.uint8(_ZERO)


def _e164(numbering: Numbering, digits: NDArray[np.uint8]) -> list[bytes]:
    national = digits[:, -numbering.national_digits :] + np.uint8(_ZERO)
    code = numbering.code.encode()
    rows = np.empty((len(national), len(code) + national.shape[1]), np.uint8)
    rows[:, : len(code)] = np.frombuffer(code, np.uint8)
    rows[:, len(code) :] = national
    width, text = rows.shape[1], rows.tobytes()
    return [text[start : start + width] for start in range(0, len(text), width)]


def _read_emails(raws: Sequence[str], rules: RuleSet, found: _Found) -> None:
    plain: list[int] = []
    normalised: list[bytes] = []
    slow: list[int] = []
    for value, raw in enumerate(raws):
        folded = raw.strip().lower()
        if is_plain_email(folded) is None or (rules.email_aliases and folded.rpartition("@")[2] in PROVIDERS):
            slow.append(value)
        else:
            plain.append(value)
            normalised.append(folded.encode())
    found.add(KeyKind.EMAIL, np.array(plain, np.int32), normalised)
    found.add_slowly(ValueKind.EMAIL, raws, slow, rules)

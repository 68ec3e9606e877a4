"""Match keys of many values at once, as columns: the road of whole portals.

The same answers as `keys.match_keys`, which a property test holds it to; only faster. Phones are sorted by
their shape (every digit a 9): one look at a shape, and one at its columns of digits, decide about all numbers
written that way. Whatever is not an everyday spelling goes the long way, one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from b24app.dedupe.email_providers import PROVIDERS
from b24app.dedupe.emails import EmailAddress, is_plain_email
from b24app.dedupe.key_table import Bytes, Hashes, Ids, Rows, begins_anew
from b24app.dedupe.keys import KeyKind, hash_all, normal_forms
from b24app.dedupe.phone_fast import HOME_SHAPES, PLUS_SHAPES, Numbering
from b24app.dedupe.record import Multifield, ValueKind
from b24app.dedupe.rules import RuleSet
from b24app.dedupe.stoplist import StopList, stop_list_of

_TO_SHAPE = bytes.maketrans(b"012345678", b"9" * 9)
_NINE, _ZERO = ord("9"), np.uint8(ord("0"))
_SEPARATOR = "\0"
_FEWEST_ALIKE = 16  # rows of one shape that pay for columns

Text = TypeVar("Text", str, bytes)


@dataclass(frozen=True, slots=True)
class ValueKeys:
    """Keys of a list of values: `values` is the position of the value that each key was read from."""

    values: Rows
    kinds: Bytes
    hashes: Hashes

    @classmethod
    def joined(cls, parts: Sequence[ValueKeys]) -> ValueKeys:
        """Return the keys of several parts of a list."""
        return cls(
            np.concatenate([np.zeros(0, np.int32), *(part.values for part in parts)]),
            np.concatenate([np.zeros(0, np.int8), *(part.kinds for part in parts)]),
            np.concatenate([np.zeros(0, np.int64), *(part.hashes for part in parts)]),
        )

    def once(self) -> ValueKeys:
        """Return the keys by value, kind and hash, none twice for a value."""
        order = self._order()
        values, kinds, hashes = self.values[order], self.kinds[order], self.hashes[order]
        is_new = begins_anew(values, kinds, hashes)
        return ValueKeys(values[is_new], kinds[is_new], hashes[is_new])

    def _order(self) -> Ids:
        """Sort by one number each, half of the hash in it: several times faster than by three columns."""
        owners = self.values.astype(np.uint64) * np.uint64(max(KeyKind) + 1) + self.kinds.astype(np.uint64)
        packed = (owners << np.uint64(32)) | (self.hashes.view(np.uint64) >> np.uint64(32))
        order = np.argsort(packed)
        packed, hashes = packed[order], self.hashes[order]
        if np.any(
            (packed[1:] == packed[:-1]) & (hashes[1:] != hashes[:-1])
        ):  # halves are equal, hashes are not
            order = np.lexsort((self.hashes.view(np.uint64), owners))
        return order


def keys_of_values(kind: ValueKind, raws: Sequence[str], rules: RuleSet, portal_key: bytes) -> ValueKeys:
    """Return the keys of phones or of e-mails, in no order; a value may give none, several, or one twice."""
    found = _Found(kind, raws, rules, portal_key)
    if kind is ValueKind.EMAIL:
        _read_emails(found)
    elif found.stop_list.phone_masks:  # a mask is held against all the ways a number can be written
        found.add_slowly(range(len(raws)))
    else:
        _read_phones(found)
    return ValueKeys.joined(found.parts)


class _Found:
    """Values of one kind, and the keys found of them so far."""

    def __init__(self, kind: ValueKind, raws: Sequence[str], rules: RuleSet, portal_key: bytes) -> None:
        self.raws, self.rules = raws, rules
        self.stop_list: StopList = stop_list_of(rules.stop_list, rules.region)
        self.parts: list[ValueKeys] = []
        self._kind, self._portal_key = kind, portal_key

    def add(self, kind: KeyKind, values: Rows, normalised: Sequence[bytes]) -> None:
        """Take the normal forms that these values were read as."""
        kinds = np.full(len(values), kind, np.int8)
        self.parts.append(ValueKeys(values, kinds, hash_all(kind, normalised, self._portal_key)))

    def add_slowly(self, values: Sequence[int]) -> None:
        """Read these values one by one."""
        read: dict[KeyKind, tuple[list[int], list[bytes]]] = {each: ([], []) for each in KeyKind}
        for value in values:
            multifield = Multifield(self._kind, self.raws[value])
            for kind, normalised in normal_forms(multifield, self.rules, self.stop_list):
                read[kind][0].append(value)
                read[kind][1].append(normalised.encode())
        for kind, (places, normal) in read.items():
            if places:
                self.add(kind, np.array(places, np.int32), normal)


def _read_phones(found: _Found) -> None:
    typed = _Typed.of(found.raws)
    stopped = {number.encode() for number in found.stop_list.phones}
    slow: list[int] = []
    for shape, alike in typed.by_shape():
        numbering = _numbering(shape, found.rules.region) if len(alike) >= _FEWEST_ALIKE else None
        if numbering is None:
            slow += alike.tolist()
            continue
        digits = typed.digits(shape, alike)
        is_sure = numbering.is_sure(digits)
        slow += alike[~is_sure].tolist()
        sure, numbers = alike[is_sure], _e164(numbering, digits[:, is_sure])
        if stopped:
            sure, numbers = _only(sure, numbers, [number not in stopped for number in numbers])
        found.add(KeyKind.PHONE, sure, numbers)
    found.add_slowly(slow)


@dataclass(frozen=True, slots=True)
class _Typed:
    """Values as one text: its signs, where each value begins, and the shape of each, every digit a 9."""

    signs: NDArray[np.uint8]
    starts: Ids
    shapes: list[bytes]

    @classmethod
    def of(cls, raws: Sequence[str]) -> _Typed:
        text = _SEPARATOR.join(raws)
        if text.count(_SEPARATOR) >= len(raws):  # the rare values that have it are left to the long way
            text = _SEPARATOR.join("" if _SEPARATOR in raw else raw for raw in raws)
        joined = text.encode(errors="surrogatepass")
        signs = np.frombuffer(joined, np.uint8)
        starts = np.append(0, np.flatnonzero(signs == ord(_SEPARATOR)) + 1)
        shapes = joined.translate(_TO_SHAPE).split(_SEPARATOR.encode())
        return cls(signs, starts, shapes[: len(raws)])

    def by_shape(self) -> Iterator[tuple[bytes, Rows]]:
        """Yield every shape with the values that have it."""
        number_of: defaultdict[bytes, int] = defaultdict()
        number_of.default_factory = number_of.__len__
        numbers = np.fromiter(map(number_of.__getitem__, self.shapes), np.int32, len(self.shapes))
        order = np.argsort(numbers, kind="stable").astype(np.int32)
        ends = np.cumsum(np.bincount(numbers, minlength=1))
        yield from zip(number_of, np.split(order, ends[:-1]), strict=False)

    def digits(self, shape: bytes, values: Rows) -> NDArray[np.uint8]:
        """Return the digits of values of that shape: a row for each place, a column for each value."""
        starts = self.starts[values]
        places = [place for place, sign in enumerate(shape) if sign == _NINE]
        return np.array([self.signs[starts + place] for place in places], np.uint8) - _ZERO


def _numbering(shape: bytes, region: str) -> Numbering | None:
    """Return how numbers of this shape are to be read; None: one by one."""
    if not shape.isascii():
        return None
    text = shape.decode()
    known = PLUS_SHAPES if text.startswith("+") else HOME_SHAPES.get(region, ())
    return next((each for each in known if each.pattern.fullmatch(text)), None)


def _e164(numbering: Numbering, digits: NDArray[np.uint8]) -> list[bytes]:
    code = numbering.code.encode()
    width = len(code) + numbering.national_digits
    rows = np.empty((digits.shape[1], width), np.uint8)
    rows[:, : len(code)] = np.frombuffer(code, np.uint8)
    rows[:, len(code) :] = digits[-numbering.national_digits :].T + _ZERO
    texts: list[bytes] = rows.view(f"S{width}")[:, 0].tolist()
    return texts


def _read_emails(found: _Found) -> None:
    folded = list(map(str.lower, map(str.strip, found.raws)))
    is_plain = [match is not None for match in map(is_plain_email, folded)]
    values, texts = _only(np.arange(len(folded), dtype=np.int32), folded, is_plain)
    found.add_slowly([value for value, is_easy in enumerate(is_plain) if not is_easy])
    if found.rules.stop_list:
        stops = found.stop_list.stops_email
        values, texts = _only(values, texts, [not stops(EmailAddress(text, text)) for text in texts])
    found.add(KeyKind.EMAIL, values, [text.encode() for text in texts])
    if found.rules.email_aliases:
        values, texts = _only(values, texts, [text.rpartition("@")[2] in PROVIDERS for text in texts])
        boxes = [EmailAddress(text, text).alias_form or "" for text in texts]
        values, boxes = _only(values, boxes, [box != "" for box in boxes])
        found.add(KeyKind.EMAIL_ALIAS, values, [box.encode() for box in boxes])


def _only(values: Rows, texts: list[Text], is_meant: list[bool]) -> tuple[Rows, list[Text]]:
    if all(is_meant):
        return values, texts
    return values[np.array(is_meant, np.bool_)], list(compress(texts, is_meant))

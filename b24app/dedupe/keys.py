"""Match keys: a portal-keyed hash of each normalised value, and the fingerprints of records.

A key says nothing of the value it stands for: BLAKE2b is keyed with a secret of the portal (architecture,
rule 11). Normalising is the business of `phones` and `emails`; comparing that of `match`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from b24app.dedupe.emails import emails_in
from b24app.dedupe.phones import phones_in
from b24app.dedupe.record import Multifield, Record, ValueKind
from b24app.dedupe.rules import RuleSet
from b24app.dedupe.stoplist import StopList, stop_list_of

if TYPE_CHECKING:
    from hashlib import blake2b as Blake2b

LEAST_KEY_BYTES = 16  # a shorter secret can be tried out
THIS_PROCESS = b"for this process"
"""In place of a portal's key where no hash is kept or sent: Python's own, keyed anew in every process (SipHash)."""


class KeyKind(IntEnum):
    """What a key is made of; the numbers are stored."""

    PHONE = 1
    EMAIL = 2
    WEAK_PHONE = 3
    EMAIL_ALIAS = 4


class MatchKey(NamedTuple):
    """By this records find each other: the kind, and a signed 64-bit hash of kind and normalised value."""

    kind: KeyKind
    hash: int


@dataclass(frozen=True, slots=True)
class KeyedValue:
    """A value that gave a key, with all a manager may want to know of how it was read.

    `raw` is the whole field as typed; `normalised` is what was hashed; `display` is for reading.
    `extension` was left out of the key. `is_valid` is False for an e-mail that no server would take (its
    key is its folded text).
    """

    key: MatchKey
    kind: ValueKind
    raw: str
    normalised: str
    display: str
    extension: str | None
    is_role: bool
    is_valid: bool = True


def keyed_values(record: Record, rules: RuleSet, portal_key: bytes) -> tuple[KeyedValue, ...]:
    """Return every value of a record that gives a key, with its reading; stop-listed values give none.

    One multifield may give several: two numbers in one value, an address and the box behind it.
    """
    stop_list = stop_list_of(rules.stop_list, rules.region)
    found: list[KeyedValue] = []
    for multifield in record.multifields:
        if multifield.kind is ValueKind.PHONE:
            found.extend(_keyed_phones(multifield, rules, stop_list, portal_key))
        else:
            found.extend(_keyed_emails(multifield, rules, stop_list, portal_key))
    return tuple(dict.fromkeys(found))


def match_keys(record: Record, rules: RuleSet, portal_key: bytes) -> frozenset[MatchKey]:
    """Return the keys of a record: those of `keyed_values`, without the reading."""
    stop_list = stop_list_of(rules.stop_list, rules.region)
    return frozenset(
        MatchKey(kind, _hash(kind, normalised, portal_key))
        for multifield in record.multifields
        for kind, normalised in normal_forms(multifield, rules, stop_list)
    )


def fingerprints(read: Sequence[bytes], portal_key: bytes) -> NDArray[np.int64]:
    """Return a signed 64-bit hash of everything that matching reads of each record.

    A record with the same one needs no new look; nothing can be read out of it.
    """
    return _digests(b"record", read, portal_key)


def normal_forms(
    multifield: Multifield, rules: RuleSet, stop_list: StopList
) -> Iterator[tuple[KeyKind, str]]:
    """Yield what a value is equal to others by: the kind of key and the text that is hashed."""
    if multifield.kind is ValueKind.PHONE:
        for number in phones_in(multifield.value, rules.region):
            if not stop_list.stops_phone(number):
                yield (KeyKind.WEAK_PHONE if number.e164 is None else KeyKind.PHONE), number.normalised
        return
    for address in emails_in(multifield.value):
        if stop_list.stops_email(address):
            continue
        yield KeyKind.EMAIL, address.normalised
        alias = address.alias_form if rules.email_aliases else None
        if alias is not None:
            yield KeyKind.EMAIL_ALIAS, alias


def _keyed_phones(
    multifield: Multifield, rules: RuleSet, stop_list: StopList, portal_key: bytes
) -> Iterator[KeyedValue]:
    for number in phones_in(multifield.value, rules.region):
        if stop_list.stops_phone(number):
            continue
        kind = KeyKind.WEAK_PHONE if number.e164 is None else KeyKind.PHONE
        yield KeyedValue(
            key=MatchKey(kind, _hash(kind, number.normalised, portal_key)),
            kind=ValueKind.PHONE,
            raw=multifield.value,
            normalised=number.normalised,
            display=number.display,
            extension=number.extension,
            is_role=False,
        )


def _keyed_emails(
    multifield: Multifield, rules: RuleSet, stop_list: StopList, portal_key: bytes
) -> Iterator[KeyedValue]:
    for address in emails_in(multifield.value):
        if stop_list.stops_email(address):
            continue
        alias = address.alias_form if rules.email_aliases else None
        forms = {KeyKind.EMAIL: address.normalised} | ({} if alias is None else {KeyKind.EMAIL_ALIAS: alias})
        for kind, normalised in forms.items():
            yield KeyedValue(
                key=MatchKey(kind, _hash(kind, normalised, portal_key)),
                kind=ValueKind.EMAIL,
                raw=multifield.value,
                normalised=normalised,
                display=address.display if kind is KeyKind.EMAIL else normalised,
                extension=None,
                is_role=address.is_role,
                is_valid=address.is_valid,
            )


def hash_all(kind: KeyKind, normalised: Sequence[bytes], portal_key: bytes) -> NDArray[np.int64]:
    """Return the hashes of many normalised values of one kind, in UTF-8: those `MatchKey` holds, as a column."""
    if portal_key == THIS_PROCESS:
        return np.fromiter(map(hash, normalised), np.int64, len(normalised)) ^ np.int64(_SALTS[kind])
    return _digests(_PERSONS[kind], normalised, portal_key)


def _digests(person: bytes, texts: Sequence[bytes], portal_key: bytes) -> NDArray[np.int64]:
    copy = _state(person, portal_key).copy
    digests = []
    for text in texts:
        state = copy()
        state.update(text)
        digests.append(state.digest())
    return np.frombuffer(b"".join(digests), ">i8").astype(np.int64)


def _hash(kind: KeyKind, normalised: str, portal_key: bytes) -> int:
    text = normalised.encode()
    if portal_key == THIS_PROCESS:
        return hash(text) ^ _SALTS[kind]
    state = _state(_PERSONS[kind], portal_key).copy()
    state.update(text)
    return int.from_bytes(state.digest(), "big", signed=True)


_PERSONS = {
    kind: kind.name.lower().encode() for kind in KeyKind
}  # BLAKE2's name for "which use of this secret"
_SALTS = {kind: hash(person) for kind, person in _PERSONS.items()}


@lru_cache(maxsize=1_024)
def _state(person: bytes, portal_key: bytes) -> Blake2b:
    """Return the hash keyed for one use, to be copied: keying it anew costs three times as much."""
    if len(portal_key) < LEAST_KEY_BYTES:
        raise ValueError(f"a portal key has at least {LEAST_KEY_BYTES} bytes")
    return hashlib.blake2b(key=portal_key, digest_size=8, person=person)

"""Records and keys as the arrays and numbers that statements take."""

from collections.abc import Collection, Sequence

from b24app.dedupe.key_table import Bytes, Ids
from b24app.dedupe.keys import MatchKey
from b24app.dedupe.record import RecordRef, RecordType

_TYPES = 65_536  # entityTypeId fits 16 bits; a link is one number: id and type


def ref_columns(refs: Collection[RecordRef]) -> dict[str, list[int]]:
    """Return the parameters ``types`` and ``ids``."""
    return {"types": [int(ref.type) for ref in refs], "ids": [ref.id for ref in refs]}


def key_columns(keys: Collection[MatchKey]) -> dict[str, list[int]]:
    """Return the parameters ``kinds`` and ``hashes``."""
    return {"kinds": [int(key.kind) for key in keys], "hashes": [key.hash for key in keys]}


def to_links(refs: Sequence[RecordRef]) -> list[int]:
    return [ref.id * _TYPES + int(ref.type) for ref in refs]


def to_link(ref: RecordRef) -> int:
    return ref.id * _TYPES + ref.type


def link_column(types: Bytes, ids: Ids) -> Ids:
    """Return the same numbers of many records."""
    links: Ids = ids * _TYPES + types
    return links


def from_links(links: Sequence[int]) -> tuple[RecordRef, ...]:
    return tuple(RecordRef(RecordType(link % _TYPES), link // _TYPES) for link in links)

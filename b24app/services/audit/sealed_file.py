"""A file in sealed pieces: written through without ever being whole, in clear, or on a disk.

AES-GCM with a key of the file's own. A piece's number, and whether it is the last, are bound into it: pieces that
were swapped, cut off or taken from another file don't open.
"""

import secrets
from collections.abc import AsyncIterable, AsyncIterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PIECE_BYTES: Final = 256 * 1024
KEY_BITS: Final = 256
NONCE_BYTES: Final = 12
_LAST, _NOT_LAST = b"last", b"more"


class BrokenFile(Exception):
    """A piece is missing, or is not what was written."""


def new_key() -> bytes:
    """Return a key for one file."""
    return secrets.token_bytes(KEY_BITS // 8)


class SealedWriter:
    """Takes bytes, gives sealed pieces; ``take`` returns those ready since it was last asked."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._waiting = bytearray()
        self._ready: list[bytes] = []
        self._number = 0
        self.size = 0

    def write(self, data: bytes, /) -> int:
        self._waiting += data
        self.size += len(data)
        while len(self._waiting) > PIECE_BYTES:
            self._seal(PIECE_BYTES, _NOT_LAST)
        return len(data)

    def flush(self) -> None:
        """Keep what is no full piece yet."""

    def finish(self) -> None:
        """Seal what is left; nothing may be written after that."""
        self._seal(len(self._waiting), _LAST)

    def take(self) -> list[bytes]:
        ready, self._ready = self._ready, []
        return ready

    def _seal(self, size: int, mark: bytes) -> None:
        piece = bytes(self._waiting[:size])
        del self._waiting[:size]
        self._ready.append(self._cipher.encrypt(_nonce(self._number), piece, mark))
        self._number += 1


async def open_pieces(key: bytes, pieces: AsyncIterable[bytes], total: int) -> AsyncIterator[bytes]:
    """Yield the file's bytes; raises BrokenFile at the first piece that does not fit."""
    cipher, number = AESGCM(key), 0
    async for piece in pieces:
        mark = _LAST if number == total - 1 else _NOT_LAST
        try:
            yield cipher.decrypt(_nonce(number), piece, mark)
        except InvalidTag as error:
            raise BrokenFile from error
        number += 1
    if number != total:
        raise BrokenFile


def _nonce(number: int) -> bytes:
    """Return the piece's number: a key seals one file, so that no number comes twice."""
    return number.to_bytes(NONCE_BYTES, "big")

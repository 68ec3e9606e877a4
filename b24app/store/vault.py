"""Secrets at rest: AES-GCM, bound to the portal and the column they belong to.

Two secrets may be in use while one is being replaced: the current one seals, both open. A portal's hashing
key is NOT derived from the secret: it is random, made at installation and kept sealed in the portal's row, so
that replacing the secret changes no match key (see ``portals.PortalRepository.hashing_key``).
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LEAST_SECRET_BYTES = 32
HASHING_KEY_BYTES = 32

_FORMAT = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12  # NIST SP 800-38D, 96-bit nonces
_HEAD_BYTES = len(_FORMAT) + _KEY_ID_BYTES + _NONCE_BYTES


class SealBroken(Exception):
    """A sealed value can't be opened: wrong secret, wrong portal or column, or changed bytes."""

    def __init__(self, portal_id: int, column: str) -> None:
        super().__init__(f"the sealed {column} of portal {portal_id} can't be opened")
        self.portal_id = portal_id
        self.column = column


class _Master:
    """One secret and what is derived from it."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < LEAST_SECRET_BYTES:
            raise ValueError(f"the secret key needs {LEAST_SECRET_BYTES} bytes or more")
        self._secret = secret
        self.key_id = self.derive(b"key id", length=_KEY_ID_BYTES)

    def derive(self, purpose: bytes, *, length: int = 32) -> bytes:
        """Return a key for one purpose; different purposes tell nothing of each other."""
        return HKDF(SHA256(), length, salt=None, info=b"b24app " + purpose).derive(self._secret)

    def cipher(self, portal_id: int) -> AESGCM:
        return AESGCM(self.derive(b"seal %d" % portal_id))


class Vault:
    """Seals and opens short texts; hands out the key that signs page tokens."""

    def __init__(self, secret: bytes, previous: bytes | None = None) -> None:
        self._current = _Master(secret)
        masters = [self._current] if previous is None else [self._current, _Master(previous)]
        self._masters = {master.key_id: master for master in masters}

    def __repr__(self) -> str:
        return f"Vault({len(self._masters)} keys)"

    def seal(self, portal_id: int, column: str, text: str) -> bytes:
        """Return bytes that only ``open`` with the same portal and column turns back into the text."""
        return self.seal_bytes(portal_id, column, text.encode())

    def seal_bytes(self, portal_id: int, column: str, content: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._current.cipher(portal_id).encrypt(nonce, content, _bound_to(portal_id, column))
        return _FORMAT + self._current.key_id + nonce + sealed

    def open(self, portal_id: int, column: str, sealed: bytes) -> str:
        """Return the text; raises SealBroken."""
        return self.open_bytes(portal_id, column, sealed).decode()

    def open_bytes(self, portal_id: int, column: str, sealed: bytes) -> bytes:
        master = self._masters.get(_key_id(sealed))
        if master is None or sealed[:1] != _FORMAT:
            raise SealBroken(portal_id, column)
        nonce = sealed[_HEAD_BYTES - _NONCE_BYTES : _HEAD_BYTES]
        try:
            return master.cipher(portal_id).decrypt(nonce, sealed[_HEAD_BYTES:], _bound_to(portal_id, column))
        except InvalidTag as error:
            raise SealBroken(portal_id, column) from error

    def needs_reseal(self, sealed: bytes) -> bool:
        """Claim that the value was sealed with another secret than the current one."""
        return _key_id(sealed) != self._current.key_id

    def new_hashing_key(self) -> bytes:
        """Return a fresh random key for the match keys of a portal that is being installed."""
        return secrets.token_bytes(HASHING_KEY_BYTES)

    def page_key(self) -> bytes:
        """Return the 32 bytes that sign page tokens."""
        return self._current.derive(b"page token")

    def page_keys(self) -> tuple[bytes, ...]:
        """Return every key a page token may be signed with: the current one, then the one being replaced."""
        return tuple(master.derive(b"page token") for master in self._masters.values())


def _key_id(sealed: bytes) -> bytes:
    return sealed[len(_FORMAT) : len(_FORMAT) + _KEY_ID_BYTES]


def _bound_to(portal_id: int, column: str) -> bytes:
    return f"{portal_id}:{column}".encode()

"""Which addresses we are willing to call: a portal's origin, a webhook's receiver, and only public ones."""

import re
from urllib.parse import SplitResult, urlsplit, urlunsplit

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,62})(\.[a-z0-9]([a-z0-9-]{0,62}))*")
_INNER_SUFFIXES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
_LEAST_PORT = 1024  # below are other services than the web
_DEFAULT_PORTS = {"https": 443, "http": 80}


class OriginRefused(ValueError):
    """This address can't be a portal's; the text says why and does not repeat it."""


def portal_origin(url: str, *, allow_insecure: bool) -> str:
    """Return ``https://acme.bitrix24.ru`` for a client_endpoint or a bare domain.

    Only https to a public name on the usual port. With ``allow_insecure`` (demo, tests) http, loopback
    and any port are accepted as well. Raises OriginRefused.
    """
    parts, port = _split(url)
    host = (parts.hostname or "").lower().rstrip(".")
    if parts.scheme not in _DEFAULT_PORTS or (parts.scheme == "http" and not allow_insecure):
        raise OriginRefused("a portal is called by https only")
    if parts.username is not None or parts.password is not None:
        raise OriginRefused("a portal's address names no user")
    if not _HOST.fullmatch(host):
        raise OriginRefused("a portal's address needs a plain host name")
    if not allow_insecure:
        _check_public(host, port)
    suffix = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"


class ReceiverRefused(ValueError):
    """This address can't be a webhook's; ``code`` says why: unreadable, https_only, user, port or inner."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def receiver_address(url: str, *, allow_insecure: bool) -> str:
    """Return the address of a webhook's receiver as it will be called: https to a public name.

    What the name resolves to is judged when it is called. ``allow_insecure`` as above. Raises ReceiverRefused.
    """
    try:
        parts, port = _split(url)
    except OriginRefused as refused:
        raise ReceiverRefused("unreadable") from refused
    host = (parts.hostname or "").lower().rstrip(".")
    if parts.scheme not in _DEFAULT_PORTS or (parts.scheme == "http" and not allow_insecure):
        raise ReceiverRefused("https_only")
    if parts.username is not None or parts.password is not None:
        raise ReceiverRefused("user")
    if not _HOST.fullmatch(host) or not url.isascii():
        raise ReceiverRefused("unreadable")
    if not allow_insecure and _is_inner(host):
        raise ReceiverRefused("inner")
    if not allow_insecure and port not in (None, 443) and port < _LEAST_PORT:
        raise ReceiverRefused("port")
    return urlunsplit((parts.scheme, host if port is None else f"{host}:{port}", parts.path, parts.query, ""))


def _is_inner(host: str) -> bool:
    """Claim that the name is none of the public network; "127.1" and "0x7f.0.0.1" are addresses too."""
    return "." not in host or host.endswith(_INNER_SUFFIXES) or not host.rsplit(".", 1)[-1][0].isalpha()


def _split(url: str) -> tuple[SplitResult, int | None]:
    text = url.strip()
    if any(character.isspace() or character in "\\\0" for character in text):
        raise OriginRefused("a portal's address holds no spaces")
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        return parts, parts.port
    except ValueError as error:
        raise OriginRefused("a portal's address can't be read") from error


def _check_public(host: str, port: int | None) -> None:
    if port not in (None, 443):
        raise OriginRefused("a portal answers on the usual port")
    if "." not in host or host.endswith(_INNER_SUFFIXES):
        raise OriginRefused("a portal has a public name")
    # "127.1", "2130706433" and "0x7f.0.0.1" are addresses too: resolvers judge by the last part.
    if not host.rsplit(".", 1)[-1][0].isalpha():
        raise OriginRefused("a portal is called by name, not by number")

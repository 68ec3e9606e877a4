"""Which addresses we are willing to call a portal's: an origin, and only a public one."""

import re
from urllib.parse import SplitResult, urlsplit

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,62})(\.[a-z0-9]([a-z0-9-]{0,62}))*")
_INNER_SUFFIXES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
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

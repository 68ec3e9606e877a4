"""Every way a portal or the authorization server can refuse, and the table code -> class.

    Bitrix24Error
    ├── PortalBusy            nothing was done (or nobody knows); ask again after retry_after_s
    │   ├── RateLimited       too many requests, 503 QUERY_LIMIT_EXCEEDED
    │   ├── MethodTimeSpent   a method used up its running time, 429 OPERATION_TIME_LIMIT
    │   ├── RestStopped       Bitrix24's support stopped REST of this portal by hand, OVERLOAD_LIMIT
    │   ├── PortalUnreachable 5xx, time-outs, resets, cut off or unreadable answers
    │   └── PortalMoved       a redirect that the authorization server does not confirm
    ├── TokenExpired          expired_token; the client renews once and repeats
    ├── TokenRejected         the token is wrong, or was refused again after a renewal
    │   └── AppRefused        the authorization server does not know our client_id with this portal
    ├── PortalGone            removed, closed or unpaid: this portal must not be called any more
    ├── AccessDenied          the token's user lacks the right
    │   ├── InsufficientScope the app lacks the scope
    │   └── PlanRefused       the portal's plan lacks the function
    ├── MethodUnknown · BadRequest · NotFound · AlreadyRegistered · NotRegistered
    ├── CommandNotRun         a command of a batch that stopped before it
    └── UnexpectedAnswer      an answer in a shape that the documentation does not know

Sources: REST documentation, "system errors", "oauth/error-codes", the pages of the methods; texts
of classic CRM methods, whose ``error`` is an empty string. Portals' own texts may carry personal
data, so they are judged here and never kept.
"""

import re
from typing import ClassVar

_PLAIN_CODE = re.compile(r"[A-Za-z0-9_.\- ]{0,64}")
_RETRY_UNREACHABLE_S = 5.0
_RETRY_STOPPED_S = 3600.0
_RETRY_LIMITED_S = 1.0
_RETRY_METHOD_S = 60.0
_RETRY_MOVED_S = 60.0


class Bitrix24Error(Exception):
    """A refusal; ``code`` is the portal's own code, empty when there was none."""

    says: ClassVar[str] = "Bitrix24 refused"

    def __init__(self, *, method: str = "", code: str = "", http_status: int | None = None) -> None:
        self.method = method
        self.code = code if _PLAIN_CODE.fullmatch(code) else "unprintable"
        self.http_status = http_status
        told = [part for part in (method, str(http_status or ""), self.code) if part]
        super().__init__(f"{self.says} ({', '.join(told)})" if told else self.says)


class PortalBusy(Bitrix24Error):
    """The portal can't answer now; ask again after ``retry_after_s``."""

    says = "the portal is busy"
    retry_default_s: ClassVar[float] = _RETRY_UNREACHABLE_S

    def __init__(
        self,
        *,
        method: str = "",
        code: str = "",
        http_status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(method=method, code=code, http_status=http_status)
        self.retry_after_s = self.retry_default_s if retry_after_s is None else retry_after_s


class RateLimited(PortalBusy):
    """The request limit is used up; nothing was done."""

    says = "the portal's request limit is used up"
    retry_default_s = _RETRY_LIMITED_S


class MethodTimeSpent(PortalBusy):
    """This method has used its running time; nothing was done. ``reset_at``: Unix seconds or None."""

    says = "the method's running time is used up"
    retry_default_s = _RETRY_METHOD_S

    def __init__(
        self,
        *,
        method: str = "",
        code: str = "",
        http_status: int | None = None,
        retry_after_s: float | None = None,
        reset_at: float | None = None,
    ) -> None:
        super().__init__(method=method, code=code, http_status=http_status, retry_after_s=retry_after_s)
        self.reset_at = reset_at


class RestStopped(PortalBusy):
    """Support stopped REST of this portal by hand; asking at once again makes it worse."""

    says = "REST of this portal is stopped"
    retry_default_s = _RETRY_STOPPED_S


class PortalUnreachable(PortalBusy):
    """No readable answer came. ``was_sent`` False: the request did not leave, so nothing was done."""

    says = "no answer from the portal"

    def __init__(
        self,
        *,
        method: str = "",
        code: str = "",
        http_status: int | None = None,
        retry_after_s: float | None = None,
        was_sent: bool = True,
    ) -> None:
        super().__init__(method=method, code=code, http_status=http_status, retry_after_s=retry_after_s)
        self.was_sent = was_sent


class PortalMoved(PortalBusy):
    """The portal redirects, and a renewal did not name another address. ``new_host`` is only a hint."""

    says = "the portal redirects to an address nobody confirmed"
    retry_default_s = _RETRY_MOVED_S

    def __init__(self, *, method: str = "", http_status: int | None = None, new_host: str = "") -> None:
        super().__init__(method=method, http_status=http_status)
        self.new_host = new_host


class TokenExpired(Bitrix24Error):
    says = "the access token has expired"


class TokenRejected(Bitrix24Error):
    says = "the access token was rejected"


class AppRefused(TokenRejected):
    says = "the authorization server does not accept this app"


class PortalGone(Bitrix24Error):
    says = "the app has no access to this portal any more"


class AccessDenied(Bitrix24Error):
    says = "access denied"


class InsufficientScope(AccessDenied):
    says = "the app was not given this scope"


class PlanRefused(AccessDenied):
    says = "the portal's plan does not include this"


class MethodUnknown(Bitrix24Error):
    says = "the portal does not know this method"


class BadRequest(Bitrix24Error):
    says = "the portal did not accept the arguments"


class NotFound(Bitrix24Error):
    says = "not found"


class AlreadyRegistered(Bitrix24Error):
    says = "already registered"


class NotRegistered(Bitrix24Error):
    says = "our trigger is not registered"


class CommandNotRun(Bitrix24Error):
    says = "the batch stopped before this command"


class UnexpectedAnswer(Bitrix24Error):
    says = "the answer has an unknown shape"


_BY_CODE: dict[str, type[Bitrix24Error]] = {
    "query_limit_exceeded": RateLimited,
    "operation_time_limit": MethodTimeSpent,
    "overload_limit": RestStopped,
    "internal_server_error": PortalUnreachable,
    "error_unexpected_answer": PortalUnreachable,
    "expired_token": TokenExpired,
    "no_auth_found": TokenRejected,
    "invalid_token": TokenRejected,
    "bad_verification_code": TokenRejected,
    "invalid_client": AppRefused,
    "wrong_client": AppRefused,
    "invalid_grant": PortalGone,
    "payment_required": PortalGone,
    "portal_deleted": PortalGone,
    "insufficient_scope": InsufficientScope,
    "invalid_scope": InsufficientScope,
    "access_denied": AccessDenied,
    "invalid_credentials": AccessDenied,
    "user_access_error": AccessDenied,
    "wrong_auth_type": AccessDenied,
    "allowed_only_intranet_user": AccessDenied,
    "method_confirm_waiting": AccessDenied,
    "method_confirm_denied": AccessDenied,
    "crm_feature_restriction_error": PlanRefused,
    "error_method_not_found": MethodUnknown,
    "error_manifest_is_not_available": MethodUnknown,
    "error_batch_method_not_allowed": BadRequest,
    "error_batch_length_exceeded": BadRequest,
    "invalid_request": BadRequest,
    "invalid_arg_value": BadRequest,
    "error_argument": BadRequest,
    "error_wrong_handler_url": BadRequest,
    "error_unsupported_protocol": BadRequest,
    "error_placement_max_count": BadRequest,
    "error_placement_user_mode": BadRequest,
    "empty_error_handler_url": BadRequest,
    "error_event_not_found": NotFound,
    "error_placement_not_found": NotFound,
    "not_found": NotFound,
    "error_not_found": NotFound,
    "owner_not_found": NotFound,
    "error_activity_already_installed": AlreadyRegistered,
}

# The first words found decide. Documentation and portals spell "binded" so.
_BY_TEXT: tuple[tuple[str, type[Bitrix24Error]], ...] = (
    ("is not registered", NotRegistered),
    ("already binded", AlreadyRegistered),
    ("unable to set event handler", AlreadyRegistered),
    ("commercial plans", PlanRefused),
    ("application not installed", PortalGone),
    ("access denied", AccessDenied),
    ("permission", AccessDenied),
    ("not found", NotFound),
    ("not defined", BadRequest),
    ("not supported in current context", BadRequest),
    ("invalid parameters", BadRequest),
    ("could not find value for parameter", BadRequest),
)

_BY_STATUS: dict[int, type[Bitrix24Error]] = {
    401: TokenRejected,
    403: AccessDenied,
    404: NotFound,
    429: RateLimited,
}


def refusal(
    *,
    method: str,
    http_status: int,
    code: str,
    text: str,
    retry_after_s: float | None = None,
    reset_at: float | None = None,
) -> Bitrix24Error:
    """Return what an error body means; the code first, then the words, then the HTTP status."""
    kind = _refusal_class(http_status, code.strip().lower(), f"{code} {text}".lower())
    if issubclass(kind, MethodTimeSpent):
        return kind(
            method=method, code=code, http_status=http_status, retry_after_s=retry_after_s, reset_at=reset_at
        )
    if issubclass(kind, PortalBusy) and not issubclass(kind, PortalMoved):
        return kind(method=method, code=code, http_status=http_status, retry_after_s=retry_after_s)
    return kind(method=method, code=code, http_status=http_status)


def _refusal_class(http_status: int, code: str, words: str) -> type[Bitrix24Error]:
    by_code = _BY_CODE.get(code)
    if by_code is AccessDenied and "commercial plans" in words:
        return PlanRefused
    if by_code is not None:
        return by_code
    for phrase, kind in _BY_TEXT:
        if phrase in words:
            return kind
    if http_status >= 500:
        return PortalUnreachable
    return _BY_STATUS.get(http_status, BadRequest)

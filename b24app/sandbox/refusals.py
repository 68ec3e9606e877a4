"""What the portal says when it refuses: one class that carries code, text and HTTP status.

The codes and statuses are those of the documentation's tables; where it is silent, of the server's source.
"""

from b24app.sandbox.wire import Json


class Refusal(Exception):
    """The portal does not do what was asked."""

    def __init__(self, code: str | int, text: str, status: int = 400, **more: Json) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.status = status
        self.more = more

    def to_json(self) -> dict[str, Json]:
        """Return the error as it is sent."""
        return {"error": self.code, "error_description": self.text, **self.more}


def plain(text: str, status: int = 400) -> Refusal:
    """Return a refusal of the classic CRM kind: an empty code, only the text tells."""
    return Refusal("", text, status)


def unknown_method() -> Refusal:
    return Refusal("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)


def unknown_parameter(method: str, name: str) -> Refusal:
    """Return the sandbox's own refusal; a real portal would ignore the parameter in silence."""
    return Refusal("SANDBOX_UNKNOWN_PARAMETER", f"{method} has no parameter {name!r}")


def no_auth() -> Refusal:
    return Refusal("NO_AUTH_FOUND", "Wrong authorization data", 401)


def expired_token() -> Refusal:
    return Refusal("expired_token", "The access token provided has expired.", 401)


def insufficient_scope() -> Refusal:
    return Refusal(
        "insufficient_scope", "The request requires higher privileges than provided by the access token", 403
    )


def app_context_required() -> Refusal:
    return Refusal(
        "WRONG_AUTH_TYPE",
        "Current authorization type is denied for this method Application context required",
        403,
    )


def access_denied(text: str = "Access denied!", status: int = 403) -> Refusal:
    return Refusal("ACCESS_DENIED", text, status)


def not_in_plan() -> Refusal:
    return access_denied("REST API is available only on commercial plans")


def too_many_requests() -> Refusal:
    return Refusal("QUERY_LIMIT_EXCEEDED", "Too many requests", 503)


def too_much_time() -> Refusal:
    return Refusal("OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", 429)


def missing_argument(name: str, status: int = 400) -> Refusal:
    return Refusal("ERROR_ARGUMENT", f"Argument '{name}' is null or empty", status, argument=name)

"""The table code -> class, and what happens without a code."""

import pytest

from b24app.bitrix24 import errors
from b24app.bitrix24.errors import refusal

CASES = [
    ("QUERY_LIMIT_EXCEEDED", 503, "", errors.RateLimited),
    ("query_limit_exceeded", 503, "", errors.RateLimited),
    ("OPERATION_TIME_LIMIT", 429, "", errors.MethodTimeSpent),
    ("INTERNAL_SERVER_ERROR", 500, "", errors.PortalUnreachable),
    ("PORTAL_DELETED", 500, "", errors.PortalGone),
    ("expired_token", 401, "", errors.TokenExpired),
    ("insufficient_scope", 403, "", errors.InsufficientScope),
    ("user_access_error", 403, "", errors.AccessDenied),
    ("ACCESS_DENIED", 403, "REST API is available only on commercial plans", errors.PlanRefused),
    ("ACCESS_DENIED", 400, "You do not have permission to view this item", errors.AccessDenied),
    ("CRM_FEATURE_RESTRICTION_ERROR", 400, "", errors.PlanRefused),
    ("ERROR_METHOD_NOT_FOUND", 404, "Method not found!", errors.MethodUnknown),
    ("ERROR_CORE", 400, "Unable to set event handler: Handler already binded", errors.AlreadyRegistered),
    ("ERROR_CORE", 400, "Unable to set placement handler: Handler already binded", errors.AlreadyRegistered),
    ("ERROR_CORE", 400, "Поле уже есть", errors.BadRequest),
    ("ERROR_OAUTH", 401, "Application not installed", errors.PortalGone),
    ("", 400, "Not found", errors.NotFound),
    ("", 400, "Access denied.", errors.AccessDenied),
    ("", 400, "ID is not defined or invalid.", errors.BadRequest),
    ("Communication type is not defined", 400, "", errors.BadRequest),
    ("100", 400, "Could not find value for parameter {x}", errors.BadRequest),
    ("", 502, "", errors.PortalUnreachable),
    ("", 401, "", errors.TokenRejected),
    ("", 403, "", errors.AccessDenied),
    ("SOMETHING_NEW", 200, "", errors.BadRequest),
]


@pytest.mark.parametrize(("code", "status", "text", "kind"), CASES)
def test_a_refusal_has_its_class(code, status, text, kind):
    error = refusal(method="crm.lead.get", http_status=status, code=code, text=text)

    assert type(error) is kind
    assert (error.method, error.http_status, error.code) == ("crm.lead.get", status, code)


def test_what_a_portal_wrote_is_judged_and_not_kept():
    error = refusal(method="m", http_status=400, code="Bad +79990001122", text="vera@mail.example not found")

    assert isinstance(error, errors.NotFound)
    assert "999" not in f"{error!r}{vars(error)}"
    assert "vera" not in f"{error!r}{vars(error)}"


def test_everything_that_may_be_asked_again_is_busy():
    busy = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and kind.__name__ != "PortalBusy"
    ]

    assert {kind.__name__ for kind in busy if issubclass(kind, errors.PortalBusy)} == {
        "RateLimited",
        "MethodTimeSpent",
        "RestStopped",
        "PortalUnreachable",
        "PortalMoved",
    }

"""The API for outside programs: JSON in, JSON out, an API key in the header, no cookies, no other origin's pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from starlette.exceptions import HTTPException

from b24app.services.check import CheckAnswer, CheckQuestion, PortalClosed, TypeWord, check
from b24app.services.pages.api_keys import KeyRefused, TooFast, admit
from b24app.services.portal.context import StoreUnavailable, UnknownPortal
from b24app.web.calls import BodyTooLarge, read_body, runtime_of

PREFIX = "/api/"
MAX_VALUES = 20
MAX_LENGTH = 256
MAX_QUESTIONS = 200
BODY_LIMIT_BYTES = 128 * 1024  # twenty values with every character escaped fit twice
MANY_LIMIT_BYTES = 1024 * 1024
RETRY_AFTER_S = 5

Value = Annotated[str, StringConstraints(max_length=MAX_LENGTH)]
ErrorCode = Literal[
    "unauthorized", "portal_closed", "not_found", "not_allowed", "too_large", "invalid", "too_fast",
    "unavailable", "internal",
]  # fmt: skip


class CheckRequest(BaseModel):
    """Phones and e-mails as people type them, 1 to 20 together."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="CheckRequest")

    phones: list[Value] = Field(default=[], max_length=MAX_VALUES, examples=[["8 (916) 123-45-67"]])
    emails: list[Value] = Field(default=[], max_length=MAX_VALUES, examples=[["ivan@example.com"]])
    types: list[TypeWord] | None = Field(
        default=None,
        min_length=1,
        max_length=3,
        description="where to look; all that the portal searches if left out",
    )
    exclude: str | None = Field(
        default=None,
        pattern=r"^(lead|contact|company):[1-9][0-9]{0,17}$",
        description="the record that these values were taken from, such as lead:12",
    )

    @model_validator(mode="after")
    def _has_values(self) -> "CheckRequest":
        if not 1 <= len(self.phones) + len(self.emails) <= MAX_VALUES:
            raise PydanticCustomError("values", "give 1 to {limit} phones and e-mails", {"limit": MAX_VALUES})
        return self

    def question(self) -> CheckQuestion:
        types = None if self.types is None else frozenset(self.types)
        return CheckQuestion(tuple(self.phones), tuple(self.emails), types, self.exclude)


class ManyChecksRequest(BaseModel):
    """Many questions at once, answered out of one reading of the index."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="ManyChecksRequest")

    questions: list[CheckRequest] = Field(min_length=1, max_length=MAX_QUESTIONS)


@dataclass(frozen=True, slots=True)
class ManyChecksAnswer:
    """An answer to each question, in their order."""

    answers: tuple[CheckAnswer, ...]


class FieldMistake(BaseModel):
    """What is wrong with one field; what was sent is not repeated."""

    field: str = Field(examples=["phones.0"])
    message: str


class ApiError(BaseModel):
    """Why there is no answer."""

    error: ErrorCode
    message: str
    details: list[FieldMistake] = []


ERRORS: tuple[tuple[type[Exception], int, ErrorCode, str], ...] = (
    (KeyRefused, 401, "unauthorized", "send Authorization: Bearer and a key made on the app's page"),
    (PortalClosed, 403, "portal_closed", "an administrator has to open the app in Bitrix24 again"),
    (UnknownPortal, 403, "portal_closed", "the app is not installed in this portal any more"),
    (BodyTooLarge, 413, "too_large", "the body is larger than any question can be"),
    (ValidationError, 422, "invalid", "the question can't be read; details say why"),
    (TooFast, 429, "too_fast", "this key has used up its rate; try again after Retry-After"),
    (StoreUnavailable, 503, "unavailable", "the database does not answer; try again after Retry-After"),
)
"""The first row that fits decides; what fits none is a mistake of ours: 500."""

HTTP_ERRORS: Mapping[int, tuple[ErrorCode, str]] = {
    404: ("not_found", "there is no such address"),
    405: ("not_allowed", "this address is asked with another method"),
}
RESPONSES: dict[int | str, dict[str, object]] = {
    status: {"model": ApiError, "description": message} for _, status, _, message in reversed(ERRORS)
}

router = APIRouter(prefix=f"{PREFIX}v1")
_bearer = HTTPBearer(auto_error=False, description="An API key made on the app's page, b24_…")


_Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


def _takes(schema: Mapping[str, object]) -> dict[str, object]:
    """Describe a body, which is read after the key was proved."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


_QUESTION = CheckRequest.model_json_schema()
_MANY_QUESTIONS = {
    "title": "ManyChecksRequest",
    "type": "object",
    "required": ["questions"],
    "additionalProperties": False,
    "properties": {
        "questions": {"type": "array", "minItems": 1, "maxItems": MAX_QUESTIONS, "items": _QUESTION}
    },
}


@router.post("/check", response_model=CheckAnswer, responses=RESPONSES, openapi_extra=_takes(_QUESTION))
async def check_values(request: Request, credentials: _Credentials) -> Response:
    """Say who has these phones or e-mails already: ids and grades, from the index alone."""
    portal_id = await _admit(request, credentials)
    asked = CheckRequest.model_validate_json(await read_body(request, BODY_LIMIT_BYTES))
    (answer,) = await check(runtime_of(request), portal_id, [asked.question()])
    return _json(orjson.dumps(answer, option=orjson.OPT_UTC_Z))


@router.post(
    "/checks", response_model=ManyChecksAnswer, responses=RESPONSES, openapi_extra=_takes(_MANY_QUESTIONS)
)
async def check_many(request: Request, credentials: _Credentials) -> Response:
    """Answer many questions of an import at once, each as if it were asked alone. One call for the key's rate."""
    portal_id = await _admit(request, credentials)
    asked = ManyChecksRequest.model_validate_json(await read_body(request, MANY_LIMIT_BYTES))
    answers = await check(runtime_of(request), portal_id, [each.question() for each in asked.questions])
    return _json(orjson.dumps(ManyChecksAnswer(answers), option=orjson.OPT_UTC_Z))


async def _admit(request: Request, credentials: HTTPAuthorizationCredentials | None) -> int:
    if credentials is None:
        raise KeyRefused
    return await admit(runtime_of(request), credentials.credentials)


def refuse(error: Exception) -> Response:
    """Return the answer for a call that was not served."""
    status, code, message = judge(error)
    details = _mistakes(error) if isinstance(error, ValidationError) else []
    refusal = ApiError(error=code, message=message, details=details)
    answer = _json(refusal.model_dump_json().encode(), status)
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    if status in (429, 503):
        answer.headers["Retry-After"] = str(1 if status == 429 else RETRY_AFTER_S)
    return answer


def judge(error: Exception) -> tuple[int, ErrorCode, str]:
    """Return the status, the code and the message for an error."""
    if isinstance(error, HTTPException) and error.status_code in HTTP_ERRORS:
        return error.status_code, *HTTP_ERRORS[error.status_code]
    for kind, status, code, message in ERRORS:
        if isinstance(error, kind):
            return status, code, message
    return 500, "internal", "a mistake of ours; it has been noted"


def _mistakes(error: ValidationError) -> list[FieldMistake]:
    """Return what is wrong where; without the value that was sent."""
    return [
        FieldMistake(field=".".join(map(str, found["loc"])), message=found["msg"])
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _json(content: bytes, status: int = 200) -> Response:
    return Response(content, status, media_type="application/json")

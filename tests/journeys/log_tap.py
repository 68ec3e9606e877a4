"""The logs of a story, caught on both their ways, and what must never stand in them."""

import io
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from b24app.logs import set_up_logs
from b24app.sandbox.portal import SandboxPortal

TOKEN = re.compile(r"[0-9a-f]{64}")  # the form of the toy portal's tokens
NUMBER = re.compile(r"\+?\d[\d ()\-.]{7,}\d")
NAME_FIELDS = ("NAME", "SECOND_NAME", "LAST_NAME")
LEAST_NAME = 3
PHONE_DIGITS = 10


@contextmanager
def caught_logs(data_dir: Path) -> Iterator[io.StringIO]:
    """Send this process's logs, set up as in service, into a text until the block ends."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    text = io.StringIO()
    set_up_logs(level="DEBUG", data_dir=data_dir)
    for handler in root.handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(text)
    try:
        yield text
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def read_rest_log(data_dir: Path) -> str:
    """Return the log of REST calls, which the Market wants kept."""
    return "".join(path.read_text(encoding="utf-8") for path in sorted((data_dir / "logs").glob("*.log")))


def betrayals(text: str, portals: Iterable[SandboxPortal], secrets: Iterable[str] = ()) -> set[str]:
    """Return every token, and every planted phone, e-mail and name, that stands in a log."""
    found = set(TOKEN.findall(text)) | {secret for secret in secrets if secret in text}
    words = set(re.findall(r"\w+", text))
    numbers = {re.sub(r"\D", "", number)[-PHONE_DIGITS:] for number in NUMBER.findall(text)}
    lowered = text.casefold()
    for portal in portals:
        found |= {user.last_name for user in portal.users.all() if user.last_name in words}
        found |= _names(portal) & words
        found |= _numbers(portal) & numbers
        found |= {mail for mail in _values(portal, "EMAIL") if mail.casefold() in lowered}
        if portal.app is not None and portal.app.application_token in text:
            found.add(portal.app.application_token)
    return found


def _names(portal: SandboxPortal) -> set[str]:
    texts = (
        record.fields.get(field)
        for table in portal.crm.tables.values()
        for record in table
        for field in NAME_FIELDS
    )
    return {text for text in texts if isinstance(text, str) and len(text) >= LEAST_NAME}


def _numbers(portal: SandboxPortal) -> set[str]:
    digits = (re.sub(r"\D", "", value) for value in _values(portal, "PHONE"))
    return {number[-PHONE_DIGITS:] for number in digits if len(number) >= PHONE_DIGITS}


def _values(portal: SandboxPortal, kind: str) -> set[str]:
    return {
        value.value
        for table in portal.crm.tables.values()
        for record in table
        for value in record.values.get(kind, ())
        if value.value.strip()
    }

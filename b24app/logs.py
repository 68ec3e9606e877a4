"""JSON log lines with context, masked: no token, phone or e-mail leaves the process through a log.

Two streams: what the app does goes to standard output; each REST request and its answer also go to
a file a day in the data folder, kept for seven days (the Market asks for at least three).
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

REST_LOG_DAYS = 7
SECRET_NAMES = re.compile(r"token|secret|auth|password|refresh|access_id|phone|email|code$", re.IGNORECASE)
EMAIL = re.compile(r"[^\s@\"'<>=&]+@[^\s@\"'<>=&]+\.[^\s@\"'<>=&]+")
PHONE = re.compile(r"(?<![\w.:-])\+?\d[\d ()\-]{8,17}\d(?![\w.:-])")
LONG_TOKEN = re.compile(r"\b[0-9A-Za-z_\-]{40,}\b")
PLAIN_FIELDS = frozenset({"timestamp", "level", "event", "error_code"})


def mask_text(text: str) -> str:
    """Return the text with e-mails, phone-like numbers and long tokens replaced by stars."""
    return LONG_TOKEN.sub("***", PHONE.sub("***", EMAIL.sub("***", text)))


def _mask_value(name: str, value: Any) -> Any:
    if name in PLAIN_FIELDS and not isinstance(value, str):
        return value
    if name not in PLAIN_FIELDS and SECRET_NAMES.search(name) and value not in (None, "", True, False):
        return "***"
    if isinstance(value, str):
        return value if name == "timestamp" else mask_text(value)
    if isinstance(value, dict):
        return {key: _mask_value(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mask_value(name, item) for item in value]
    return value


def mask_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask every value of one log line: the last step before it is written."""
    return {name: _mask_value(name, value) for name, value in event.items()}


def _formatter() -> structlog.stdlib.ProcessorFormatter:
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            mask_event,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )


class DailyFile(logging.Handler):
    """Appends to ``rest-YYYY-MM-DD.log``; several processes may write to one folder. Old days are removed."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._day = ""

    def emit(self, record: logging.LogRecord) -> None:
        moment = datetime.fromtimestamp(record.created, UTC)
        day = moment.strftime("%Y-%m-%d")
        if day != self._day:
            self._day = day
            self._remove_before((moment - timedelta(days=REST_LOG_DAYS)).strftime("%Y-%m-%d"))
        with (self._folder / f"rest-{day}.log").open("a", encoding="utf-8") as file:
            file.write(self.format(record) + "\n")

    def _remove_before(self, day: str) -> None:
        for path in self._folder.glob("rest-*.log"):
            if path.stem.removeprefix("rest-") < day:
                path.unlink(missing_ok=True)


def set_up_logs(*, level: str, data_dir: Path) -> None:
    """Send all logs of the process through the mask; REST calls also to ``logs/`` in the data folder."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    screen = logging.StreamHandler(sys.stdout)
    screen.setFormatter(_formatter())
    root.addHandler(screen)
    root.setLevel(level)
    for noisy in ("uvicorn.access", "procrastinate", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    quiet_addresses()
    rest = logging.getLogger("b24app.rest")
    for handler in list(rest.handlers):
        rest.removeHandler(handler)
    rest_file = DailyFile(data_dir / "logs")
    rest_file.setFormatter(_formatter())
    rest.addHandler(rest_file)
    rest.setLevel(logging.INFO)
    rest.propagate = False


def quiet_addresses() -> None:
    """Keep the HTTP library from logging addresses: a webhook's address is a secret."""
    for talker in ("httpx", "httpcore"):
        logging.getLogger(talker).setLevel(logging.WARNING)


def logger(name: str) -> Any:
    """Return the structured logger of that name."""
    return structlog.get_logger(name)

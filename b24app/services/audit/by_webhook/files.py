"""Writes an audit's files whole or not at all: beside their place under another name, then renamed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from b24app.services.audit.by_webhook.json_report import to_json
from b24app.services.audit.by_webhook.result import AuditResult
from b24app.services.audit.by_webhook.webhook import AuditOrder
from b24app.services.audit.by_webhook.xlsx import write_xlsx
from b24app.services.audit.words import WORDS


def write_files(result: AuditResult, wanted: AuditOrder) -> None:
    """Write what is wanted. An interrupted write leaves neither a file nor a trace. Raises OSError."""
    if wanted.json:
        with _beside(wanted.json) as draft:
            draft.write_bytes(to_json(result, with_values=wanted.with_values))
    if wanted.xlsx:
        with _beside(wanted.xlsx) as draft:
            words = WORDS[wanted.language]
            write_xlsx(draft, result, words, with_values=wanted.with_values, spool=draft.parent)


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Yield a place in a folder of its own, readable by us alone; at the end the file moves to its place."""
    with TemporaryDirectory(dir=target.parent, prefix=".b24app-audit-") as folder:
        draft = Path(folder) / target.name
        yield draft
        draft.replace(target)

"""An audit on the screen: a bar while it reads, on standard error, so that the summary can be piped."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TimeRemainingColumn

from b24app.services.audit.by_webhook import gathering
from b24app.services.audit.by_webhook.result import AuditResult
from b24app.services.audit.by_webhook.summary import summary
from b24app.services.audit.words import Words


@contextmanager
def progress_bar() -> Iterator[gathering.Progress]:
    """Yield what the reading tells its progress to."""
    columns = (BarColumn(), TaskProgressColumn(show_speed=True), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)

        def show(read: int, total: int) -> None:
            bar.update(task, completed=read, total=max(read, total))

        yield show


def summary_lines(result: AuditResult, words: Words) -> Iterable[str]:
    """Return the figures, one a line, their values one below the other."""
    figures = list(summary(result, words))
    width = max(len(name) for name, _ in figures)
    return [f"{name:<{width}}  {value}" for name, value in figures]

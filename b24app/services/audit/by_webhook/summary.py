"""The figures of an audit in the order a person reads them: for the screen and the first sheet."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TypeAlias

from b24app.services.audit.by_webhook.result import AuditResult
from b24app.services.audit.words import Words

Figure: TypeAlias = tuple[str, str | int | float]


def summary(result: AuditResult, words: Words) -> Iterator[Figure]:
    """Yield name and value of each figure, warnings first."""
    if not result.is_admin:
        yield words["warning"], words["not_admin"]
    for kind in sorted(result.unreadable):
        yield words["warning"], f"{words['unreadable']}: {words[kind.word]}"
    yield words["portal"], result.origin
    yield words["started"], datetime.fromtimestamp(result.started_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    yield words["time"], round(result.finished_at - result.started_at, 1)
    yield words["requests"], result.requests
    for kind, coverage in result.coverage.items():
        yield f"{words['coverage']}: {words[kind.word]}", f"{coverage.read} / {coverage.total}"
    yield words["records"], result.records
    yield words["group_count"], len(result.groups)
    yield words["in_groups"], result.records_in_groups
    yield words["rate"], f"{result.duplicate_rate:.1%}"
    for (a, b), pairs in result.by_pair.items():
        yield f"{words['pairs']}: {words[a.word]} – {words[b.word]}", pairs
    yield words["shared_count"], len(result.shared_values)
    yield words["hub_count"], len(result.hubs)

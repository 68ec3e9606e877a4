"""A run's kept figures as the report and the files tell them. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from b24app.dedupe.record import RecordType
from b24app.services.audit.pages.charts import Bar, Line, StackedBar, bars, bars_in_order, line, stacked
from b24app.services.audit.pages.page_values import Changes, Figures
from b24app.services.audit.run.numbers import AuditNumbers
from b24app.services.audit.words import Words
from b24app.store.audit_values import PAIR_TYPES, AuditRun

GRADES: Final = ("exact", "likely", "possible", "weak")
NAMES: Final = ("same", "different", "passed_on", "unknown")
BARS: Final = 12
MONTHS: Final = 24
PERCENT: Final = 100
ALARM: Final = ":alarm"


def numbers_of(run: AuditRun) -> AuditNumbers:
    return AuditNumbers.from_dict(run.numbers)


def records_in_groups(run: AuditRun) -> int:
    return numbers_of(run).records_in_groups


def rate_of(numbers: AuditNumbers) -> float:
    """Return how many of a hundred records stand in a group."""
    return round(numbers.duplicate_rate * PERCENT, 1)


def figures_of(numbers: AuditNumbers) -> Figures:
    return Figures(
        records=numbers.records,
        groups=numbers.groups,
        in_groups=numbers.records_in_groups,
        surplus=numbers.records_in_groups - numbers.groups,
        rate=rate_of(numbers),
        shared=numbers.shared_values,
        alarms=_alarms(numbers),
        hubs=numbers.hubs,
        weakly_held=numbers.weakly_held,
    )


def changes_of(run: AuditRun, numbers: AuditNumbers) -> Changes | None:
    """Return what happened since the run before; None for a first one."""
    if run.previous_run_id is None:
        return None
    found = numbers.by_change
    return Changes(
        new=found.get("new", 0),
        grown=found.get("grown", 0),
        solved=numbers.solved,
        reopened=found.get("reopened", 0),
        same=found.get("same", 0) + found.get("shrunk", 0),
    )


def pairs_of(numbers: AuditNumbers) -> dict[tuple[RecordType, RecordType], int]:
    return {(a, b): numbers.by_pair.get(f"{a.word}-{b.word}", 0) for a, b in PAIR_TYPES}


def grade_bars(numbers: AuditNumbers) -> tuple[Bar, ...]:
    return bars_in_order((word, numbers.by_grade.get(word, 0)) for word in GRADES)


def name_bars(numbers: AuditNumbers) -> tuple[StackedBar, ...]:
    return stacked([("", numbers.by_name_grade)], NAMES) if any(numbers.by_name_grade.values()) else ()


def responsible_bars(numbers: AuditNumbers, spelled: Mapping[int, str], nobody: str) -> tuple[Bar, ...]:
    """Return records in groups by responsible; whom the portal does not name is shown by his number."""
    counts = ((int(user), counted[1]) for user, counted in numbers.responsibles.items())
    return bars(
        [(spelled.get(user) or (f"ID {user}" if user else nobody), count) for user, count in counts], BARS
    )


def source_bars(numbers: AuditNumbers, spelled: Mapping[str, str]) -> tuple[Bar, ...]:
    return bars([(spelled.get(code, code), count) for code, count in numbers.sources.items()], BARS)


def month_bars(numbers: AuditNumbers) -> tuple[Bar, ...]:
    """Return the last months, those without a later record among them: a gap is a figure, too."""
    if not numbers.months:
        return ()
    first, last = (_month_number(month) for month in (min(numbers.months), max(numbers.months)))
    shown = range(max(first, last - MONTHS + 1), last + 1)
    words = (f"{number // 12:04d}-{number % 12 + 1:02d}" for number in shown)
    return bars_in_order((word, numbers.months.get(word, 0)) for word in words)


def _month_number(month: str) -> int:
    year, _, number = month.partition("-")
    return int(year) * 12 + int(number) - 1


def trend_of(runs: Sequence[AuditRun]) -> Line | None:
    """Return groups from run to run, the first of them first."""
    done = [(run.finished_at, numbers_of(run).groups) for run in runs if run.finished_at is not None]
    return line(sorted(done))


def steps_of(numbers: AuditNumbers) -> tuple[tuple[str, int], ...]:
    """Return what to do next, the most urgent first."""
    found = (
        ("alarms", _alarms(numbers)),
        ("exact", numbers.by_grade.get("exact", 0)),
        ("hubs", numbers.hubs),
        ("weak", numbers.weakly_held),
    )
    return tuple((code, count) for code, count in found if count) or (("nothing", 0),)


def figure_rows(run: AuditRun, words: Words) -> Iterator[list[str | int | float]]:
    """Yield the first sheet of a file: what, how many."""
    numbers = numbers_of(run)
    yield [words["records"], numbers.records]
    yield [words["group_count"], numbers.groups]
    yield [words["in_groups"], numbers.records_in_groups]
    yield [f"{words['rate']}, %", rate_of(numbers)]
    for a, b in PAIR_TYPES:
        yield [
            f"{words['pairs']}: {words[a.word]} – {words[b.word]}",
            numbers.by_pair.get(f"{a.word}-{b.word}", 0),
        ]
    yield [words["shared_count"], numbers.shared_values]
    yield [words["hub_count"], numbers.hubs]


def _alarms(numbers: AuditNumbers) -> int:
    return sum(count for code, count in numbers.shared.items() if code.endswith(ALARM))

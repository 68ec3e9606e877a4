"""What the benchmark prints: the machine, and one row per figure with its floor or peer of the same run."""

import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One row. ``peer`` is the floor or rival of the same run; ``target`` is what ``measured`` must not exceed."""

    name: str
    ours: float
    unit: str
    peer: float | None = None
    peer_name: str = ""
    target: float | None = None
    is_ratio_target: bool = True
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.ours / self.peer if self.peer else None

    @property
    def is_reached(self) -> bool | None:
        """Claim that the target is met; None when there is none."""
        measured = self.ratio if self.is_ratio_target else self.ours
        if self.target is None or measured is None:
            return None
        return measured <= self.target + 1e-9


HEADINGS = ("name", "ours", "floor or peer", "ratio", "target", "ok?", "")


def print_table(figures: Iterable[Figure]) -> None:
    """Print the rows under each other."""
    rows = [HEADINGS, *(_cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _cells(figure: Figure) -> tuple[str, ...]:
    target = "" if figure.target is None else f"≤ {_number(figure.target)}"
    return (
        figure.name,
        f"{_number(figure.ours)} {figure.unit}".strip(),
        ""
        if figure.peer is None
        else f"{_number(figure.peer)} {figure.unit} ({figure.peer_name})".replace("  ", " "),
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        target + (" ×" if target and figure.is_ratio_target else ""),
        {True: "yes", False: "NO", None: ""}[figure.is_reached],
        figure.note,
    )


def _number(value: float) -> str:
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.2f}"


def describe_machine(database: str) -> str:
    """Return cores, processor, Python and PostgreSQL."""
    return f"{cpu_count()} cores, {_processor()}; Python {platform.python_version()}; {database}"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def middle(values: Sequence[float]) -> float:
    return median(values)

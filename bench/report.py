"""What was measured, as a table for people and JSON for programs."""

import json
import math
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Result:
    """One line of the table. `limit` bounds the ratio, or the value where `of_value`."""

    budget: str
    what: str
    unit: str
    value: float
    reference: float | None
    at_least: float | None = None
    at_most: float | None = None
    of_value: bool = False
    excuse: str = ""
    """Why the machine may not be able to show it; stands in place of a failed verdict."""
    use: str = ""
    """What used how much of a core meanwhile: which side was the bound?"""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """Value by reference."""
        return self.value / self.reference if self.reference else None

    @property
    def limit(self) -> str:
        """The budget, in words."""
        if self.at_least is None and self.at_most is None:
            return "-"
        sign, bound = ("≥", self.at_least) if self.at_least is not None else ("≤", self.at_most)
        return f"{sign} {bound:g} {self.unit}" if self.of_value else f"{sign} {bound:g}x"

    @property
    def verdict(self) -> str:
        """Whether the budget is met."""
        measured = self.value if self.of_value else self.ratio
        if measured is None or (self.at_least is None and self.at_most is None):
            return "info"
        low = self.at_least if self.at_least is not None else -math.inf
        high = self.at_most if self.at_most is not None else math.inf
        return "met" if low <= measured <= high else self.excuse or "OVER"


HEADINGS = ("budget", "what", "value", "reference", "ratio", "limit", "verdict", "use")


def table(results: Sequence[Result]) -> str:
    """Return the results as a table in Markdown."""
    rows = [HEADINGS, *map(_row, results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _row(result: Result) -> tuple[str, ...]:
    ratio, reference = result.ratio, result.reference
    return (
        result.budget,
        result.what,
        f"{number(result.value)} {result.unit}",
        "-" if reference is None else f"{number(reference)} {result.unit}",
        "-" if ratio is None else f"{ratio:.2f}",
        result.limit,
        result.verdict,
        result.use,
    )


def number(value: float) -> str:
    """Return a number with three digits that matter."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def machine() -> dict[str, Any]:
    """Return what the numbers depend on."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def write_json(path: Path, results: Sequence[Result], about: dict[str, Any]) -> None:
    """Write everything, details included."""
    lines = [
        {**asdict(one), "ratio": one.ratio, "limit": one.limit, "verdict": one.verdict}
        for one in results
    ]
    path.write_text(json.dumps({**about, "results": lines}, indent=2, ensure_ascii=False) + "\n")

"""Parts of ``results.json`` beside the table of conditions, a file each: its model, and how a tally
becomes it.

May import ``agent.metrics`` and ``agent.statistics``. To add one: a file with a model that extends
``Section``, a field of ``Results``, and its place in the report.
"""

from __future__ import annotations

from typing import TypeAlias

from pydantic import BaseModel, ConfigDict

from agent.statistics.intervals import Interval

Pair: TypeAlias = tuple[float, float]


class Section(BaseModel):
    """A part of the contract: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")


def rounded(value: float | None) -> float | None:
    """Six digits: what a figure says, and the same on every machine."""
    return None if value is None else round(value, 6)


def pair(interval: Interval) -> Pair:
    """An interval's ends, rounded."""
    return round(interval.low, 6), round(interval.high, 6)

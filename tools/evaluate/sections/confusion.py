"""What was seen instead, as results tell it."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from agent.metrics.confusion import Confusion
from tools.evaluate.sections import Section

MOST: Final = 20
"""Misreadings and phantoms' labels listed, the most frequent; the counts are of all."""


class MisreadFigures(Section):
    """A target of ``label`` was taken ``times`` times for ``seen``."""

    label: str
    seen: str
    times: int


class ConfusionFigures(Section):
    """Of ``n`` targets: those with nothing in their place, and those taken for something else.

    ``phantoms`` by label: seen where no target is.
    """

    n: int
    missed: int
    misread: int
    instead: list[MisreadFigures] = Field(default_factory=list)
    phantoms: dict[str, int] = Field(default_factory=dict)


def confusion_figures(confusion: Confusion) -> ConfusionFigures:
    """The counts as figures."""
    rows = confusion.misread()
    return ConfusionFigures(
        n=confusion.n(),
        missed=confusion.missed(),
        misread=sum(row.times for row in rows),
        instead=[MisreadFigures(**row._asdict()) for row in rows[:MOST]],
        phantoms=dict(
            sorted(confusion.phantoms.items(), key=lambda item: (-item[1], item[0]))[:MOST]
        ),
    )

"""Slices as figures: what tells nothing is left out, what is weak is named."""

from __future__ import annotations

from agent.metrics.bands import Slice
from agent.metrics.slices import SliceTally
from tools.evaluate.sections.slices import slice_figures


def tally() -> SliceTally:
    """At night every second target is seen, by day all; all at one site."""
    made = SliceTally()
    for scene in range(80):
        night = scene % 2 == 0
        own = [Slice("light", "night" if night else "day"), Slice("site", "here")]
        made.add(own, "clean", f"scene {scene}", int(not night or scene % 4 == 0))
    return made


def test_the_weak_slice_is_named_with_its_rest() -> None:
    figures = slice_figures(tally().rates())
    assert {row.name for row in figures.rows} == {"light"}, "one site only has nothing beside it"
    assert figures.worst is not None
    assert (figures.worst.band, figures.worst.rate, figures.worst.rest) == ("night", 0.5, 1.0)
    (spread,) = figures.spreads
    assert (spread.worst, spread.best, spread.difference, spread.ratio) == (
        "night",
        "day",
        0.5,
        0.5,
    )
    worse = next(row for row in figures.rows if row.band == "night")
    assert worse.finding == "worse"
    assert (
        worse.together95[0] <= worse.ci95[0] <= worse.rate <= worse.ci95[1] <= worse.together95[1]
    )


def test_nothing_counted_is_nothing_told() -> None:
    figures = slice_figures(SliceTally().rates())
    assert (figures.rows, figures.worst) == ([], None)

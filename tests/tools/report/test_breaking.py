"""The table at a glance: medians, intervals and survivors, worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

from tools.evaluate.results import Results
from tools.report.breaking import breaking_rows

Make = Callable[..., Results]


def test_a_kind_that_breaks_shows_its_severity_units_and_interval(make_results: Make) -> None:
    # Of 40 seen clean, 8 are lost at 0.25, 20 more at 0.5, 12 survive: the median is 0.5, and
    # the 14th and the 27th of 40 bound it, both of them lost at 0.5.
    row = breaking_rows(make_results({"sticker": [32, 12, 12, 12]}))[0]
    assert (row.severity, row.units, row.interval) == ("0.5", "40 cm²", "0.5")
    assert (row.left, row.dot, row.right, row.open_right) == (50, 50, 50, False)
    assert (row.survivors, row.n) == (12, 40)


def test_an_interval_that_reaches_beyond_what_was_tried_is_open(make_results: Make) -> None:
    row = breaking_rows(make_results({"sticker": [40, 19]}))[0]
    assert row.interval == "1 or beyond"
    assert row.open_right


def test_survivors_have_no_breaking_severity(make_results: Make) -> None:
    row = breaking_rows(make_results({"fog": [40, 38]}))[0]
    assert not row.broke
    assert row.dot is None
    assert row.interval == "beyond 1"
    assert row.survivors == 38
    assert row.units == "80 cm²"


def test_of_kinds_that_survive_the_one_with_more_losses_comes_first(make_results: Make) -> None:
    rows = breaking_rows(make_results({"fog": [40, 38], "rain": [40, 24], "wet_dusk": [1, 0]}))
    assert [row.kind for row in rows] == ["wet dusk", "rain", "fog"]

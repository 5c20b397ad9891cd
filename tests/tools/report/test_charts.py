"""Charts: inline SVG in the page's colours, with ids of its own."""

from __future__ import annotations

import re
from collections.abc import Callable

import matplotlib as mpl

from agent.metrics.calibration import Calibration
from tools.evaluate.results import Results
from tools.evaluate.sections.calibration import calibration_figures
from tools.evaluate.trials import TrialRow
from tools.report.charts import distance_strip, reliability, severity_curve, survival_steps
from tools.report.distance import map_distances

Make = Callable[..., Results]


def curve(results: Results, name: str = "c") -> str:
    return severity_curve(name, results.conditions, results.clean)


def test_intervals_and_the_clean_line_are_where_the_figures_are(make_results: Make) -> None:
    svg = curve(make_results({"fog": [40, 20, 0]}))
    bars = re.findall(r'id="c-ci\d">\s*<path d="M ([\d.]+) ([\d.]+)\s+L ([\d.]+) ([\d.]+)', svg)
    assert len(bars) == 3
    (a, b, c) = [(float(y1), float(y2)) for _, y1, _, y2 in bars]
    # Down the page is less: the interval of 20 of 40 lies below that of 40 of 40.
    assert a[0] < b[0] < c[0]
    assert all(low > high for low, high in (a, b, c))
    assert "stroke-dasharray: " in svg


def test_an_interval_that_bounds_nothing_is_not_drawn(make_results: Make) -> None:
    results = make_results({"fog": [40, 20, 0]})
    results.conditions[1].ci95 = (0.0, 1.0)
    assert len(re.findall(r'id="c-ci\d"', curve(results))) == 2


def test_survival_falls_in_steps_with_a_band(make_results: Make) -> None:
    results = make_results({"fog": [40, 20, 4]})
    svg = survival_steps("s", results.summary.breaking_severity["fog"], 1.0)
    assert "var(--accent)" in svg
    assert "opacity: 0.2" in svg, "the band"
    untouched = make_results({"fog": [40, 40]}).summary.breaking_severity["fog"]
    assert survival_steps("s", untouched, 1.0) != svg


def test_reliability_shows_a_dot_for_each_bin_filled_and_hollow() -> None:
    clean, other = Calibration(), Calibration()
    for confidence, right in ((0.9, True), (0.9, False), (0.3, False)):
        clean.add(confidence, right)
    other.add(0.5, True)
    svg = reliability("r", calibration_figures(clean), calibration_figures(other))
    assert len(re.findall(r'id="r-filled\d+"', svg)) == 2
    assert len(re.findall(r'id="r-hollow\d+"', svg)) == 1
    alone = reliability("r", calibration_figures(clean), None)
    assert not re.search(r'id="r-hollow\d', alone)


def test_colours_are_the_pages_and_text_stays_text(make_results: Make) -> None:
    svg = curve(make_results({"fog": [40, 20]}))
    assert "var(--accent)" in svg
    assert "#0102" not in svg
    assert ">100 %</text>" in svg
    assert "http" not in svg


def test_two_charts_of_the_same_figures_share_no_id(make_results: Make) -> None:
    results = make_results({"fog": [40, 20]})
    first, second = (set(re.findall(r'id="([^"]+)"', curve(results, n))) for n in ("a", "b"))
    assert first
    assert not first & second


def test_drawing_leaves_the_readers_matplotlib_settings_alone(make_results: Make) -> None:
    before = dict(mpl.rcParams)
    curve(make_results({"fog": [40, 20]}))
    assert dict(mpl.rcParams) == before


def test_a_strip_fills_cells_by_the_share_seen(drive: list[TrialRow]) -> None:
    distances = map_distances(drive)
    assert distances is not None
    strip = distances.strips[0]
    svg = distance_strip("s", strip, distances)
    cells = sum(len(row) for row in strip.cells.values())
    filled = sum(seen > 0 for row in strip.cells.values() for seen, _ in row.values())
    assert svg.count("fill: var(--well)") == cells
    assert svg.count("fill: var(--accent)") == filled

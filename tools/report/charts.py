"""Charts as inline SVG.

Drawn by matplotlib: it is the field's best-kept plotting library, its SVG needs no script and no
network, and the same figures can be made again in a notebook.

Colours are named by the page: each chart is drawn in marker colours that are then replaced by
the page's CSS variables, so that charts follow its light, dark and print looks.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tools.evaluate.results import BreakingSeverity, CleanFigures, ConditionFigures
from tools.evaluate.sections.calibration import CalibrationFigures
from tools.report.distance import CLEAN, DistanceMap, Strip
from tools.report.wording import UNKNOWN, severity

INK, MUTED, RULE, ACCENT, WELL = "#010203", "#010204", "#010205", "#010206", "#010207"
VARIABLES = {INK: "ink", MUTED: "muted", RULE: "rule", ACCENT: "accent", WELL: "well"}

WIDTH, LEFT, RIGHT, TOP = 2.6, 0.46, 0.06, 0.08  # inches

STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",  # text stays text: small, selectable, in the page's type
    "svg.hashsalt": "fieldproof",  # ids repeat from run to run
    "font.size": 8.5,
    "text.color": MUTED,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0,
    "xtick.major.pad": 5,
    "ytick.major.size": 0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.linewidth": 0.8,
}


def severity_curve(
    name: str, conditions: Sequence[ConditionFigures], clean: CleanFigures
) -> Markup:
    """Accuracy against severity with 95 % intervals; the clean accuracy as a dashed line.

    ``name`` makes the chart's ids unique within a page: letters, digits and hyphens.
    """
    with _chart(1.6, 0.24) as (figure, axes):
        points = [c for c in conditions if c.n]
        x = [c.severity for c in points]
        y = [100 * c.accuracy for c in points]
        if clean.n:
            axes.axhline(100 * clean.accuracy, color=MUTED, linewidth=0.9, dashes=(4, 3), zorder=1)
            x, y = [0.0, *x], [100 * clean.accuracy, *y]
        axes.plot(x, y, color=ACCENT, linewidth=1.6, zorder=3)
        for number, point in enumerate(points):
            if point.ci95 != UNKNOWN:
                ends = [100 * bound for bound in point.ci95]
                axes.plot([point.severity] * 2, ends, color=ACCENT, lw=1.1, gid=f"ci{number}")
            axes.plot(
                point.severity,
                100 * point.accuracy,
                "o",
                color=ACCENT,
                ms=4,
                zorder=4,
                clip_on=False,
            )
        _severity_axes(axes)
        return _svg(figure, name)


def survival_steps(name: str, breaking: BreakingSeverity, strongest: float) -> Markup:
    """Share of the targets seen clean that is still seen, against severity, with its 95 % band.

    For severities that were searched: a step where targets were lost, up to the ``strongest``.
    """
    with _chart(1.6, 0.24) as (figure, axes):
        steps = breaking.survival
        x = [0.0, *(step.severity for step in steps), strongest]
        y = [100.0, *(100 * step.seen for step in steps)]
        low = [100.0, *(100 * step.ci95[0] for step in steps)]
        high = [100.0, *(100 * step.ci95[1] for step in steps)]
        ends = [[*values, values[-1]] for values in (y, low, high)]
        axes.fill_between(x, ends[1], ends[2], step="post", color=ACCENT, alpha=0.2, lw=0)
        axes.step(x, ends[0], where="post", color=ACCENT, linewidth=1.6, zorder=3)
        axes.axhline(50, color=MUTED, linewidth=0.9, dashes=(4, 3), zorder=1)
        _severity_axes(axes)
        return _svg(figure, name)


def reliability(name: str, clean: CalibrationFigures, other: CalibrationFigures | None) -> Markup:
    """Share right against confidence: clean filled, perturbed (``other``) hollow; the diagonal is
    a model that means what it says. The larger the dot, the more answers."""
    with _chart(2.2, 0.42) as (figure, axes):
        axes.plot([0, 100], [0, 100], color=MUTED, linewidth=0.9, dashes=(4, 3), zorder=1)
        for figures, hollow in ((other, True), (clean, False)):
            if figures is None:
                continue
            for number, one in enumerate(figures.bins):
                axes.plot(
                    100 * one.confidence,
                    100 * one.accuracy,
                    "o",
                    ms=3 + 7 * (one.n / figures.n) ** 0.5,
                    mfc="none" if hollow else ACCENT,
                    mec=ACCENT,
                    alpha=0.9,
                    clip_on=False,
                    gid=f"{'hollow' if hollow else 'filled'}{number}",
                )
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 100)
        axes.set_xticks([0, 50, 100], ["0", "50", "100 %"])
        axes.set_yticks([0, 50, 100], ["0", "50", "100 %"])
        axes.set_xlabel("confidence", labelpad=2)
        axes.grid(color=RULE, linewidth=0.6)
        axes.set_axisbelow(True)
        return _svg(figure, name)


def _severity_axes(axes: Axes) -> None:
    axes.set_xlim(-0.02, 1.04)
    axes.set_ylim(0, 104)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["clean", "0.25", "0.5", "0.75", "1"])
    axes.set_yticks([0, 50, 100], ["0", "50", "100 %"])
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)


def distance_strip(name: str, strip: Strip, distances: DistanceMap) -> Markup:
    """Share of targets seen by distance (near on the right) and severity; blank: no targets."""
    rows = sorted(strip.cells)
    edges = distances.edges_m
    with _chart(TOP + 0.42 + 0.17 * len(rows), 0.42) as (figure, axes):
        for level, row in enumerate(rows):
            for place, (seen, n) in strip.cells[row].items():
                corner, size = (edges[place], level + 0.06), (edges[place + 1] - edges[place], 0.88)
                axes.add_patch(Rectangle(corner, *size, facecolor=WELL, edgecolor=RULE, lw=0.5))
                if seen:
                    axes.add_patch(Rectangle(corner, *size, facecolor=ACCENT, alpha=seen / n, lw=0))
        axes.set_xlim(edges[-1], edges[0])
        axes.set_ylim(0, len(rows))
        axes.set_yticks(
            [level + 0.5 for level in range(len(rows))],
            ["clean" if row == CLEAN else severity(row) for row in rows],
        )
        axes.set_xlabel("distance in m", labelpad=2)
        return _svg(figure, name)


@contextmanager
def _chart(height: float, below: float) -> Iterator[tuple[Figure, Axes]]:
    """A figure in the page's style, ``below`` inches left for the labels under the x axis.

    Margins are fixed, so that the axes of neighbouring charts align. No state is left behind.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, height))
        figure.subplots_adjust(
            left=LEFT / WIDTH, right=1 - RIGHT / WIDTH, top=1 - TOP / height, bottom=below / height
        )
        FigureCanvasSVG(figure)
        figure.patch.set_alpha(0)
        axes = figure.add_subplot()
        axes.patch.set_alpha(0)
        yield figure, axes


def _svg(figure: Figure, name: str) -> Markup:
    """The figure as an element for a page, ids made unique by ``name``."""
    buffer = io.StringIO()
    figure.savefig(
        buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
    )
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", text)
    text = re.sub(r'(<svg[^>]*?)\swidth="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?)\sheight="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var(--{variable})")
    return Markup(text)

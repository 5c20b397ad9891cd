"""Charts as SVG files, drawn once for light and once for dark.

By matplotlib, as the report's: ``Figure`` objects alone and no pyplot, so that threads may draw
side by side. Fonts are the browser's.
"""

from __future__ import annotations

import hashlib
import io
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final, Literal

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

Scheme = Literal["light", "dark"]

MOST: Final = 600
"""Drawings that are remembered, some 10 kB each."""
HOUR_MS: Final = 3_600_000
FONTS: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"


@dataclass(frozen=True)
class Look:
    """The colours of a scheme, as in the report's style sheet."""

    muted: str
    rule: str
    lines: tuple[str, ...]


LOOKS: Final[dict[str, Look]] = {
    "light": Look("#5d646d", "#dfe1e4", ("#1d63b8", "#a94a06", "#2b7a4b", "#8a3ea8", "#5d646d")),
    "dark": Look("#a2a9b2", "#333940", ("#6fb0ff", "#ffb070", "#7fd0a0", "#d49bf0", "#a2a9b2")),
}
DASHES: Final = ("solid", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)), (0, (3, 3)))


@dataclass(frozen=True)
class Line:
    """Points (x, y), and where known the band from ``low`` to ``high`` around each."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """What a chart shows. ``x`` is ms since 1970, or a severity where not ``timed``.

    ``y_range`` is fixed where given; ``unit`` stands at the highest tick; ``across`` is a dashed
    line at a height.
    """

    lines: tuple[Line, ...]
    timed: bool
    x_range: tuple[float, float]
    y_range: tuple[float, float] | None = None
    unit: str = ""
    across: float | None = None
    large: bool = True

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in inches of 72 points."""
        more = 0.24 if len(self.lines) > 1 else 0.0
        return (4.6, 1.95 + more) if self.large else (2.7, 1.55)

    @property
    def tag(self) -> str:
        """Equal for equal drawings."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:20]


class Drawings:
    """Draws, and remembers what was drawn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def svg(self, drawing: Drawing, scheme: Scheme) -> bytes:
        """A drawing as an SVG file."""
        key = drawing.tag, scheme
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        made = draw(drawing, LOOKS[scheme])
        with self._lock:
            self._known[key] = made
            while len(self._known) > MOST:
                self._known.popitem(last=False)
        return made


# matplotlib's settings are the process's: who draws holds this.
_SETTINGS: Final = threading.Lock()


def draw(drawing: Drawing, look: Look) -> bytes:
    """Draw it in the colours of a look."""
    with _SETTINGS, rc_context({"svg.fonttype": "none", "svg.hashsalt": "fieldproof"}):
        figure = Figure(figsize=drawing.size)
        FigureCanvasSVG(figure)
        figure.patch.set_alpha(0)
        axes = figure.add_axes(_frame(drawing))
        axes.patch.set_alpha(0)
        for number, line in enumerate(drawing.lines):
            _line(axes, drawing, line, look.lines[number % 5], DASHES[number % 5])
        _axes(axes, drawing, look)
        return _file(figure)


def _frame(drawing: Drawing) -> tuple[float, float, float, float]:
    """Fixed margins, so that the axes of neighbouring charts stand in line."""
    width, height = drawing.size
    below = 0.54 if len(drawing.lines) > 1 else 0.31
    return 0.46 / width, below / height, 1 - 0.56 / width, 1 - (below + 0.1) / height


def _line(axes: Axes, drawing: Drawing, line: Line, colour: str, dashes: Any) -> None:
    if line.low and drawing.timed:
        axes.fill_between(line.x, line.low, line.high, color=colour, alpha=0.16, lw=0)
    elif line.low:
        for x, low, high in zip(line.x, line.low, line.high, strict=True):
            axes.plot([x, x], [low, high], color=colour, lw=1.2)
    few = len(line.x) <= 32
    axes.plot(
        line.x, line.y, color=colour, lw=1.6, ls=dashes, marker="o" if few else "", ms=3.2,
        label=line.name, clip_on=False, zorder=3,
    )  # fmt: skip


def _axes(axes: Axes, drawing: Drawing, look: Look) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(look.rule)
    axes.tick_params(length=0, pad=4, colors=look.muted, labelsize=8.5)
    axes.tick_params(axis="x", pad=7)
    axes.grid(axis="y", color=look.rule, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlim(*drawing.x_range)
    places, words = time_ticks(*drawing.x_range) if drawing.timed else _severities(drawing)
    axes.set_xticks(places, words)
    if drawing.across is not None:
        axes.axhline(drawing.across, color=look.muted, linewidth=0.9, dashes=(4, 3), zorder=1)
    low, high = drawing.y_range or _room(drawing)
    axes.set_ylim(low, high + (high - low) * 0.03)
    ticks = [low, (low + high) / 2, high]
    axes.set_yticks(ticks, [*map(_plain, ticks[:-1]), f"{_plain(high)}{drawing.unit}"])
    if len(drawing.lines) > 1:
        axes.legend(
            loc="upper center", bbox_to_anchor=(0.47, -0.15), ncols=5, frameon=False, fontsize=8,
            labelcolor=look.muted, handlelength=1.9, columnspacing=1.1, handletextpad=0.5,
        )  # fmt: skip


def _severities(drawing: Drawing) -> tuple[list[float], list[str]]:
    return [0.0, 0.25, 0.5, 0.75, 1.0], ["0", "0.25", "0.5", "0.75", "1"]


def _room(drawing: Drawing) -> tuple[float, float]:
    """Round ends around all values; from 0 where they are not far above it."""
    values = [
        value for line in drawing.lines for values in (line.y, line.low, line.high)
        for value in values
    ]  # fmt: skip
    low, high = min(values, default=0.0), max(values, default=1.0)
    if 0 <= low < high / 2 or low == high == 0:
        low = 0.0
    step = 10.0 ** _magnitude(max(high - low, abs(high) * 0.05, 1e-3))
    return step * (low // step), step * -(-max(high, low + step) // step)


def _magnitude(value: float) -> int:
    return int(f"{value:e}".partition("e")[2])


def _plain(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}".replace(",", "\u202f")


def time_ticks(since_ms: float, until_ms: float) -> tuple[list[float], list[str]]:
    """Four to seven round moments within a span, and what to write below them (UTC)."""
    hours = (until_ms - since_ms) / HOUR_MS
    steps = (1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 720, 2160, 8760)
    step = next((step for step in steps if hours / step <= 6.5), steps[-1]) * HOUR_MS
    first = int(-(-since_ms // step) * step)
    places = [float(at) for at in range(first, int(until_ms) + 1, step)]
    return places, [_moment(at, step) for at in places]


def _moment(at_ms: float, step_ms: int) -> str:
    """The hour, and at midnight the day."""
    at = datetime.fromtimestamp(at_ms / 1000, timezone.utc)
    return f"{at:%H:%M}" if step_ms < 24 * HOUR_MS and at.hour else f"{at.day} {at:%b}"


def _file(figure: Figure) -> bytes:
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=nothing)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"(font: [\d.]+px) [^;\"]*", rf"\1 {FONTS}", text)
    return text.encode()

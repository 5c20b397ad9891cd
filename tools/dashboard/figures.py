"""The charts of a device: what they show, in a drawing, in words, and in numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from tools.dashboard.breaking import Breaking, breakings
from tools.dashboard.drawing import Drawing, Line, Scheme
from tools.dashboard.rates import Counts, Rate, joined, merged
from tools.dashboard.spans import Window
from tools.dashboard.templating import moment
from tools.report.wording import listed, percent, percent_range, readable, severity

MOST_KINDS: Final = 5
"""Lines that can be told apart in one chart."""
PERCENT: Final = (0.0, 100.0)


@dataclass(frozen=True)
class Chart:
    """``base`` is its address without the scheme, ``columns`` and ``rows`` are its numbers."""

    id: str
    title: str
    line: str
    alt: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    drawing: Drawing
    base: str

    def place(self, scheme: Scheme) -> str:
        """Its address; another one as soon as it shows something else."""
        return f"{self.base}&scheme={scheme}&v={self.drawing.tag}"

    @property
    def width(self) -> int:
        return round(self.drawing.size[0] * 96)

    @property
    def height(self) -> int:
        return round(self.drawing.size[1] * 96)


Binned = Mapping[int, Mapping[str, Mapping[float, Counts]]]
"""Start of a span in ms -> kind -> severity -> counts."""
Readings = Mapping[str, Sequence[tuple[int, float, float, float]]]
"""A reading's name -> (ms, mean, low, high), oldest first."""


@dataclass(frozen=True)
class Plotter:
    """Makes the charts of one device and window; ``ends`` are the ms between which it is drawn."""

    site: str
    device: str
    window: Window
    ends: tuple[float, float]

    def robust(self, bins: Binned) -> Chart | None:
        """Robust accuracy over time."""
        points = [(at, _all(kinds).robust) for at, kinds in sorted(bins.items())]
        return self._shares(
            "robust",
            "Robust accuracy",
            "Share of targets still seen when perturbed; the band is its 95 % interval",
            points,
        )

    def clean(self, bins: Binned) -> Chart | None:
        """Clean accuracy over time, where the truth is known."""
        points = [(at, _all(kinds).clean) for at, kinds in sorted(bins.items())]
        return self._shares(
            "clean",
            "Clean accuracy",
            "Share of targets seen on clean frames, where the truth is known",
            points,
        )

    def flips(self, bins: Binned, kinds: Sequence[str]) -> Chart | None:
        """Flip rate over time of the kinds that lose most."""
        lines, rows = [], []
        for kind in kinds[:MOST_KINDS]:
            points = [(at, _kind(found.get(kind, {})).flip) for at, found in sorted(bins.items())]
            known = [(at, flip) for at, flip in points if flip]
            if known:
                y = tuple(round(100 * flip.share, 2) for _, flip in known)
                lines.append(Line(readable(kind), tuple(float(at) for at, _ in known), y))
                rows += [_row(at, flip, readable(kind)) for at, flip in known]
        if not lines:
            return None
        last = [f"{line.name} {line.y[-1]:.0f} %" for line in lines]
        return self._chart(
            "flips", "Flip rate per kind", "Share of targets seen clean that are lost",
            f"Flip rate per kind over time. At the end: {listed(last)}.",
            ("Kind", "From", "Flip rate", "95 % interval", "Seen clean", "Scenes"), rows,
            Drawing(tuple(lines), True, self.ends, PERCENT, " %"),
        )  # fmt: skip

    def confidence(self, bins: Binned) -> Chart | None:
        """Mean fall of confidence over time."""
        points = [(at, _all(kinds)) for at, kinds in sorted(bins.items())]
        known = [(at, one.drop, one.drops) for at, one in points if one.drop is not None]
        if not known:
            return None
        line = Line(
            "",
            tuple(float(at) for at, _, _ in known),
            tuple(round(drop, 4) for _, drop, _ in known),
        )
        return self._chart(
            "confidence", "Fall of confidence", "Mean of clean less perturbed, of those with both",
            f"Mean fall of confidence over time: {known[-1][1]:.2f} at the end, between "
            f"{min(line.y):.2f} and {max(line.y):.2f}.",
            ("From", "Mean fall", "Trials"),
            [(moment(at), f"{drop:.3f}", f"{n}") for at, drop, n in known],
            Drawing((line,), True, self.ends),
        )  # fmt: skip

    def reading(
        self, name: str, title: str, what: str, unit: str, readings: Readings
    ) -> Chart | None:
        """A reading of the device's over time, with the band from its lowest to its highest."""
        known = readings.get(name, ())
        if not any(high for *_, high in known):  # nothing, or a thing that never happened
            return None
        x = tuple(float(at) for at, *_ in known)
        mean, low, high = (tuple(round(one[place], 3) for one in known) for place in (1, 2, 3))
        return self._chart(
            name, title, what,
            f"{title} over time: {mean[-1]:.4g}{unit} at the end, between {min(low):.4g}{unit} and "
            f"{max(high):.4g}{unit}.",
            ("From", "Mean", "Lowest", "Highest"),
            [(moment(at), *(f"{value:.4g}{unit}" for value in values)) for at, *values in known],
            Drawing((Line("", x, mean, low, high),), True, self.ends, unit=unit),
        )  # fmt: skip

    def curve(self, kind: Breaking) -> Chart:
        """What is still seen against severity, for one kind."""
        points = [(level.severity, level.counts, level.counts.robust) for level in kind.levels]
        known = [(at, counts, rate) for at, counts, rate in points if rate]
        x = tuple(at for at, _, _ in known)
        bands = [(100 * rate.low, 100 * rate.high) for _, _, rate in known]
        y = tuple(round(100 * rate.share, 2) for _, _, rate in known)
        line = Line("", x, y, tuple(low for low, _ in bands), tuple(high for _, high in bands))
        clean = _all({"": {at: counts for at, counts, _ in points}})
        name = readable(kind.kind)
        said = ", ".join(f"{percent(rate.share)} at {severity(at)}" for at, _, rate in known)
        return self._chart(
            f"curve-{kind.kind}", name, half_lost(kind),
            f"Share still seen under {name} by severity: {said}.",
            ("Severity", "Still seen", "95 % interval", "Flip rate", "Trials", "Scenes"),
            [_level(at, counts, rate) for at, counts, rate in known],
            Drawing((line,), False, (-0.02, 1.04), PERCENT, " %",
                    round(100 * clean.clean_seen / clean.n, 1) if clean.n else None, large=False),
            condition=kind.kind,
        )  # fmt: skip

    def _shares(
        self, name: str, title: str, what: str, points: Iterable[tuple[int, Rate | None]]
    ) -> Chart | None:
        known = [(at, rate) for at, rate in points if rate]
        if not known:
            return None
        x = tuple(float(at) for at, _ in known)
        y, low, high = (
            tuple(round(100 * value, 2) for value in values)
            for values in zip(*((r.share, r.low, r.high) for _, r in known), strict=True)
        )
        return self._chart(
            name, title, what,
            f"{title} over time: {y[-1]:.0f} % at the end, between {min(y):.0f} % and "
            f"{max(y):.0f} % in {len(known)} spans.",
            ("From", title, "95 % interval", "Trials", "Scenes"),
            [_row(at, rate) for at, rate in known],
            Drawing((Line("", x, y, low, high),), True, self.ends, PERCENT, " %"),
        )  # fmt: skip

    def _chart(
        self,
        name: str,
        title: str,
        line: str,
        alt: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        drawing: Drawing,
        condition: str = "",
    ) -> Chart:
        values = {"span": self.window.name, **({"condition": condition} if condition else {})}
        kind = "curve" if condition else name
        base = f"/charts/{self.site}/{self.device}/{quote(kind)}.svg?{urlencode(values)}"
        return Chart(name, title, line, alt, columns, rows, drawing, base)


def half_lost(kind: Breaking) -> str:
    """Where a kind takes half of what is seen clean, in words."""
    if kind.at is not None:
        return f"half lost at {severity(kind.at)}"
    flip = kind.strongest.flip
    lost = f"{percent(flip.share)} lost at {severity(kind.strongest.severity)}" if flip else ""
    return lost or "none was seen clean"


def by_kind(bins: Binned) -> dict[str, dict[float, Counts]]:
    """All bins together: bins hold scenes of their own, which add up."""
    parts: dict[str, dict[float, list[Counts]]] = {}
    for kinds in bins.values():
        for kind, levels in kinds.items():
            for at, counts in levels.items():
                parts.setdefault(kind, {}).setdefault(at, []).append(counts)
    return {
        kind: {at: joined(found) for at, found in levels.items()} for kind, levels in parts.items()
    }


def weakest(bins: Binned) -> list[Breaking]:
    """The kinds of all bins, the weakest spot first."""
    return breakings(by_kind(bins))


def _all(kinds: Mapping[str, Mapping[float, Counts]]) -> Counts:
    return merged(counts for levels in kinds.values() for counts in levels.values())


def _kind(levels: Mapping[float, Counts]) -> Counts:
    return merged(levels.values())


def _row(at: int, rate: Rate, *before: str) -> Sequence[str]:
    return (
        *before,
        moment(at),
        percent(rate.share),
        percent_range(rate.interval),
        str(rate.n),
        str(rate.scenes),
    )


def _level(at: float, counts: Counts, rate: Rate) -> Sequence[str]:
    flip = counts.flip
    return (
        severity(at),
        percent(rate.share),
        percent_range(rate.interval),
        percent(flip.share) if flip else "–",
        str(rate.n),
        str(rate.scenes),
    )

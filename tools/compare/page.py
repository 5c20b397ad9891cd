"""``compare.html``: one self-contained page that opens offline, without scripts, under 5 MB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agent import __version__
from agent.errors import MissingExtra
from agent.values import Pixels, Sighting
from tools.compare.broken import CLEAN
from tools.compare.comparison import (
    ChangedTarget,
    Comparison,
    ConditionFigures,
    KindFigures,
    PairedFigures,
)
from tools.compare.verdict import cautions, p_value
from tools.evaluate.results import ModelFacts
from tools.report import wording
from tools.report.exhibit import Exhibit
from tools.report.gallery import BUDGET_BYTES, QUALITIES, Shot, data_uri
from tools.report.page import CONTENT_POLICY
from tools.report.panel import panel
from tools.report.wording import readable, severity, verdict, verdict_class

MOST_BROKEN: Final = 24
MOST_SEEN: Final = 9
MOST_LISTED: Final = 60
"""Newly broken targets named in the page's table; ``compare.json`` lists more."""
SCALES: Final = (0.1, 0.2, 0.3, 0.5, 1.0)

Both = tuple[Exhibit, Exhibit]
"""One change as A and as B saw it."""


@dataclass(frozen=True)
class TriptychCard:
    """One change: the clean picture, and the perturbed one as A and as B saw it."""

    kind: str
    severity: str
    units: str
    label: str
    caption: str
    shots: tuple[Shot, ...]


@dataclass(frozen=True)
class DifferenceRow:
    """One row of the table by kind; ``left``, ``right``, ``dot`` are per cent of the drawn axis."""

    name: str
    figures: PairedFigures
    left: float
    right: float
    dot: float


def write_page(
    comparison: Comparison,
    broken: Sequence[Both],
    seen: Sequence[Both],
    out: Path,
    *,
    command: str,
) -> None:
    """Write the page. Raises ``MissingExtra`` without Jinja, before anything is written."""
    page = render(comparison, broken, seen, command=command)
    part = out.with_name(f"{out.name}.part")
    part.write_text(page, encoding="utf-8")
    part.replace(out)  # a page that bears the name is whole


def render(
    comparison: Comparison, broken: Sequence[Both], seen: Sequence[Both], *, command: str
) -> str:
    """The page as text; see ``write_page``."""
    scale = _scale([comparison.clean, *comparison.kinds])
    cards = _embedded([*broken[:MOST_BROKEN], *seen[:MOST_SEEN]])
    shown = min(len(broken), MOST_BROKEN)
    environment = _environment()
    page = environment.get_template("compare.html.j2").render(
        policy=CONTENT_POLICY,
        comparison=comparison,
        cautions=cautions(comparison),
        rows=[
            difference_row("clean frames", comparison.clean, scale),
            *(difference_row(readable(k.kind), k, scale) for k in _worst_first(comparison.kinds)),
        ],
        scale=scale,
        galleries=[
            (heading, said, members)
            for heading, said, members in (
                (
                    "Newly broken",
                    "Seen by A, lost by B; under a perturbation only what both see clean.",
                    cards[:shown],
                ),
                ("Newly seen", "The other way round: lost by A, seen by B.", cards[shown:]),
            )
            if members
        ],
        kinds=_by_kind(comparison.conditions),
        listed=comparison.newly_broken.listed[:MOST_LISTED],
        facts=_facts(comparison),
        command=command,
    )
    return str(page)


def _environment() -> Any:
    try:
        import jinja2
    except ModuleNotFoundError:
        raise MissingExtra("jinja2", "report", "The page of a comparison") from None
    # Strict and escaped: file names and labels come from outside, and none may become markup.
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [
                jinja2.PackageLoader("tools.compare", "."),
                jinja2.PackageLoader("tools.report", "."),
            ]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=wording.percent,
        points=points,
        points_range=points_range,
        p=p_value,
        severity=wording.severity,
        readable=wording.readable,
        saw=saw,
    )
    return environment


def points(share: float) -> str:
    """A difference of shares in per cent points, its sign always said.

    >>> points(-0.0312), points(0.0), points(0.5)
    ('−3.1', '0', '+50')
    """
    value = f"{abs(share) * 100:.1f}".removesuffix(".0")
    sign = "" if value == "0" else "−" if share < 0 else "+"
    return f"{sign}{value}"


def points_range(interval: tuple[float, float]) -> str:
    """An interval of differences.

    >>> points_range((-0.2, 0.034))
    '−20 to +3.4'
    """
    return f"{points(interval[0])} to {points(interval[1])}"


def saw(change: ChangedTarget, who: str) -> str:
    """What a model saw of a listed target, in a few words."""
    found = change.a if who == "a" else change.b
    return verdict(Sighting(found.seen, found.label, found.confidence), change.label)


def difference_row(name: str, figures: PairedFigures, scale: float) -> DifferenceRow:
    """Where a difference and its interval lie on an axis from -scale to +scale."""

    def place(value: float) -> float:
        return 50 * (1 + min(max(value / scale, -1.0), 1.0))

    low, high = figures.difference_ci95
    return DifferenceRow(name, figures, place(low), place(high), place(figures.difference))


def _scale(rows: Sequence[PairedFigures]) -> float:
    """The least half-axis that holds all differences, and intervals where they claim something."""
    ends = [abs(end) for row in rows if row.n for end in row.difference_ci95 if abs(end) < 1]
    most = max([*ends, *(abs(row.difference) for row in rows)], default=0.0)
    return next(scale for scale in SCALES if most <= scale)


def _worst_first(kinds: Sequence[KindFigures]) -> list[KindFigures]:
    return sorted(kinds, key=lambda kind: (kind.difference, kind.kind))


def _by_kind(conditions: Sequence[ConditionFigures]) -> dict[str, list[ConditionFigures]]:
    """Conditions by kind, in the suite's order."""
    kinds: dict[str, list[ConditionFigures]] = {}
    for condition in conditions:
        kinds.setdefault(condition.kind, []).append(condition)
    return kinds


def _embedded(chosen: Sequence[Both]) -> list[TriptychCard]:
    """Cards at the best quality that keeps the pictures within the budget."""
    panels = [_panels(both) for both in chosen]
    cards: list[TriptychCard] = []
    for quality in QUALITIES:
        cards = [_card(b, p, quality) for b, p in zip(chosen, panels, strict=True)]
        if sum(len(shot.uri) for card in cards for shot in card.shots) <= BUDGET_BYTES:
            break
    return cards


def _panels(both: Both) -> list[tuple[str, Exhibit, Sighting, Pixels]]:
    """Heading, exhibit, sighting and picture of each part."""
    a, b = both
    if a.kind == CLEAN:
        return [
            ("A", a, a.clean, panel(a, perturbed=False)),
            ("B", b, b.clean, panel(b, perturbed=False)),
        ]
    return [
        ("clean, both see it", a, a.clean, panel(a, perturbed=False)),
        ("A", a, a.perturbed, panel(a, perturbed=True)),
        ("B", b, b.perturbed, panel(b, perturbed=True)),
    ]


def _card(
    both: Both, panels: Sequence[tuple[str, Exhibit, Sighting, Pixels]], quality: int
) -> TriptychCard:
    item = both[0]
    return TriptychCard(
        kind=readable(item.kind),
        severity="" if item.kind == CLEAN else severity(item.severity),
        units=item.units,
        label=item.label,
        caption=item.caption,
        shots=tuple(
            _shot(heading, exhibit.label, sighting, pixels, quality)
            for heading, exhibit, sighting, pixels in panels
        ),
    )


def _shot(heading: str, label: str, sighting: Sighting, pixels: Pixels, quality: int) -> Shot:
    said = verdict(sighting, label)
    return Shot(
        uri=data_uri(pixels, quality),
        width=int(pixels.shape[1]),
        height=int(pixels.shape[0]),
        heading=heading,
        verdict=said,
        found=verdict_class(sighting, label),
        alt=f"{label}, {heading}: {said}",
    )


def _facts(comparison: Comparison) -> list[tuple[str, list[tuple[str, Any]]]]:
    """Headed lists of (name, value) that say what was compared, on what and by what."""
    data = comparison.data
    facts: list[tuple[str, list[tuple[str, Any]]]] = [
        ("A", _model(comparison.a)),
        ("B", _model(comparison.b)),
        (
            "Data and suite",
            [
                ("source", data.source),
                ("reference", data.reference),
                ("frames", data.frames),
                ("targets", data.targets),
                ("clips", data.clips),
                ("suite", comparison.suite),
                ("seed", comparison.seed),
                ("comparison", comparison.schema_),
                ("page by", f"fieldproof {__version__}"),
            ],
        ),
    ]
    if comparison.environment:
        facts.append(("Environment", list(comparison.environment.items())))
    if comparison.timing:
        times = [(k.replace("_", " "), f"{v:.4g}") for k, v in comparison.timing.items()]
        facts.append(("Timing", times))
    return facts


def _model(model: ModelFacts) -> list[tuple[str, Any]]:
    return [
        ("name", model.name),
        ("kind", model.kind),
        ("SHA-256", model.sha256),
        ("targets", ", ".join(model.targets[:10]) or "all labels"),
    ]

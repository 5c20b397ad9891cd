"""The comparison in words: one sentence, and what keeps a reader from trusting it too far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tools.compare.comparison import CHANCE, Comparison, KindFigures, PairedFigures
from tools.report.verdict import FEW_TARGETS, NAMES_SHOWN, Caution
from tools.report.wording import count, listed, readable

FEWEST_CLIPS: Final = 6
"""Clips below which even if all fell to one model chance could have done it: 2 * 0.5^5 > 0.05."""
NAMED: Final = 3

Row = tuple[str, PairedFigures]


def sentence(clean: PairedFigures, kinds: Sequence[KindFigures], clips: int) -> str:
    """Which differences are more than chance, in one plain sentence."""
    rows: list[Row] = [("on clean frames", clean)]
    rows += [(f"under {readable(kind.kind)}", kind) for kind in kinds]
    n, won, lost = (sum(getattr(row, name) for _, row in rows) for name in ("n", "won", "lost"))
    if not clean.n:
        return "Nothing could be compared: the data holds no target that both models know."
    if not won + lost:
        return f"A and B see the same targets: none of {count(n, 'sighting')} differs."
    sure = sorted(
        (row for row in rows if row[1].more_than_chance), key=lambda row: -abs(row[1].difference)
    )
    worse = [row for row in sure if row[1].lost > row[1].won]
    better = [row for row in sure if row[1].won > row[1].lost]
    if worse or better:
        parts = [part for part in (_lost(worse), _won(better)) if part]
        return f"B {'; it '.join(parts)}; no other difference is more than chance."
    sums = f"of {count(n, 'sighting')} B loses {lost} that A has and wins {won} that A has not"
    if clips < FEWEST_CLIPS:
        said = count(clips, "clip")
        return f"{_capital(sums)}; with only {said}, chance cannot be ruled out."
    return f"No difference is more than chance: {sums}."


def _lost(rows: Sequence[Row]) -> str:
    told = [f"{row.lost} {where} (and wins {row.won})" for where, row in rows[:NAMED]]
    return f"loses sightings that A has, {listed(told)}{_more(rows)}" if rows else ""


def _won(rows: Sequence[Row]) -> str:
    told = [f"{row.won} {where} (and loses {row.lost})" for where, row in rows[:NAMED]]
    return f"wins sightings that A has not, {listed(told)}{_more(rows)}" if rows else ""


def _more(rows: Sequence[Row]) -> str:
    """The rest by name, the last of many by number."""
    names = [where for where, _ in rows[NAMED:]]
    if len(names) > NAMED:
        names = [*names[:NAMED], f"{len(names) - NAMED} more"]
    return f"; by fewer points also {listed(names)}" if names else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def cautions(comparison: Comparison) -> list[Caution]:
    """All that a reader should know before trusting the figures; empty where all is well."""
    return [
        *_about_data(comparison),
        *_about_clips(comparison),
        *_about_models(comparison),
    ]


def _about_data(comparison: Comparison) -> Iterator[Caution]:
    data = comparison.data
    if data.reference == "prediction":
        yield Caution(
            "The data has no truth: what A finds on the clean frames is the reference. A agrees "
            "with itself by definition, so every difference favours A, and none says who is right."
        )
    if data.unpaired:
        names = [f"{label}: {n}" for label, n in sorted(data.unpaired.items())]
        yield Caution(
            "Targets that not both models know are left out, by label:", tuple(names[:NAMES_SHOWN])
        )
    if data.rejected:
        names = [f"{name}: {why}" for name, why in data.rejected.items()]
        yield Caution(
            f"{count(len(names), 'picture')} could not be used:", tuple(names[:NAMES_SHOWN])
        )
    if 0 < data.targets < FEW_TARGETS:
        yield Caution(
            f"Only {count(data.targets, 'target')}: a real difference of some points may well "
            "hide in intervals as wide as these."
        )


def _about_clips(comparison: Comparison) -> Iterator[Caution]:
    data = comparison.data
    if not data.targets:
        return
    if data.clips < FEWEST_CLIPS:
        yield Caution(
            f"The frames come from {count(data.clips, 'clip')}. Frames of a clip resemble each "
            f"other, and below {FEWEST_CLIPS} clips no difference can be told from chance, "
            "however many frames they have. Give more clips."
        )
    elif data.clips <= data.targets / 2:
        yield Caution(
            f"The {count(data.targets, 'target')} come from {count(data.clips, 'clip')}. Intervals "
            "and p-values take each clip, not each frame, for a piece of evidence."
        )


def _about_models(comparison: Comparison) -> Iterator[Caution]:
    a, b, clean = comparison.a, comparison.b, comparison.clean
    if a.sha256 == b.sha256:
        yield Caution("A and B are the same file; at most their cards differ.")
    if clean.phantoms_b != clean.phantoms_a:
        yield Caution(
            f"Phantoms, targets seen where none is, on {count(clean.frames, 'clean frame')}: "
            f"{clean.phantoms_a} by A, {clean.phantoms_b} by B. They do not count in the verdict."
        )


def p_value(p: float) -> str:
    """A p-value as a table shows it.

    >>> p_value(0.00004), p_value(0.0312), p_value(1.0)
    ('< 0.001', '0.031', '1')
    """
    if p < 0.001:
        return "< 0.001"
    return f"{p:.3f}" if p < CHANCE else f"{p:.2g}"

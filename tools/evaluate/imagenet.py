"""Where ImageNet-C's own figure, mCE, may be given: for its classes, corruptions and strengths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from agent.metrics.counters import CellKey, Tally
from agent.values import Condition

_PREFIX: Final = "ic_"
_CLASSES: Final = 1000
_SOME: Final = frozenset({"tench", "goldfish", "zebra", "espresso", "toilet tissue"})
"""Classes that a list of ImageNet's 1000 has, under whichever synonyms the others go."""


def knows_imagenet(labels: Iterable[str]) -> bool:
    """Whether a model's labels are the 1000 classes of ImageNet (with a background or without)."""
    names = [label.split(",")[0].strip().lower() for label in labels]
    return len(names) in (_CLASSES, _CLASSES + 1) and set(names) >= _SOME


def standard_errors(
    conditions: Mapping[CellKey, Condition], tally: Tally
) -> dict[str, list[float]]:
    """Errors in [0, 1] by corruption and level, level 1 first.

    Only for conditions that are a corruption of ImageNet-C at a level and at its own strength.
    """
    found: dict[str, dict[int, float]] = {}
    for key, condition in conditions.items():
        corruption = _corruption(condition)
        cell = tally.cells.get(key)
        if corruption and condition.level and cell and cell.n:
            found.setdefault(corruption, {})[condition.level] = 1 - cell.correct / cell.n
    return {name: [by_level[n] for n in sorted(by_level)] for name, by_level in found.items()}


def _corruption(condition: Condition) -> str:
    """The corruption of ImageNet-C that a condition is, empty for any other."""
    if len(condition.parts) != 1 or condition.parts[0].parameters:
        return ""
    kind = condition.parts[0].kind
    return kind.removeprefix(_PREFIX) if kind.startswith(_PREFIX) else ""

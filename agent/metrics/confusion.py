"""What was seen instead: missed targets, misread targets, and phantoms by label."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from agent.values import Sighting


class Misreading(NamedTuple):
    """A target of ``label`` was taken ``times`` times for ``seen``."""

    label: str
    seen: str
    times: int


@dataclass
class Confusion:
    """Targets by (true label, label seen), and phantoms by label, as counts that add up.

    The label seen is the true one for a target that was seen, another for one that was misread,
    None for one that was missed (for a detector: nothing there, or a box of its own label that
    is too loose).
    """

    targets: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    phantoms: Counter[str] = field(default_factory=Counter)

    def add(self, label: str, sighting: Sighting) -> None:
        """Count one target of that label."""
        if sighting.seen:
            seen: str | None = label
        else:
            seen = None if sighting.label == label else sighting.label
        self.targets[label, seen] += 1

    def add_phantom(self, label: str) -> None:
        """Count something seen where no target is."""
        self.phantoms[label] += 1

    def merge(self, other: Confusion) -> None:
        """Add another confusion's counts to this one."""
        self.targets.update(other.targets)
        self.phantoms.update(other.phantoms)

    def n(self, label: str | None = None) -> int:
        """Targets counted: those of a label, or all."""
        return sum(count for (own, _), count in self.targets.items() if label in (None, own))

    def missed(self, label: str | None = None) -> int:
        """Targets with nothing seen in their place."""
        return sum(
            count
            for (own, seen), count in self.targets.items()
            if seen is None and label in (None, own)
        )

    def misread(self, label: str | None = None) -> tuple[Misreading, ...]:
        """What targets were taken for, most frequent first; equal counts by name."""
        rows = [
            Misreading(own, seen, count)
            for (own, seen), count in self.targets.items()
            if seen is not None and seen != own and label in (None, own)
        ]
        return tuple(sorted(rows, key=lambda row: (-row.times, row.label, row.seen)))

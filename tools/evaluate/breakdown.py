"""Condition by condition: which answers were right, what was seen instead, average precision."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from agent.metrics.average_precision import PrecisionTally
from agent.metrics.calibration import Calibration
from agent.metrics.confusion import Confusion
from agent.metrics.counters import CellKey
from agent.metrics.scenes import CLEAN
from agent.session import Examination
from agent.values import derived_seed
from tools.evaluate.graded import Graded
from tools.evaluate.looked import Details

MOST_PICTURES: Final = 2_000_000
"""Pictures whose answers are kept for average precision, which wants the whole ranking: 40 MB at
one detection each. Of larger data a sample of frames is taken."""

_PLACES: Final = 4096  # picture numbers to a frame: one a target


@dataclass
class Account:
    """One condition's counts."""

    calibration: Calibration = field(default_factory=Calibration)
    confusion: Confusion = field(default_factory=Confusion)
    precision: PrecisionTally = field(default_factory=PrecisionTally)

    def add(self, graded: Graded, picture: int | None) -> None:
        for confidence, right in graded.answers:
            self.calibration.add(confidence, right)
        for label in graded.phantoms:
            self.confusion.add_phantom(label)
        if picture is not None:
            self.precision.put(picture, graded.ranked)


class Breakdown:
    """Accounts by condition, the clean frames' under ``CLEAN``.

    ``pictures`` is how many pictures are about to come, from which the sample follows that average
    precision is made of; ``frames`` counts the frames in it.
    """

    def __init__(self, pictures: int = 0) -> None:
        self.accounts: dict[CellKey, Account] = {}
        self.frames = 0
        share = min(1.0, MOST_PICTURES / pictures) if pictures else 1.0
        self._below = int(share * (1 << 63))

    def add(self, position: int, seen: Examination, details: Details) -> None:
        """Count one frame, by its position in the data."""
        sampled = derived_seed("precision", position) < self._below
        self.frames += sampled
        first = position * _PLACES if sampled else None
        clean = self._account(CLEAN)
        clean.add(details.clean, first)
        for target, sighting in zip(seen.targets, seen.clean, strict=True):
            if target.label is not None:
                clean.confusion.add(target.label, sighting)
        # Without details, as in a stored session, there is only what became of the targets.
        graded = details.perturbed or (Graded(),) * len(seen.inferences)
        for inference, own in zip(seen.inferences, graded, strict=True):
            condition = inference.condition
            account = self._account(CellKey(condition.kind, condition.severity, condition.level))
            picture = first
            if first is not None and condition.per_target and inference.trials:
                picture = first + inference.trials[0].target.number % _PLACES
            account.add(own, picture)
            for trial in inference.trials:
                account.confusion.add(trial.target.label or "", trial.perturbed)

    def _account(self, key: CellKey) -> Account:
        if key not in self.accounts:
            self.accounts[key] = Account()
        return self.accounts[key]

    def calibrations(self) -> dict[str, Calibration]:
        """By kind, after ``clean`` and ``perturbed``; those without answers are left out."""
        made = {
            name: _joined_calibration(a.calibration for a in accounts)
            for name, accounts in self._by_kind().items()
        }
        return {name: one for name, one in made.items() if any(one.n)}

    def confusions(self) -> dict[str, Confusion]:
        """By kind, after ``clean`` and ``perturbed``."""
        return {
            name: _joined_confusion(a.confusion for a in accounts)
            for name, accounts in self._by_kind().items()
        }

    def precisions(self, kinds: Collection[str]) -> dict[str, list[float]]:
        """Each kind's average precisions by rising severity; of the given kinds that have any."""
        made: dict[str, list[float]] = {}
        for key in sorted(self.accounts, key=lambda key: key.severity):
            figure = self.accounts[key].precision.figure()
            if key != CLEAN and key.kind in kinds and figure is not None:
                made.setdefault(key.kind, []).append(figure.ap)
        return made

    def _by_kind(self) -> dict[str, list[Account]]:
        groups: dict[str, list[Account]] = {"clean": [], "perturbed": []}
        for key, account in self.accounts.items():
            groups["clean" if key == CLEAN else "perturbed"].append(account)
        for key, account in self.accounts.items():
            if key != CLEAN:
                groups.setdefault(key.kind, []).append(account)
        return {name: accounts for name, accounts in groups.items() if accounts}


def _joined_calibration(parts: Iterable[Calibration]) -> Calibration:
    whole = Calibration()
    for part in parts:
        whole.merge(part)
    return whole


def _joined_confusion(parts: Iterable[Confusion]) -> Confusion:
    whole = Confusion()
    for part in parts:
        whole.merge(part)
    return whole

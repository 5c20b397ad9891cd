"""One scene: a target on its approach, under some conditions in each frame; drawn by chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.suite import load_suite
from agent.values import Condition
from tools.fleet.nature import Fall, Model, seen_below

KINDS_A_FRAME: Final = 2
LONGEST: Final = 30
FICKLE: Final = 0.1
"""Share of looks that do not go as the rest of their scene does."""
STILL_SEEN: Final = 0.1
"""Of targets not seen clean, the share that is seen under a condition."""
NIGHT: Final = 0.08
"""How much less severity is borne at night."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Conditions:
    """A suite's conditions, with the rows of each kind."""

    made: tuple[Condition, ...]
    kinds: tuple[str, ...]
    severity: Floats
    kind_of: NDArray[np.intp]
    rows_of: tuple[NDArray[np.intp], ...]


@cache
def conditions_of(suite: str) -> Conditions:
    """The conditions of a shipped suite. Raises ``ConfigError`` where there is none such."""
    made = tuple(load_suite(suite).expand(0))
    kinds = tuple(dict.fromkeys(condition.kind for condition in made))
    kind_of = np.array([kinds.index(condition.kind) for condition in made])
    return Conditions(
        made,
        kinds,
        np.array([condition.severity for condition in made]),
        kind_of,
        tuple(np.flatnonzero(kind_of == number) for number in range(len(kinds))),
    )


@dataclass(frozen=True)
class Looks:
    """A scene's trials as columns, in their order; ``frame`` counts from 0 within the scene."""

    frame: list[int]
    condition: list[int]
    distance: list[float]
    clean_seen: list[bool]
    clean_confidence: list[float]
    seen: list[bool]
    confidence: list[float]
    iou: list[float]
    elsewhere: list[bool]


class Eyes:
    """How one model sees under one suite; ``fall`` stands in place of its curves."""

    def __init__(self, model: Model, suite: Conditions, fall: Fall | None, truth: bool) -> None:
        self.model, self.suite, self.fall, self.truth = model, suite, fall, truth
        curves = [model.curve(kind) for kind in suite.kinds]
        self._half = np.array([half for half, _ in curves])
        self._width = np.array([width for _, width in curves])

    def look(
        self, chance: np.random.Generator, first: int, most: int, through: float, night: bool
    ) -> Looks:
        """A scene of at most ``most`` trials, whose first frame meets the kinds from ``first``."""
        frames = min(LONGEST, 5 + int(chance.geometric(0.12)))
        rows, frame = self._met(frames, first)
        rows, frame = rows[:most], frame[:most]
        n = len(rows)
        clean = self._clean(chance, frames)[frame]
        seen = self._seen(chance, rows, through, night)
        seen &= clean | (chance.random(n) < STILL_SEEN)
        near = (frame + 1) / frames
        sure = np.clip(0.62 + 0.3 * near + chance.normal(0, 0.04, frames)[frame], 0.3, 0.99)
        clean_sure = np.where(clean, sure, 0.4 * chance.random(n))
        faded = sure * (1 - 0.4 * self.suite.severity[rows]) + chance.normal(0, 0.05, n)
        return Looks(
            frame.tolist(),
            rows.tolist(),
            np.round(60 - 55 * near, 2).tolist(),
            clean.tolist(),
            np.round(clean_sure, 4).tolist(),
            seen.tolist(),
            np.round(np.where(seen, np.clip(faded, 0.3, 1), 0.35 * chance.random(n)), 4).tolist(),
            np.round(np.where(seen, 0.6 + 0.35 * chance.random(n), 0.0), 3).tolist(),
            (chance.random(n) < 0.25).tolist(),
        )

    def _met(self, frames: int, first: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Which conditions each frame meets: some kinds each, in turn, at all severities."""
        count = min(KINDS_A_FRAME, len(self.suite.kinds))
        kinds = (first + np.arange(frames * count)) % len(self.suite.kinds)
        parts: Sequence[NDArray[np.intp]] = [self.suite.rows_of[kind] for kind in kinds]
        frame = np.repeat(np.arange(frames * count) // count, [len(part) for part in parts])
        return np.concatenate(parts), frame

    def _clean(self, chance: np.random.Generator, frames: int) -> NDArray[np.bool_]:
        """Where nobody knows the truth, what the model sees clean is all that there is."""
        if not self.truth:
            return np.ones(frames, bool)
        fickle = chance.random(frames) < FICKLE
        luck = np.where(fickle, chance.random(frames), chance.random())
        return luck < self.model.clean

    def _seen(
        self, chance: np.random.Generator, rows: NDArray[np.intp], through: float, night: bool
    ) -> NDArray[np.bool_]:
        """A scene has its luck under each kind; some looks have their own."""
        kind = self.suite.kind_of[rows]
        luck = chance.random(len(self.suite.kinds))[kind]
        fickle = chance.random(len(rows)) < FICKLE
        luck = np.where(fickle, chance.random(len(rows)), luck)
        if self.fall is not None:
            return luck >= self.fall.share(through)
        half = self._half[kind] - (NIGHT if night else 0.0)
        return seen_below(luck, self.suite.severity[rows], half, self._width[kind])

"""What is kept while frames pass by: sums, choices and samples, none of which grows with frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from agent.session import Examination
from agent.values import Condition, derived_seed
from tools.evaluate.gallery import Gallery
from tools.evaluate.gather import Gathering
from tools.evaluate.looked import Looked
from tools.evaluate.trials import TrialRow, TrialsFile, row_of

MOST_NAMED: Final = 1000
"""Pictures that results name as left out; further ones are only counted."""

MOST_FAR: Final = 60_000
"""Rows kept for the figures by distance, some tens of MB."""


@dataclass
class Kept:
    """The running sums, the gallery's choice, and a sample of the rows with a distance."""

    rejected: dict[str, str]
    unnamed: int = 0
    gathering: Gathering = field(default_factory=Gathering)
    gallery: Gallery = field(default_factory=Gallery)
    far: FarRows = field(default_factory=lambda: FarRows())
    conditions: dict[Condition, None] = field(default_factory=dict)

    def add(self, looked: Looked, position: int, trials: TrialsFile) -> None:
        """Count one frame; frames come in order. ``position`` is where the camera reads it."""
        examination = looked.examination
        if examination is None:
            self._reject(looked)
            return
        self.gathering.add(examination, looked.details, position)
        self.gallery.add(position, examination)
        self._note_conditions(examination)
        rows = [row_of(trial) for i in examination.inferences for trial in i.trials]
        trials.add(rows)
        self.far.add(position, [row for row in rows if row.distance_m is not None])

    def left_out(self) -> dict[str, str]:
        """Pictures that could not be used, and why; the last entry counts what is not named."""
        if not self.unnamed:
            return self.rejected
        more = {f"{self.unnamed} more": f"Only the first {MOST_NAMED} are named."}
        return {**self.rejected, **more}

    def _reject(self, looked: Looked) -> None:
        if len(self.rejected) < MOST_NAMED or looked.source in self.rejected:
            self.rejected[looked.source] = looked.rejected
        else:
            self.unnamed += 1

    def _note_conditions(self, examination: Examination) -> None:
        for inference in examination.inferences:
            self.conditions.setdefault(inference.condition)


class FarRows:
    """Rows of trials whose distance is known: all of them, or of a sample of frames.

    When there are more than ``most``, half of the frames go, and of those to come as many are
    left out; which ones is drawn by their position alone, so that it depends on nothing else.
    """

    def __init__(self, most: int = MOST_FAR) -> None:
        self._most = most
        self._below = 1 << 63
        self._frames: dict[int, tuple[int, list[TrialRow]]] = {}
        self._count = 0
        self.frames = 0

    def add(self, position: int, rows: list[TrialRow]) -> None:
        """Consider one frame's rows."""
        if not rows:
            return
        self.frames += 1
        draw = derived_seed("far rows", position)
        if draw >= self._below:
            return
        self._frames[position] = draw, rows
        self._count += len(rows)
        while self._count > self._most and len(self._frames) > 1:
            self._halve()

    def rows(self) -> list[TrialRow]:
        """The rows kept, in frame order."""
        return [row for _, (_, rows) in sorted(self._frames.items()) for row in rows]

    @property
    def note(self) -> str:
        """What a reader must know of the sample; empty where it is all."""
        kept = len(self._frames)
        if kept == self.frames:
            return ""
        return f"The figures by distance are of a sample of {kept} of the {self.frames} frames."

    def _halve(self) -> None:
        self._below >>= 1
        self._frames = {p: kept for p, kept in self._frames.items() if kept[0] < self._below}
        self._count = sum(len(rows) for _, rows in self._frames.values())

"""Successive halving: all ways on a few frames, the better half on twice as many, and so on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from agent.card import OutputCard
from agent.metrics.matching import sight
from agent.models._tflite import TFLiteModel
from agent.values import Frame, Target
from tools.model.variants import Reading

Progress = Callable[[int, int], None]
"""Called after each inference round with the number of frames done and of all planned."""

_FIRST_ROUND: Final = 32  # frames; a detector takes far longer for one, and tells more by it
_FIRST_ROUND_DETECTOR: Final = 8
_FINALISTS: Final = 4
_FOUND: Final = OutputCard().score_threshold  # detections from this score on count


@dataclass(eq=False)
class Entry:
    """A way to feed and read the file, and how each frame went so far."""

    rank: int
    model: TFLiteModel
    reading: Reading
    group: int
    scores: list[float] = field(default_factory=list)
    correct: int = 0
    n: int = 0
    false: int = 0

    @property
    def mean(self) -> float:
        return float(np.mean(self.scores)) if self.scores else 0.0


def halve(entries: list[Entry], frames: Sequence[Frame], progress: Progress) -> list[Entry]:
    """All entries, the best first: the finalists by all frames, the others by when they fell."""
    size = _FIRST_ROUND_DETECTOR if entries[0].model.detects else _FIRST_ROUND
    alive, fallen, done = entries, list[Entry](), 0
    while done < len(frames):
        size = len(frames) if len(alive) <= _FINALISTS else min(size, len(frames))
        for frame in frames[done:size]:
            for entry in sorted(alive, key=lambda entry: entry.group):
                _try(entry, frame)
        done = size
        progress(done, len(frames))
        alive = sorted(alive, key=lambda entry: (-entry.mean, entry.rank))
        if done < len(frames):
            half = max(_FINALISTS, len(alive) // 2)
            fallen = alive[half:] + fallen
            alive = alive[:half]
        size *= 2
    recalled = _recall(fallen, alive[0])
    for entry in recalled:
        for frame in frames[len(entry.scores) :]:
            _try(entry, frame)
    return _final(alive + recalled) + [entry for entry in fallen if entry not in recalled]


def _recall(fallen: Sequence[Entry], best: Entry) -> list[Entry]:
    """More usual cards that fell on few frames, perhaps by chance: they get all frames too."""
    doubtful = [e for e in fallen if e.rank < best.rank and ties(e, best, errors=2)]
    return sorted(doubtful, key=lambda entry: (-len(entry.scores), entry.rank))[:_FINALISTS]


def _final(entries: Sequence[Entry]) -> list[Entry]:
    """The best first; but of those that do as well as the best, the most usual."""
    ordered = sorted(entries, key=lambda entry: (-entry.mean, entry.rank))
    first = min((e for e in ordered if ties(e, ordered[0])), key=lambda entry: entry.rank)
    return [first, *(entry for entry in ordered if entry is not first)]


def _try(entry: Entry, frame: Frame) -> None:
    """Note how one frame goes: right or wrong; a detector by the scores of what it finds."""
    objects = frame.truth.objects if frame.truth else ()
    answer = entry.model.predict(frame.pixels)
    if answer.scores is not None:
        right = entry.model.labels[int(answer.scores.argmax())] in {o.label for o in objects}
        entry.correct += right
        entry.n += 1
        entry.scores.append(float(right))
        return
    wanted = [o for o in objects if o.box is not None and o.label in entry.model.targets]
    targets = [Target(frame.index, i, o.label, o.box) for i, o in enumerate(wanted)]
    sightings, phantoms = sight(answer, targets)
    found = [sighting.confidence for sighting in sightings if sighting.seen]
    entry.correct += sum(score >= _FOUND for score in found)
    entry.n += len(targets)
    entry.false += sum(phantom.score >= _FOUND for phantom in phantoms)
    entry.scores.append(sum(found) - sum(phantom.score for phantom in phantoms) / 2)


def ties(entry: Entry, best: Entry, errors: float = 1) -> bool:
    """Whether two entries did as well on the frames both saw, within so many standard errors.

    The difference of paired frames against its own spread, as in McNemar's test; of those that
    tie the simplest is taken (the one-standard-error rule, Breiman et al. 1984).
    """
    both = min(len(entry.scores), len(best.scores))
    difference = np.subtract(best.scores[:both], entry.scores[:both])
    return bool(abs(difference.sum()) <= errors * np.sqrt(np.square(difference).sum()))

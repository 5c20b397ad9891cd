"""A classifier's accuracy under our ImageNet-C and under imagecorruptions', side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.models import Model
from agent.perturbations import Moment, Perturbation, family
from agent.values import Pixels, derived_seed
from tools.bench.reference import Reference
from tools.bench.speed import PREFIX

SIDE: Final = 224
_Z: Final = 1.96
_CHUNK: Final = 50  # pictures sent at once: 7.5 MB

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Pair:
    """Correct answers of ``n`` under both; ``ours_only`` and ``theirs_only``: where they differ."""

    corruption: str
    level: int
    n: int
    ours: int
    theirs: int
    ours_only: int
    theirs_only: int

    @property
    def difference(self) -> float:
        """Our accuracy less theirs, in [-1, 1]."""
        return (self.ours - self.theirs) / self.n

    @property
    def half_width(self) -> float:
        """Half of the 95 % interval of the difference of two samples' accuracies.

        The pictures are the same but the draws are not, so the samples count as independent
        where they disagree: the variance of a paired difference (McNemar).
        """
        differing = self.ours_only + self.theirs_only
        lost = (self.ours_only - self.theirs_only) ** 2 / self.n
        return _Z * sqrt(max(differing - lost, 0.0)) / self.n

    @property
    def within(self) -> bool:
        """Whether the difference lies within its sampling error (of one picture at the least)."""
        return abs(self.difference) <= max(self.half_width, 1 / self.n)


def compare(
    model: Model,
    pictures: Sequence[Pixels],
    labels: Sequence[str],
    reference: Reference,
    progress: Progress,
    kinds: Sequence[str],
) -> list[Pair]:
    """A pair for each level of each corruption among ``kinds``, on pictures at 224x224.

    ``pictures`` are uint8 RGB (H, W, 3), ``labels`` their true labels in the model's words.
    """
    small = np.stack([stretched(picture) for picture in pictures])
    chosen = [kind for kind in kinds if kind.startswith(PREFIX)]
    pairs = []
    for done, (kind, level) in enumerate([(k, n) for k in chosen for n in range(1, 6)], 1):
        pairs.append(_pair(model, small, labels, reference, kind, level))
        progress(done, 5 * len(chosen))
    return pairs


def stretched(pixels: Pixels) -> Pixels:
    """A picture at 224x224, whatever its shape."""
    how = cv2.INTER_AREA if min(pixels.shape[:2]) > SIDE else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (SIDE, SIDE), interpolation=how), np.uint8)


def _pair(
    model: Model,
    pictures: NDArray[np.uint8],
    labels: Sequence[str],
    reference: Reference,
    kind: str,
    level: int,
) -> Pair:
    perturbation = family.load(kind)()
    ours = _right(model, [_ours(perturbation, p, level, i) for i, p in enumerate(pictures)], labels)
    theirs: list[bool] = []
    for start in range(0, len(pictures), _CHUNK):
        part = pictures[start : start + _CHUNK]
        made = reference.corrupted(part, kind.removeprefix(PREFIX), level, seed=start)
        theirs += _right(model, list(made), labels[start : start + _CHUNK])
    only = [a and not b for a, b in zip(ours, theirs, strict=True)]
    lost = [b and not a for a, b in zip(ours, theirs, strict=True)]
    return Pair(
        kind.removeprefix(PREFIX), level, len(labels), sum(ours), sum(theirs), sum(only), sum(lost)
    )


def _ours(perturbation: Perturbation, picture: Pixels, level: int, number: int) -> Pixels:
    seed = derived_seed("bench", perturbation.kind(), number)
    return perturbation.apply(picture, level / 5, Moment(seed=seed, frame=number))


def _right(model: Model, pictures: Sequence[Pixels], labels: Sequence[str]) -> list[bool]:
    """Whether the classifier names each picture rightly."""
    found = []
    for picture, label in zip(pictures, labels, strict=True):
        prediction = model.predict(picture)
        assert prediction.scores is not None
        found.append(prediction.labels[int(prediction.scores.argmax())] == label)
    return found

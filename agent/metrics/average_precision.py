"""Average precision of a detector as COCO defines it, and what corruptions leave of it.

Ten overlaps (.50, .55, ... .95), 101 recall points, at most 100 detections for each picture and
label, objects of every size, no crowds. Equal to pycocotools. Source: Lin et al., "Microsoft COCO:
Common Objects in Context" (ECCV 2014), and https://cocodataset.org/#detection-eval.

Average precision wants a detector's whole ranking. What a score threshold has cut off counts as
never found: with a card's ``score_threshold`` of .5 the figure is that of the detector as it is
deployed, a lower bound of the published one, for which thresholds near .001 are usual.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.values import Box, Detection

OVERLAPS: Final = np.linspace(0.5, 0.95, 10)
"""Intersections over union from which on a detection counts as found."""

RECALLS: Final = np.linspace(0, 1, 101)
MOST: Final = 100
"""Detections for each picture and label, the highest scores first; more do not count."""

_CLOSE: Final = 1 - 1e-10  # overlaps that rounding keeps below 1 are whole ones


@dataclass
class _Ranking:
    """One label's detections, in any order; ``hits`` has bit i set where overlap i is met."""

    truths: int = 0
    scores: array[float] = field(default_factory=lambda: array("d"))
    pictures: array[int] = field(default_factory=lambda: array("q"))
    ranks: array[int] = field(default_factory=lambda: array("B"))
    hits: array[int] = field(default_factory=lambda: array("H"))

    def add(self, picture: int, scores: Sequence[float], hits: Sequence[int], truths: int) -> None:
        self.truths += truths
        self.scores.extend(scores)
        self.pictures.extend([picture] * len(scores))
        self.ranks.extend(range(len(scores)))
        self.hits.extend(hits)

    def merge(self, other: _Ranking) -> None:
        self.truths += other.truths
        self.scores.extend(other.scores)
        self.pictures.extend(other.pictures)
        self.ranks.extend(other.ranks)
        self.hits.extend(other.hits)

    def precisions(self) -> NDArray[np.float64]:
        """Average precision at each overlap, shape (10,)."""
        if not self.scores:
            return np.zeros(len(OVERLAPS))
        # Equal scores count in the order of pictures, whoever looked at them first.
        ranks, pictures = np.array(self.ranks), np.array(self.pictures)
        order = np.lexsort((ranks, pictures, -np.array(self.scores)))
        flags = np.array(self.hits, np.uint16)[order, None]
        found = (flags >> np.arange(len(OVERLAPS), dtype=np.uint16)) & 1
        return np.array([_area(hit, self.truths) for hit in found.T.astype(bool)])


class AveragePrecision(NamedTuple):
    """Means over labels, in [0, 1]; ``labels`` maps each label with truths to its own mean.

    ``ap`` is the mean over the ten overlaps, ``ap50`` and ``ap75`` those at .50 and .75.
    """

    ap: float
    ap50: float
    ap75: float
    labels: Mapping[str, float]


class Ranked(NamedTuple):
    """One label in one picture: its detections' scores, falling, and the overlaps that each meets.

    ``hits`` has bit i set where overlap i is met; ``truths`` objects of the label are there.
    """

    label: str
    scores: tuple[float, ...]
    hits: tuple[int, ...]
    truths: int


def ranked(
    detections: Iterable[Detection], truths: Iterable[tuple[str, Box]]
) -> tuple[Ranked, ...]:
    """One picture's detections against its truths, label by label; boxes in pixels."""
    found: dict[str, list[Detection]] = {}
    there: dict[str, list[Box]] = {}
    for detection in detections:
        found.setdefault(detection.label, []).append(detection)
    for label, box in truths:
        there.setdefault(label, []).append(box)
    return tuple(
        _ranked(label, found.get(label, []), there.get(label, []))
        for label in sorted({*found, *there})
    )


def _ranked(label: str, found: Sequence[Detection], boxes: Sequence[Box]) -> Ranked:
    # Python's sort keeps equal scores in the order in which the detector gave them.
    best = sorted(found, key=lambda item: -item.score)[:MOST]
    hits = hits_of([item.box for item in best], boxes)
    return Ranked(label, tuple(item.score for item in best), tuple(hits), len(boxes))


class PrecisionTally:
    """Detections of many pictures as what average precision needs of them, 19 bytes for each.

    Tallies of any split of the pictures merge to the same figure, bit for bit.
    """

    def __init__(self) -> None:
        self._rankings: dict[str, _Ranking] = {}

    def add(
        self, picture: int, detections: Iterable[Detection], truths: Iterable[tuple[str, Box]]
    ) -> None:
        """Add one picture, once, by its number in the data set; boxes in pixels."""
        self.put(picture, ranked(detections, truths))

    def put(self, picture: int, answers: Iterable[Ranked]) -> None:
        """As ``add``, with the work of ``ranked`` done before."""
        for label, scores, hits, truths in answers:
            ranking = self._rankings.setdefault(label, _Ranking())
            ranking.add(picture, scores, hits, truths)

    def merge(self, other: PrecisionTally) -> None:
        """Add the pictures of another tally, which are others."""
        for label, ranking in other._rankings.items():
            self._rankings.setdefault(label, _Ranking()).merge(ranking)

    def figure(self) -> AveragePrecision | None:
        """The average precision; None where there are no truths.

        Labels that are nowhere true do not count, however often they are found (as in COCO):
        phantoms say how often.
        """
        each = {
            label: ranking.precisions()
            for label, ranking in sorted(self._rankings.items())
            if ranking.truths
        }
        if not each:
            return None
        mean = np.mean(list(each.values()), axis=0)
        own = {label: float(values.mean()) for label, values in each.items()}
        return AveragePrecision(float(mean.mean()), float(mean[0]), float(mean[5]), own)


def hits_of(boxes: Sequence[Box], truths: Sequence[Box]) -> list[int]:
    """Which overlaps each detection meets, as bits: bit 0 is .50, bit 9 is .95.

    ``boxes`` are detections of one label in one picture, highest score first. At each overlap, a
    detection takes the free truth that it overlaps most (of equal ones the last); a truth serves
    one detection.
    """
    overlaps = [[box.iou(truth) for truth in truths] for box in boxes]
    hits = [0] * len(boxes)
    for bit, least in enumerate(OVERLAPS):
        free = set(range(len(truths)))
        for index, row in enumerate(overlaps):
            best = max(free, key=lambda i: (row[i], i), default=None)
            if best is not None and row[best] >= min(float(least), _CLOSE):
                free.remove(best)
                hits[index] |= 1 << bit
    return hits


def _area(found: NDArray[np.bool_], truths: int) -> float:
    """Mean precision over the recall points; ``found`` (D,) by falling score."""
    right = np.cumsum(found)
    recall = right / truths
    precision = right / np.arange(1, len(found) + 1)
    # The best precision at this recall or any higher one.
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, RECALLS, side="left")
    within = places[places < len(found)]
    return float(envelope[within].sum() / len(RECALLS))


class Corrupted(NamedTuple):
    """mPC, the mean average precision under corruptions, and rPC, its share of the clean one."""

    mean: float
    relative: float | None


def under_corruption(clean: float, corrupted: Mapping[str, Sequence[float]]) -> Corrupted:
    """mPC and rPC from the average precision at each severity of each corruption, in [0, 1].

    Severities are averaged first, then corruptions, so that a corruption with more levels weighs
    no more. ``relative`` is None where nothing is found clean. Raises ``ValueError`` where there
    is no corruption, or one without severities. Source: Michaelis et al., "Benchmarking Robustness
    in Object Detection" (2019), arXiv:1907.07484.

    >>> under_corruption(0.5, {"fog": [0.4, 0.2], "snow": [0.1]}).relative
    0.4
    """
    if not corrupted or not all(corrupted.values()):
        raise ValueError("performance under corruption needs a figure for each corruption")
    means = [sum(values) / len(values) for values in corrupted.values()]
    mean = sum(means) / len(means)
    return Corrupted(mean, mean / clean if clean > 0 else None)

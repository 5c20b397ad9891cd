"""Targets over the frames of a clip: who is who, and where each one's sign lies.

For predictions that come in order, one by one, as from a camera: a tracker looks only back, and
the same frames in the same order give the same tracks. Frames that several workers examine in any
order must not use one; there each frame stands for itself, and its truth names the tracks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.values import Box, Quad

Array = NDArray[np.float64]

LOST_S: Final = 1.0
"""A target that is unseen for longer is a new one when it returns."""

_LEAST_IOU: Final = 0.1
_NEAR: Final = 0.8  # of its size, that a box may be off what its motion foretells
_LEAST_PX: Final = 0.5
_PLACE_GAIN: Final = 0.6  # alpha and beta of a filter for constant velocity
_SPEED_GAIN: Final = 0.25
_FORM_GAIN: Final = 0.4
_JUMP: Final = 0.3  # of its size, that a place may be off before it is taken as it is


@dataclass
class _Motion:
    """A box that comes nearer at a constant speed.

    A thing's size goes with 1 / depth, and so does its distance from where it came from: x / size,
    y / size and 1 / size are linear in time. ``state`` (5,) holds them, ``speed`` their change
    per second; a filter of the box's own sides would lag behind an approach.
    """

    state: Array
    seen_s: float
    speed: Array | None = None

    @classmethod
    def begin(cls, box: Box, time_s: float) -> _Motion:
        return cls(_state(box), time_s)

    def foretold(self, time_s: float) -> Box:
        """The box at a moment, as far as its motion so far tells."""
        return _box(self._foretold(time_s))

    def correct(self, box: Box, time_s: float) -> None:
        """Take a sight into account: an alpha-beta filter."""
        gone, seen = time_s - self.seen_s, _state(box)
        foretold = self._foretold(time_s)
        off = seen - foretold
        jumped = _apart(_box(foretold), box) > _JUMP
        self.state = seen if jumped else foretold + _PLACE_GAIN * off
        if gone > 0:
            before = self.speed
            self.speed = off / gone if before is None else before + _SPEED_GAIN * off / gone
        self.seen_s = time_s

    def _foretold(self, time_s: float) -> Array:
        if self.speed is None:
            return self.state
        later = self.state + self.speed * (time_s - self.seen_s)
        # What has come too near, or gone by, is foretold no further.
        return later if (later[2:] > self.state[2:] / 4).all() else self.state


@dataclass
class _Track:
    """``box`` follows what the model found, ``hull`` the box about the sign's quad; ``form``
    (4, 2) are the quad's corners in that box, 0..1."""

    label: str
    box: _Motion
    hull: _Motion | None = None
    form: Array | None = None

    def learn(self, quad: Quad, time_s: float) -> None:
        """Take a quad into account; a second one for the same moment is ignored."""
        corners = np.array(quad, np.float64)
        low, high = corners.min(0), corners.max(0)
        seen = Box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        form = (corners - low) / np.maximum(high - low, 1e-3)
        if self.hull is None or self.form is None or time_s - self.hull.seen_s > LOST_S:
            self.hull, self.form = _Motion.begin(seen, time_s), form
        elif time_s > self.hull.seen_s:
            self.hull.correct(seen, time_s)
            self.form = self.form + _FORM_GAIN * (form - self.form)

    def quad(self, time_s: float) -> Quad | None:
        """The quad at a moment, as far as those seen foretell it."""
        if self.hull is None or self.form is None or time_s - self.hull.seen_s > LOST_S:
            return None
        box = self.hull.foretold(time_s)
        points = np.array(box[:2]) + self.form * (box.width, box.height)
        corners = [(float(x), float(y)) for x, y in points]
        return corners[0], corners[1], corners[2], corners[3]


class Tracker:
    """Names the targets of a clip by label and order of appearance, and steadies their quads.

    A clip that changes, or a time that goes back, begins anew.
    """

    def __init__(self) -> None:
        self._clip = ""
        self._time_s = 0.0
        self._tracks: dict[str, _Track] = {}
        self._counts: dict[str, int] = {}

    def follow(self, clip: str, time_s: float, found: Sequence[tuple[str, Box]]) -> tuple[str, ...]:
        """The tracks' names of what was found in a frame, in the order given."""
        if clip != self._clip or time_s < self._time_s:
            self._tracks, self._counts = {}, {}
        self._clip, self._time_s = clip, time_s
        self._tracks = {
            name: track
            for name, track in self._tracks.items()
            if time_s - track.box.seen_s <= LOST_S
        }
        names = self._matched(found, time_s)
        for index in sorted(range(len(found)), key=lambda i: found[i][1]):
            label, box = found[index]
            if index not in names:
                names[index] = self._begin(label, box, time_s)
            else:
                self._tracks[names[index]].box.correct(box, time_s)
        return tuple(names[index] for index in range(len(found)))

    def settle(self, name: str, quad: Quad | None) -> Quad | None:
        """The steadied quad of a track in the frame that was last followed.

        From the quad found there and before, or, for None, only from those before: through a gap
        it moves on as it did. None where there was none for ``LOST_S``.
        """
        track = self._tracks[name]
        if quad is not None:
            track.learn(quad, self._time_s)
        return track.quad(self._time_s)

    def _begin(self, label: str, box: Box, time_s: float) -> str:
        number = self._counts.get(label, 0)
        self._counts[label] = number + 1
        name = f"{label} {number}"
        self._tracks[name] = _Track(label, _Motion.begin(box, time_s))
        return name

    def _matched(self, found: Sequence[tuple[str, Box]], time_s: float) -> dict[int, str]:
        """Pairs of what was found and the tracks that foretell it, the best ones first."""
        pairs = []
        for name, track in self._tracks.items():
            foretold = track.box.foretold(time_s)
            for index, (label, box) in enumerate(found):
                worth = _likeness(foretold, box) if label == track.label else 0.0
                if worth > 0:
                    pairs.append((-worth, name, index))
        names: dict[int, str] = {}
        for _, name, index in sorted(pairs):
            if index not in names and name not in names.values():
                names[index] = name
        return names


def _state(box: Box) -> Array:
    width, height = max(box.width, _LEAST_PX), max(box.height, _LEAST_PX)
    size = np.sqrt(width * height)
    x, y = box.centre
    return np.array((x / size, y / size, 1 / size, 1 / width, 1 / height), np.float64)


def _box(state: Array) -> Box:
    x, y = state[:2] / state[2]
    width, height = 1 / state[3:]
    return Box(
        float(x - width / 2), float(y - height / 2), float(x + width / 2), float(y + height / 2)
    )


def _likeness(foretold: Box, box: Box) -> float:
    """How well a box is where a track foretells it: 1 + IoU, less without overlap, 0 for not."""
    shared = foretold.iou(box)
    if shared >= _LEAST_IOU:
        return 1.0 + shared
    return max(1.0 - _apart(foretold, box) / _NEAR, 0.0)


def _apart(foretold: Box, box: Box) -> float:
    """How far two boxes' centres are apart, in the first one's size, or how much they differ in
    size, as a logarithm: the larger of both."""
    (x, y), (fx, fy) = box.centre, foretold.centre
    size = np.sqrt(foretold.width * foretold.height)
    sides = np.array((box.width, box.height)) / (foretold.width, foretold.height)
    grown = np.abs(np.log(np.maximum(sides, 1e-3)))
    return float(max(np.hypot(x - fx, y - fy) / size, grown.max()))

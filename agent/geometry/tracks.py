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
_NEAR: Final = 0.6  # of the box's diagonal, that a centre may be off what its motion foretells
_GROWN: Final = 1.8  # how many times larger or smaller a box may be
_PLACE_GAIN: Final = 0.6  # alpha and beta of a filter for constant velocity
_SPEED_GAIN: Final = 0.25
_FORM_GAIN: Final = 0.4
_JUMP: Final = 0.3  # of its size, that a place may be off before it is taken as it is


@dataclass
class _Motion:
    """``state`` is a box's centre and the logarithms of its size, ``speed`` its change per s."""

    state: Array
    seen_s: float
    speed: Array | None = None

    def foretold(self, time_s: float) -> Array:
        if self.speed is None:
            return self.state
        return np.asarray(self.state + self.speed * (time_s - self.seen_s))

    def correct(self, seen: Array, time_s: float) -> None:
        """Take a sight into account: an alpha-beta filter."""
        gone = time_s - self.seen_s
        foretold = self.foretold(time_s)
        off = seen - foretold
        size = float(np.exp(self.state[2:].max()))
        jumped = float(np.abs(off[:2]).max()) / size > _JUMP or float(np.abs(off[2:]).max()) > _JUMP
        self.state = seen if jumped else foretold + _PLACE_GAIN * off
        if gone > 0:
            before = self.speed
            self.speed = off / gone if before is None else before + _SPEED_GAIN * off / gone
        self.seen_s = time_s


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
        seen = _state(Box(float(low[0]), float(low[1]), float(high[0]), float(high[1])))
        form = (corners - low) / np.maximum(high - low, 1e-3)
        if self.hull is None or self.form is None or time_s - self.hull.seen_s > LOST_S:
            self.hull, self.form = _Motion(seen, time_s), form
        elif time_s > self.hull.seen_s:
            self.hull.correct(seen, time_s)
            self.form = self.form + _FORM_GAIN * (form - self.form)

    def quad(self, time_s: float) -> Quad | None:
        """The quad at a moment, as far as those seen foretell it."""
        if self.hull is None or self.form is None or time_s - self.hull.seen_s > LOST_S:
            return None
        x, y, width, height = self.hull.foretold(time_s)
        size = np.exp((width, height))
        corners = [(float(u), float(v)) for u, v in (x, y) + (self.form - 0.5) * size]
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
                self._tracks[names[index]].box.correct(_state(box), time_s)
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
        self._tracks[name] = _Track(label, _Motion(_state(box), time_s))
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
    size = max(box.width, 1e-3), max(box.height, 1e-3)
    return np.array((*box.centre, *np.log(size)), np.float64)


def _likeness(foretold: Array, box: Box) -> float:
    """How well a box is where a track foretells it: 1 + IoU, less without overlap, 0 for not."""
    width, height = np.exp(foretold[2:])
    x, y = foretold[:2]
    expected = Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    shared = expected.iou(box)
    if shared >= _LEAST_IOU:
        return 1.0 + shared
    seen = _state(box)
    apart = float(np.hypot(*(seen[:2] - foretold[:2]))) / float(np.hypot(width, height))
    grown = float(np.abs(seen[2:] - foretold[2:]).max())
    return max(1.0 - apart / _NEAR, 0.0) if grown < np.log(_GROWN) else 0.0

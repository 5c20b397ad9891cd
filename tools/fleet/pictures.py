"""Pictures for evidence: the drawn drive's sign under each condition of the suites in use."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from agent.cameras import Selection
from agent.cameras._open import open_camera
from agent.evidence import compress
from agent.perturbations import Moment
from agent.session import Perturber
from agent.values import Box, Condition, Frame, Pixels
from tools.fleet.life import Gallery
from tools.fleet.scene import conditions_of

_DRIVE: Final = "drive_by:width=640,height=480,fps=5,passes=1"
_CHOICES: Final = 3
_LEAST_PX: Final = 28.0
_AROUND: Final = 4.0
"""So many widths of the sign are in a picture."""
_MOST_PX: Final = 112
_MOST_BYTES: Final = 9_000


class _View(NamedTuple):
    """A part of a frame with the sign in it, and where it is there."""

    pixels: Pixels
    sign: Box
    frame: int


def gallery(suites: Collection[str]) -> Gallery:
    """Small pictures of every condition of these suites, a few to choose from."""
    views = list(_views())
    perturber = Perturber()
    return {
        (suite, condition.kind, round(condition.severity, 6)): [
            _pair(view, condition, perturber) for view in views
        ]
        for suite in sorted(set(suites))
        for condition in conditions_of(suite).made
    }


def _views() -> Iterator[_View]:
    """The sign on its approach, farther and nearer."""
    with open_camera(_DRIVE, Selection()) as camera:
        for frame in list(camera.frames())[-_CHOICES:]:
            yield _view(frame)


def _view(frame: Frame) -> _View:
    assert frame.truth is not None
    box = frame.truth.objects[0].box
    assert box is not None
    reach = _AROUND * max(box.width, box.height) / 2
    x, y = box.centre
    left, top = max(0, round(x - reach)), max(0, round(y - reach))
    pixels = frame.pixels[top : round(y + reach), left : round(x + reach)]
    sign = Box(box.x0 - left, box.y0 - top, box.x1 - left, box.y1 - top)
    return _View(np.ascontiguousarray(pixels), sign, frame.index)


def _pair(view: _View, condition: Condition, perturber: Perturber) -> dict[str, Any]:
    """A view clean and perturbed, as a record's fields."""
    moment = Moment(seed=view.frame, frame=view.frame, region=view.sign, time_s=view.frame / 5)
    perturbed = perturber.apply(view.pixels, condition, moment)
    pair = compress(view.pixels, perturbed, _MOST_BYTES, _MOST_PX)
    assert pair is not None
    return {
        "width_px": pair.width,
        "height_px": pair.height,
        "clean": base64.b64encode(pair.clean).decode(),
        "perturbed": base64.b64encode(pair.perturbed).decode(),
        **_boxes(view),
    }


def _boxes(view: _View) -> dict[str, tuple[float, ...]]:
    """Where the sign is, as shares of the picture; what the model found lies nearly there."""
    height, width = view.pixels.shape[:2]
    sign = view.sign
    place = sign.x0 / width, sign.y0 / height, sign.x1 / width, sign.y1 / height
    target, clean = (
        tuple(round(min(1.0, max(0.0, share + off)), 4) for share in place) for off in (0, 0.012)
    )
    return {"target_box": target, "clean_box": clean}

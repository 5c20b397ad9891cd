"""Pictures of telling failures, where the profile asks for them: few, small, given up first."""

from __future__ import annotations

import base64
import math
import time
from collections.abc import Callable
from typing import Final, NamedTuple

import cv2

from agent.profile import EvidenceTable
from agent.record import Corners, EvidenceRecord, Record
from agent.session import Examination, Session, placed
from agent.values import Box, Frame, Pixels, Trial

_QUALITIES: Final = (85, 70, 55, 40)
_LEAST_PX: Final = 32
_SHRINK: Final = 0.7
_SAVED_H: Final = 1 / 12


class Bucket:
    """Tokens at ``per_hour``, and five minutes' worth of them saved up, one at least."""

    def __init__(self, per_hour: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s, self._most = per_hour / 3600, max(1.0, per_hour * _SAVED_H)
        self._clock, self._tokens, self._at = clock, self._most, clock()

    def take(self) -> bool:
        """Take a token; whether there was one."""
        now = self._clock()
        self._tokens = min(self._most, self._tokens + (now - self._at) * self._per_s)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Pair(NamedTuple):
    """Two pictures of one size as JPEG."""

    clean: bytes
    perturbed: bytes
    width: int
    height: int


def compress(clean: Pixels, perturbed: Pixels, max_bytes: int, max_px: int) -> Pair | None:
    """Both RGB pictures as JPEG, ``max_bytes`` together, no side above ``max_px``.

    The quality is lowered first, then the size. None where even small pictures are too large.
    """
    height, width = clean.shape[:2]
    side = float(min(max_px, max(height, width)))
    while side >= _LEAST_PX:
        scale = side / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        for quality in _QUALITIES:
            first, second = (_jpeg(picture, size, quality) for picture in (clean, perturbed))
            if len(first) + len(second) <= max_bytes:
                return Pair(first, second, *size)
        side *= _SHRINK
    return None


class Evidence:
    """Keeps the clean and the perturbed picture of a flip as a record, as often as is allowed.

    Of a frame's flips it takes the one of least severity: that tells most. ``bucket`` holds what is
    allowed, over all sessions of a run; without one only ``take`` keeps any.
    """

    def __init__(
        self,
        allowed: EvidenceTable,
        session: Session,
        name: str,
        put: Callable[[Record], object],
        bucket: Bucket | None,
    ) -> None:
        self._allowed, self._session, self._name, self._put = allowed, session, name, put
        self._bucket = bucket

    def offer(self, frame: Frame, seen: Examination) -> bool:
        """Look at an examined frame; whether its pictures were kept."""
        flips = [t for made in seen.inferences for t in made.trials if t.flipped]
        if self._bucket is None or not flips or not self._bucket.take():
            return False
        return self._keep(frame, seen, min(flips, key=lambda trial: trial.condition.severity))

    def take(self, frame: Frame, seen: Examination) -> bool:
        """Keep the pictures of a frame that somebody asked for; whether they could be kept.

        Of a flip where there is one, else of the strongest condition. There must be a trial.
        """
        trials = [trial for made in seen.inferences for trial in made.trials]
        telling = max(trials, key=lambda trial: (trial.flipped, trial.condition.severity))
        return self._keep(frame, seen, telling)

    def _keep(self, frame: Frame, seen: Examination, trial: Trial) -> bool:
        target = placed(trial.condition, trial.target, seen.targets)
        perturbed = self._session.picture(frame, trial.condition, target)
        pair = compress(frame.pixels, perturbed, self._allowed.max_bytes, self._allowed.max_px)
        if pair is not None:
            self._put(_record(self._name, frame, trial, pair))
        return pair is not None


def _record(session: str, frame: Frame, trial: Trial, pair: Pair) -> EvidenceRecord:
    return EvidenceRecord(
        session=session,
        frame=trial.frame,
        clip=trial.clip[-1024:],
        target=(trial.target.label or "")[-256:],
        number=trial.target.number,
        condition=trial.condition.kind[-256:],
        severity=round(trial.condition.severity, 6),
        width_px=pair.width,
        height_px=pair.height,
        clean=base64.b64encode(pair.clean).decode(),
        perturbed=base64.b64encode(pair.perturbed).decode(),
        target_box=shares(trial.target.region, frame),
        clean_box=shares(trial.clean.box, frame),
        perturbed_box=shares(trial.perturbed.box, frame),
    )


def shares(box: Box | None, frame: Frame) -> Corners | None:
    """A box in pixels as shares of the frame, cut to it; None where nothing of it lies within."""
    if box is None or not all(map(math.isfinite, box)):
        return None
    left, right = (_share(x, frame.width) for x in (box.x0, box.x1))
    top, bottom = (_share(y, frame.height) for y in (box.y0, box.y1))
    return (left, top, right, bottom) if left < right and top < bottom else None


def _share(place: float, whole: int) -> float:
    return round(min(1.0, max(0.0, float(place) / whole)), 5)


def _jpeg(pixels: Pixels, size: tuple[int, int], quality: int) -> bytes:
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(
        ".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    return encoded.tobytes()

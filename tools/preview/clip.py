"""Clips: a video under a perturbation, to see whether what should move moves and the rest stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from agent.errors import OutputError
from agent.perturbations import Perturbation
from agent.values import Box, Frame, Pixels
from tools.preview.placing import moment_on
from tools.preview.sheet import caption_below

_CODEC: Final = "mp4v"
_USUAL_FPS: Final = 25.0
_GAP: Final = 4

Progress = Callable[[int, int], None]


def write_clip(
    frames: Callable[[], Iterable[Frame]],
    count: int,
    perturbations: Sequence[Perturbation],
    severity: float,
    out: Path,
    *,
    region: Box | None = None,
    seed: int = 0,
    progress: Progress = lambda done, of: None,
) -> int:
    """Write a video with the clean frame left and the perturbed one right, kind after kind.

    ``frames`` gives the ``count`` frames anew for each kind. The object lies in ``region``, or
    where a frame's own truth says. Returns the number of frames written; raises ``OutputError``.
    """
    written = 0
    with _writer(out, _rate(frames())) as write:
        for perturbation in perturbations:
            for frame in frames():
                write(_pair(frame, perturbation, severity, region, seed))
                written += 1
                progress(written, count * len(perturbations))
    return written


def _pair(
    frame: Frame, perturbation: Perturbation, severity: float, region: Box | None, seed: int
) -> Pixels:
    moment = moment_on(frame, region, seed)
    perturbed = perturbation.apply(frame.pixels, severity, moment)
    gap = np.full((frame.height, _GAP, 3), 255, np.uint8)
    both = np.hstack([frame.pixels, gap, perturbed])
    said = f"{perturbation.kind()} {severity:g}: {perturbation.describe(severity)}"
    return caption_below(both, said)


def _rate(frames: Iterable[Frame]) -> float:
    """Frames per second, by the first two frames' times."""
    times = [frame.time_s for frame, _ in zip(frames, range(2), strict=False)]
    apart = times[1] - times[0] if len(times) == 2 else 0.0
    return 1 / apart if apart > 0 else _USUAL_FPS


@contextmanager
def _writer(out: Path, fps: float) -> Iterator[Callable[[Pixels], None]]:
    """A function that appends a picture (H, W, 3) to a video file; all of the first one's size."""
    out.parent.mkdir(parents=True, exist_ok=True)
    opened: list[cv2.VideoWriter] = []

    def write(pixels: Pixels) -> None:
        even = pixels[: pixels.shape[0] // 2 * 2, : pixels.shape[1] // 2 * 2]
        if not opened:
            code = cv2.VideoWriter.fourcc(*_CODEC)
            size = (even.shape[1], even.shape[0])
            opened.append(cv2.VideoWriter(str(out), code, fps, size))
        if not opened[0].isOpened():
            raise OutputError(
                f"The clip cannot be written to {out}.",
                remedy="Give --out a name that ends in .mp4, in a folder that can be written.",
            )
        opened[0].write(np.ascontiguousarray(even[:, :, ::-1]))

    try:
        yield write
    finally:
        for writer in opened:
            writer.release()

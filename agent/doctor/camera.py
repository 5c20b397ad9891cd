"""The camera: whether it opens, its mode and rate, and what is wrong with its pictures."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

from agent.doctor import CAMERA, Check, Finding, Host, Plan
from agent.doctor.service import runs

if TYPE_CHECKING:
    from agent.cameras import Camera as Source
    from agent.values import Frame, Pixels

WATCH_S: Final = 2.0
"""How long pictures are looked at, from the first one on."""

OPEN_S: Final = 7.0
"""How long the first one may take."""

FEW_FRAMES: Final = 5
STALL_S: Final = 1.0
"""A longer wait between two pictures is worth a word."""

MOST_FRAMES: Final = 200
FEW: Final = 0.8
"""A rate below this share of the one asked for is worth a word."""

_SHARED: Final = ("rtsp",)
"""Kinds of live camera that more than one program may read."""

_FAULTS: Final = {
    "frozen": "the same picture again and again",
    "black": "dark all over",
    "torn": "filled up by a decoder",
    "size": "of another size than the first",
    "absent": "missing: none came within the deadline",
}


@dataclass
class Watched:
    """What was seen of a camera in ``seconds``, from the first picture to the last.

    ``gap_s`` is the longest wait for a picture after the first one; ``changes`` whether any two
    differ.
    """

    frames: int = 0
    seconds: float = 0.0
    size: tuple[int, int] = (0, 0)
    faults: Counter[str] = field(default_factory=Counter)
    gap_s: float = 0.0
    changes: bool = False

    @property
    def rate(self) -> float:
        return (self.frames - 1) / self.seconds if self.frames > 1 and self.seconds else 0.0


class Camera(Check):
    """Opens it as ``run`` does, in a capture process, and looks at it for about 2 s."""

    place: ClassVar[int] = 110
    needs: ClassVar[tuple[str, ...]] = ("numpy", "opencv", "pydantic")
    seconds: ClassVar[float] = OPEN_S + WATCH_S + 1.5
    code: ClassVar[int] = CAMERA
    crashed: ClassVar[str] = "Unplug the camera, or restart the device: a driver has failed."

    def absent(self, plan: Plan) -> str:
        return "" if plan.camera else "--camera v4l2:/dev/video0, as it is given to run"

    def examine(self, plan: Plan, host: Host, facts: Mapping[str, Any]) -> Iterator[Finding]:
        from agent.cameras import Selection
        from agent.cameras._open import open_camera

        with open_camera(plan.camera, Selection()) as camera:
            agent = runs(facts)
            if camera.live and agent and camera.kind not in _SHARED:
                text = f"the agent ({agent}) has it"
                yield self.not_checked("camera", text, "Stop the agent for this check")
                return
            yield from self._modes(camera)
            seen = watch(camera)
            asked = float(getattr(getattr(camera, "options", None), "fps", 0.0))
            yield from self.judge(camera.kind, camera.live, seen, asked)

    def judge(self, kind: str, live: bool, seen: Watched, asked: float) -> Iterator[Finding]:
        """The verdict on what was seen; ``asked`` is the rate that the options ask for, 0: none."""
        if not seen.frames:
            text = f"no picture within {OPEN_S:g} s"
            mend = "See that it is plugged in, or its address right; who has it: fuser /dev/video*"
            yield self.failure("camera", text, mend)
            return
        width, height = seen.size
        said = f"{kind}, {width} x {height} px, {seen.frames} pictures in {seen.seconds:.1f} s"
        known = {"width": width, "height": height, "fps": round(seen.rate, 2)}
        if not live:
            yield self.ok("camera", f"{said} (recorded)", **known)
            return
        said += f": {seen.rate:.1f} a second"
        if asked and seen.frames > 1 and seen.rate < FEW * asked:
            text = f"{said}, {asked:g} are asked for"
            mend = "Ask for fewer (fps=...), a smaller size, format=MJPG, or give it more light"
            yield self.warning("camera", text, mend, **known)
        else:
            yield self.ok("camera", said, **known)
        if seen.gap_s > STALL_S:
            text = f"nothing came for {seen.gap_s:.1f} s"
            yield self.warning("pictures", text, "Look at cable, power and network")
        if seen.frames > FEW_FRAMES and not (seen.changes or seen.faults):
            text = f"all {seen.frames} are the same to the last bit: a sensor's never are"
            yield self.warning("pictures", text, "Restart the camera; is it a test picture?")
        yield from self._faults(seen)

    def _faults(self, seen: Watched) -> Iterator[Finding]:
        whole = seen.faults.total()
        told = ", ".join(f"{n} {_FAULTS.get(name, name)}" for name, n in seen.faults.items())
        if whole == seen.frames:
            mend = "Take the lens cap off, look at cable and light, restart the camera"
            yield self.failure("pictures", f"none is of use: {told}", mend)
        elif whole:
            mend = "Look at cable and power; such pictures are left out and counted"
            yield self.warning("pictures", told, mend)

    def _modes(self, camera: Source) -> Iterator[Finding]:
        device = str(getattr(camera, "device", ""))
        if camera.kind == "v4l2" and device:
            found = modes(device)
            if found:
                yield self.ok("camera modes", found)


def watch(camera: Source) -> Watched:
    """Take frames for ``WATCH_S`` from the first on; none where none comes within ``OPEN_S``."""
    stop = threading.Event()
    camera.heed(stop)
    timer = _in_time(stop, OPEN_S)
    seen = Watched()
    first = last = 0.0
    before: Pixels | None = None
    for frame in camera.frames():
        now = time.monotonic()
        if not seen.frames:
            first = last = now
            timer.cancel()
            timer = _in_time(stop, WATCH_S + STALL_S)
        _count(seen, frame, before)
        before = frame.pixels
        seen.gap_s = max(seen.gap_s, now - last)
        last, seen.seconds = now, now - first
        if now - first >= WATCH_S or seen.frames >= MOST_FRAMES:
            break
    timer.cancel()
    if seen.frames and camera.live:
        seen.gap_s = max(seen.gap_s, time.monotonic() - last)
    return seen


def _in_time(stop: threading.Event, seconds: float) -> threading.Timer:
    timer = threading.Timer(seconds, stop.set)
    timer.daemon = True
    timer.start()
    return timer


def _count(seen: Watched, frame: Frame, before: Pixels | None) -> None:
    seen.frames += 1
    if before is not None and not seen.changes:
        seen.changes = before.shape != frame.pixels.shape or bool((before != frame.pixels).any())
    if frame.fault:
        seen.faults[frame.fault] += 1
    if frame.fault != "absent":
        height, width = frame.pixels.shape[:2]
        seen.size = (width, height)


def modes(device: str) -> str:
    """The modes that a V4L2 driver tells, as ``v4l2-ctl`` prints them, in one line; empty where
    there is no such tool."""
    tool = shutil.which("v4l2-ctl")
    if tool is None:
        return ""
    with suppress(OSError, subprocess.TimeoutExpired):
        listing = subprocess.run(
            [tool, "-d", device, "--list-formats-ext"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=2,
        )
        return summary(listing.stdout)
    return ""


def summary(listing: str) -> str:
    """``MJPG 1920x1080 at 30; YUYV 640x480 at 30``: of each format the largest size."""
    best: dict[str, tuple[int, str, str]] = {}
    form = size = ""
    for line in listing.splitlines():
        words = line.split()
        if len(words) > 1 and words[0].startswith("[") and words[1].startswith("'"):
            form = words[1].strip("'")
        elif "Size:" in line:
            size = words[-1]
        elif "Interval:" in line and form and "x" in size:
            rate = line.rpartition("(")[2].partition(".")[0]
            width, _, height = size.partition("x")
            area = int(width) * int(height) if width.isdigit() and height.isdigit() else 0
            if area > best.get(form, (0, "", ""))[0]:
                best[form] = (area, size, rate)
    return "; ".join(f"{form} {size} at {rate}" for form, (_, size, rate) in best.items())

"""Agents as processes of their own on a live camera, watched from outside by ``/proc``."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2

from agent.cameras._open import open_camera
from agent.errors import ConfigError, FieldproofError
from agent.profile import Profile
from tools.bench.telemetry_long import collector, cpu_s, resident_mb
from tools.broker import LocalBroker

SAMPLE_S: Final = 0.5
START_S: Final = 120.0
STOP_S: Final = 60.0
SCENES: Final = 24
"""Pictures that the live camera shows in turn: two alike in a row would be a frozen camera."""
_GSTREAMER: Final = "gst-launch-1.0"


class RunFailedError(FieldproofError):
    """An agent that was to be watched did not run."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look: seconds since the first, resident MB, and what was used and written since the
    process began (seconds of CPU, MB). ``capture`` is all below the agent, ``private`` what of the
    agent's is backed by no file: the part that the system can take from nobody."""

    at_s: float
    agent_mb: float
    capture_mb: float
    cpu_s: float
    written_mb: float
    private_mb: float = 0.0


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen of one run; ``stop_s`` from SIGTERM to its end, 0 where it ended by itself."""

    samples: tuple[Sample, ...]
    stop_s: float

    @property
    def seconds(self) -> float:
        return self.samples[-1].at_s - self.samples[0].at_s

    @property
    def cores(self) -> float:
        """CPU seconds a second, over the run without its first tenth."""
        first, last = self.samples[len(self.samples) // 10], self.samples[-1]
        return (last.cpu_s - first.cpu_s) / (last.at_s - first.at_s)

    @property
    def writes_mb_per_hour(self) -> float:
        first, last = self.samples[0], self.samples[-1]
        return 3600 * (last.written_mb - first.written_mb) / (last.at_s - first.at_s)

    @property
    def steady(self) -> Sequence[Sample]:
        """Without the first tenth, in which it starts: loading takes memory that is given back."""
        return self.samples[len(self.samples) // 10 :]

    def most(self, what: Callable[[Sample], float]) -> float:
        return max(what(sample) for sample in self.samples)


def live_camera(folder: Path, width: int, height: int, fps: int) -> str:
    """A live camera in its capture process, without hardware: drawn pictures by GStreamer.

    Raises ``ConfigError`` where GStreamer's tools are not installed.
    """
    if shutil.which(_GSTREAMER) is None:
        raise ConfigError(
            "The bench needs GStreamer's tools for a live camera.",
            remedy="apt install gstreamer1.0-tools gstreamer1.0-plugins-good",
        )
    folder.mkdir()
    drive = f"drive_by:width={width},height={height},fps=6,distance=40,end=10"
    with open_camera(drive) as camera:
        for number, frame in zip(range(SCENES), camera.frames(), strict=False):
            pixels = cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2BGR)
            cv2.imwrite(str(folder / f"{number:02}.jpg"), pixels)
    pictures = len(list(folder.iterdir()))
    return (
        f"gstreamer:multifilesrc location={folder}/%02d.jpg loop=true start-index=0 "
        f"stop-index={pictures - 1} caps=image/jpeg,framerate={fps}/1 ! jpegdec ! "
        "identity sync=true"
    )


def write_profile(profile: Profile, path: Path, **budgets: float) -> Path:
    """The profile's device with other budgets, as a file that ``--profile`` takes."""
    lines = ['schema = "fieldproof.profile/1"', 'name = "bench"', 'summary = "Of a bench."']
    lines += [f'machine = "{profile.machine}"', "[budgets]"]
    lines += [f"{name} = {value}" for name, value in budgets.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@contextmanager
def agent(
    broker: LocalBroker, folder: Path, card: Path, camera: str, profile: Path, *more: str
) -> Iterator[subprocess.Popen[bytes]]:
    """An agent's process, and a collector's beside it."""
    log = folder / "agent.log"
    with collector(broker, folder), log.open("wb") as said:
        child = subprocess.Popen(
            [
                *(sys.executable, "-m", "agent", "run", "--model", str(card)),
                *("--camera", camera, "--broker", broker.url, "--profile", str(profile)),
                *("--state", str(folder / "state"), "--device", "bench", *more),
            ],
            stderr=said,
            stdout=subprocess.DEVNULL,
        )
        try:
            yield child
        finally:
            if child.poll() is None:
                child.kill()
            child.wait()
    if child.returncode not in (0, -signal.SIGKILL):
        raise RunFailedError(
            f"The agent ended with {child.returncode}: {log.read_text()[-500:].strip()}"
        )


def watch(
    child: subprocess.Popen[bytes], folder: Path, seconds: float, show: Callable[[float], None]
) -> Watched:
    """Look twice a second, from the outbox's first row on, for so long or till it ends; stop it.

    ``show`` is told the seconds that went by.
    """
    _await_rows(child, folder)
    samples: list[Sample] = []
    began = time.monotonic()
    while child.poll() is None and time.monotonic() - began < seconds:
        seen = look(child.pid, time.monotonic() - began)
        if seen is not None:
            samples.append(seen)
            show(seen.at_s)
        time.sleep(SAMPLE_S)
    if child.poll() is not None:
        return Watched(tuple(samples), 0.0)
    asked = time.monotonic()
    child.terminate()
    child.wait(STOP_S)
    return Watched(tuple(samples), time.monotonic() - asked)


def _await_rows(child: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + START_S
    store = folder / "state" / "outbox" / "outbox.db-wal"
    while not (store.is_file() and store.stat().st_size):
        if child.poll() is not None or time.monotonic() > end:
            said = (folder / "agent.log").read_text()[-500:].strip()
            raise RunFailedError(f"The agent does not begin: {said}")
        time.sleep(0.1)


def look(pid: int, at_s: float) -> Sample | None:
    """The process and all below it; None where it has just ended."""
    try:
        below = _below(pid)
        sizes = {each: resident_mb(each) for each in (pid, *below)}
        cpu = sum(cpu_s(each) for each in sizes)
        io = dict(
            line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines() if line
        )
        private = _private_mb(pid)
    except (OSError, ValueError, IndexError):
        return None
    written = int(io["write_bytes"]) / 1e6
    capture = sum(sizes[each] for each in below)
    return Sample(at_s, sizes[pid], capture, cpu, written, private)


def _private_mb(pid: int) -> float:
    told = Path(f"/proc/{pid}/status").read_text()
    return int(told.split("RssAnon:")[1].split()[0]) * 1024 / 1e6


def _below(pid: int) -> list[int]:
    """Children, and theirs."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *_below(int(child))]
    return found

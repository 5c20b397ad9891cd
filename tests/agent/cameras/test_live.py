"""A live camera against real capture processes that are killed, stopped, or send rubbish."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import groupby, islice
from pathlib import Path

import pytest

from agent.cameras import _live
from agent.cameras._capture.source import Source
from agent.cameras._capture.y4m import PIPE, ProgramSource
from agent.errors import CameraError
from agent.values import Frame
from tests.agent.cameras.scripted import Scripted

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_live, "FIRST_PAUSE_S", 0.05)


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in listed.split()]


def state(pid: int) -> str:
    """A process's state as ps shows it; Z for one that is only waited for, empty for none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def gone(*pids: int, seconds: float = 10.0) -> bool:
    until = time.monotonic() + seconds
    while any(state(pid) not in ("", "Z") for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def until(frames: Iterator[Frame], enough: Callable[[Frame], bool]) -> list[Frame]:
    """The frames up to the first that is enough."""
    seen = []
    for frame in frames:
        seen.append(frame)
        if enough(frame):
            break
    return seen


def test_frames_come_in_order_with_their_clocks_and_the_capture_ends_with_the_camera() -> None:
    with Scripted("64x48:noise:0") as camera:
        frames = list(islice(camera.frames(), 10))
        pids = [camera.capture_pid, *children(camera.capture_pid)]
    assert [frame.index for frame in frames] == list(range(10))
    assert {frame.pixels.shape for frame in frames} == {(48, 64, 3)}
    times = [frame.monotonic for frame in frames]
    assert times == sorted(set(times))
    assert times[-1] <= time.monotonic()
    assert not any(frame.fault for frame in frames)
    assert len(pids) == 2
    assert gone(*pids)


def test_a_slow_consumer_gets_the_newest_frame_and_the_drops_are_counted() -> None:
    with Scripted("64x48:noise:0") as camera:
        frames = camera.frames()
        next(frames)
        time.sleep(1.0)
        before = time.monotonic()
        assert before - next(frames).monotonic < 0.5
        assert camera.dropped > 5
        assert camera.readings()["camera_dropped"] == camera.dropped


def test_a_killed_capture_is_begun_anew() -> None:
    with Scripted("64x48:noise:0") as camera:
        frames = camera.frames()
        next(frames)
        killed = [camera.capture_pid, *children(camera.capture_pid)]
        os.kill(camera.capture_pid, signal.SIGKILL)
        until(frames, lambda frame: camera.connections == 2)
        assert camera.faults == {"died": 1}
        assert camera.readings()["camera_restarts"] == 1
        assert gone(*killed), "what it had started is gone too"


@pytest.mark.parametrize("which", ["capture", "program"])
def test_a_stopped_process_is_killed_at_the_deadline_and_begun_anew(which: str) -> None:
    with Scripted("64x48:noise:0", options="deadline=1.5") as camera:
        frames = camera.frames()
        next(frames)
        pids = [camera.capture_pid, *children(camera.capture_pid)]
        os.kill(pids[which == "program"], signal.SIGSTOP)
        seen = until(frames, lambda frame: camera.connections == 2)
        absent = [frame for frame in seen if frame.fault == "absent"]
        assert camera.faults["hung"] >= 1
        assert len(absent) == camera.faults["absent"] >= 1
        assert not absent[0].pixels.any()
        assert gone(*pids)


def test_a_stream_that_ends_is_begun_anew() -> None:
    with Scripted("64x48:noise:5") as camera:
        frames = camera.frames()
        next(frames)
        before = len(os.listdir("/proc/self/fd"))
        until(frames, lambda frame: camera.connections == 2)
        assert camera.faults == {"ended": 1}
        assert len(os.listdir("/proc/self/fd")) == before, "nothing is left open"


def test_a_frozen_camera_is_flagged_and_then_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_live, "RENEW_S", 1.0)
    with Scripted("64x48:still:0", options="frozen=0.3") as camera:
        seen = until(camera.frames(), lambda frame: camera.connections == 2)
        faults = [frame.fault for frame in seen]
        assert faults[0] == ""
        assert set(faults[faults.index("frozen") : -1]) == {"frozen"}
        assert camera.faults["stuck"] == 1
        assert camera.rejected == {"scripted, frozen": f"{camera.faults['frozen']} frames."}


def test_a_camera_that_is_black_for_long_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_live, "RENEW_BLACK_S", 1.0)
    with Scripted("64x48:noise:3", "64x48:black:0", options="frozen=60") as camera:
        seen = until(camera.frames(), lambda frame: camera.connections == 2)
        assert camera.faults["stuck"] == 1
        black = [frame.monotonic for frame in seen[:-1] if frame.fault == "black"]
        assert black[-1] - black[0] > 0.9, "not upon the first black frame"


def test_frames_that_are_no_use_are_flagged_and_counted() -> None:
    steps = ["64x48:noise", "64x48:black", "64x48:half", "64x48:noise", "32x48:noise"]
    script = [f"{step}:30" for step in [*steps, "128x96:noise"]]
    with Scripted(*script, "64x48:noise:0") as camera:
        frames = camera.frames()
        seen = until(frames, lambda frame: frame.height == 96)
        seen += until(frames, lambda frame: not frame.fault)
        turns = [fault for fault, _ in groupby(frame.fault for frame in seen)]
        assert turns == ["", "black", "torn", "", "size", ""]
        assert {frame.pixels.shape for frame in seen if frame.fault == "size"} == {
            (48, 32, 3),
            (96, 128, 3),
        }
        for fault in ("black", "torn", "size"):
            count = sum(frame.fault == fault for frame in seen)
            assert camera.readings()[f"camera_{fault}"] == count


def test_a_first_open_that_fails_says_why_and_what_to_do() -> None:
    with (
        Scripted("nonsense", options="deadline=0.5") as camera,
        pytest.raises(CameraError, match="ValueError") as caught,
    ):
        next(camera.frames())
    assert caught.value.exit_code == 69
    assert caught.value.remedy == "Mend the script."


class Refused(Scripted):
    """Its program complains of an address with a password."""

    def _source(self) -> Source:
        code = "import sys; sys.exit('ERROR: rtsp://root:hunter2@cam/live?pwd=hunter2 refused')"
        return ProgramSource((sys.executable, "-c", code, PIPE))


def test_what_a_program_complains_of_is_told_without_passwords() -> None:
    with (
        Refused(options="deadline=0.2") as camera,
        pytest.raises(CameraError, match=r"rtsp://cam/live.* refused") as caught,
    ):
        next(camera.frames())
    assert "hunter2" not in str(caught.value)


def test_a_first_open_that_cannot_succeed_is_not_tried_again() -> None:
    with (
        Scripted("66x48:noise:0", options="deadline=600") as camera,
        pytest.raises(CameraError, match="66 x 48 px") as caught,
    ):
        next(camera.frames())
    assert "8 divides" in caught.value.remedy


def test_a_system_without_a_process_to_give_is_a_camera_that_cannot_be_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    before = len(os.listdir("/proc/self/fd"))
    with (
        Scripted("64x48:noise:0", options="deadline=0.2") as camera,
        pytest.raises(CameraError, match="no process can be started"),
    ):
        next(camera.frames())
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_lost_camera_ends_the_run_where_the_options_say_so() -> None:
    script = ("64x48:noise:5", "64x48:hang:0")
    with (
        Scripted(*script, options="give_up=0.5") as camera,
        pytest.raises(CameraError, match=r"No frame from scripted for 0\.\d s"),
    ):
        list(camera.frames())
    assert camera.capture_pid == 0


def test_a_camera_without_frames_ends_soon_when_the_run_is_stopped() -> None:
    stop = threading.Event()
    waited: list[float] = []

    def waiting() -> None:
        waited.append(time.monotonic())
        if len(waited) == 3:
            stop.set()

    with Scripted("64x48:hang:0", options="deadline=600") as camera:
        camera.heed(stop, waiting)
        assert list(camera.frames()) == []
    assert len(waited) == 3, "whoever waits for a frame is told that it goes on"


def test_the_log_tells_of_an_outage_once(caplog: pytest.LogCaptureFixture) -> None:
    script = ("64x48:noise:5", "64x48:black:5", "64x48:noise:5")
    with caplog.at_level(logging.INFO), Scripted(*script) as camera:
        until(camera.frames(), lambda frame: camera.connections == 3)
    told = [record.getMessage() for record in caplog.records]
    assert sum("Lost scripted" in line for line in told) == 1
    assert sum("is back" in line for line in told) == 1
    assert sum("dark all over" in line for line in told) == 1
    assert len(told) == 3


PARENT = """
import sys, time
from tests.agent.cameras.scripted import Scripted
camera = Scripted("64x48:noise:0")
next(camera.frames())
print(camera.capture_pid, flush=True)
time.sleep(1000)
"""


@pytest.mark.parametrize("stopped", [False, True])
def test_a_killed_agent_leaves_no_process_behind(stopped: bool) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent:
        capture = int(parent.stdout.readline())
        pids = [capture, *children(capture)]
        if stopped:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
        parent.kill()
    assert len(pids) == 2
    assert gone(*pids)


def test_the_capture_process_has_no_agent_in_it() -> None:
    """It must start quickly and stay small: neither a model runtime, pydantic nor paho."""
    code = (
        "import sys\n"
        "import agent.cameras._capture.child, agent.cameras._capture.opencv\n"
        "import agent.cameras._capture.y4m, agent.cameras._capture.picamera2\n"
        "heavy = {'pydantic', 'paho', 'tflite_runtime', 'ai_edge_litert', 'agent.session'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"

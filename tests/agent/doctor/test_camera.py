"""The camera is looked at as a run would see it; what is judged is played by the script."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from agent.doctor import Host, Plan
from agent.doctor.camera import Camera, Watched, summary
from agent.errors import CameraError

LISTING = """ioctl: VIDIOC_ENUM_FMT
\tType: Video Capture

\t[0]: 'MJPG' (Motion-JPEG, compressed)
\t\tSize: Discrete 640x480
\t\t\tInterval: Discrete 0.033s (30.000 fps)
\t\tSize: Discrete 1920x1080
\t\t\tInterval: Discrete 0.033s (30.000 fps)
\t\t\tInterval: Discrete 0.067s (15.000 fps)
\t[1]: 'YUYV' (YUYV 4:2:2)
\t\tSize: Discrete 640x480
\t\t\tInterval: Discrete 0.040s (25.000 fps)
"""


def verdicts(seen: Watched, asked: float = 0.0) -> list[tuple[str, str]]:
    return [(f.verdict, f.name) for f in Camera().judge("v4l2", True, seen, asked)]


def watched(frames: int = 60, **faults: int) -> Watched:
    return Watched(frames, 2.0, (640, 480), Counter(faults), 0.05, True)


def test_a_live_camera_is_watched_for_its_rate(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.doctor.camera.WATCH_S", 0.5)
    if shutil.which("gst-launch-1.0") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("GStreamer's tools are not installed: apt install gstreamer1.0-tools")
        pytest.skip("GStreamer's tools are not installed on this machine")
    pipeline = (
        "gstreamer:videotestsrc is-live=true pattern=ball ! "
        "video/x-raw,width=320,height=240,framerate=30/1"
    )
    (finding, *_) = Camera().examine(Plan(camera=pipeline), host, {})
    assert "320 x 240 px" in finding.text
    assert finding.facts["fps"] > 1


def test_recorded_frames_are_a_camera_too(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.doctor.camera.WATCH_S", 0.2)
    (finding,) = Camera().examine(Plan(camera="drive_by"), host, {})
    assert (finding.verdict, "(recorded)" in finding.text) == ("ok", True)


def test_an_absent_device_says_what_to_do(host: Host) -> None:
    with pytest.raises(CameraError) as caught:
        list(Camera().examine(Plan(camera="v4l2:/dev/video97"), host, {}))
    assert caught.value.remedy


def test_a_running_agents_camera_is_left_to_it(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gst-launch-1.0").touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    plan = Plan(camera="gstreamer:videotestsrc")
    (finding,) = Camera().examine(plan, host, {"outbox": {"process": 17}})
    assert (finding.verdict, "process 17" in finding.text) == ("not checked", True)


def test_rates_faults_and_stalls_are_judged() -> None:
    assert verdicts(watched(), asked=30) == [("ok", "camera")]
    assert verdicts(watched(20), asked=30) == [("warning", "camera")]
    assert verdicts(watched(60, black=2)) == [("ok", "camera"), ("warning", "pictures")]
    assert verdicts(watched(60, black=60))[-1] == ("failure", "pictures")
    assert verdicts(Watched()) == [("failure", "camera")]
    stalled, still = watched(), watched()
    stalled.gap_s, still.changes = 1.8, False
    assert verdicts(stalled)[-1] == verdicts(still)[-1] == ("warning", "pictures")


def test_a_drivers_modes_fit_in_a_line() -> None:
    assert summary(LISTING) == "MJPG 1920x1080 at 30; YUYV 640x480 at 25"
    assert summary("") == ""

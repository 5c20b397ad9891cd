"""GStreamer pipelines, run by the real gst-launch-1.0 where it is installed."""

from __future__ import annotations

import os
import shutil
from itertools import islice
from pathlib import Path

import pytest

from agent.cameras import Selection
from agent.cameras._open import open_camera
from agent.cameras.gstreamer import PROGRAM, Gstreamer
from agent.errors import CameraError, UsageError


@pytest.fixture
def tools() -> None:
    if shutil.which(PROGRAM) is None:
        if os.environ.get("CI") == "true":
            pytest.fail("GStreamer's tools are not installed: apt install gstreamer1.0-tools")
        pytest.skip("GStreamer's tools are not installed on this machine")


@pytest.fixture
def pretended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of that name, so that a camera can be made without GStreamer."""
    (tmp_path / PROGRAM).touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize(("width", "height"), [(320, 240), (1280, 720)])
def test_a_pipelines_pictures_come_in_their_size_and_colours(width: int, height: int) -> None:
    """HD too, for which GStreamer would take other colours than for SD by itself."""
    pipeline = (
        "videotestsrc is-live=true pattern=solid-color foreground-color=0xffd02060 ! "
        f"video/x-raw,format=RGB,width={width},height={height},framerate=25/1"
    )
    with open_camera(f"gstreamer:{pipeline} | deadline=20") as camera:
        frames = list(islice(camera.frames(), 3))
    assert frames[0].pixels.shape == (height, width, 3)
    assert frames[0].pixels[height // 2, width // 2].tolist() == pytest.approx(
        [0xD0, 0x20, 0x60], abs=4
    )


@pytest.mark.usefixtures("tools")
def test_a_pipeline_that_cannot_be_says_why() -> None:
    with (
        open_camera("gstreamer:nosuchsrc ! jpegdec | deadline=0.5") as camera,
        pytest.raises(CameraError, match='no element "nosuchsrc"') as caught,
    ):
        next(camera.frames())
    assert caught.value.exit_code == 69
    assert PROGRAM in caught.value.remedy


def test_without_gstreamer_the_packages_to_install_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CameraError, match="not installed") as caught:
        Gstreamer.open("videotestsrc", Selection())
    assert "apt install gstreamer1.0-tools" in caught.value.remedy


@pytest.mark.usefixtures("pretended")
def test_a_jetsons_camera_is_a_pipeline_made_from_options() -> None:
    camera = open_camera("gstreamer:nvarguscamerasrc,sensor_id=1,width=1920,height=1080,flip=2")
    assert isinstance(camera, Gstreamer)
    assert camera.pipeline == (
        "nvarguscamerasrc sensor-id=1 sensor-mode=-1 ! "
        "video/x-raw(memory:NVMM),width=1920,height=1080,framerate=30/1,format=NV12 ! "
        "nvvidconv flip-method=2 ! video/x-raw,format=I420"
    )
    with pytest.raises(UsageError, match="Did you mean 'sensor_id'"):
        open_camera("gstreamer:nvarguscamerasrc,sensorid=1")


@pytest.mark.usefixtures("pretended")
def test_a_pipelines_secrets_are_not_shown() -> None:
    secret = "rtspsrc location=rtsp://root:hunter2@cam/live user-pw=hunter2 ! decodebin"
    camera = Gstreamer.open(secret, Selection())
    assert "hunter2" not in camera.name
    assert "cam/live" in camera.name
    assert "hunter2" not in camera._remedy()


@pytest.mark.usefixtures("pretended")
@pytest.mark.parametrize("text", ["", "   ", "videotestsrc !", "videotestsrc name='a"])
def test_what_is_no_pipeline_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="pipeline"):
        Gstreamer.open(text, Selection())

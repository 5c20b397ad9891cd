"""A Raspberry Pi's camera, against a fake of Picamera2's interface in the capture process."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from agent.cameras import Selection
from agent.cameras._capture.picamera2 import told
from agent.cameras._open import open_camera
from agent.cameras.picamera2 import Picamera2
from agent.errors import CameraError, UsageError

FAKE = Path(__file__).parent / "fake_picamera2"


@pytest.fixture
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(FAKE))


@pytest.mark.usefixtures("_fake")
def test_frames_are_rgb_of_the_size_asked_for_and_carry_their_exposure() -> None:
    with open_camera("picamera2:0,width=160,height=120,fps=15") as camera:
        frames = list(islice(camera.frames(), 8))
        readings = camera.readings()
    assert {frame.pixels.shape for frame in frames} == {(120, 160, 3)}
    assert frames[0].pixels[..., 0].min() >= 200 > frames[0].pixels[..., 1:].max()
    exposures = [int(frame.tags["exposure_us"]) for frame in frames]
    assert exposures == sorted(set(exposures)), "each frame has its own"
    assert (frames[0].tags["gain"], frames[0].tags["white_balance_k"]) == ("3", "4510")
    assert readings["camera_exposure_us"] == exposures[-1]
    assert camera.faults == {}


@pytest.mark.usefixtures("_fake")
def test_a_camera_that_is_not_there_is_unavailable() -> None:
    with (
        open_camera("picamera2:1,deadline=600") as camera,
        pytest.raises(CameraError, match="no camera 1") as caught,
    ):
        next(camera.frames())
    assert caught.value.exit_code == 69
    assert "ribbon" in caught.value.remedy


def test_without_the_package_the_way_to_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with (
        open_camera("picamera2:0,deadline=600") as camera,
        pytest.raises(CameraError, match="cannot be imported") as caught,
    ):
        next(camera.frames())
    assert "apt install python3-picamera2" in caught.value.remedy


def test_what_the_driver_does_not_tell_is_left_out() -> None:
    assert told({"Lux": 3.0}) == {}
    assert told({"AnalogueGain": 1.25}) == {"gain": "1.25"}


def test_wrong_numbers_and_options_are_usage_errors() -> None:
    with pytest.raises(UsageError, match="no number"):
        Picamera2.open("front", Selection())
    with pytest.raises(UsageError, match="Did you mean 'width'"):
        Picamera2.open("0,with=640", Selection())

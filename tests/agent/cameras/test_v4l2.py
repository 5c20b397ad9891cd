"""Video4Linux2 cameras, as far as a machine without one can tell."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import cv2
import pytest

from agent.cameras import Selection
from agent.cameras._capture.opencv import controls
from agent.cameras.v4l2 import V4l2
from agent.errors import CameraError, UsageError


@pytest.mark.parametrize("device", ["/dev/video97", "97"])
def test_a_missing_device_is_unavailable_and_those_present_are_named(device: str) -> None:
    with pytest.raises(CameraError, match="There is no camera /dev/video97") as caught:
        V4l2.open(device, Selection())
    assert caught.value.exit_code == 69
    present = sorted(str(path) for path in Path("/dev").glob("video*"))
    assert all(name in caught.value.remedy for name in present or ["/dev/video"])


def test_a_file_that_is_no_camera_ends_at_the_deadline(tmp_path: Path) -> None:
    (tmp_path / "video0").write_bytes(b"")
    with (
        V4l2.open(f"{tmp_path / 'video0'},deadline=0.5", Selection()) as camera,
        pytest.raises(CameraError, match="cannot be opened") as caught,
    ):
        next(camera.frames())
    assert "group video" in caught.value.remedy


def test_unknown_options_are_named() -> None:
    with pytest.raises(UsageError, match="Did you mean 'height'"):
        V4l2.open("/dev/video0,heigth=480", Selection())


class Capture:
    """OpenCV's answers for a camera's controls; -1 is that it does not know."""

    def __init__(self, **known: float) -> None:
        self._known = {getattr(cv2, f"CAP_PROP_{name.upper()}"): v for name, v in known.items()}

    def get(self, number: int) -> float:
        return self._known.get(number, -1.0)


@pytest.mark.parametrize(
    ("known", "tags"),
    [
        (
            {"exposure": 156.0, "gain": 0.0, "wb_temperature": 4600.0},
            {"exposure_us": "15600", "gain": "0", "white_balance_k": "4600"},
        ),
        ({"gain": 64.0}, {"gain": "64"}),
        ({}, {}),
    ],
)
def test_a_drivers_controls_become_tags_in_units(
    known: dict[str, float], tags: dict[str, str]
) -> None:
    assert controls(Capture(**known)) == tags


def test_a_real_camera_sends_pictures() -> None:
    nodes = sorted(Path("/dev").glob("video*"))
    if not nodes:
        pytest.skip("this machine has no /dev/video*")
    with V4l2.open(f"{nodes[0]},width=640,height=480,deadline=10", Selection()) as camera:
        try:
            frames = list(islice(camera.frames(), 5))
        except CameraError as error:  # a node may belong to an encoder, or to somebody else
            pytest.skip(f"no pictures from {nodes[0]}: {error.message}")
    assert frames[0].pixels.ndim == 3
    assert frames[-1].monotonic > frames[0].monotonic

"""Video4Linux2 cameras, as far as a machine without one can tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.cameras import Selection
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

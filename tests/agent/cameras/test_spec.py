"""What of a camera's text may be printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.cameras import family
from agent.cameras._spec import holds_password, seen_from, without_secrets


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("rtsp://u:p@host/live", "rtsp://host/live"),
        ("http://host/a?user=u&password=p&x=1", "http://host/a?user=u&password=***&x=1"),
        ("http://host/a?pass=p", "http://host/a?pass=***"),
        ("rtspsrc user-id=u user-pw=p passwd=q", "rtspsrc user-id=u user-pw=*** passwd=***"),
        ("srtsrc passphrase=p", "srtsrc passphrase=***"),
        ("drive_by:fps=5,passes=2", "drive_by:fps=5,passes=2"),
        ("rtsp://u:p/q@host/live", "rtsp://host/live"),
        ("rtsp://host:554/live@2", "rtsp://host:554/live@2"),
    ],
)
def test_passwords_are_hidden_and_nothing_else(text: str, printed: str) -> None:
    assert without_secrets(text) == printed


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("rtsp://u:p@host/live", True),
        ("rtsp://u:p/q@host/live", True),
        ("rtspsrc location=rtsp://host user-id=u user-pw=p", True),
        ("http://host/a?token=x", True),
        ("rtsp://u@host/live", False),
        ("rtsp://host:554/live@2", False),
        ("http://host/a?token=", False),
        ("v4l2:/dev/video0,width=640", False),
    ],
)
def test_a_password_is_recognised_and_a_user_alone_is_none(text: str, secret: bool) -> None:
    assert holds_password(text) is secret


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("drive.mp4", "/etc/f/drive.mp4"),
        ("video:drive.mp4", "video:/etc/f/drive.mp4"),
        ("folder:pictures/a", "folder:/etc/f/pictures/a"),
        ("/data/drive.mp4", "/data/drive.mp4"),
        ("video:/data/drive.mp4", "video:/data/drive.mp4"),
        ("/dev/video0", "/dev/video0"),
        ("v4l2:/dev/video0,width=640", "v4l2:/dev/video0,width=640"),
        ("picamera2:0,width=640", "picamera2:0,width=640"),
        ("0", "0"),
        ("drive_by", "drive_by"),
        ("drive_by:fps=2.5,passes=1", "drive_by:fps=2.5,passes=1"),
        ("rtsp://host/live.sdp", "rtsp://host/live.sdp"),
        ("rtsp:rtsp://host/live.sdp", "rtsp:rtsp://host/live.sdp"),
        ("rtsp://host/live#deadline=1.5", "rtsp://host/live#deadline=1.5"),
        ("gstreamer:a device=/dev/b ! c", "gstreamer:a device=/dev/b ! c"),
        ("gstreamer:nvarguscamerasrc", "gstreamer:nvarguscamerasrc"),
        ("", ""),
    ],
)
def test_a_path_in_a_cameras_text_is_seen_from_a_folder(text: str, seen: str) -> None:
    assert seen_from(Path("/etc/f"), text, family.kinds()) == seen


def test_a_folder_that_is_there_is_a_path_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    assert seen_from(tmp_path, "photos", family.kinds()) == f"{tmp_path}/photos"
    assert seen_from(tmp_path, "folder:photos", family.kinds()) == f"folder:{tmp_path}/photos"

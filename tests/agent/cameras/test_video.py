"""Video files."""

from __future__ import annotations

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.cameras import Selection
from agent.cameras.video import Video
from agent.errors import DataError


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """30 frames at 10 per second, each of its own grey."""
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for number in range(30):
        writer.write(np.full((48, 64, 3), 8 * number, np.uint8))
    writer.release()
    return path


def test_frames_come_in_order_with_the_containers_times(clip: Path) -> None:
    frames = list(Video(clip).frames())
    assert [frame.index for frame in frames] == list(range(30))
    assert [frame.time_s for frame in frames] == pytest.approx([i / 10 for i in range(30)])
    assert [frame.pixels.mean() / 8 for frame in frames] == pytest.approx(range(30), abs=0.5)
    assert {frame.clip for frame in frames} == {"clip.avi"}
    assert frames[0].truth is None
    assert not frames[0].pixels.flags.writeable


def test_a_frame_read_alone_is_the_same_as_in_order(clip: Path) -> None:
    frames = list(Video(clip).frames())
    video = pickle.loads(pickle.dumps(Video(clip)))
    assert len(video) == 30
    for index in (7, 8, 20, 3, 29):
        frame = video.read(index)
        assert np.array_equal(frame.pixels, frames[index].pixels)
        assert frame.time_s == pytest.approx(frames[index].time_s)


def test_a_limit_takes_the_first_frames(clip: Path) -> None:
    video = Video(clip, Selection(limit=4))
    assert len(video) == 4
    assert [frame.index for frame in video.frames()] == [0, 1, 2, 3]


def test_a_file_that_ends_early_says_so(clip: Path) -> None:
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) // 2])
    video = Video(clip)
    count = len(list(video.frames()))
    assert 0 < count < 30
    assert len(video) == count
    assert [name for name in video.rejected if name.endswith(f"from frame {count} on")]
    assert len(video.rejected) == 1


def test_bytes_broken_in_the_middle_do_not_end_the_video(clip: Path) -> None:
    data = bytearray(clip.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 60] = bytes(60)
    clip.write_bytes(bytes(data))
    frames = list(Video(clip).frames())
    assert frames[-1].pixels.mean() == pytest.approx(8 * 29, abs=4)


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises(DataError, match="cannot be opened"):
        Video(tmp_path / "a.mp4")
    with pytest.raises(DataError, match="no file"):
        Video(tmp_path / "gone.mp4")


def test_the_real_clip_has_221_frames_at_25_per_second(shared_data: Path) -> None:
    video = Video(shared_data / "video" / "highway_no_signs_540p25.mp4")
    count, last = 0, 0.0
    for frame in video.frames():
        count, last = count + 1, frame.time_s
    assert count == len(video) == 221
    assert last == pytest.approx(8.8)
    assert not video.rejected


def test_a_frame_after_broken_bytes_can_be_read_alone(clip: Path) -> None:
    data = bytearray(clip.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 60] = bytes(60)
    clip.write_bytes(bytes(data))
    last = list(Video(clip).frames())[-1]
    assert np.array_equal(Video(clip).read(last.index).pixels, last.pixels)


def test_a_stream_without_a_count_is_counted(clip: Path, tmp_path: Path) -> None:
    """An elementary stream claims no frames at all, or a wrong number."""
    frames = [frame.pixels for frame in Video(clip).frames()]
    stream = tmp_path / "stream.mjpeg"
    stream.write_bytes(b"".join(cv2.imencode(".jpg", f[:, :, ::-1])[1].tobytes() for f in frames))
    video = Video(stream)
    assert len(video) == len(list(video.frames())) == len(frames)
    assert not video.rejected

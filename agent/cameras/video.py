"""A video file, any that OpenCV's FFmpeg reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import cv2

from agent.cameras import RecordedCamera, Selection
from agent.cameras._decode import plain
from agent.cameras._labelled import missing
from agent.cameras._opencv import rgb_of
from agent.errors import DataError
from agent.values import Frame

_SUFFIXES: Final = frozenset(
    [
        ".mp4",
        ".m4v",
        ".mov",
        ".mkv",
        ".avi",
        ".webm",
        ".mpg",
        ".mpeg",
        ".ts",
        ".mts",
        ".wmv",
        ".flv",
        ".h264",
        ".mjpeg",
        ".mjpg",
    ]
)
_TRIES: Final = 25  # bad frames in a row after which the file is taken to have ended


class Video(RecordedCamera):
    """Frames in order, without truth; ``limit`` takes the first ones.

    Times are the container's, so a variable frame rate is kept; where it has none, index over
    frame rate. Bad frames are passed over and counted. ``read`` goes forward from the last frame
    and starts anew to go back: cheap in order, dear at random; a worker that reads every n-th
    frame pays for the decoding of those between. ``len`` counts the frames that are there; where
    the container claims more, ``rejected`` says so.
    """

    def __init__(self, path: Path | str, selection: Selection | None = None) -> None:
        super().__init__()
        self.path = Path(path)
        if not self.path.is_file():
            raise missing(self.path)
        self._limit = (selection or Selection()).limit
        self._capture: Any = None
        self._next = 0
        self._seconds = 0.0
        capture = self._start()
        self.fps = float(capture.get(cv2.CAP_PROP_FPS)) or 25.0
        self._real: int | None = None
        self._claimed = max(int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)

    @classmethod
    def open(cls, text: str, selection: Selection) -> Video:
        return cls(text, selection)

    @classmethod
    def claims(cls, path: Path) -> str:
        return "a video" if path.is_file() and path.suffix.lower() in _SUFFIXES else ""

    def __len__(self) -> int:
        """Frames that there really are: what the container claims can be far off either way.

        Counted once, by going through the file without decoding it.
        """
        if self._real is None:
            self._real = self._count()
        return self._real

    def _count(self) -> int:
        capture = cv2.VideoCapture(str(self.path), cv2.CAP_FFMPEG)
        seen = end = 0
        while seen - end < _TRIES and (self._limit is None or end < self._limit):
            seen += 1
            if capture.grab():
                end = seen
        capture.release()
        if end < self._claimed and (self._limit is None or end < self._limit):
            name = f"{plain(self.path.name)} from frame {end} on"
            self.rejected[name] = f"The file ends early: {self._claimed} frames were promised."
        return end

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_capture": None, "_next": 0, "_seconds": 0.0}

    def read(self, index: int) -> Frame:
        if not 0 <= index < max(len(self), 1):
            raise IndexError(index)
        if self._capture is None or index < self._next:
            self._start()
        while self._next < index:
            self._grab()  # a bad frame on the way does not matter
        frame = self._frame()
        if frame is None:
            raise self._bad(index)
        return frame

    def frames(self) -> Iterator[Frame]:
        """All frames up to the real end of the file, whatever the container claims."""
        self._start()
        bad = good = 0
        while bad < _TRIES and (self._limit is None or self._next < self._limit):
            frame = self._frame()
            if frame is None:
                bad += 1
                continue
            bad, good = 0, good + 1
            yield frame
        end = self._next - bad
        if not good:
            raise DataError(f"No frame of the video {self.path} can be decoded.")
        promised = self._claimed if self._limit is None else min(self._claimed, self._limit)
        if end < promised:
            name = f"{plain(self.path.name)} from frame {end} on"
            self.rejected[name] = f"The file ends early: {self._claimed} frames were promised."
        if good < end:
            name = f"{plain(self.path.name)} in between"
            self.rejected[name] = f"{end - good} frames cannot be decoded."

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _start(self) -> cv2.VideoCapture:
        """Open the file anew, before its first frame."""
        self.close()
        capture = cv2.VideoCapture(str(self.path), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise DataError(
                f"The video {self.path} cannot be opened.",
                remedy="See that it is whole: ffprobe FILE shows what is in it.",
            )
        self._capture, self._next, self._seconds = capture, 0, 0.0
        return capture

    def _grab(self) -> bool:
        """Go one frame forward and note its time."""
        grabbed = bool(self._capture.grab())
        stamp = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
        steady = self._next / self.fps
        self._seconds = stamp if stamp > self._seconds else steady
        self._next += 1
        return grabbed

    def _frame(self) -> Frame | None:
        if not self._grab():
            return None
        decoded, picture = self._capture.retrieve()
        if not decoded or picture is None:
            return None
        index, name = self._next - 1, plain(self.path.name)
        return Frame(rgb_of(picture), index, name, name, self._seconds, tags={"file": name})

    def _bad(self, index: int) -> DataError:
        name = f"{plain(self.path.name)} frame {index}"
        self.rejected[name] = "The frame cannot be decoded."
        return DataError(f"{name} cannot be decoded.")

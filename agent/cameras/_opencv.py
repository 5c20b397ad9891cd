"""OpenCV as the cameras use it: silent, since what goes wrong is told by errors, and in RGB."""

from __future__ import annotations

import os

# FFmpeg reads these when it opens a stream. Its own complaints quote addresses, passwords too.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
# Over UDP a lossy network gives grey smears that look like pictures; TCP gives them late.
os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")

from typing import Any

import cv2
import numpy as np

from agent.values import Pixels


def silence() -> None:
    """Have OpenCV print nothing in this process. OpenCV 5 has moved the switch."""
    logging = getattr(cv2.utils, "logging", None)
    if logging is not None:
        logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    else:
        cv2.setLogLevel(0)


silence()


def rgb_of(picture: Any) -> Pixels:
    """Read-only uint8 RGB (H, W, 3) of OpenCV's BGR."""
    rgb = np.ascontiguousarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)
    rgb.setflags(write=False)
    return rgb

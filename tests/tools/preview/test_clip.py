"""Clips of a perturbation beside the clean video."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.errors import OutputError, UsageError
from agent.perturbations import family
from agent.values import Frame
from tools.preview.clip import write_clip
from tools.preview.command import write_video


def _frames() -> list[Frame]:
    grey = np.full((60, 80, 3), 128, np.uint8)
    return [Frame(grey, index, "clip", time_s=index / 10) for index in range(5)]


def _read(path: Path) -> tuple[float, list[np.ndarray]]:
    film = cv2.VideoCapture(str(path))
    pictures = []
    while (got := film.read())[0]:
        pictures.append(np.asarray(got[1]))
    return film.get(cv2.CAP_PROP_FPS), pictures


def test_a_clip_shows_every_frame_clean_and_perturbed_at_the_videos_own_rate(
    tmp_path: Path,
) -> None:
    out = tmp_path / "made" / "clip.mp4"
    dark = family.load("low_light")()
    assert write_clip(_frames, 5, [dark, dark], 1.0, out) == 10
    rate, pictures = _read(out)
    assert (rate, len(pictures)) == (10, 10)
    left, right = pictures[3][:60, :80], pictures[3][:60, 84:]
    assert abs(float(left.mean()) - 128) < 6
    assert right.mean() < 60


def test_a_clip_can_be_made_of_a_drawn_drive(tmp_path: Path) -> None:
    seen = []
    out = tmp_path / "clip.mp4"
    write_video(
        "fog", "drive_by:width=160,height=120,fps=5", out, 0.5, 0, None, 3,
        lambda done, of: seen.append((done, of)),
    )  # fmt: skip
    assert len(_read(out)[1]) == 3
    assert seen[-1] == (3, 3)


def test_a_name_that_no_video_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"clip\.xyz"):
        write_clip(_frames, 5, [family.load("low_light")()], 1.0, tmp_path / "clip.xyz")


@pytest.mark.parametrize(
    ("what", "severity", "out", "error"),
    [
        ("fog", 7.0, "a.mp4", UsageError),
        ("fog", float("nan"), "a.mp4", UsageError),
        ("none", 0.5, "a.mp4", UsageError),
        ("fog", 0.5, "a.png", OutputError),
    ],
)
def test_what_can_be_no_clip_is_refused_and_nothing_is_written(
    tmp_path: Path, what: str, severity: float, out: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        write_video(
            what, "drive_by:width=160,height=120", tmp_path / out, severity, 0, None, 2,
            lambda done, of: None,
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == []

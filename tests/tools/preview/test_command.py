"""Contact sheets from the command line."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from agent.errors import DataError, OutputError, UnknownKind, UsageError
from tools.preview.command import parse_region, print_catalogue, write_sheet


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), np.random.default_rng(1).integers(0, 255, (60, 80, 3), np.uint8))
    return path


def test_a_kind_has_a_column_for_each_severity(photo: Path, tmp_path: Path) -> None:
    two = cv2.imread(str(write_sheet("fog", str(photo), tmp_path / "a.png", [0.5, 1.0], 0, None)))
    four = cv2.imread(str(write_sheet("fog", str(photo), tmp_path / "b.png", [0.1] * 4, 0, None)))
    assert two is not None
    assert four is not None
    assert four.shape[1] == pytest.approx(2 * two.shape[1], rel=0.05)


def test_a_suite_has_a_row_for_each_kind(photo: Path, tmp_path: Path) -> None:
    one = cv2.imread(str(write_sheet("fog", str(photo), tmp_path / "a.png", [0.5, 1.0], 0, None)))
    suite = cv2.imread(
        str(write_sheet("quick", str(photo), tmp_path / "b.png", [0.5, 1.0], 0, None))
    )
    assert one is not None
    assert suite is not None
    assert suite.shape[0] > 6 * one.shape[0]


def test_mistakes_are_named(photo: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownKind, match="fogg"):
        write_sheet("fogg", str(photo), tmp_path / "a.png", [0.5, 1.0], 0, None)
    with pytest.raises(DataError, match="absent"):
        write_sheet("fog", str(tmp_path / "absent.png"), tmp_path / "a.png", [0.5, 1.0], 0, None)
    with pytest.raises(OutputError, match=r"a\.nothing"):
        write_sheet("fog", str(photo), tmp_path / "a.nothing", [1.0], 0, None)


def test_a_region_is_four_numbers_with_an_area() -> None:
    assert parse_region("10, 20,60,90.5") == (10, 20, 60, 90.5)
    for text in ("10,10", "a,b,c,d", "10,10,10,60", ""):
        with pytest.raises(UsageError, match="is no region"):
            parse_region(text)


def test_the_catalogue_lists_every_kind_with_its_units(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(width=160)
    print_catalogue(console, as_json=False)
    said = capsys.readouterr().out
    for words in ("sticker", "cm²", "mm/h", "in sensor", "more is worse", "moving", "fresh"):
        assert words in said

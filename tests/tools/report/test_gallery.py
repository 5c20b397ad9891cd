"""Which exhibits hang, in which order, and what their pictures show."""

from __future__ import annotations

import base64
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from agent.values import Box, Sighting
from tools.report.exhibit import Exhibit
from tools.report.gallery import BUDGET_BYTES, MOST_CARDS, arranged, choose, data_uri, hang
from tools.report.panel import HEIGHT, SEEN, WIDTH, crop_window, panel
from tools.report.sheet import contact_sheet

Hang = Callable[..., Exhibit]

FOUND = Sighting(True, "stop sign", 0.9, 0.9, Box(40, 30, 80, 70))
NOTHING = Sighting(False, None, 0.0, 0.0)


def test_failures_come_first_and_kinds_take_turns(make_exhibit: Hang) -> None:
    exhibits = [
        make_exhibit(kind="fog", severity=1.0, perturbed=FOUND),
        make_exhibit(kind="fog", severity=0.75),
        make_exhibit(kind="fog", severity=0.25),
        make_exhibit(kind="rain", severity=1.0),
        make_exhibit(kind="rain", severity=0.5, perturbed=FOUND),
        make_exhibit(kind="rain", severity=0.5, clean=NOTHING),
    ]
    order = [(e.kind, e.severity, e.perturbed.seen) for e in arranged(exhibits)]
    assert order == [
        ("fog", 0.25, False),
        ("rain", 1.0, False),
        ("fog", 0.75, False),
        ("fog", 1.0, True),
        ("rain", 0.5, True),
        ("rain", 0.5, False),
    ]
    assert [group.heading for group in hang(exhibits)] == [
        "Lost",
        "Survived",
        "Not seen on the clean frame",
    ]


def test_many_failures_leave_room_for_survivors(make_exhibit: Hang) -> None:
    lost = [make_exhibit() for _ in range(50)]
    chosen = choose([*lost, *(make_exhibit(perturbed=FOUND) for _ in range(3))])
    assert len(chosen) == MOST_CARDS
    assert sum(item.perturbed.seen for item in chosen) == 3


def test_an_empty_gallery_has_no_groups() -> None:
    assert hang([]) == ()


def test_the_budget_holds_even_where_quality_alone_does_not_help(
    make_exhibit: Hang, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.report.gallery.BUDGET_BYTES", BUDGET_BYTES // 20)
    groups = hang([make_exhibit(seed=i) for i in range(12)])
    size = sum(len(s.uri) for g in groups for c in g.cards for s in c.shots)
    assert 0 < size <= BUDGET_BYTES // 20
    assert len(groups[0].cards) < 12


def test_a_data_uri_is_a_jpeg_of_the_right_colours() -> None:
    red = np.zeros((40, 60, 3), np.uint8)
    red[..., 0] = 200
    raw = base64.b64decode(data_uri(red, 90).partition(",")[2])
    back = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)
    assert back is not None
    assert back.shape == (40, 60, 3)
    assert abs(int(back[20, 30, 2]) - 200) < 8
    assert back[20, 30, 0] < 8


def test_a_small_target_is_cropped_with_its_surroundings() -> None:
    window = crop_window(1280, 720, Box(600, 300, 640, 340))
    assert window.width < 400
    assert window.width / window.height == pytest.approx(WIDTH / HEIGHT, rel=0.02)
    assert window.x0 < 600 - 40
    assert window.x1 > 640 + 40


@pytest.mark.parametrize(
    "region",
    [Box(0, 0, 20, 20), Box(1260, 700, 1280, 720), Box(-30, -30, 5, 5), Box(1270, -9, 1400, 40)],
)
def test_a_crop_never_leaves_the_frame(region: Box) -> None:
    window = crop_window(1280, 720, region)
    assert 0 <= window.x0 < window.x1 <= 1280
    assert 0 <= window.y0 < window.y1 <= 720


@pytest.mark.parametrize("region", [None, Box(5, 5, 100, 80), Box(50, 50, 50, 50)])
def test_a_target_that_fills_its_frame_or_has_no_region_shows_whole(region: Box | None) -> None:
    assert crop_window(120, 90, region) == Box(0, 0, 120, 90)


def test_a_panel_leaves_the_exhibit_unchanged_and_draws_what_was_seen(make_exhibit: Hang) -> None:
    exhibit = make_exhibit()
    before = exhibit.clean_pixels.copy()
    clean, perturbed = panel(exhibit, perturbed=False), panel(exhibit, perturbed=True)
    assert np.array_equal(exhibit.clean_pixels, before)
    blue = np.all(clean == SEEN, axis=2).sum()
    assert blue > 100
    assert np.all(perturbed == SEEN, axis=2).sum() < blue / 10


@pytest.mark.parametrize("size", [(9, 7), (30, 30), (720, 1280), (1280, 300), (40, 2000)])
def test_a_panel_fits_its_frame_whatever_the_pictures_shape(
    size: tuple[int, int], make_exhibit: Hang
) -> None:
    for region in (None, Box(2, 2, 6, 6)):
        picture = panel(make_exhibit(size=size, region=region), perturbed=True)
        assert picture.dtype == np.uint8
        assert picture.shape[0] <= HEIGHT
        assert picture.shape[1] <= WIDTH


def test_a_contact_sheet_shows_every_chosen_pair(make_exhibit: Hang) -> None:
    sheet = contact_sheet([make_exhibit(units="84 cm² ✓") for _ in range(5)], columns=2)
    assert sheet.dtype == np.uint8
    tile = contact_sheet([make_exhibit()]).shape
    assert sheet.shape == (3 * tile[0], 2 * tile[1], 3)


def test_a_contact_sheet_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one exhibit"):
        contact_sheet([])

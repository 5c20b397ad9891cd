"""The synthetic drive: its truth is exact, and the picture shows what the truth says."""

from __future__ import annotations

import pickle
from math import cos, radians, sin, tan

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agent.cameras import Selection
from agent.cameras._drive_by.parameters import DriveByParameters
from agent.cameras._drive_by.pinhole import Pinhole, clip_polygon, place
from agent.cameras.drive_by import DriveBy
from agent.errors import UsageError
from agent.values import Box, Frame, TrueObject

SIGN_M = 0.762


def thing(frame: Frame) -> TrueObject:
    assert frame.truth is not None
    (only,) = frame.truth.objects
    return only


def drive(**parameters: object) -> DriveBy:
    return DriveBy(DriveByParameters.model_validate({"width": 320, "height": 240, **parameters}))


@given(
    depth=st.floats(5, 150),
    yaw=st.floats(-60, 60),
    lateral=st.floats(2.4, 8),
    mount=st.floats(1, 5),
    fov=st.floats(20, 100),
)
def test_the_quad_is_what_another_pinhole_computes(
    depth: float, yaw: float, lateral: float, mount: float, fov: float
) -> None:
    given_drive = DriveByParameters(yaw=yaw, lateral=lateral, mount=mount, fov=fov, eye=1.2)
    quad = place(given_drive, Pinhole.of(given_drive), depth).quad
    matrix = np.array([(320 / tan(radians(fov) / 2), 0, 320), (0, 0, 240), (0, 0, 1)])
    matrix[1, 1] = matrix[0, 0]
    turn = np.array(
        [
            (cos(radians(yaw)), 0, -sin(radians(yaw))),
            (0, 1, 0),
            (sin(radians(yaw)), 0, cos(radians(yaw))),
        ]
    )
    for corner, (x, y) in zip(quad, [(-1, -1), (1, -1), (1, 1), (-1, 1)], strict=True):
        point = turn @ (x * SIGN_M / 2, y * SIGN_M / 2, 0) + (lateral, 1.2 - mount, depth)
        u, v, w = matrix @ point
        assert corner == pytest.approx((u / w, v / w), abs=1e-6)


@given(depth=st.floats(8, 200), fov=st.floats(20, 45))
def test_a_sign_that_faces_the_camera_is_f_times_w_over_z_wide(depth: float, fov: float) -> None:
    given_drive = DriveByParameters(fov=fov, width=2000, height=1500)
    box = place(given_drive, Pinhole.of(given_drive), depth).box(2000, 1500)
    assume(box is not None and box.x1 < 2000)
    assert box is not None
    expected = 1000 / tan(radians(fov) / 2) * SIGN_M / depth
    assert box.width == pytest.approx(expected, abs=1e-6)
    assert box.height == pytest.approx(expected, abs=1e-6)


@given(depth=st.floats(1, 80), yaw=st.floats(-75, 75))
def test_the_box_is_tight_around_what_is_visible_and_within_the_picture(
    depth: float, yaw: float
) -> None:
    given_drive = DriveByParameters(yaw=yaw)
    placed = place(given_drive, Pinhole.of(given_drive), depth)
    box = placed.box(640, 480)
    mask = np.zeros((480, 640), np.uint8)
    cv2.fillConvexPoly(mask, np.round(placed.octagon * 16 - 8).astype(np.int32), 1, shift=4)
    ys, xs = mask.nonzero()
    if box is None:
        assert len(xs) < 700  # no more than a seam along the picture's edge
        return
    assert 0 <= box.x0 < box.x1 <= 640
    assert 0 <= box.y0 < box.y1 <= 480
    if len(xs):
        drawn = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
        assert tuple(box) == pytest.approx(drawn, abs=1.6)


def test_a_polygon_is_clipped_to_its_part_in_the_picture() -> None:
    triangle = np.array([(-10.0, 5.0), (10.0, -5.0), (10.0, 15.0)])
    clipped = clip_polygon(triangle, 8, 8)
    assert clipped.min(axis=0) == pytest.approx((0, 0))
    assert clipped.max(axis=0) == pytest.approx((8, 8))
    assert len(clip_polygon(triangle + 100, 8, 8)) == 0


@pytest.mark.parametrize("depth", [50, 20, 12, 8])
@pytest.mark.parametrize("yaw", [0, 35])
def test_what_the_sign_changes_in_the_picture_is_the_truths_box(depth: float, yaw: float) -> None:
    options = {"distance": depth, "end": depth - 0.5, "yaw": yaw, "noise": 0, "width": 640}
    with_sign = drive(**options, height=480).read(0)
    without = drive(**options, height=480, sign=False).read(0)
    assert without.truth is not None
    assert without.truth.objects == ()
    change = np.abs(with_sign.pixels.astype(int) - without.pixels).max(axis=2)
    box = thing(with_sign).box
    assert box is not None
    change[int(box.y1) + 2 :] = 0  # the post stands below
    ys, xs = (change > 24).nonzero()
    drawn = Box(xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
    assert tuple(drawn)[:3] == pytest.approx(tuple(box)[:3], abs=1.0)
    assert drawn.y1 == pytest.approx(box.y1, abs=2.0)


@pytest.mark.parametrize("depth", [40, 15, 8])
def test_red_pixels_lie_within_the_quad(depth: float) -> None:
    frame = drive(distance=depth, end=depth - 1, noise=0, width=640, height=480, yaw=-30).read(0)
    red, green, blue = (frame.pixels[:, :, i].astype(int) for i in range(3))
    ys, xs = ((red > 90) & (red > 2 * green) & (red > 2 * blue)).nonzero()
    quad = np.array(thing(frame).quad, np.float32)
    inside = [
        cv2.pointPolygonTest(quad, (x + 0.5, y + 0.5), True) for x, y in zip(xs, ys, strict=True)
    ]
    assert len(inside) > 0.3 * cv2.contourArea(quad)
    assert min(inside) > -1


def test_the_distance_falls_as_the_speed_says() -> None:
    camera = drive(distance=30, end=20, speed=10, fps=5)
    frames = list(camera.frames())
    assert [thing(frame).distance_m for frame in frames] == pytest.approx([30, 28, 26, 24, 22, 20])
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert {thing(frame).track for frame in frames} == {"pass-0 sign"}


def test_the_same_seed_gives_the_same_pixels_in_any_order() -> None:
    options = {"distance": 20, "speed": 40, "passes": 2, "seed": 4}
    forward = [frame.pixels for frame in drive(**options).frames()]
    again = pickle.loads(pickle.dumps(drive(**options)))
    for index in np.random.default_rng(0).permutation(len(forward)):
        assert np.array_equal(again.read(int(index)).pixels, forward[index])
    other = drive(**{**options, "seed": 5}).read(0).pixels
    assert not np.array_equal(other, forward[0])


def test_each_pass_is_a_clip_with_light_and_yaw_of_its_own() -> None:
    camera = drive(distance=10, end=8, passes=4)
    frames = list(camera.frames())
    assert [frame.index for frame in frames] == list(range(len(camera)))
    assert sorted({frame.clip for frame in frames}) == [f"pass-{i}" for i in range(4)]
    assert len({(frame.tags["yaw"], frame.tags["light"]) for frame in frames}) == 4
    assert frames[0].tags["yaw"] == "0.0"


@pytest.mark.parametrize("weather", ["sunny", "overcast", "low_sun"])
def test_the_light_makes_pictures_brighter_or_darker(weather: str) -> None:
    dim, full = (drive(weather=weather, light=light).read(0).pixels for light in (0.3, 1.0))
    assert dim.mean() < 0.4 * full.mean()
    assert not full.flags.writeable


def test_a_face_turned_from_the_sun_is_darker() -> None:
    def red(sun: float) -> float:
        frame = drive(distance=9, end=8, weather="low_sun", sun=sun).read(0)
        box = thing(frame).box
        assert box is not None
        patch = frame.pixels[int(box.y0) + 3 : int(box.y1) - 3, int(box.x0) + 3 : int(box.x1) - 3]
        return float(patch[:, :, 0].mean())

    assert red(0) < 0.7 * red(180)


@settings(max_examples=5, deadline=None)
@given(
    fov=st.floats(15, 110),
    eye=st.floats(0.3, 4),
    size=st.sampled_from([(64, 65), (97, 64), (320, 200)]),
)
def test_odd_sizes_and_angles_draw_without_an_error(
    fov: float, eye: float, size: tuple[int, int]
) -> None:
    frame = drive(fov=fov, eye=eye, width=size[0], height=size[1], distance=9, end=1).read(3)
    assert frame.pixels.shape == (size[1], size[0], 3)


def test_options_are_read_from_text() -> None:
    camera = DriveBy.open("distance=30, speed=10,fps=5,sign=false,weather=overcast", Selection())
    assert camera.parameters.distance == 30
    assert camera.parameters.weather == "overcast"
    assert not camera.parameters.sign
    assert len(DriveBy.open("", Selection(limit=7))) == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sped=3", "Did you mean 'speed'"),
        ("speed", "key=value"),
        ("speed=fast", "speed=fast"),
        ("distance=5,end=9", "not nearer"),
        ("weather=hail", "weather=hail"),
    ],
)
def test_wrong_options_are_named_and_the_known_ones_listed(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        DriveBy.open(text, Selection())
    assert "m/s" in caught.value.remedy

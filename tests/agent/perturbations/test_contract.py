"""What every perturbation promises, asked of every file of the family."""

from __future__ import annotations

import pickle
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.perturbations import STAGES, Moment, Perturbation, family
from agent.values import Box, Pixels

KINDS = family.kinds()
UNIT = re.compile(r"(%|cm²|px|lx|mm/h|\bm?m\b|dB|JPEG quality|×|EV|°|\bK\b|Hz|ms|\blevel\b)")

sides = st.integers(16, 90)
TINY = (5e-324, 1e-300, 1e-17, 1e-9, 1e-4)
severities = st.floats(0, 1, allow_nan=False) | st.sampled_from(TINY)
coordinates = st.floats(-60, 150, allow_nan=False)


@st.composite
def moments(draw: st.DrawFn) -> Moment:
    """Moments with and without a target, in the picture or beside it, sound or degenerate."""
    region = quad = None
    what = draw(st.sampled_from(("none", "box", "quad")))
    if what == "box":
        x, y = draw(coordinates), draw(coordinates)
        region = Box(x, y, x + draw(st.floats(0, 120)), y + draw(st.floats(0, 120)))
    if what == "quad":
        corners = [(draw(coordinates), draw(coordinates)) for _ in range(4)]
        quad = (corners[0], corners[1], corners[2], corners[3])
    return Moment(
        time_s=draw(st.floats(0, 1000)),
        seed=draw(st.integers(0, 2**40)),
        frame=draw(st.integers(0, 10_000)),
        region=region,
        quad=quad,
        size_cm=draw(st.sampled_from((20.0, 60.0, 76.2, 121.9))),
        distance_m=draw(st.sampled_from((None, 0.5, 8.0, 90.0))),
    )


def picture(height: int, width: int, seed: int = 0) -> Pixels:
    """A picture with slopes, edges and texture, read-only."""
    chance = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    base = np.stack([rows * 200 / height, columns * 200 / width, (rows + columns) % 64 + 90], 2)
    base[height // 4 : height // 2, width // 4 : width // 2] = (190, 40, 50)
    pixels = np.clip(base + chance.normal(0, 6, base.shape), 0, 255).astype(np.uint8)
    pixels.flags.writeable = False
    return pixels


LARGE = picture(1080, 1920)


@pytest.fixture(params=KINDS)
def perturbation(request: pytest.FixtureRequest) -> Perturbation:
    """One of each kind, with its defaults."""
    return family.load(request.param)()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(height=sides, width=sides, severity=severities, moment=moments(), gray=st.booleans())
def test_any_picture_severity_and_target_gives_a_new_picture_of_the_same_kind(
    perturbation: Perturbation,
    height: int,
    width: int,
    severity: float,
    moment: Moment,
    gray: bool,
) -> None:
    pixels = picture(height, width)
    if gray:
        pixels = np.repeat(pixels[..., :1], 3, axis=2)
        pixels.flags.writeable = False
    before = pixels.copy()
    result = perturbation.apply(pixels, severity, moment)
    assert result.shape == pixels.shape
    assert result.dtype == np.uint8
    assert not np.shares_memory(result, pixels)
    assert result.flags.writeable
    np.testing.assert_array_equal(pixels, before)
    np.testing.assert_array_equal(perturbation.apply(pixels, severity, moment), result)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 301), (31, 16), (301, 17)])
@pytest.mark.parametrize("severity", [0.02, 1.0])
def test_extreme_sizes_pass(
    perturbation: Perturbation, height: int, width: int, severity: float
) -> None:
    pixels = picture(height, width)
    assert perturbation.apply(pixels, severity, Moment(seed=4)).shape == pixels.shape


@pytest.mark.parametrize("region", [None, Box(900, 400, 1020, 520)], ids=["whole", "sign"])
def test_large_pictures_pass(perturbation: Perturbation, region: Box | None) -> None:
    assert perturbation.apply(LARGE, 0.7, Moment(seed=4, region=region)).shape == LARGE.shape


@pytest.mark.parametrize("target", [Box(20, 10, 28, 18), Box(30, 20, 30, 20), None])
def test_the_least_severities_pass(perturbation: Perturbation, target: Box | None) -> None:
    pixels = picture(48, 65)
    for severity in TINY:
        result = perturbation.apply(pixels, severity, Moment(seed=3, region=target, time_s=0.5))
        assert result.shape == pixels.shape
        assert "nan" not in perturbation.describe(severity)


@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize("severity", [1e-300, 0.01, 1.0])
def test_black_and_white_pictures_pass(
    perturbation: Perturbation, value: int, severity: float
) -> None:
    pixels = np.full((40, 51, 3), value, np.uint8)
    for region in (None, Box(10, 8, 34, 32)):
        result = perturbation.apply(pixels, severity, Moment(seed=2, region=region))
        assert result.shape == pixels.shape


def test_severity_zero_is_an_equal_copy(perturbation: Perturbation) -> None:
    pixels = picture(48, 64)
    result = perturbation.apply(pixels, 0.0, Moment(seed=3))
    np.testing.assert_array_equal(result, pixels)
    assert not np.shares_memory(result, pixels)


def test_full_severity_changes_the_picture(perturbation: Perturbation) -> None:
    pixels = picture(96, 128)
    assert (perturbation.apply(pixels, 1.0, Moment(seed=3)) != pixels).mean() > 0.02


def test_other_frames_in_between_change_nothing(perturbation: Perturbation) -> None:
    pixels, other = picture(96, 128), picture(80, 100, seed=1)
    moment = Moment(seed=3, time_s=1.5, frame=45, region=Box(30, 20, 90, 80))
    first = perturbation.apply(pixels, 0.7, moment)
    for number in range(12):
        perturbation.apply(other, 0.08 * number, Moment(seed=number, frame=number, time_s=number))
    np.testing.assert_array_equal(perturbation.apply(pixels, 0.7, moment), first)


def test_another_seed_gives_other_pixels_where_chance_rules(perturbation: Perturbation) -> None:
    pixels = picture(140, 180)
    one = perturbation.apply(pixels, 0.7, Moment(seed=1))
    two = perturbation.apply(pixels, 0.7, Moment(seed=2))
    assert (one != two).any() == (perturbation.seeded)


def test_parameters_survive_a_round_trip(perturbation: Perturbation) -> None:
    again = type(perturbation).model_validate(perturbation.model_dump())
    assert again == perturbation
    assert pickle.loads(pickle.dumps(perturbation)) == perturbation
    assert type(perturbation).model_validate_json(perturbation.model_dump_json()) == perturbation


def test_unknown_parameters_are_refused(perturbation: Perturbation) -> None:
    with pytest.raises(ValueError, match="no_such_thing"):
        type(perturbation).model_validate({"no_such_thing": 1})


def test_severities_are_described_in_units_and_each_differently(
    perturbation: Perturbation,
) -> None:
    texts = [perturbation.describe(part / 4) for part in range(5)]
    assert len(set(texts)) == 5
    for text in texts:
        assert re.search(r"\d", text)
        assert UNIT.search(text), text


def test_the_first_number_described_goes_one_way(perturbation: Perturbation) -> None:
    texts = [perturbation.describe(part / 50) for part in range(1, 51)]
    numbers = [float(re.findall(r"-?\d+(?:\.\d+)?", text)[0]) for text in texts]
    steps = [after - before for before, after in pairwise(numbers)]
    assert all(step >= 0 for step in steps) or all(step <= 0 for step in steps), texts


def test_the_stage_is_the_folder_and_the_class_is_documented(perturbation: Perturbation) -> None:
    assert perturbation.stage() in STAGES
    assert type(perturbation).__doc__


def test_more_severity_moves_the_picture_further_where_that_is_claimed(
    perturbation: Perturbation,
) -> None:
    pixels = picture(120, 160)
    moments = [Moment(seed=seed, region=Box(40, 20, 120, 100)) for seed in range(4)]
    errors = [
        np.mean([_distance(perturbation.apply(pixels, part / 5, one), pixels) for one in moments])
        for part in range(6)
    ]
    if perturbation.monotone:
        assert all(after >= 0.97 * before for before, after in pairwise(errors)), errors


def _distance(one: Pixels, two: Pixels) -> float:
    return float(np.abs(one.astype(float) - two).mean())


@pytest.mark.parametrize("order", ["columns first", "every second"])
def test_pixels_may_lie_in_memory_in_any_way(perturbation: Perturbation, order: str) -> None:
    pixels = picture(64, 80)
    spread = np.repeat(pixels, 2, 1)[:, ::2]
    other = np.asfortranarray(pixels) if order == "columns first" else spread
    moment = Moment(seed=2, region=Box(20, 16, 60, 52))
    np.testing.assert_array_equal(
        perturbation.apply(other, 0.6, moment), perturbation.apply(pixels, 0.6, moment)
    )


def test_a_box_far_larger_than_the_picture_takes_no_time(perturbation: Perturbation) -> None:
    moment = Moment(seed=2, region=Box(-2e6, -2e6, 2e6, 2e6))
    assert perturbation.apply(picture(48, 64), 0.6, moment).shape == (48, 64, 3)

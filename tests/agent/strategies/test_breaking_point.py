"""The breaking point is bracketed within the tolerance, for few trials, doubts and all."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import ConfigError
from agent.models import Model
from agent.session import Examination, Session
from agent.strategies import Strategy
from agent.strategies._ladder import NEAR
from agent.strategies.breaking_point import BreakingPoint, BreakingPointSettings
from agent.strategies.grid import Grid
from agent.values import (
    Box,
    Condition,
    Detection,
    Frame,
    Part,
    Pixels,
    Prediction,
    Sighting,
    Target,
    Trial,
    TrueObject,
    Truth,
)

Seen = Callable[[float], bool]

FOG = Condition((Part("fog", 1.0),), varied=1.0)
SNOW = Condition((Part("ic_snow", 1.0),), varied=1.0, monotone=False)
STICKER = Condition((Part("sticker", 1.0),), varied=1.0, per_target=True)


def search(
    strategy: Strategy,
    targets: Mapping[int, Seen],
    confidence: Callable[[float], float] = lambda severity: 0.95,
    clean: bool = True,
) -> tuple[dict[int, list[Trial]], int]:
    """Trials of each target of one frame, and the pictures that they took."""
    told: dict[int, list[Trial]] = {number: [] for number in targets}
    pictures = 0
    while True:
        asked = [(n, c) for n in targets for c in strategy.ask(Target(0, n, "stop"))]
        if not asked:
            return told, pictures
        pictures += len({(c, n if c.per_target else 0) for n, c in asked})
        for number, condition in asked:
            s = condition.severity
            after = Sighting(clean and targets[number](s), None, confidence(s))
            before = Sighting(clean, None, confidence(0.0))
            trial = Trial(0, "clip", Target(0, number, "stop"), condition, before, after)
            strategy.tell(trial)
            told[number].append(trial)


def lowest_loss(trials: list[Trial]) -> float | None:
    return min((t.condition.severity for t in trials if t.flipped), default=None)


def below(threshold: float) -> Seen:
    return lambda severity: severity < threshold


@given(st.floats(0.001, 1.2), st.floats(0.005, 0.5))
def test_a_threshold_is_bracketed_for_little_more_than_halving_needs(
    threshold: float, tolerance: float
) -> None:
    strategy = BreakingPoint([FOG], BreakingPointSettings(tolerance=tolerance))
    told, _ = search(strategy, {0: below(threshold)})
    found = lowest_loss(told[0])
    assert len(told[0]) <= math.ceil(math.log2(1 / tolerance)) + 1 + len(NEAR)
    if threshold > 1:
        assert found is None
        assert len(told[0]) <= 2
    else:
        assert found is not None
        stood = max((t.condition.severity for t in told[0] if not t.flipped), default=0.0)
        assert stood < threshold <= found <= stood + tolerance + 1e-9


@pytest.mark.parametrize("early", [31, 29])
def test_a_sure_model_that_fails_a_little_earlier_is_caught(early: int) -> None:
    told, pictures = search(
        BreakingPoint([FOG]), {0: lambda s: round(40 * s) < 33 and round(40 * s) != early}
    )
    assert lowest_loss(told[0]) == early / 40
    assert pictures <= 12


def test_a_loss_just_below_the_top_is_looked_for_though_the_top_is_seen() -> None:
    told, _ = search(BreakingPoint([FOG]), {0: lambda s: round(40 * s) not in (36, 37)})
    assert lowest_loss(told[0]) == 36 / 40


@given(st.sets(st.integers(1, 40)))
def test_a_scan_finds_what_a_grid_finds_whatever_the_order_of_losses(lost: set[int]) -> None:
    told, _ = search(BreakingPoint([SNOW]), {0: lambda s: round(40 * s) not in lost})
    assert lowest_loss(told[0]) == (min(lost) / 40 if lost else None)


@given(st.integers(1, 4).map(lambda stride: 4 * stride), st.integers(1, 20), st.integers(21, 40))
def test_a_scan_in_strides_refines_the_first_stride_that_loses(
    stride: int, first: int, again: int
) -> None:
    lost = set(range(first, first + stride)) | {again}
    strategy = BreakingPoint([SNOW], BreakingPointSettings(scan=stride, checks=0))
    told, _ = search(strategy, {0: lambda s: round(40 * s) not in lost})
    assert lowest_loss(told[0]) == first / 40


@given(st.floats(0.2, 0.6), st.integers(0, 2**32 - 1))
def test_a_model_that_hesitates_is_looked_at_more_closely(start: float, seed: int) -> None:
    chance = np.random.default_rng(seed).random(41)
    told, _ = search(
        BreakingPoint([FOG]),
        {0: lambda s: bool(s < start or (s < 0.9 and chance[round(40 * s)] < 0.6))},
        lambda s: 0.95 if s < start else 0.55,
    )
    found = lowest_loss(told[0])
    assert found is not None
    assert found >= start
    assert len(told[0]) <= 7 + 5 + 5


def test_hesitation_moves_the_search_below_the_loss_that_halving_met() -> None:
    def unsure(severity: float) -> float:
        return 0.55 if 0.3 < severity < 0.8 else 0.9

    def wavers(severity: float) -> bool:
        return not (0.35 <= severity <= 0.45 or severity >= 0.8)

    # Halving meets 1, .5 and .75, all of them beyond the first losses.
    sure, _ = search(BreakingPoint([FOG]), {0: wavers})
    closely, _ = search(BreakingPoint([FOG]), {0: wavers}, unsure)
    assert (lowest_loss(sure[0]), lowest_loss(closely[0])) == (0.8, 0.35)


def test_a_scan_is_never_so_coarse_that_it_is_none() -> None:
    strategy = BreakingPoint([SNOW], BreakingPointSettings(scan=100, checks=0))
    told, _ = search(strategy, {0: lambda s: not 0.4 < s <= 0.5})
    assert lowest_loss(told[0]) == 0.425


def test_it_says_how_it_searched() -> None:
    fixed = Condition((Part("rain", 0.5, fixed=True),))
    strategy = BreakingPoint([FOG, SNOW, fixed])
    assert [strategy.searched(k) for k in ("fog", "ic_snow", "rain")] == [
        "bisection",
        "scan",
        "grid",
    ]


def test_targets_that_break_alike_share_every_picture() -> None:
    _, alone = search(BreakingPoint([FOG, SNOW]), {0: below(0.33)})
    _, four = search(BreakingPoint([FOG, SNOW]), dict.fromkeys(range(4), below(0.33)))
    assert four == alone


def test_what_lies_on_the_object_is_asked_of_each_target() -> None:
    _, alone = search(BreakingPoint([STICKER]), {0: below(0.33)})
    _, two = search(BreakingPoint([STICKER]), dict.fromkeys(range(2), below(0.33)))
    assert two == 2 * alone


def test_a_target_that_is_not_seen_clean_costs_one_trial_on_a_shared_picture() -> None:
    told, pictures = search(BreakingPoint([STICKER, FOG, SNOW]), {0: below(0.5)}, clean=False)
    assert pictures == 1
    assert [t.condition.kind for t in told[0]] == ["fog"]


def test_a_part_with_a_severity_of_its_own_keeps_it() -> None:
    dusk = Condition((Part("low_light", 0.5, fixed=True), Part("rain", 1.0)), varied=1.0)
    told, _ = search(BreakingPoint([dusk]), {0: below(0.33)})
    for trial in told[0]:
        light, rain = trial.condition.parts
        assert (light.severity, rain.severity) == (0.5, trial.condition.severity)


def test_what_does_not_vary_is_tried_once_as_it_is() -> None:
    fixed = Condition((Part("rain", 0.5, fixed=True),))
    told, _ = search(BreakingPoint([FOG, fixed]), {0: below(2)})
    assert [t.condition for t in told[0]].count(fixed) == 1


def test_frames_without_targets_are_asked_nothing() -> None:
    assert BreakingPoint([FOG]).ask(Target(0, 0, None)) == ()


def test_one_name_for_two_things_is_refused() -> None:
    other = Condition((Part("fog", 0.5, (("colour", "grey"),)),), varied=0.5)
    with pytest.raises(ConfigError, match="two different conditions called fog"):
        BreakingPoint([FOG, other])


SIGN = Box(40, 20, 72, 52)


class Contrast(Model):
    """Sees a red sign as long as it differs enough from what is around it."""

    detects = True
    labels = targets = ("stop sign",)
    name, sha256, runtime = "contrast", "0" * 64, "numpy"

    def _predict(self, pixels: Pixels) -> Prediction:
        x0, y0, x1, y1 = (int(v) for v in SIGN)
        patch = pixels[y0:y1, x0:x1].astype(float).mean((0, 1))
        score = float(np.clip((patch[0] - patch[1]) / 120, 0, 1))
        return Prediction((Detection("stop sign", score, SIGN),) if score >= 0.5 else ())


def scene(index: int) -> Frame:
    """A sign that has faded by so much, under its own sky."""
    pixels = np.full((80, 96, 3), 60 + 4 * index, np.uint8)
    pixels[20:52, 40:72] = (230 - 5 * index, 30, 40)
    thing = TrueObject("stop sign", SIGN, track="a", distance_m=25.0 + 3 * index)
    return Frame(pixels, index, f"clip {index}", truth=Truth((thing,)))


def lost_at(seen: Examination) -> float:
    """The lowest severity with a loss; beyond 1 where there is none."""
    trials = [trial for inference in seen.inferences for trial in inference.trials]
    return min((t.condition.severity for t in trials if t.flipped), default=1.025)


@pytest.mark.parametrize("kind", ["fog", "low_light", "fading"])
def test_a_real_session_agrees_with_a_grid_for_a_quarter_of_its_pictures(kind: str) -> None:
    conditions = [
        Condition((Part(kind, i / 40),), 5, per_target=kind == "fading", varied=i / 40)
        for i in range(41)
    ]
    strategies: tuple[Strategy, ...] = (Grid(conditions), BreakingPoint(conditions))
    sessions = [Session(Contrast(), strategy, seed=5) for strategy in strategies]
    grid, found = ([session.examine(scene(i)) for i in range(12)] for session in sessions)
    medians = [float(np.median([lost_at(seen) for seen in each])) for each in (grid, found)]
    assert abs(medians[0] - medians[1]) <= 0.03
    spent = [sum(len(seen.inferences) for seen in each) for each in (grid, found)]
    assert spent[1] <= spent[0] / 4

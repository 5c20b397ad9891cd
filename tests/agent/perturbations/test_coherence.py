"""What a clip's frames have in common, whoever draws them and in whatever order."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from agent.perturbations import Moment, Perturbation, family
from agent.perturbations._layers import LAYERS, LIMIT_BYTES
from agent.values import Box, Pixels

KINDS = family.kinds()
MOMENT = Moment(seed=6, time_s=1.337, frame=40, region=Box(60, 30, 130, 100), distance_m=9.0)
LATER_S = 0.3135  # no multiple of any period
INSTANT_S = 2e-4
"""A fiftieth of the period of light on 50 Hz mains, the fastest motion that there is."""

Task = tuple[str, float, int]


def scene(height: int = 150, width: int = 200) -> Pixels:
    """Sky, a textured ground and a red sign with white on it, read-only."""
    chance = np.random.default_rng(1)
    pixels = np.full((height, width, 3), (190, 205, 230), float)
    pixels[height // 2 :] = (95, 95, 90)
    pixels[30:100, 60:130] = (180, 30, 40)
    pixels[55:72, 68:122] = 235
    pixels = np.clip(pixels + chance.normal(0, 5, pixels.shape), 0, 255).astype(np.uint8)
    pixels.flags.writeable = False
    return pixels


def draw(tasks: Sequence[Task]) -> dict[str, str]:
    """A hash of what each task draws, by the task's name: also run by other processes."""
    pixels = scene()
    found = {}
    for kind, severity, frame in tasks:
        moment = replace(MOMENT, frame=frame, time_s=frame / 30)
        drawn = family.load(kind)().apply(pixels, severity, moment)
        found[f"{kind} {severity} {frame}"] = hashlib.sha256(drawn.tobytes()).hexdigest()
    return found


@pytest.fixture(params=KINDS)
def perturbation(request: pytest.FixtureRequest) -> Perturbation:
    """One of each kind, with its defaults."""
    return family.load(request.param)()


def _at(perturbation: Perturbation, **changes: float) -> Pixels:
    return perturbation.apply(scene(), 0.8, replace(MOMENT, **changes))


def test_a_kind_moves_as_it_says(perturbation: Perturbation) -> None:
    usual = _at(perturbation)
    other_frame = _at(perturbation, frame=41)
    later = _at(perturbation, time_s=MOMENT.time_s + LATER_S)
    assert (usual != other_frame).any() == (perturbation.motion == "fresh")
    assert (usual != later).any() == (perturbation.motion == "moving")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if family.load(kind).motion == "moving"])
def test_what_moves_has_hardly_moved_after_an_instant(kind: str) -> None:
    perturbation = family.load(kind)()
    usual = _at(perturbation)
    soon = _at(perturbation, time_s=MOMENT.time_s + INSTANT_S)
    later = _at(perturbation, time_s=MOMENT.time_s + LATER_S)
    # Some layers move by whole pixels.
    assert _distance(usual, soon) < 0.4 * _distance(usual, later)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if family.load(kind).motion == "fresh"])
def test_what_is_fresh_has_nothing_in_common_with_the_frame_before(kind: str) -> None:
    perturbation, pixels = family.load(kind)(), scene().astype(float)
    one, two = (np.sign(_at(perturbation, frame=frame) - pixels).ravel() for frame in (40, 41))
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.35  # black and white err to one side only


def test_every_worker_draws_the_same_in_any_order() -> None:
    tasks = [(kind, severity, frame) for kind in KINDS for severity, frame in ((0.3, 7), (1.0, 8))]
    here = draw(tasks)
    chance = np.random.default_rng(2)
    shuffled = [tasks[place] for place in chance.permutation(len(tasks))]
    assert _in_another_process(shuffled) == here
    with ThreadPoolExecutor(4) as pool:
        threads = list(pool.map(draw, [shuffled[part::8] for part in range(8)] * 2))
    assert {name: found for each in threads for name, found in each.items()} == here
    assert threads[:8] == threads[8:]


def _in_another_process(tasks: list[Task]) -> dict[str, str]:
    code = f"import json, runpy, sys; draw = runpy.run_path({__file__!r})['draw']; "
    code += "print(json.dumps(draw(json.load(sys.stdin))))"
    asked = [sys.executable, "-c", code]
    made = subprocess.run(
        asked, input=json.dumps(tasks), capture_output=True, text=True, check=True
    )
    answer: dict[str, str] = json.loads(made.stdout.splitlines()[-1])
    return answer


def test_kept_layers_stay_within_their_limit(perturbation: Perturbation) -> None:
    pixels = scene(301, 402)
    for seed in range(6):
        for height, width in ((150, 200), (301, 402)):
            side = 30.0 + 37 * seed
            moment = Moment(seed=seed, time_s=seed, frame=seed, region=Box(9, 9, side, side))
            for severity in (0.1 + 0.1 * seed, 1.0):
                perturbation.apply(pixels[:height, :width].copy(), severity, moment)
                assert LAYERS.held <= LIMIT_BYTES


def _distance(one: Pixels, two: Pixels) -> float:
    return float(np.abs(one.astype(float) - two).mean())

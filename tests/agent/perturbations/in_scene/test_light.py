"""Light by place: tables against the formulas."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agent.geometry.photometry import LINEAR, to_encoded, to_levels
from agent.perturbations._tables import look_up
from agent.perturbations.in_scene._light import adding, cover_of, covering, levels


@given(st.lists(st.floats(-0.5, 1.5), min_size=1, max_size=50))
def test_levels_are_those_of_the_transfer_curve(light: list[float]) -> None:
    wanted = to_levels(np.array(light)).astype(int)
    assert np.abs(levels(np.array(light, np.float32)).astype(int) - wanted).max() <= 1


def test_a_cover_mixes_light_to_more_than_40_db() -> None:
    share = np.random.default_rng(1).uniform(0, 1, (200, 200))
    pixels = np.random.default_rng(2).integers(0, 256, (200, 200, 3)).astype(np.uint8)
    seen = look_up(covering(200, 0.1), cover_of(share), pixels)
    clear = ((1 - share) * 0.9)[..., None]
    wanted = 255 * to_encoded(LINEAR[pixels] * clear + LINEAR[200] * (1 - clear))
    assert 10 * np.log10(255**2 / np.mean((seen - wanted) ** 2)) > 45


def test_glare_adds_light() -> None:
    table = adding(0.5)
    assert table[0, 200] == to_levels(np.array([LINEAR[200] / 2]))[0]
    assert table[150, 0] == 150
    assert table[255, 80] == 255

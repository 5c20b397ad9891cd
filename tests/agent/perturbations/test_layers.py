"""Kept layers: shared while there is room, never more than the limit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.perturbations._layers import LAYERS, LIMIT_BYTES, Layers, kept, pinned


def test_a_layer_is_drawn_once_and_cannot_be_written_to() -> None:
    layers, drawn = Layers(1000), []

    def make() -> NDArray[np.uint8]:
        drawn.append(1)
        return np.zeros(100, np.uint8)

    first, second = layers.get("one", make), layers.get("one", make)
    assert first is second
    assert len(drawn) == 1
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1


def test_layers_go_when_the_limit_is_reached() -> None:
    layers = Layers(1000)
    for name in range(20):
        layers.get(name, lambda: (np.zeros(200, np.uint8), [np.zeros(100, np.uint8)]))
        assert layers.held <= 1000
    assert layers.held == 900
    layers.get(19, _never)


def test_layers_that_come_round_in_turn_are_found_though_there_is_not_room_for_all() -> None:
    layers, drawn = Layers(1000), []

    def make() -> NDArray[np.uint8]:
        drawn.append(1)
        return np.zeros(100, np.uint8)

    for number in range(30 * 12):
        layers.get(number % 12, make)
    assert len(drawn) < 30 * 12 * 0.6, "the least recently used ones given up, all would be drawn"


def test_a_layer_that_nobody_asks_for_goes_though_there_is_room() -> None:
    layers = Layers(1000, idle=5)
    layers.get("gone", lambda: np.zeros(100, np.uint8))
    for _ in range(6):
        layers.get("used", lambda: np.zeros(100, np.uint8))
    layers.get("new", lambda: np.zeros(100, np.uint8))
    assert layers.held == 200
    layers.get("used", _never)
    with pytest.raises(AssertionError):
        layers.get("gone", _never)


def test_as_many_layers_are_kept_as_are_asked_for_while_one_is_idle() -> None:
    layers = Layers(10**6, idle=50)
    for number in range(1000):
        layers.get(number, lambda: np.zeros(1, np.uint8))
    assert len(layers) == 51


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.complex64])
def test_a_large_layer_is_what_was_drawn_and_its_empty_pages_take_nothing(dtype: Any) -> None:
    drawn = np.zeros((500, 301), dtype)
    drawn[200:210, 5:40] = np.arange(350, dtype=dtype).reshape(10, 35)
    drawn[-1, -1] = 7
    layers = Layers(10**7)
    kept_one, small = layers.get("pair", lambda: (drawn.copy(), np.ones(3, np.uint8)))
    assert np.array_equal(kept_one, drawn)
    assert not kept_one.flags.writeable
    assert small.tolist() == [1, 1, 1]
    assert layers.held < drawn.nbytes / 5


def test_a_large_layer_that_is_not_laid_out_by_rows_stays_as_it_is() -> None:
    drawn = np.asfortranarray(np.ones((400, 300), np.float32))
    assert Layers(10**7).get("turned", lambda: drawn) is drawn


def test_what_is_larger_than_the_limit_is_given_but_not_kept() -> None:
    layers = Layers(1000)
    assert layers.get("large", lambda: np.zeros(2000, np.uint8)).size == 2000
    assert layers.held == 0


def test_a_view_counts_with_all_that_it_keeps_in_memory() -> None:
    layers = Layers(1000)
    layers.get("view", lambda: np.zeros((20, 30), np.uint8)[:2])
    assert layers.held == 600
    layers.get("pair", lambda: tuple(np.zeros((2, 100), np.uint8)))
    assert layers.held == 800


def test_what_is_pinned_stays_and_counts_towards_the_limit() -> None:
    layers = Layers(1000)
    layers.get("pinned", lambda: np.zeros(250, np.uint8), pin=True)
    for name in range(20):
        layers.get(name, lambda: np.zeros(300, np.uint8))
        assert layers.held <= 1000
    assert layers.held == 250 + 2 * 300
    layers.get("pinned", _never, pin=True)


def test_no_more_is_pinned_than_a_quarter_of_the_limit() -> None:
    layers = Layers(1000)
    for name in "abc":
        layers.get(name, lambda: np.zeros(200, np.uint8), pin=True)
    layers.get("large", lambda: np.zeros(790, np.uint8))
    assert layers.held == 990
    layers.get("a", _never)
    with pytest.raises(AssertionError):
        layers.get("b", _never)


def test_a_pinned_drawing_outlives_a_flood_of_others() -> None:
    drawn = []

    @pinned
    def dear() -> NDArray[np.uint8]:
        drawn.append(1)
        return np.zeros(10, np.uint8)

    dear()
    for name in range(20):
        LAYERS.get(("flood", name), lambda: np.zeros(2**20, np.uint8))
    dear()
    assert len(drawn) == 1
    assert LAYERS.held <= LIMIT_BYTES


def test_the_arguments_are_the_key() -> None:
    @kept
    def layer(side: int, *, tone: int = 0) -> NDArray[np.uint8]:
        return np.full(side, tone, np.uint8)

    assert layer(4) is layer(4)
    assert layer(4, tone=3)[0] == 3
    assert layer(5).size == 5
    assert LAYERS.held <= LIMIT_BYTES


def _never() -> Any:
    raise AssertionError("drawn again")

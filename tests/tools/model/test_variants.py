from __future__ import annotations

from agent.models._graph import Tensor
from tools.model.variants import input_cards, readings


def test_the_first_card_is_the_most_usual_one() -> None:
    quantised = Tensor("picture", (1, 8, 8, 3), "uint8", 1.0, 0)
    first = next(input_cards(quantised, "classifier"))
    assert (first.colour, first.resize, first.scale) == ("rgb", "stretch", "raw")
    floats = Tensor("picture", (1, 8, 8, 3), "float32")
    first = next(input_cards(floats, "yolo"))
    assert (first.colour, first.resize, first.scale) == ("rgb", "letterbox", "unit")


def test_scales_that_the_quantisation_makes_equal_are_tried_once() -> None:
    bytes_are_unit = Tensor("picture", (1, 8, 8, 3), "uint8", 1 / 255, 0)
    scales = [card.scale for card in input_cards(bytes_are_unit, "classifier")]
    assert set(scales) == {"raw", "signed"}
    assert len(scales) == 2 * 3 * 2  # scales, resizes, colour orders
    bytes_are_raw = Tensor("picture", (1, 8, 8, 3), "uint8", 1.0, 0)
    assert {card.scale for card in input_cards(bytes_are_raw, "classifier")} == {"raw"}


def test_a_gray_input_is_tried_plain_and_equalised() -> None:
    gray = Tensor("picture", (1, 8, 8, 1), "float32")
    cards = list(input_cards(gray, "classifier"))
    assert {card.colour for card in cards} == {"gray"}
    assert {card.equalise for card in cards} == {False, True}
    assert len({card.model_dump_json() for card in cards}) == len(cards) == 18


def test_label_orders_of_the_field_are_tried() -> None:
    names = [f"n{i}" for i in range(12)]
    by_order = {reading.order: reading.labels for reading in readings("classifier", names, 12)}
    # "0", "1", "10", "11", "2", ... so that output 2 is number 10
    assert by_order["numbers sorted as text"][:5] == ("n0", "n1", "n10", "n11", "n2")
    assert by_order["as listed"] == tuple(names)
    assert list(by_order) == ["as listed", "numbers sorted as text"]  # sorted names are the same


def test_a_label_more_or_less_becomes_an_offset() -> None:
    (more,) = readings("classifier", ["???", "a", "b"], 2)
    assert more.output.label_offset == 1
    (less,) = readings("yolo", ["a", "b"], 3)
    assert less.output.label_offset == -1


def test_the_outputs_of_an_ssd_are_tried_in_both_usual_orders() -> None:
    found = {(r.output.order[0], r.output.label_offset) for r in readings("ssd", ["a"], 0)}
    assert found == {(first, n) for first in ("boxes", "scores") for n in (-1, 0, 1)}

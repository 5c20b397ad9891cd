"""The gallery keeps what tells most, and different pictures."""

from __future__ import annotations

from agent.session import Examination, Inference
from agent.values import Condition, Part, Sighting, Target, Trial
from tools.evaluate.gallery import MILDEST, Gallery

LOST = Sighting(False, None, 0.0)


def examination(position: int, *outcomes: tuple[float, float, bool]) -> Examination:
    """Fog at each (severity, clean confidence, still seen)."""
    target = Target(position, 0, "stop sign")
    inferences = []
    for severity, confidence, seen in outcomes:
        condition = Condition((Part("fog", severity),))
        clean = Sighting(True, "stop sign", confidence)
        trial = Trial(position, "clip", target, condition, clean, clean if seen else LOST)
        inferences.append(Inference(condition, (trial,), 0))
    return Examination(position, "clip", (target,), (), 0, tuple(inferences))


def kept(gallery: Gallery) -> list[tuple[int, float, bool]]:
    return [
        (c.position, c.trial.condition.severity, c.trial.perturbed.seen) for c in gallery.choices()
    ]


def test_the_mildest_failures_come_first_then_the_surest_and_no_frame_twice() -> None:
    gallery = Gallery()
    gallery.add(0, examination(0, (0.75, 0.95, False), (1.0, 0.95, False)))
    gallery.add(1, examination(1, (0.25, 0.6, False), (1.0, 0.6, False)))
    gallery.add(2, examination(2, (0.25, 0.8, False)))
    gallery.add(3, examination(3, (0.5, 0.9, False)))
    assert kept(gallery) == [(2, 0.25, False), (1, 0.25, False), (0, 0.75, False)]


def test_a_surest_failure_that_is_also_the_mildest_is_shown_once() -> None:
    gallery = Gallery()
    gallery.add(0, examination(0, (0.25, 0.9, False), (1.0, 0.9, False)))
    assert kept(gallery) == [(0, 0.25, False)]


def test_a_kind_keeps_a_few_failures_and_one_survivor_of_the_strongest() -> None:
    gallery = Gallery()
    for position in range(10):
        gallery.add(position, examination(position, (0.5, 0.9, True), (1.0, 0.9, position > 6)))
    choices = kept(gallery)
    assert len(choices) == MILDEST + 1
    assert choices[-1] == (7, 1.0, True)


def test_the_choice_does_not_depend_on_the_order_of_equal_frames() -> None:
    frames = [examination(i, (0.5, 0.9, False)) for i in range(6)]
    forward, backward = Gallery(), Gallery()
    for i in range(6):
        forward.add(i, frames[i])
        backward.add(5 - i, frames[5 - i])
    assert kept(forward) == kept(backward)

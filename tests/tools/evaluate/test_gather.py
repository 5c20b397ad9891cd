"""What is summed of examinations: losses by kind, and targets that come back."""

from __future__ import annotations

from agent.session import Examination, Inference
from agent.values import Condition, Part, Sighting, Target, Trial
from tools.evaluate.gather import Gathering

SEEN, LOST = Sighting(True, "stop", 0.9), Sighting(False, None, 0.0)


def examination(clean: Sighting, **outcomes: dict[float, bool]) -> Examination:
    """One target under each kind, at the severities at which it was seen or not."""
    target = Target(0, 0, "stop")
    inferences = []
    for kind, at in outcomes.items():
        for severity, seen in at.items():
            condition = Condition((Part(kind, severity),), varied=severity)
            trial = Trial(0, "clip", target, condition, clean, SEEN if seen else LOST)
            inferences.append(Inference(condition, (trial,), 0))
    return Examination(0, "clip", (target,), (clean,), 0, tuple(inferences))


def test_a_target_that_comes_back_is_counted_in_whatever_order_it_was_tried() -> None:
    gathering = Gathering()
    gathering.add(examination(SEEN, fog={1.0: True, 0.5: False}, rain={0.5: True, 1.0: False}))
    gathering.add(examination(SEEN, fog={0.25: False, 0.5: False, 0.75: True}))
    assert gathering.seen_again == {"fog": 2}


def test_what_was_not_seen_clean_neither_breaks_nor_comes_back() -> None:
    gathering = Gathering()
    gathering.add(examination(LOST, fog={0.5: False, 1.0: True}))
    assert (gathering.seen_again, gathering.tally.lost) == ({}, {})


def test_a_search_in_any_order_breaks_at_the_lowest_loss() -> None:
    gathering = Gathering()
    gathering.add(examination(SEEN, fog={1.0: False, 0.5: True, 0.75: False, 0.625: True}))
    gathering.add(examination(SEEN, fog={1.0: True}))
    assert gathering.tally.lost == {"fog": {0.75: 1, None: 1}}

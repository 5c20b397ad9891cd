"""What every strategy keeps to; a new file in the folder is tested by being there."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.strategies import Strategy, family
from agent.values import Condition, Part, Sighting, Target, Trial, derived_seed

CONDITIONS = [
    *(Condition((Part("fog", s),), 5, varied=s) for s in (0.5, 1.0)),
    *(Condition((Part("ic_snow", s),), 5, varied=s, monotone=False) for s in (0.5, 1.0)),
    *(Condition((Part("tape", s),), 5, varied=s, per_target=True) for s in (0.5, 1.0)),
    Condition((Part("rain", 0.5, fixed=True),), 5),
]
KINDS = {condition.kind for condition in CONDITIONS}

every_kind = pytest.mark.parametrize("member", list(family), ids=family.kinds())


def live(strategy: Strategy, frame: int, chance: int, targets: int = 2) -> list[Condition]:
    """Go through one frame whose outcomes are drawn from ``chance``; what was asked, in order."""
    everyone = [Target(frame, number, "stop", track=str(number)) for number in range(targets)]
    history: list[Condition] = []
    while asked := [(t, c) for t in everyone for c in strategy.ask(t)]:
        history += [condition for _, condition in asked]
        assert len(history) < 1000, "it never ends"
        for target, condition in asked:
            drawn = derived_seed(chance, target.number, condition.kind, condition.severity)
            after = Sighting(drawn % 3 > 0, None, drawn % 101 / 100)
            before = Sighting(derived_seed(chance, target.number) % 4 > 0, None, 0.9)
            strategy.tell(Trial(frame, f"clip {frame}", target, condition, before, after))
    return history


@every_kind
@given(chance=st.integers(0, 2**32))
def test_it_ends_asks_nothing_twice_and_only_what_the_suite_names(
    member: type[Strategy], chance: int
) -> None:
    asked = live(member(CONDITIONS), 0, chance, targets=1)
    assert len(set(asked)) == len(asked)
    assert {condition.kind for condition in asked} <= KINDS
    for condition in asked:
        assert condition.seed == 5
        assert 0 < condition.severity <= 1
        assert condition.per_target == (condition.kind == "tape")


@every_kind
@settings(max_examples=20)
@given(chance=st.integers(0, 2**32))
def test_it_repeats(member: type[Strategy], chance: int) -> None:
    first, second = member(CONDITIONS), member(CONDITIONS)
    for frame in range(5):
        assert live(first, frame, chance + frame) == live(second, frame, chance + frame)


@every_kind
def test_frames_can_be_shared_out_exactly_where_it_says_so(member: type[Strategy]) -> None:
    whole = member(CONDITIONS)
    frames = [live(whole, frame, frame) for frame in range(60)]
    alone = [live(member(CONDITIONS), frame, frame) for frame in range(60)]
    assert (frames == alone) == member.splits


@every_kind
@settings(max_examples=20)
@given(chance=st.integers(0, 2**32), only=st.sets(st.sampled_from(sorted(KINDS))))
def test_a_frame_may_be_limited_to_some_kinds_which_are_then_asked_as_ever(
    member: type[Strategy], chance: int, only: set[str]
) -> None:
    limited = member(CONDITIONS)
    limited.only = frozenset(only)
    asked = live(limited, 0, chance, targets=1)
    assert {condition.kind for condition in asked} <= only
    alone = member([c for c in CONDITIONS if c.kind in only])
    assert asked == live(alone, 0, chance, targets=1)


@every_kind
def test_a_suite_without_conditions_asks_nothing(member: type[Strategy]) -> None:
    assert live(member([]), 0, 0) == []


@every_kind
def test_each_setting_has_a_default_and_says_what_it_is(member: type[Strategy]) -> None:
    for name, setting in member.Settings.model_fields.items():
        assert not setting.is_required(), name
        assert setting.description, name

"""The sequential test counts tracks, not frames, and stops when its claim is settled."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from agent.strategies.sequential import Sequential, SequentialSettings
from agent.values import Condition, Part, Sighting, Target, Trial

FOG = Condition((Part("fog", 1.0),), varied=1.0)


def tell(
    test: Sequential,
    frame: int,
    lost: bool,
    *,
    clip: str = "",
    track: str = "a",
    clean: bool = True,
) -> int:
    """One frame with one target; the number of questions that were asked of it."""
    target = Target(frame, 0, "stop", track=track)
    questions = 0
    while asked := test.ask(target):
        questions += len(asked)
        for condition in asked:
            before, after = Sighting(clean, None, 0.9), Sighting(clean and not lost, None, 0.5)
            test.tell(Trial(frame, clip or f"clip {frame}", target, condition, before, after))
    return questions


def strategy(**settings: object) -> Sequential:
    return Sequential([FOG], SequentialSettings.model_validate(settings))


def test_it_asks_each_target_once_at_the_claims_severity() -> None:
    test = strategy(claim="flip_rate<10%@0.4")
    target = Target(0, 0, "stop")
    (asked,) = test.ask(target)
    assert (asked.kind, asked.severity, asked.parts[0].severity) == ("fog", 0.4, 0.4)
    assert test.ask(target) == ()


def test_it_accepts_what_never_flips_and_then_asks_nothing() -> None:
    test = strategy()
    asked = sum(tell(test, frame, lost=False) for frame in range(200))
    (verdict,) = test.verdicts()
    assert (verdict.decision, verdict.events, verdict.n, verdict.more) == ("holds", 0, 56, 0)
    # One more frame was under way when the last unit was known to be over.
    assert asked == 57
    assert test.finished


def test_it_refuses_what_flips_often() -> None:
    test = strategy()
    for frame in range(40):
        tell(test, frame, lost=frame % 2 == 0)
    assert test.verdicts()[0].decision == "fails"
    assert test.verdicts()[0].n < 15


def test_a_thousand_frames_of_one_track_are_one_piece_of_evidence() -> None:
    test = strategy()
    for frame in range(1000):
        tell(test, frame, lost=False, clip="drive")
    (verdict,) = test.verdicts()
    assert (verdict.n, verdict.decision, verdict.more) == (1, "open", 55)


@pytest.mark.parametrize(
    ("event", "lost", "counted"),
    [("half", 5, 1), ("half", 4, 0), ("any", 1, 1), ("any", 0, 0), ("all", 9, 0), ("all", 10, 1)],
)
def test_what_makes_a_track_count_is_stated(event: str, lost: int, counted: int) -> None:
    test = strategy(event=event)
    for frame in range(10):
        tell(test, frame, lost=frame < lost, clip="drive")
    assert test.verdicts()[0].events == counted


def test_two_tracks_of_a_clip_are_two_units_or_one() -> None:
    for unit, n in (("track", 2), ("clip", 1)):
        test = strategy(unit=unit)
        for frame in range(10):
            tell(test, frame, lost=False, clip="drive", track="ab"[frame % 2])
        assert test.verdicts()[0].n == n


@pytest.mark.parametrize("unit", ["track", "clip"])
def test_what_comes_back_after_a_while_is_no_second_piece_of_evidence(unit: str) -> None:
    test = strategy(unit=unit)
    for frame in (0, 1, 100, 101):
        tell(test, frame, lost=frame > 50, clip="drive")
    (verdict,) = test.verdicts()
    # A track is over when it has been gone for long; a clip lasts to its end.
    assert (verdict.n, verdict.events) == (1, 0 if unit == "track" else 1)


def test_what_is_not_seen_clean_is_no_evidence() -> None:
    test = strategy()
    for frame in range(100):
        tell(test, frame, lost=False, clean=False)
    assert test.verdicts()[0].n == 0


def test_looking_does_not_change_what_follows() -> None:
    watched, left_alone = strategy(), strategy()
    for frame in range(30):
        for test in (watched, left_alone):
            tell(test, frame, lost=frame % 7 == 0, clip=f"clip {frame // 3}")
        watched.verdicts()
    assert watched.verdicts() == left_alone.verdicts()


def test_wrong_answers_are_as_rare_as_stated() -> None:
    """At the claimed rate itself, one acceptance in twenty is allowed."""
    chance = np.random.default_rng(3)
    wrong = 0
    for _ in range(300):
        test = strategy()
        frame = 0
        while not test.finished:
            tell(test, frame, lost=bool(chance.random() < 0.10))
            frame += 1
        wrong += test.verdicts()[0].decision == "holds"
    assert wrong <= 22  # of 300 at 5 %: 15 +- 2 standard deviations


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"claim": "accuracy>0.9"}, "flip_rate<0.10@0.4"),
        ({"claim": "flip_rate<0.1@1.4"}, r"severity in \(0, 1\]"),
        ({"claim": "flip_rate<100%@0.4"}, "between 0 and 1"),
        ({"claim": "flip_rate<0.1@0.4", "good": 0.2}, "less than the claimed rate 0.1"),
        ({"unit": "frame"}, "'track' or 'clip'"),
    ],
)
def test_a_claim_that_cannot_be_is_refused_in_words(
    settings: dict[str, object], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        SequentialSettings.model_validate(settings)


def test_a_target_that_is_not_seen_clean_is_asked_one_question() -> None:
    rain = Condition((Part("rain", 1.0),), varied=1.0)
    assert tell(Sequential([FOG, rain]), 0, lost=False, clean=False) == 1
    assert tell(Sequential([FOG, rain]), 0, lost=False) == 2


def test_kinds_that_are_tested_together_share_the_error() -> None:
    conditions = [Condition((Part(kind, 1.0),), varied=1.0) for kind in ("fog", "rain", "snowfall")]
    tests = [
        Sequential(conditions[:many], SequentialSettings(together=together))
        for many, together in ((1, True), (3, True), (3, False))
    ]
    more = [max(verdict.more for verdict in test.verdicts()) for test in tests]
    assert more[0] == more[2] < more[1]

"""A budget is spent to the last picture, and where the least is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from agent.strategies.coverage import Coverage, CoverageSettings
from agent.values import Condition, Part, Sighting, Target, Trial

KINDS = ("steady", "even", "wavering")
SHARED = [Condition((Part(kind, 0.5),), varied=0.5) for kind in KINDS]
STICKERS = [Condition((Part(f"{kind} sticker", 0.5),), per_target=True) for kind in KINDS]


def drive(
    strategy: Coverage,
    frames: int,
    flips: Callable[[str, int], bool],
    targets: int = 1,
    clean: bool = True,
) -> Counter[str]:
    """Pictures per kind: those shared counted once a frame."""
    pictures: Counter[str] = Counter()
    for frame in range(frames):
        everyone = [Target(frame, number, "stop") for number in range(targets)]
        while asked := [(t, c) for t in everyone for c in strategy.ask(t)]:
            pictures.update(c.kind for c in {c for _, c in asked if not c.per_target})
            pictures.update(c.kind for _, c in asked if c.per_target)
            for target, condition in asked:
                after = Sighting(clean and not flips(condition.kind, frame), None, 0.5)
                before = Sighting(clean, None, 0.9)
                strategy.tell(Trial(frame, f"clip {frame}", target, condition, before, after))
    return pictures


def test_most_goes_where_the_interval_is_widest() -> None:
    strategy = Coverage(SHARED, CoverageSettings(budget=300, per_frame=1))
    spent = drive(strategy, 1000, lambda kind, frame: kind == "wavering" and frame % 2 == 0)
    assert sum(spent.values()) == 300
    assert spent["wavering"] > 2 * spent["steady"]
    assert abs(spent["steady"] - spent["even"]) <= 1


def test_the_budget_counts_pictures_and_is_never_overdrawn() -> None:
    strategy = Coverage([*SHARED, *STICKERS], CoverageSettings(budget=50, per_frame=6))
    spent = drive(strategy, 40, lambda kind, frame: False, targets=3)
    assert sum(spent.values()) == 50
    assert strategy.finished


def test_targets_of_a_frame_share_their_pictures() -> None:
    strategy = Coverage(SHARED, CoverageSettings(budget=30, per_frame=3))
    drive(strategy, 10, lambda kind, frame: False, targets=5)
    assert strategy.left == 0
    assert {cell.trials for cell in strategy._cells.values()} == {50}


def test_frames_without_targets_cost_nothing() -> None:
    strategy = Coverage(SHARED, CoverageSettings(budget=30))
    assert strategy.ask(Target(0, 0, None)) == ()
    assert strategy.left == 30


def test_a_target_that_is_not_seen_clean_costs_one_picture() -> None:
    strategy = Coverage([*STICKERS, *SHARED], CoverageSettings(budget=100, per_frame=6))
    spent = drive(strategy, 10, lambda kind, frame: False, clean=False)
    assert spent == {SHARED[0].kind: 10}

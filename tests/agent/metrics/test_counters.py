"""Counters add up to the same whatever the split."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.metrics.counters import Cell, CellKey, Tally, cell_of
from agent.values import Sighting

sightings = st.builds(
    Sighting,
    seen=st.booleans(),
    label=st.sampled_from(["stop", None]),
    confidence=st.floats(0, 1),
)
trials = st.tuples(
    st.sampled_from(["fog", "rain"]), st.sampled_from([0.5, 1.0]), sightings, sightings
)


def test_a_trial_that_loses_its_target_is_a_flip() -> None:
    cell = cell_of(Sighting(True, "stop", 0.9), Sighting(False, None, 0.0))
    assert cell == Cell(n=1, correct=0, clean_correct=1, flips=1, drop_micro=900_000)


def test_a_target_that_was_never_seen_cannot_flip() -> None:
    assert cell_of(Sighting(False, None, 0.0), Sighting(False, None, 0.0)).flips == 0


@given(st.lists(trials, max_size=30), st.integers(0, 30))
def test_any_split_of_the_work_gives_the_same_tally(rows: list[tuple], cut: int) -> None:
    whole, left, right = Tally(), Tally(), Tally()
    for i, (kind, severity, clean, perturbed) in enumerate(rows):
        for tally in (whole, left if i < cut else right):
            tally.add(CellKey(kind, severity, None), cell_of(clean, perturbed))
            tally.add_clean(cell_of(clean, clean))
            if clean.seen:
                tally.add_losses([(kind, severity, perturbed.seen)])
    right.merge(left)
    assert right.clean == whole.clean
    assert right.cells == whole.cells
    assert right.lost == whole.lost


def test_a_target_is_lost_at_the_smallest_severity_that_loses_it() -> None:
    tally = Tally()
    tally.add_losses(
        [("fog", 1.0, False), ("fog", 0.5, False), ("fog", 0.75, True), ("rain", 1.0, True)]
    )
    assert tally.lost == {"fog": {0.5: 1}, "rain": {None: 1}}

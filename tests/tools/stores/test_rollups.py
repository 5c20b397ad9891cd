"""What is counted of new rows, held against counting them one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.metrics import scenes
from agent.record import FIELDS
from tests.tools.stores.rows import trial
from tools.stores import HOUR_MS, _rollups
from tools.stores._rollups import GONE, MOST_SCENES, NO_LEVEL, PARTS, SUMS, Memory, Rollup

Trial = tuple[int, int, tuple[Any, ...]]
"""Its seq, when it was made, and its parts."""


def made(frame: int, at_ms: int = 0, session: str = "s1", **changes: Any) -> Trial:
    record = trial(frame, session).model_copy(update=changes)
    return frame, at_ms, tuple(PARTS([getattr(record, name) for name in FIELDS["trial"]]))


def counted(memory: Memory, trials: Sequence[Trial]) -> list[dict[str, Any]]:
    rollup = Rollup(memory)
    seqs, times, parts = zip(*trials, strict=True)
    rollup.add_trials(1, seqs, times, parts)
    names = ("stream", "hour", "session", "condition", "severity", "level", *SUMS)
    return [dict(zip(names, row, strict=True)) for row in rollup.take()["hourly"]]


def test_its_scenes_end_where_those_of_a_report_do() -> None:
    assert GONE == scenes.GONE


def test_sums_are_those_of_the_rows() -> None:
    (row,) = counted(
        Memory(),
        [
            made(0, clean_seen=True, perturbed_seen=False, flip=True, perturbed_confidence=0.4),
            made(1, clean_seen=False, perturbed_seen=True, flip=True, from_truth=False),
            made(2, clean_seen=True, perturbed_seen=True, flip=False),
        ],
    )
    assert (row["n"], row["clean_seen"], row["perturbed_seen"], row["flips"]) == (3, 2, 2, 2)
    assert (row["truth"], row["truth_seen"]) == (2, 2)
    assert (row["drops"], row["drop_sum"]) == (1, 0.5)
    assert (row["scenes"], row["scenes_seen"], row["scene_flips"]) == (1, 1, 1)
    assert (row["hour"], row["level"]) == (0, NO_LEVEL)


def test_an_hour_a_session_and_a_level_are_counted_apart() -> None:
    rows = counted(
        Memory(),
        [made(0), made(1, at_ms=HOUR_MS), made(2, session="s2"), made(3, level=2)],
    )
    keys = {(row["hour"], row["session"], row["level"]) for row in rows}
    assert keys == {
        (0, "s1", NO_LEVEL),
        (HOUR_MS, "s1", NO_LEVEL),
        (0, "s2", NO_LEVEL),
        (0, "s1", 2),
    }


def test_a_scene_begins_anew_when_its_track_was_away() -> None:
    frames = [0, GONE, 2 * GONE + 1, 3 * GONE + 1]  # away for GONE, GONE + 1 and GONE frames
    (row,) = counted(Memory(), [made(frame, track="t") for frame in frames])
    assert (row["n"], row["scenes"]) == (4, 2)


def test_a_scene_goes_on_over_batches_where_it_is_remembered() -> None:
    memory = Memory()
    assert counted(memory, [made(0)])[0]["scenes"] == 1
    assert counted(memory, [made(1)])[0]["scenes"] == 0
    assert counted(Memory(), [made(2)])[0]["scenes"] == 1


def test_what_a_failed_transaction_remembered_is_forgotten() -> None:
    memory = Memory()
    counted(memory, [made(0, track="a")])
    memory.keep()
    counted(memory, [made(1, track="a", severity=0.9), made(1, track="b")])
    memory.undo()
    rows = counted(memory, [made(1, track="a", severity=0.9), made(1, track="b")])
    assert [row["scenes"] for row in rows] == [1, 1]


def test_memory_is_bounded_in_scenes_and_streams(monkeypatch: Any) -> None:
    monkeypatch.setattr(_rollups, "MOST_STREAMS", 3)
    memory = Memory()
    for track in range(3 * MOST_SCENES):
        counted(memory, [made(track, track=str(track))])
    assert len(memory.scenes(1)) == MOST_SCENES
    for stream in range(2, 9):
        memory.scenes(stream)
    memory.keep()
    assert list(memory._streams) == [6, 7, 8]
    assert memory.knows(2), "what is forgotten is not looked up again with each commit"


drawn = st.lists(
    st.tuples(
        st.integers(0, 80),
        st.integers(0, 3 * HOUR_MS),
        st.sampled_from(["s1", "s2"]),
        st.sampled_from(["", "a", "b"]),
        st.booleans(),
        st.booleans(),
        st.sampled_from([0.25, 0.5]),
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=40)
@given(drawn, st.integers(1, 60))
def test_portions_add_up_to_what_is_counted_one_by_one(rows: list[Any], cut: int) -> None:
    trials = [
        made(frame, at, session, track=track, clean_seen=seen, flip=flip, severity=severity)
        for frame, at, session, track, seen, flip, severity in rows
    ]
    memory, sums = Memory(), dict[Any, int]()
    for some in (trials[:cut], trials[cut:]):
        for row in counted(memory, some) if some else ():
            key = (row["hour"], row["session"], row["severity"])
            sums[key] = sums.get(key, 0) + row["n"]
            sums[(*key, "flips")] = sums.get((*key, "flips"), 0) + row["flips"]
            sums["scenes"] = sums.get("scenes", 0) + row["scenes"]
    expected, views = dict[Any, int](), dict[Any, list[Any]]()
    for frame, at, session, track, _, flip, severity in rows:
        key = (at // HOUR_MS * HOUR_MS, session, severity)
        expected[key] = expected.get(key, 0) + 1
        expected[(*key, "flips")] = expected.get((*key, "flips"), 0) + flip
        last, met = views.get((session, track), [None, set()])
        if last is None or frame - last > GONE:
            last, met = frame, set()
        expected["scenes"] = expected.get("scenes", 0) + (severity not in met)
        views[session, track] = [max(last, frame), met | {severity}]
    assert sums == expected

"""A stored session's figures equal those of the trials that went in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.errors import UsageError
from agent.statistics.intervals import wilson
from tools.evaluate.trials import TrialRow
from tools.report.stored import _notes, choose, stored_results

SESSION: dict[str, Any] = {
    "session": "abc1", "model_name": "m", "model_kind": "centernet", "model_sha256": "0",
    "camera": "drive_by", "site": "s", "device": "d", "suite": "quick", "seed": 4, "frames": 3,
    "versions": '{"python": "3.11"}', "profile": "p", "wall_ms": 5,
}  # fmt: skip


def row(frame: int, target: int, severity: float, seen: bool) -> TrialRow:
    return TrialRow(
        frame, "clip", target, "t", "stop sign", None, None, None, None, None, "fog", severity,
        None, 4, True, "stop sign", 0.9, seen, None, 0.5 if seen else 0.0, None, not seen,
    )  # fmt: skip


def test_targets_of_one_frame_are_counted_once_however_their_trials_are_mixed() -> None:
    trials = [
        row(frame, target, severity, severity < 1 or target == 0)
        for frame in range(2)
        for severity in (0.5, 1.0)
        for target in range(2)
    ]
    results = stored_results(SESSION, trials, [])
    assert (results.clean.n, results.clean.correct, results.clean.frames) == (4, 4, 3)
    by_severity = {c.severity: c for c in results.conditions if c.kind == "fog"}
    assert (by_severity[0.5].correct, by_severity[1.0].correct) == (4, 2)
    assert "visibility" in by_severity[1.0].units
    breaking = results.summary.breaking_severity["fog"]
    assert (breaking.n, breaking.censored, breaking.median) == (4, 2, 1.0)


def test_the_frames_of_one_track_are_one_piece_of_evidence() -> None:
    one = stored_results(SESSION, [row(f, 0, 0.5, f % 2 == 0) for f in range(20)], [])
    assert (one.clean.scenes, one.conditions[0].ci95) == (1, (0.0, 1.0))
    photos = [row(f, 0, 0.5, f % 2 == 0)._replace(clip=f"{f}.png") for f in range(20)]
    many = stored_results(SESSION, photos, [])
    assert (many.clean.scenes, many.conditions[0].scenes) == (20, 20)
    assert many.conditions[0].ci95 == pytest.approx(wilson(10, 20), abs=1e-6)
    assert (many.conditions[0].missed, many.conditions[0].misread) == (10, 0)


def test_phantoms_are_counted_under_their_condition() -> None:
    phantoms = [
        {"condition": "", "severity": 0.0, "level": None, "count": 2},
        {"condition": "fog", "severity": 0.5, "level": None, "count": 3},
    ]
    results = stored_results(SESSION, [row(0, 0, 0.5, True)], phantoms)
    assert results.clean.phantoms == 2
    by_key = {(c.kind, c.severity): c for c in results.conditions}
    assert (by_key["fog", 0.5].phantoms, by_key["fog", 0.5].frames) == (3, 3)


def test_conditions_that_were_dealt_out_stand_for_the_frames_that_they_were_tried_on() -> None:
    """Six frames, three of them with a sign; a half of the suite on each."""
    trials = [
        row(0, 0, 0.5, True),
        row(1, 0, 0.5, True),
        row(1, 1, 0.5, True),
        row(2, 0, 1.0, True),
    ]
    phantoms = [{"condition": "fog", "severity": 0.5, "level": None, "count": 3}]
    results = stored_results({**SESSION, "frames": 6}, trials, phantoms)
    by_key = {(c.kind, c.severity): c for c in results.conditions}
    assert (by_key["fog", 0.5].frames, by_key["fog", 1.0].frames) == (4, 2)
    assert (by_key["fog", 0.5].n, by_key["fog", 0.5].phantoms) == (3, 3)
    assert results.clean.frames == 6


def test_a_drive_without_signs_still_has_rates_of_phantoms() -> None:
    phantoms = [{"condition": "fog", "severity": 0.5, "level": None, "count": 3}]
    results = stored_results(SESSION, [], phantoms)
    by_key = {(c.kind, c.severity): c for c in results.conditions}
    assert (by_key["fog", 0.5].phantoms, by_key["fog", 0.5].frames) == (3, 3)
    assert by_key["rain", 1.0].frames == 3
    assert ("sticker", 1.0) not in by_key


def test_pictures_that_the_agent_left_out_are_told(tmp_path: Path) -> None:
    session = {**SESSION, "rejected": 2, "trials_counted": 4, "trials_stored": 4}
    assert "2 pictures" in _notes(session)[0]
    assert "All 4 trials" in _notes(session)[1]


def test_a_kind_or_suite_that_this_machine_does_not_have_still_makes_a_report() -> None:
    strange = row(0, 0, 0.5, True)._replace(kind="meteor")
    results = stored_results({**SESSION, "suite": "theirs"}, iter([strange]), [])
    assert [(c.kind, c.units) for c in results.conditions] == [("meteor", "")]


def test_a_session_is_chosen_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    sessions = [SESSION, {**SESSION, "session": "abd2", "wall_ms": 9}]
    assert choose(sessions, None, "store")["session"] == "abd2"
    assert choose(sessions, "abc", "store")["session"] == "abc1"
    with pytest.raises(UsageError, match=r"2 sessions begin with 'ab'.*abc1, abd2"):
        choose(sessions, "ab", "store")
    with pytest.raises(UsageError, match="no session yet"):
        choose([], None, "store")

"""What a session counted is what its records say."""

from __future__ import annotations

from agent.record import (
    HealthRecord,
    PhantomRecord,
    Record,
    SessionEndRecord,
    SessionRecord,
    TrialRecord,
)
from agent.recorder import Recorder
from agent.session import Examination, Inference
from agent.values import Box, Condition, Part, Sighting, Target, Trial

TARGET = Target(4, 0, "stop sign", Box(0, 0, 30, 30), track="a", distance_m=12.345)
FOG = Condition((Part("fog", 0.5),), seed=3)
SEEN, LOST = Sighting(True, "stop sign", 0.91, 0.8), Sighting(False, None, 0.0, 0.0)


def start() -> SessionRecord:
    return SessionRecord(
        session="s1", model_name="m", model_sha256="0", model_kind="ssd", model_labels=2,
        profile="p", config_sha256="0", suite="quick", camera="drive_by",
    )  # fmt: skip


def recorded() -> tuple[list[Record], Recorder]:
    records: list[Record] = []
    recorder = Recorder(records.append, start())
    trial = Trial(4, "clip", TARGET, FOG, SEEN, LOST)
    recorder.add(
        Examination(4, "clip", (TARGET,), (SEEN,), 0, (Inference(FOG, (trial,), 2),)),
    )
    recorder.add(Examination(5, "clip", (), (), 1, ()))
    return records, recorder


def test_a_session_begins_counts_and_ends_with_its_totals() -> None:
    records, recorder = recorded()
    recorder.health({"temperature_c": 51.5})
    recorder.end("camera ended", rejected=2)
    first, trial, clean_phantom, health, end = _sorted(records)
    assert isinstance(first, SessionRecord)
    assert isinstance(trial, TrialRecord)
    assert (trial.flip, trial.distance_m, trial.width_px) == (True, 12.35, 30.0)
    assert isinstance(clean_phantom, PhantomRecord)
    assert isinstance(health, HealthRecord)
    assert isinstance(end, SessionEndRecord)
    assert (end.frames, end.inferences, end.trials, end.flips) == (2, 3, 1, 1)
    assert (end.phantoms, end.rejected, end.why) == (3, 2, "camera ended")


def test_phantoms_say_under_which_condition_they_appeared() -> None:
    records, _ = recorded()
    phantoms = [record for record in records if isinstance(record, PhantomRecord)]
    assert [(p.frame, p.condition, p.count) for p in phantoms] == [(4, "fog", 2), (5, "", 1)]


def _sorted(records: list[Record]) -> list[Record]:
    """Without the phantom under fog, which the other test is about."""
    return [r for r in records if not (isinstance(r, PhantomRecord) and r.condition)]

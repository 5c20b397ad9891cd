"""Rows as devices send them, for the tests of stores."""

from __future__ import annotations

from agent.record import (
    Batch,
    Envelope,
    Record,
    Row,
    SessionEndRecord,
    SessionRecord,
    Stamp,
    TrialRecord,
)
from tools.stores import Stream

AT = Stamp("boot", 5, 1000, True)
PI = Stream("lab", "pi", "e1")


def trial(frame: int, session: str = "s1", severity: float = 0.5) -> TrialRecord:
    return TrialRecord(
        session=session,
        frame=frame,
        clip="drive",
        target="stop sign",
        condition="fog",
        severity=severity,
        parts=(("fog", 0.5), ("rain", 0.25)),
        clean_seen=True,
        clean_label="stop sign",
        clean_confidence=0.9,
        perturbed_seen=False,
        flip=True,
    )


def batch(rows: dict[int, Record], after: int = 0, floor: int = 1, stream: Stream = PI) -> Batch:
    envelope = Envelope(
        **stream._asdict(), after=after, floor=floor, boot="b", monotonic_ms=1, wall_ms=2
    )
    return Batch(envelope, tuple(Row.of(seq, AT, row) for seq, row in rows.items()))


def start(session: str = "s1") -> SessionRecord:
    return SessionRecord(
        session=session,
        model_name="stop",
        model_sha256="ab",
        model_kind="ssd",
        model_labels=2,
        profile="generic",
        config_sha256="cd",
        suite="quick",
        camera="drive_by",
        versions={"fieldproof": "0.1.0"},
    )


def end(trials: int) -> SessionEndRecord:
    return SessionEndRecord(
        session="s1", frames=3, inferences=9, trials=trials, flips=2, phantoms=0, why="done"
    )

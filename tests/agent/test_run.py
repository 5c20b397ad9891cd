"""A run with an outbox and no broker: what is kept, and what ends or disturbs it."""

from __future__ import annotations

import dataclasses
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import run as run_module
from agent.assembly import Examiner
from agent.cameras.drive_by import DriveBy, DriveByParameters
from agent.errors import CameraError
from agent.orders import Change
from agent.profile import EvidenceTable, load_profile
from agent.record import (
    Command,
    EvidenceRecord,
    HealthRecord,
    SessionEndRecord,
    TrialRecord,
    unpack,
)
from agent.run import Run, RunPlan
from agent.session import Examination
from agent.telemetry._identity import device_name
from agent.telemetry.link import Address
from agent.telemetry.outbox import Outbox
from agent.values import Fault, Frame

CARD = Path(__file__).resolve().parents[2] / "tools" / "demo" / "model" / "stop_sign.toml"


def test_a_run_without_a_broker_keeps_its_records(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    plan = RunPlan(
        Examiner(CARD, "none"),
        load_profile("generic-x86-64"),
        "drive_by:width=160,height=120",
        Address.parse(f"mqtt://127.0.0.1:{port}"),
        tmp_path,
        frames=2,
        drain_s=0.1,
    )
    report = Run(plan).go()
    assert report.totals.frames == 2
    assert report.waiting >= 2
    assert str(port) in report.trouble
    with Outbox(tmp_path / "outbox") as outbox:
        kinds = [row.kind for row in outbox.pending(10)]
    assert kinds[0] == "session"
    assert kinds[-1] == "session_end"


class BreaksOff(DriveBy):
    """A drive whose camera is unplugged after three frames."""

    def frames(self) -> Iterator[Frame]:
        for index in range(3):
            yield self.read(index)
        raise CameraError("The camera was unplugged.")


def test_a_camera_lost_in_mid_run_leaves_a_session_with_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = BreaksOff(DriveByParameters(width=160, height=120))
    monkeypatch.setattr(run_module, "open_camera", lambda text, selection: camera)
    plan = RunPlan(
        Examiner(CARD, "none"),
        load_profile("generic-x86-64"),
        "drive_by",
        Address.parse("mqtt://127.0.0.1:1"),
        tmp_path,
        drain_s=0.1,
    )
    with pytest.raises(CameraError):
        Run(plan).go()
    with Outbox(tmp_path / "outbox") as outbox:
        end = unpack(outbox.pending(10)[-1])
    assert isinstance(end, SessionEndRecord)
    assert (end.frames, end.why) == (3, "The camera was unplugged.")


class Flickers(DriveBy):
    """A drive whose every second frame is black."""

    def frames(self) -> Iterator[Frame]:
        for index in range(6):
            fault: Fault = "black" if index % 2 else ""
            self.faults.update([fault] if fault else [])
            yield dataclasses.replace(self.read(index), fault=fault)


def test_frames_that_are_no_use_are_not_examined_and_health_tells_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = Flickers(DriveByParameters(width=160, height=120))
    monkeypatch.setattr(run_module, "open_camera", lambda text, selection: camera)
    profile = load_profile("generic-x86-64")
    often = profile.telemetry.model_copy(update={"health_s": 1e-9})
    plan = RunPlan(
        Examiner(CARD, "none"),
        profile.model_copy(update={"telemetry": often}),
        "drive_by",
        Address.parse("mqtt://127.0.0.1:1"),
        tmp_path,
        drain_s=0.1,
    )
    examined: list[int] = []
    report = Run(plan).go(lambda run, frame, seen: examined.append(frame.index))
    assert examined == [0, 2, 4]
    assert report.totals.frames == 3
    with Outbox(tmp_path / "outbox") as outbox:
        records = [unpack(row) for row in outbox.pending(50)]
    health = [record for record in records if isinstance(record, HealthRecord)]
    assert len(health) >= 6, "the loop's other duties go on while frames are no use"
    assert health[-1].readings["camera_black"] == 3


def test_the_device_is_named_in_the_alphabet_of_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "pi.lab #3")
    assert device_name() == "pi-lab--3"


def planned(tmp_path: Path, suite: str = "none", **budgets: float) -> RunPlan:
    profile = load_profile("generic-x86-64")
    allowed = profile.budgets.model_copy(update=budgets)
    often = profile.telemetry.model_copy(update={"health_s": 1e-9})
    return RunPlan(
        Examiner(CARD, suite, seed=4),
        profile.model_copy(update={"budgets": allowed, "telemetry": often}),
        "drive_by:width=160,height=120",
        Address.parse("mqtt://127.0.0.1:1"),
        tmp_path,
        drain_s=0.1,
    )


class Passes(DriveBy):
    """A drive that does not wait: a live camera's."""

    live = True


def test_on_a_live_camera_a_spent_budget_deals_kinds_out_over_the_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        'schema = "fieldproof.suite/1"\nseverities = [0.5, 1.0]\n'
        'conditions = [{kind = "fog"}, {kind = "compression"}, {kind = "defocus"}]\n'
    )
    (tmp_path / "suite.toml").write_text(text)
    camera = Passes(DriveByParameters(width=160, height=120, distance=20), limit=9)
    monkeypatch.setattr(run_module, "open_camera", lambda text, selection: camera)
    run = Run(planned(tmp_path, str(tmp_path / "suite.toml")))
    asked: list[set[str]] = []

    def watch(run: Run, frame: Frame, seen: Examination) -> None:
        asked.append({made.condition.kind for made in seen.inferences})
        severities = [made.condition.severity for made in seen.inferences]
        assert severities.count(0.5) == severities.count(1.0), "a kind with all it has, or not"
        # As it would be learnt on a device whose pauses make a frame of one kind take 2 s.
        run.pace.governor.examined(1, took_s=1e6, paused_s=1e6)

    run.go(watch)
    assert [len(kinds) for kinds in asked] == [3] + [1] * 8
    counts = Counter(kind for kinds in asked[1:] for kind in kinds)
    assert max(counts.values()) - min(counts.values()) <= 1
    with Outbox(tmp_path / "outbox") as outbox:
        records = [unpack(row) for row in outbox.pending(500)]
    health = [record.readings for record in records if isinstance(record, HealthRecord)]
    shares = [readings["kinds_share"] for readings in health if "kinds_share" in readings]
    assert shares == pytest.approx([1.0] + [1 / 3] * 8, abs=1e-3)
    assert {"cpu_share", "cpu_allowed", "pause_ms", "paused", "resident_mb"} <= set(health[-1])


def test_a_run_that_is_stopped_within_a_frame_gives_that_frame_up(tmp_path: Path) -> None:
    run = Run(planned(tmp_path, "quick"))

    def stop_within_the_next_frame(run: Run, frame: Frame, seen: Examination) -> None:
        wait = run.session.between

        def stop() -> None:
            run.stop.set()
            wait()

        run.session.between = stop

    report = run.go(stop_within_the_next_frame)
    assert (report.stopped, report.totals.frames) == (True, 1)
    with Outbox(tmp_path / "outbox") as outbox:
        records = [unpack(row) for row in outbox.pending(10_000)]
    end = records[-1]
    assert isinstance(end, SessionEndRecord)
    assert (end.why, end.frames) == ("stopped", 1)
    assert {record.frame for record in records if isinstance(record, TrialRecord)} == {0}


def test_a_session_that_a_command_begins_has_no_allowance_of_its_own(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / f"{name}.toml").write_text(
            'schema = "fieldproof.suite/1"\nseverities = [1.0]\n'
            'conditions = [{kind = "fog"}, {kind = "sticker"}]\n'
        )
    plan = planned(tmp_path, str(tmp_path / "first.toml"))
    profile = plan.profile.model_copy(update={"evidence": EvidenceTable(per_hour=1)})
    plan = dataclasses.replace(
        plan, profile=profile, camera="drive_by:width=160,height=120,fps=2,passes=2"
    )
    run = Run(plan)
    flips: Counter[str] = Counter()
    governors = set()

    def watch(run: Run, frame: Frame, seen: Examination) -> None:
        governors.add(run.pace.governor)
        flips[run.session_id] += sum(t.flipped for made in seen.inferences for t in made.trials)
        if flips.total() and len(flips) == 1:
            other = dataclasses.replace(plan.examiner, suite=str(tmp_path / "second.toml"))
            command = Command(
                site="default", device=run.device, id="c", name="suite", suite="second"
            )
            run.orders.change = Change(command, other, profile)

    report = run.go(watch)
    assert len(flips) == 2
    assert min(flips.values()) > 0
    assert len(governors) == 1, "what it knows of heat, memory and debt goes on"
    assert report.totals.flips == flips.total()
    with Outbox(tmp_path / "outbox") as outbox:
        records = [unpack(row) for row in outbox.pending(10_000)]
    assert sum(isinstance(record, EvidenceRecord) for record in records) == 1
    whys = [record.why for record in records if isinstance(record, SessionEndRecord)]
    assert whys == ["by command: suite", "camera ended"]

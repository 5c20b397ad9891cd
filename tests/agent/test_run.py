"""A run with an outbox and no broker: what is kept, and what ends or disturbs it."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import run as run_module
from agent.assembly import Examiner
from agent.cameras.drive_by import DriveBy, DriveByParameters
from agent.errors import CameraError
from agent.profile import load_profile
from agent.record import HealthRecord, SessionEndRecord, unpack
from agent.run import Run, RunPlan, device_name
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
    assert len(health) == 6, "the loop's other duties go on while frames are no use"
    assert health[-1].readings["camera_black"] == 3


def test_the_device_is_named_in_the_alphabet_of_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "pi.lab #3")
    assert device_name() == "pi-lab--3"

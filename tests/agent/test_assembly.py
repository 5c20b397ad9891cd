"""From names to a working session, and a run with an outbox and no broker."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import assembly
from agent.assembly import Examiner, Run, RunPlan, device_name, lay_out, plan_with
from agent.cameras.drive_by import DriveBy, DriveByParameters
from agent.errors import CameraError, ConfigError, DataError, UnknownKind, UsageError
from agent.profile import load_profile
from agent.record import HealthRecord, SessionEndRecord, unpack
from agent.suite import Suite
from agent.telemetry.link import Address
from agent.telemetry.outbox import Outbox
from agent.values import Fault, Frame

CARD = Path(__file__).resolve().parents[2] / "tools" / "demo" / "model" / "stop_sign.toml"


def suite(**condition: object) -> Suite:
    return Suite.model_validate(
        {"schema": "fieldproof.suite/1", "name": "mine", "conditions": [condition]}
    )


def test_conditions_know_whether_they_lie_on_the_object() -> None:
    assert all(c.per_target for c in lay_out(suite(kind="sticker"), 1))
    assert not any(c.per_target for c in lay_out(suite(kind="fog"), 1))
    both = suite(parts=[{"kind": "fog"}, {"kind": "sticker"}])
    assert all(c.per_target for c in lay_out(both, 1))


def test_conditions_know_what_varies_and_whether_its_harm_grows() -> None:
    text = {
        "severities": [0.5],
        "conditions": [
            {"kind": "fog"},
            {"kind": "ic_snow"},
            {"parts": [{"kind": "fog"}, {"kind": "ic_snow", "severity": 0.5}]},
        ],
    }
    fog, snow, both = lay_out(
        Suite.model_validate({"schema": "fieldproof.suite/1", **text}), seed=0
    )
    assert (fog.monotone, snow.monotone) == (True, False)
    assert [part.fixed for part in both.parts] == [False, True]
    assert both.monotone, "what does not vary does no harm to order"
    assert [part.severity for part in both.at(0.25).parts] == [0.25, 0.5]
    assert (both.at(0.25).severity, both.at(0.5)) == (0.25, both)


def test_a_strategy_is_a_kind_and_its_settings() -> None:
    strategy = plan_with("sequential:claim=flip_rate<5%@0.3,unit=clip", ())
    assert strategy.kind == "sequential"
    assert strategy.finished, "there is nothing to test"
    assert plan_with("grid", ()).kind == "grid"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("breaking", "Did you mean 'breaking_point'"),
        ("breaking_point:tolerence=0.1", "Did you mean 'tolerance'"),
        ("breaking_point:tolerance=2", "tolerance=2"),
        ("sequential:claim=often", r"flip_rate<0.10@0.4"),
        ("grid:tolerance=1", "grid has no settings"),
        ("coverage:budget", "key=value"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_those_that_can(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        plan_with(text, ())


def test_an_unknown_kind_and_a_wrong_parameter_are_refused_before_anything_runs() -> None:
    with pytest.raises(UnknownKind, match="stiker"):
        lay_out(suite(kind="stiker"), 1)
    with pytest.raises(ConfigError, match=r"mine, condition sticker: .*colour: no such key"):
        lay_out(suite(kind="sticker", parameters={"colour": 3}), 1)


def test_data_whose_labels_are_no_targets_is_refused() -> None:
    session, joined = Examiner(CARD, "none").open(("stop sign",))
    assert joined.mapping == {"stop sign": "stop sign"}
    assert session.model.targets == ("stop sign",)
    with pytest.raises(DataError, match=r"yield"):
        Examiner(CARD, "none").open(("yield",))


def test_a_cards_own_aliases_join_labels_and_a_users_come_first(tmp_path: Path) -> None:
    card = tmp_path / "card.toml"
    text = CARD.read_text().replace('"labels.txt"', f'"{CARD.parent / "labels.txt"}"')
    text = text.replace('"stop_sign.tflite"', f'"{CARD.with_suffix(".tflite")}"')
    card.write_text(text + '\n[aliases]\nhalt = "stop sign"\nA14 = "yield"\n')
    _, joined = Examiner(card, "none").open(("halt",))
    assert joined.mapping == {"halt": "stop sign"}
    _, joined = Examiner(card, "none", aliases={"A14": "stop sign"}).open(("A14",))
    assert joined.mapping == {"A14": "stop sign"}


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


def test_data_without_labels_counts_phantoms_only() -> None:
    session, joined = Examiner(CARD, "none").open(())
    assert joined.mapping == {}
    assert session.model.targets == ("stop sign",)


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
    monkeypatch.setattr(assembly, "open_camera", lambda text, selection: camera)
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
    monkeypatch.setattr(assembly, "open_camera", lambda text, selection: camera)
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

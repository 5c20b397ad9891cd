"""From camera to stored row, with the agent in Debian's arm64 user space; all else is native."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.arm64.userland import Release, prepare
from tools.broker import LocalBroker, local_broker
from tools.stores import open_store

ROOT = Path(__file__).resolve().parents[2]
CARD = ROOT / "tools" / "demo" / "model" / "stop_sign.toml"
CAMERA = "drive_by:width=320,height=240,fps=2,passes=1"
KINDS = ("sticker", "fog", "droplets", "compression")
SEVERITY = 1.0

pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True)
class Journey:
    """What one agent sent and the collector stored."""

    session: dict[str, Any]
    trials: list[dict[str, Any]]
    lost: list[Any]

    @property
    def versions(self) -> dict[str, str]:
        return json.loads(self.session["versions"])

    @property
    def clean_seen(self) -> set[tuple[str, int]]:
        """The frames in which the sign is seen before anything is done to them."""
        return {(t["clip"], t["frame"]) for t in self.trials if t["clean_seen"]}

    @property
    def flips(self) -> Counter[str]:
        return Counter(t["condition"] for t in self.trials if t["flip"])

    @property
    def confidences(self) -> dict[tuple[Any, ...], float]:
        """Of each frame when clean, and of each trial; 0 where nothing is seen."""
        found: dict[tuple[Any, ...], float] = {}
        for t in self.trials:
            frame = (t["clip"], t["frame"])
            found[(*frame, "")] = t["clean_confidence"] or 0.0
            found[(*frame, t["condition"])] = t["perturbed_confidence"] or 0.0
        return found


@contextmanager
def process(program: Path, *words: object) -> Iterator[subprocess.Popen[str]]:
    command = [str(program), "-m", *map(str, words)]
    pipe = subprocess.PIPE
    child = subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=subprocess.STDOUT, text=True)
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.communicate()


def travel(program: Path, folder: Path, broker: LocalBroker) -> Journey:
    """Run the agent with this Python to its end, and read what the collector has stored."""
    suite, store = folder / "suite.toml", f"sqlite:///{folder}/store.db"
    conditions = ", ".join(f'{{kind = "{kind}"}}' for kind in KINDS)
    suite.write_text(
        f'schema = "fieldproof.suite/1"\nseverities = [{SEVERITY}]\nconditions = [{conditions}]\n'
    )
    collect = ("tools.collector", "--broker", broker.url, "--store", store)
    run = (
        "agent", "run", "--model", CARD, "--camera", CAMERA, "--broker", broker.url,
        "--state", folder / "state", "--suite", suite, "--device", "dut", "--seed", 3,
        "--profile", "generic-aarch64", "--drain", 60,
    )  # fmt: skip
    with process(Path(sys.executable), *collect), process(program, *run) as agent:
        said = agent.communicate(timeout=480)[0]
    assert agent.returncode == 0, said
    with open_store(store) as opened:
        (session,) = opened.sessions()
        lost = [*opened.rows("gaps"), *opened.rows("dead_letters")]
        return Journey(session, list(opened.trials(session["session"])), lost)


@pytest.fixture(scope="module")
def broker() -> Iterator[LocalBroker]:
    with local_broker(kind="mosquitto") as running:
        yield running


@pytest.fixture(scope="module")
def arm(release: Release, broker: LocalBroker, tmp_path_factory: pytest.TempPathFactory) -> Journey:
    return travel(prepare(release), tmp_path_factory.mktemp(release.name), broker)


@pytest.fixture(scope="module")
def native(broker: LocalBroker, tmp_path_factory: pytest.TempPathFactory) -> Journey:
    return travel(Path(sys.executable), tmp_path_factory.mktemp("native"), broker)


def test_all_that_an_arm64_agent_counts_is_stored(release: Release, arm: Journey) -> None:
    assert arm.versions["machine"] == "aarch64"
    assert arm.versions["python"].startswith(release.python + ".")
    frames = arm.session["frames"]
    assert frames > 5
    counted = arm.session["trials_counted"]
    assert counted == arm.session["trials_stored"] == frames * len(KINDS)
    keys = {(t["clip"], t["frame"], t["number"], t["condition"]) for t in arm.trials}
    assert len(keys) == len(arm.trials) == counted
    assert not arm.lost


def test_an_arm64_agent_finds_what_a_native_one_finds(
    arm: Journey, native: Journey, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same to the bit is promised on one machine only; here a count may differ by one."""
    if arm.versions["runtime"] != native.versions["runtime"]:
        reason = f"this Python has {native.versions['runtime']}, not {arm.versions['runtime']}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with capsys.disabled():
        print(f"\n{comparison(arm, native)}")
    assert arm.session["frames"] == native.session["frames"]
    assert native.flips.total() > 3
    assert abs(len(arm.clean_seen) - len(native.clean_seen)) <= 1
    for kind in KINDS:
        assert abs(arm.flips[kind] - native.flips[kind]) <= 1, kind
    assert max(apart(arm, native)) < 0.05


def apart(arm: Journey, native: Journey) -> list[float]:
    """How far each trial's two confidences are from each other, of both architectures."""
    return [
        abs(arm.confidences[key] - native.confidences[key])
        for key in sorted(arm.confidences.keys() & native.confidences.keys())
    ]


def comparison(arm: Journey, native: Journey) -> str:
    lines = [f"{arm.versions['runtime']}: {arm.versions['machine']}, {native.versions['machine']}"]
    lines.append(
        f"clean frames with the sign seen: {len(arm.clean_seen)}, {len(native.clean_seen)}"
    )
    lines += [f"flips by {kind}: {arm.flips[kind]}, {native.flips[kind]}" for kind in KINDS]
    far = apart(arm, native)
    differ = sum(distance > 0 for distance in far)
    return "\n".join([*lines, f"confidences that differ: {differ} of {len(far)}, by <= {max(far)}"])

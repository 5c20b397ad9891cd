"""The agent as a real process, as systemd and an operator see it: words, commands, and its end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.record import (
    EvidenceRecord,
    HealthRecord,
    Record,
    Reply,
    SessionEndRecord,
    SessionRecord,
    TrialRecord,
    unpack,
)
from agent.service import health
from agent.telemetry.link import Address, Link, Message
from agent.telemetry.outbox import Outbox
from tools.broker import LocalBroker
from tools.command import make_command, send

ROOT = Path(__file__).resolve().parents[3]
MODEL = ROOT / "tools" / "demo" / "model"
DRIVE = "drive_by:width=320,height=240,passes=500"
BLACK = "gstreamer:videotestsrc is-live=true pattern=black ! video/x-raw,width=64,height=64"
PROFILE = """
schema = "fieldproof.profile/1"
name = "quick-health"
summary = "Tells its health often"
machine = "x86_64"
telemetry = {health_s = 0.2}
thermal = {pause_c = 80, resume_c = 75}
budgets = {cpu_share = 0.9}
"""
SUITE = """
schema = "fieldproof.suite/1"
severities = [1.0]
conditions = [{kind = "fog"}]
"""


class Agent:
    """`python -m agent run` with a manager's socket; ended by its id."""

    def __init__(self, folder: Path, *more: object, broker: str, **environment: str) -> None:
        folder.mkdir()
        self.state, self.said = folder / "state", folder / "said"
        # In memory, where it is written often.
        self.beat = Path("/dev/shm") / f"fieldproof-{os.getpid()}-{folder.name}"
        self._manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._manager.bind(str(folder / "notify"))
        self.heard: list[str] = []
        (folder / "profile.toml").write_text(PROFILE)
        command = [sys.executable, "-m", "agent", "run", "--broker", broker, "--device", "dut"]
        command += ["--state", str(self.state), "--heartbeat", str(self.beat)]
        command += ["--profile", str(folder / "profile.toml"), *map(str, more)]
        notify = {"NOTIFY_SOCKET": str(folder / "notify")}
        with self.said.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stderr=log, env={**os.environ, **notify, **environment}
            )

    def hear(self, word: str, seconds: float = 60.0) -> None:
        """Read the manager's socket until a word comes."""
        self._manager.settimeout(seconds)
        while True:
            try:
                self.heard.append(self._manager.recv(4096).decode())
            except TimeoutError:
                raise AssertionError(f"no {word}: {self.log()}") from None
            if word in self.heard[-1].splitlines():
                return

    def hush(self) -> None:
        """Forget what was said until now."""
        self._manager.setblocking(False)
        try:
            while True:
                self.heard.append(self._manager.recv(4096).decode())
        except BlockingIOError:
            pass

    def log(self) -> str:
        return self.said.read_text()

    def stop(self) -> None:
        """SIGTERM; the code is 0 only for an end in good order within 4.5 s (see ``Stopping``)."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.log()

    def rows(self) -> list[Record]:
        with Outbox(self.state / "outbox") as outbox:
            found, after = [], 0
            while rows := outbox.pending(1000, after):
                found += [unpack(row) for row in rows]
                after = rows[-1].seq
        return [row for row in found if row is not None]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.beat.unlink(missing_ok=True)
        self._manager.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Agent]]:
    """Starts agents, and ends those that are left."""
    with ExitStack() as stack:

        def make(name: str, *more: object, broker: str, **environment: str) -> Agent:
            words = ("--model", MODEL / "stop_sign.toml", "--camera", DRIVE, *more)
            agent = Agent(tmp_path / name, *words, broker=broker, **environment)
            stack.callback(agent.close)
            return agent

        yield make


@pytest.fixture
def silent() -> Iterator[str]:
    """Where connections are taken and nothing is ever said."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield f"mqtt://127.0.0.1:{server.getsockname()[1]}"


def until(what: Callable[[], Any], seconds: float = 60.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return found


def tell(broker: LocalBroker, name: str, **more: Any) -> Reply:
    site, command = make_command("dut", name, 30, **more)
    return send(Address.parse(broker.url), site, command, 30)


def test_the_service_is_ready_fed_commanded_and_stopped(
    start: Callable[..., Agent], mosquitto: LocalBroker, tmp_path: Path
) -> None:
    card = shutil.copytree(MODEL, tmp_path / "model") / "stop_sign.toml"
    (tmp_path / "mine.toml").write_text(SUITE)
    agent = start(
        "a", "--suite", tmp_path / "mine.toml", "--model", card,
        "--commands", "pause,resume,suite,budget,evidence,report", "--log-format", "json",
        broker=mosquitto.url, WATCHDOG_USEC="600000",
    )  # fmt: skip
    agent.hear("READY=1")
    agent.hear("WATCHDOG=1")
    until(lambda: health.verdict(agent.beat)[0] == 0)

    assert tell(mosquitto, "report").figures["frames"] >= 0
    assert tell(mosquitto, "pause").outcome == "done"
    before = tell(mosquitto, "report").figures["trials"]
    agent.hush()
    for _ in range(3):
        agent.hear("WATCHDOG=1")
    assert tell(mosquitto, "report").figures["trials"] == before, "it was paused"

    assert tell(mosquitto, "budget", cpu_share=0.95).outcome == "refused"
    changed = tell(mosquitto, "suite", suite="sensor")
    assert changed.outcome == "done"
    assert tell(mosquitto, "resume").outcome == "done"
    assert tell(mosquitto, "evidence").outcome == "done"
    # A model that is replaced by an agent's back changes nothing that runs.
    draft = tmp_path / "model" / "new"
    draft.write_bytes((MODEL / "stop_sign_float32.tflite").read_bytes())
    draft.replace(tmp_path / "model" / "stop_sign.tflite")
    until(lambda: "is not the file that was loaded" in agent.log())
    until(lambda: tell(mosquitto, "report").figures["trials"] > 0)
    agent.hush()
    agent.stop()
    agent.hear("STOPPING=1", 5)
    assert not agent.beat.exists()
    assert all(json.loads(line)["message"] for line in agent.log().splitlines())
    assert agent.log().count("is not the file that was loaded") == 1
    check(agent.rows(), changed.session)


def check(rows: list[Record], second: str) -> None:
    """Two sessions, each with its own suite's trials, its end, and the one model."""
    sessions = [row for row in rows if isinstance(row, SessionRecord)]
    assert [Path(row.suite).name for row in sessions] == ["mine.toml", "sensor"]
    assert [row.session for row in sessions][1] == second
    assert len({row.session for row in sessions}) == 2
    assert len({row.model_sha256 for row in sessions}) == 1
    ends = [row for row in rows if isinstance(row, SessionEndRecord)]
    assert [row.why for row in ends] == ["by command: suite", "stopped"]
    for session, end in zip(sessions, ends, strict=True):
        trials = [r for r in rows if isinstance(r, TrialRecord) and r.session == session.session]
        assert len(trials) == end.trials
        assert all((t.condition == "fog") == (session is sessions[0]) for t in trials)
    assert any(isinstance(row, EvidenceRecord) and row.session == second for row in rows)
    told = [row.readings for row in rows if isinstance(row, HealthRecord)]
    assert [readings["model_replaced"] for readings in told][-1] == 1.0


def test_a_device_that_allows_no_commands_says_so(
    start: Callable[..., Agent], mosquitto: LocalBroker
) -> None:
    with Link(Address.parse(mosquitto.url), "before") as link:
        link.publish(Message("fieldproof/v1/default/dut/cmd", b"\xff" * 5000, True))
        assert link.settled(5)
    agent = start("a", "--suite", "none", broker=mosquitto.url)
    agent.hear("READY=1")
    reply = tell(mosquitto, "pause")
    assert (reply.outcome, "does not obey" in reply.said) == ("refused", True)
    agent.stop()


@contextmanager
def heat(folder: Path, celsius: int) -> Iterator[str]:
    zone = folder / "class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "temp").write_text(f"{celsius}000")
    (zone / "type").write_text("cpu")
    yield str(folder)


def test_it_ends_in_good_order_whatever_hangs(
    start: Callable[..., Agent], silent: str, tmp_path: Path
) -> None:
    with heat(tmp_path / "sysfs", 99) as hot:
        paused = start("paused", broker="mqtt://127.0.0.1:1", FIELDPROOF_SYSFS=hot)
        hung = start("hung", broker=silent)
        draining = start("draining", "--frames", 1, "--suite", "none", broker=silent)
        for agent in (paused, hung, draining):
            agent.hear("READY=1")
        until(lambda: '"session_end"' in _kinds(draining))
        for agent in (paused, hung, draining):
            agent.stop()
    for agent, why in ((paused, "stopped"), (hung, "stopped"), (draining, "frame limit")):
        end = agent.rows()[-1]
        assert isinstance(end, SessionEndRecord)
        assert end.why == why
    assert not [row for row in paused.rows() if isinstance(row, TrialRecord)], "it was too hot"


def _kinds(agent: Agent) -> str:
    """The kinds of rows on disk, as another process may read them."""
    import sqlite3
    from contextlib import closing

    (file,) = (agent.state / "outbox").glob("*.db")
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as db:
        return json.dumps([kind for (kind,) in db.execute("SELECT kind FROM rows")])


def test_a_black_camera_is_told_in_words_and_no_reason_to_start_anew(
    start: Callable[..., Agent],
) -> None:
    if shutil.which("gst-launch-1.0") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("gst-launch-1.0 is not installed: apt install gstreamer1.0-tools")
        pytest.skip("GStreamer is not installed on this machine")
    agent = start(
        "black", "--camera", BLACK, "--suite", "none",
        broker="mqtt://127.0.0.1:1", WATCHDOG_USEC="30000",
    )  # fmt: skip
    agent.hear("READY=1")
    for _ in range(3):
        agent.hear("WATCHDOG=1")
    until(lambda: _kinds(agent).count('"health"') > 5)
    trouble = "the camera's frames are of no use (black)"
    code, said = until(lambda: agent.beat.exists() and health.verdict(agent.beat))
    assert (code, trouble in said) == (1, True)
    agent.stop()
    agent.hush()
    assert any(f"STATUS=examining; {trouble}" in words for words in agent.heard)
    black = [row.readings["camera_black"] for row in agent.rows() if isinstance(row, HealthRecord)]
    assert black[-1] > 5


def test_a_pause_between_frames_feeds_the_watchdog(start: Callable[..., Agent]) -> None:
    agent = start(
        "slow", "--suite", "none", "--set", "budgets.max_fps=0.001",
        broker="mqtt://127.0.0.1:1", WATCHDOG_USEC="30000",
    )  # fmt: skip
    agent.hear("READY=1")
    until(lambda: _kinds(agent).count('"health"') > 2)
    agent.hush()
    for _ in range(2):
        agent.hear("WATCHDOG=1")
    agent.stop()
    assert max(row.frames for row in agent.rows() if isinstance(row, SessionEndRecord)) == 1

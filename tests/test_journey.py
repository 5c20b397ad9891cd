"""From camera to stored row: the agent, the broker and the collector as real processes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.record import Row, decode_batch
from agent.telemetry.link import Address, Link
from agent.telemetry.outbox import Outbox
from tools.broker import LocalBroker
from tools.report.stored import choose, session_results
from tools.stores import open_store

ROOT = Path(__file__).resolve().parent.parent
CARD = ROOT / "tools" / "demo" / "model" / "stop_sign.toml"
CAMERA = "drive_by:width=320,height=240,fps=15,passes=1"
FRAMES = 58

pytestmark = pytest.mark.timeout(200)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "suite.toml"
    path.write_text(
        'schema = "fieldproof.suite/1"\nseverities = [0.5, 1.0]\n'
        'conditions = [{kind = "sticker"}, {kind = "compression"}]\n'
    )
    return path


@pytest.fixture
def broker(mosquitto: LocalBroker) -> LocalBroker:
    return mosquitto


@contextmanager
def process(*words: object, how: str = "-m") -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, how, *map(str, words)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.communicate()


def collector(broker: LocalBroker, store: Path) -> Any:
    return process("tools.collector", "--broker", broker.url, "--store", f"sqlite:///{store}")


def agent(broker: LocalBroker, state: Path, suite: Path, *more: object) -> Any:
    return process(
        "agent", "run", "--model", CARD, "--camera", CAMERA, "--broker", broker.url,
        "--state", state, "--suite", suite, "--device", "dut", "--seed", 3, *more,
    )  # fmt: skip


def sessions(store: Path) -> list[dict[str, Any]]:
    if not store.exists():
        return []
    with open_store(f"sqlite:///{store}") as opened:
        return list(opened.sessions())


def trials(store: Path) -> int:
    return sum(session["trials_stored"] for session in sessions(store))


def wait(what: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def check_complete(store: Path) -> None:
    """All that the agent counted is stored, each trial once."""
    (session,) = sessions(store)
    assert session["frames"] == FRAMES
    # One sign in each frame, two kinds at two severities.
    assert session["trials_counted"] == session["trials_stored"] == FRAMES * 4
    with open_store(f"sqlite:///{store}") as opened:
        rows = list(opened.trials(session["session"]))
        keys = {(r["clip"], r["frame"], r["number"], r["condition"], r["severity"]) for r in rows}
        assert len(keys) == len(rows) == FRAMES * 4
        assert not list(opened.rows("gaps"))
        assert not list(opened.rows("dead_letters"))


def test_every_trial_of_a_drive_reaches_the_store(
    broker: LocalBroker, suite: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store.db"
    with collector(broker, store), agent(broker, tmp_path / "state", suite) as device:
        said = device.communicate(timeout=150)[0]
    assert device.returncode == 0, said
    check_complete(store)
    with open_store(f"sqlite:///{store}") as opened:
        session = choose(list(opened.sessions()), None, "store")
        results = session_results(opened, session)
    assert results.clean.n == FRAMES
    assert {(c.kind, c.severity, c.n) for c in results.conditions} == {
        (kind, severity, FRAMES) for kind in ("sticker", "compression") for severity in (0.5, 1.0)
    }


def test_a_broker_killed_and_restarted_in_mid_run_costs_nothing(
    broker: LocalBroker, suite: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store.db"
    with (
        collector(broker, store),
        agent(broker, tmp_path / "state", suite, "--drain", 90) as device,
    ):
        wait(lambda: trials(store) > 20)
        broker.kill()
        time.sleep(1.5)
        broker.start()
        said = device.communicate(timeout=150)[0]
        assert device.returncode == 0, said
        wait(lambda: sessions(store)[0]["trials_counted"] is not None)
    check_complete(store)


def test_a_collector_killed_in_mid_run_costs_nothing(
    broker: LocalBroker, suite: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store.db"
    with agent(broker, tmp_path / "state", suite, "--drain", 90) as device:
        with collector(broker, store) as first:
            wait(lambda: trials(store) > 20)
            first.kill()
            first.wait()
        time.sleep(1.0)
        with collector(broker, store):
            said = device.communicate(timeout=150)[0]
            assert device.returncode == 0, said
    check_complete(store)


def test_without_a_broker_the_records_wait_and_the_next_run_sends_them(
    broker: LocalBroker, suite: Path, tmp_path: Path
) -> None:
    state, store = tmp_path / "state", tmp_path / "store.db"
    broker.stop()
    with agent(broker, state, suite, "--frames", 4, "--drain", 0.5) as device:
        said = device.communicate(timeout=100)[0]
    assert device.returncode == 75, said
    assert broker.url in said
    assert "rows wait in the outbox" in said
    assert "Traceback" not in said
    broker.start()
    with collector(broker, store), agent(broker, state, suite, "--frames", 4) as device:
        said = device.communicate(timeout=100)[0]
        assert device.returncode == 0, said
    assert [s["trials_stored"] for s in sessions(store)] == [16, 16]


def test_without_a_collector_of_ours_the_brokers_word_frees_every_record(
    broker: LocalBroker, suite: Path, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    with Link(Address.parse(broker.url), "listener") as listener:
        listener.subscribe(["fieldproof/v1/+/dut/records"])
        with agent(broker, state, suite, "--frames", 6, "--ack", "broker") as device:
            said = device.communicate(timeout=100)[0]
        assert device.returncode == 0, said
        rows: list[Row] = []
        while not rows or rows[-1].kind != "session_end":
            listener.step(0.2)
            while listener.messages:
                rows += decode_batch(listener.messages.popleft().payload).rows
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert sum(row.kind == "trial" for row in rows) == 6 * 4
    with Outbox(state / "outbox") as outbox:
        assert (outbox.depth, outbox.released) == (0, len(rows))


def test_sigterm_ends_a_run_in_good_order(broker: LocalBroker, suite: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    with collector(broker, store), agent(broker, tmp_path / "state", suite) as device:
        wait(lambda: trials(store) > 8)
        device.terminate()
        said = device.communicate(timeout=60)[0]
        assert device.returncode == 0, said
        wait(lambda: sessions(store)[0]["why"] is not None)
    (session,) = sessions(store)
    assert session["why"] == "stopped"
    assert session["trials_counted"] == session["trials_stored"]


def test_a_second_agent_on_the_same_outbox_is_refused(
    broker: LocalBroker, suite: Path, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    with agent(broker, state, suite) as first:
        wait(lambda: (state / "outbox" / "outbox.lock").exists())
        wait(lambda: bool((state / "outbox" / "outbox.lock").read_text()))
        with agent(broker, state, suite) as second:
            said = second.communicate(timeout=60)[0]
        assert second.returncode == 73, said
        assert str(first.pid) in said


def test_the_demo_reports_what_the_agent_counted(tmp_path: Path) -> None:
    """With a third of its frames: `make demo` shows them all."""
    out = tmp_path / "demo"
    few = (
        "from tools.cli import main; from tools.demo import drive;"
        "drive.CAMERA = drive.CAMERA.replace('fps=12', 'fps=4'); main()"
    )
    with process(few, "demo", "--out", out, how="-c") as shown:
        said = shown.communicate(timeout=180)[0]
    assert shown.returncode == 0, said
    assert (out / "report.html").stat().st_size > 50_000
    (session,) = sessions(out / "fieldproof.db")
    assert session["trials_counted"] == session["trials_stored"] > 200
    shutil.rmtree(out)

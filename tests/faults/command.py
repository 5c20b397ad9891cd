"""The real ``fieldproof run``, killed at a random moment and run again on the same outbox."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

from agent.telemetry.outbox import Outbox
from tests.faults.audit import Account
from tests.faults.rig import ROOT, Child, until
from tools.broker import LocalBroker, local_broker
from tools.stores import open_store

CARD = ROOT / "tools" / "demo" / "model" / "stop_sign.toml"
FRAMES = 4
SUITE = """schema = "fieldproof.suite/1"
severities = [0.2, 0.4, 0.6, 0.8, 1.0]
conditions = [{kind = "compression"}]
"""
Key = tuple[str, int]


def command_killed(rng: random.Random) -> Account:
    """Counted are the rows of trials in the killed agent's outbox or in the store, and what the
    second run says of itself at its end."""
    with (
        tempfile.TemporaryDirectory(prefix="fieldproof-faults-") as name,
        local_broker(kind="mosquitto") as broker,
    ):
        folder = Path(name)
        store = folder / "store.db"
        (folder / "suite.toml").write_text(SUITE)
        url = f"sqlite:///{store}"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        collector = Child("tools.collector", "--broker", broker.url, "--store", url, **quiet)
        try:
            first = _agent(folder, broker)
            until(lambda: len(_stored(store)) > 10, 60, "trials in the store")
            time.sleep(rng.uniform(0, 2))
            first.kill()
            counted = _stored(store) | _waiting(folder)
            second = _agent(folder, broker, "--frames", FRAMES)
            assert second.process.wait(100) == 0
        finally:
            collector.process.send_signal(signal.SIGTERM)
            collector.process.wait(30)
        return _account(counted, store)


def _agent(folder: Path, broker: LocalBroker, *more: object) -> Child:
    return Child(
        "tools.cli", "run", "--model", CARD, "--camera", "drive_by:width=320,height=240,passes=9",
        "--broker", broker.url, "--state", folder / "state", "--suite", folder / "suite.toml",
        "--device", "dut", *more, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _stored(store: Path) -> set[Key]:
    with suppress(sqlite3.Error), closing(sqlite3.connect(store, timeout=10)) as db:
        query = "SELECT epoch, seq FROM trials JOIN streams ON streams.id = trials.stream"
        return {(epoch, seq) for epoch, seq in db.execute(query)}
    return set()


def _waiting(folder: Path) -> set[Key]:
    with Outbox(folder / "state" / "outbox") as outbox:
        rows = outbox.pending(1_000_000)
        return {(outbox.epoch, row.seq) for row in rows if row.kind == "trial"}


def _account(counted: set[Key], store: Path) -> Account:
    stored = _stored(store)
    with open_store(f"sqlite:///{store}") as opened:
        sessions = list(opened.sessions())
        short = sum(s["trials_counted"] - s["trials_stored"] for s in sessions if s["frames"])
        seen = Counter(
            (s["session"], row["clip"], row["frame"], row["number"], row["severity"])
            for s in sessions
            for row in opened.trials(s["session"])
        )
        declared = sum(row["trials"] for row in opened.rows("gaps"))
    assert len(sessions) == 2
    assert [s["frames"] for s in sessions] == [None, FRAMES]
    return Account(
        counted=len(counted | stored),
        stored=len(stored),
        lost=len(counted - stored) + short,
        doubled=sum(seen.values()) - len(seen),
        forged=0,
        declared=declared,
        window=0,
    )

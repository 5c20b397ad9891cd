"""The processes of a campaign: broker, proxies, collector, agents; and disks that can be filled."""

from __future__ import annotations

import json
import os
import queue
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from agent.errors import BrokerError
from agent.telemetry.link import Address, Link
from tests.faults.audit import Account, Ledger, account, stored_trials
from tests.faults.proxy import Proxy
from tools.broker import LocalBroker
from tools.stores._errors import StoreError

ROOT = Path(__file__).resolve().parents[2]
RATE = 300.0
SETTLE_S = 120.0
LIBRARIES = Path("/usr/lib")
TOPIC = "fieldproof/v1/lab/dut/records"


def faketime() -> Path | None:
    """Debian's libfaketime for programs with threads, where it is installed."""
    return next(LIBRARIES.glob("*/faketime/libfaketimeMT.so.1"), None)


def until(what: Callable[[], object], seconds: float, why: str) -> None:
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {why}")
        time.sleep(0.02)


class Child:
    """A process of ours, ended by its id."""

    def __init__(self, *words: object, **options: Any) -> None:
        command = [sys.executable, "-m", *map(str, words)]
        self.process = subprocess.Popen(command, cwd=ROOT, text=True, **options)

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait()

    def refuse_writes(self, yes: bool) -> None:
        """Let every write to a file fail (EFBIG), or none. Python ignores the signal."""
        limit = (0 if yes else resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, limit)


class Agent(Child):
    """A driver and its ledger."""

    def __init__(
        self, outbox: Path, port: int, first: int, *, clock: Path | None = None, max_bytes: int = 0
    ) -> None:
        words = ["--outbox", outbox, "--port", port, "--first", first, "--rate", RATE]
        if max_bytes:
            words += ["--max-bytes", max_bytes]
        self.said = outbox.with_name(f"{outbox.name}.log")
        with self.said.open("a") as log:
            super().__init__(
                "tests.faults.driver",
                *words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **(_clock_of(clock) if clock else {})},
            )
        self.ledger = Ledger()
        self._answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def tell(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    def ask(self, word: str, seconds: float = SETTLE_S) -> dict[str, Any]:
        self.tell(f"{word} {seconds:g}")
        try:
            return self._answers.get(timeout=seconds + 30)
        except queue.Empty:
            raise AssertionError(f"the agent does not answer: {self.said.read_text()}") from None

    def settle(self) -> None:
        """Feed no more; wait until nothing waits."""
        self.tell("pause")
        answer = self.ask("settle")
        assert not answer["waiting"], answer
        assert not answer["quarantined"], answer

    def finish(self) -> dict[str, Any]:
        """End in good order with nothing left in the outbox."""
        answer = self.ask("stop")
        assert not answer["waiting"], answer
        assert self.process.wait(30) == 0, self.said.read_text()
        self._reader.join(10)
        return answer

    def kill(self) -> None:
        super().kill()
        self._reader.join(10)

    def wait_for(self, trials: int) -> None:
        """Until so many more trials are on the disk."""
        before = len(self.ledger.durable())
        until(lambda: len(self.ledger.durable()) >= before + trials, 30, "trials on the disk")

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if not line.endswith("\n"):
                return  # the last words of a killed process
            if line.startswith("="):
                self._answers.put(json.loads(line[2:]))
            else:
                self.ledger.read(line.rstrip("\n"))


def _clock_of(file: Path) -> dict[str, str]:
    return {
        "LD_PRELOAD": str(faketime()),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }


class Spy:
    """Hears all batches that pass the broker, as somebody on the wire would."""

    def __init__(self, broker: LocalBroker) -> None:
        self.heard: deque[bytes] = deque(maxlen=3000)
        self.link_up = threading.Event()
        self._broker, self._closed = broker, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            with suppress(BrokerError), Link(Address.parse(self._broker.url), "spy") as link:
                link.subscribe([TOPIC])
                self.link_up.set()
                while not self._closed.is_set():
                    link.step(0.1)
                    while link.messages:
                        self.heard.append(link.messages.popleft().payload)
            self.link_up.clear()
            self._closed.wait(0.2)


class World:
    """A broker, a collector and an agent that feed on; faults come from ``kinds``.

    ``outbox_disk`` and ``store_disk`` are folders, ``tmpfs`` tells whether they are small file
    systems of their own that can be filled.
    """

    def __init__(self, folder: Path, broker: LocalBroker, rng: random.Random) -> None:
        self.folder, self.broker, self.rng = folder, broker, rng
        self.outbox_disk, self.store_disk = folder / "outbox", folder / "store"
        self.tmpfs = False
        self.ledgers: list[Ledger] = []
        self._stack = ExitStack()

    def __enter__(self) -> World:
        for disk in (self.outbox_disk, self.store_disk):
            disk.mkdir()
        self.tmpfs = all(
            self._stack.enter_context(_tmpfs(disk)) for disk in (self.outbox_disk, self.store_disk)
        )
        self.store = self.store_disk / "store.db"
        self.to_agent = Proxy(self.broker.port, self.rng)
        self.to_collector = Proxy(self.broker.port, self.rng)
        self._stack.callback(self.to_agent.close)
        self._stack.callback(self.to_collector.close)
        self.spy = Spy(self.broker)
        self._stack.callback(self.spy.close)
        self._stack.callback(self._end)
        self.start_collector()
        self.agent = self.new_agent()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def new_agent(self, name: str = "dut", **options: Any) -> Agent:
        """One more agent process; its trials have numbers of their own."""
        first = len(self.ledgers) * 1_000_000 + 1
        agent = Agent(self.outbox_disk / name, self.to_agent.port, first, **options)
        self.ledgers.append(agent.ledger)
        return agent

    def start_collector(self) -> None:
        url = f"mqtt://127.0.0.1:{self.to_collector.port}"
        words = ["tools.collector", "--broker", url, "--store", f"sqlite:///{self.store}"]
        with (self.folder / "collector.log").open("a") as log:
            # Through a pipe: a collector whose writes are refused must still be able to speak.
            self.collector = Child(*words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            threading.Thread(
                target=_copy, args=(self.collector.process.stderr, log.name), daemon=True
            ).start()

    def settle(self) -> Account:
        """Wait until all is delivered; the account of everything so far; go on.

        A collector that gave up with 75 (try again) is started again, as a service manager does.
        """
        if self.collector.process.poll() == StoreError.exit_code:
            self.start_collector()
        self.agent.settle()
        found = account(self.ledgers, *stored_trials(self.store))
        self.agent.tell("feed")
        return found

    def _end(self) -> None:
        for child in (self.agent, self.collector):
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGKILL)
            child.process.wait()


def _copy(source: Any, target: str) -> None:
    with open(target, "a") as log:
        for line in source:
            log.write(line)
            log.flush()


@contextmanager
def _tmpfs(folder: Path, megabytes: int = 48) -> Iterator[bool]:
    """Mount a small file system where this user may; whether it is there."""
    mount, size = shutil.which("mount"), f"size={megabytes}m"
    command = [str(mount), "-t", "tmpfs", "-o", size, "fieldproof", str(folder)]
    done = bool(mount) and subprocess.run(command, capture_output=True).returncode == 0
    try:
        yield done
    finally:
        if done:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """A disk on which nothing more fits."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 16))
    with suppress(OSError), ballast.open("ab", buffering=0) as file:
        while True:
            file.write(bytes(512))
    try:
        yield
    finally:
        ballast.unlink()

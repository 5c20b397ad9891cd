"""Long runs of agent, broker and collector as processes, with their memory sampled."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from pydantic_core import from_json

from agent.errors import BrokerError
from agent.record import Topic
from agent.telemetry.link import Address, Link, Message
from agent.telemetry.mqtt import Mqtt
from agent.telemetry.outbox import Outbox
from tools.bench.telemetry_trials import Trials
from tools.broker import LocalBroker, local_broker
from tools.stores import open_store

SAMPLES: Final = 10
"""At least so many samples."""
STEP: Final = 50_000
"""Records between two samples at most: a run that still goes on is heard of."""
AHEAD: Final = 20_000
"""Online, the agent waits while so many rows are in the outbox."""
ROW_BYTES: Final = 1_000
STUCK_S: Final = 120.0

Show = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory after so many records were put, or freed: process -> resident MB."""

    records: int
    resident_mb: dict[str, float]


@dataclass(frozen=True, slots=True)
class Long:
    """A long run. ``lost`` and ``doubled`` records of the store, ``unordered`` steps back on the
    way; ``disk_mb`` is what the outbox took at most."""

    name: str
    records: int
    per_s: float
    lost: int
    doubled: int
    unordered: int
    disk_mb: float
    samples: tuple[Sample, ...]

    @property
    def astray(self) -> int:
        return self.lost + self.doubled + self.unordered

    @property
    def said(self) -> str:
        return (
            f"{self.records:,} records, {self.per_s:,.0f} a second, "
            f"{self.lost} lost, {self.doubled} doubled, {self.unordered} out of order, "
            f"outbox {self.disk_mb:.0f} MB at most"
        )

    @property
    def growth(self) -> tuple[str, float]:
        """The process that grew most from its first samples to its last, and how many times.

        Of each process the first tenth is left out, while it begins.
        """
        found = [(name, self._grown(name)) for name in self.samples[-1].resident_mb]
        return max(found, key=lambda pair: pair[1])

    def _grown(self, name: str) -> float:
        sizes = [sample.resident_mb[name] for sample in self.samples if sample.resident_mb[name]]
        steady = sizes[max(1, len(sizes) // SAMPLES) :] or sizes
        half = max(1, len(steady) // 2)
        return max(steady[-half:]) / max(steady[:half])


@contextmanager
def collector(broker: LocalBroker, folder: Path, store: str = "") -> Iterator[int]:
    """A collector's process into a store, ``folder/store.db`` where none is named; its id."""
    folder.mkdir(parents=True, exist_ok=True)
    child = subprocess.Popen(
        [
            *(sys.executable, "-m", "tools.collector", "--broker", broker.url),
            *("--store", store or f"sqlite:///{folder / 'store.db'}"),
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_subscription(broker, child)
        yield child.pid
    finally:
        child.terminate()
        child.wait()


def online(trials: Trials, folder: Path, count: int, show: Show) -> Long:
    """Put, send, store and free ``count`` trials, and sample the memory meanwhile."""
    with (
        local_broker(kind="mosquitto") as broker,
        collector(broker, folder) as collecting,
        _agent(broker.url, trials, folder, count, AHEAD) as (process, progress),
    ):
        ids = {"agent": process.pid, "collector": collecting, "broker": broker.pid}
        samples, disk_mb, rate = _watched(ids, progress, count, folder, show)
    lost, doubled = _checked(folder, count)
    return Long("broker there", count, rate, lost, doubled, 0, disk_mb, samples)


def offline(trials: Trials, folder: Path, count: int, show: Show) -> Long:
    """Put ``count`` trials while the broker is away; then let it come, and drain the outbox.

    Rows are freed in order; the memory is sampled over both halves.
    """
    with local_broker(kind="mosquitto") as broker:
        broker.stop()
        with _agent(broker.url, trials, folder, count, 0) as (process, progress):
            filled, disk_mb, _ = _watched({"agent": process.pid}, progress, count, folder, show)
            broker.start()
            with collector(broker, folder) as collecting, _Order(broker) as order:
                ids = {"agent": process.pid, "collector": collecting, "broker": broker.pid}
                sent, _, rate = _watched(ids, progress, count, folder, show)
                order.finish(count)
    lost, doubled = _checked(folder, count)
    unseen = dict.fromkeys(ids, 0.0)
    samples = *(Sample(s.records, {**unseen, **s.resident_mb}) for s in filled), *sent
    name = "broker away, then drained"
    return Long(name, count, rate, lost, doubled, order.back, disk_mb, samples)


class _Order:
    """Listens to all batches, and counts those whose rows do not come after the last one's."""

    def __init__(self, broker: LocalBroker) -> None:
        self.back = 0
        self.last = 0
        self._link = Link(Address.parse(broker.url), "order")
        self._link.subscribe([str(Topic("bench", "long", "records"))])
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> _Order:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()
        self._link.close()

    def finish(self, last: int) -> None:
        """Wait until the last row was heard of."""
        end = time.monotonic() + STUCK_S
        while self.last < last and time.monotonic() < end:
            self._ending.wait(0.1)

    def _listen(self) -> None:
        while not self._ending.is_set():
            self._link.step(0.2)
            while self._link.messages:
                body = from_json(zlib.decompress(self._link.messages.popleft().payload))
                seqs = [run for group in body["groups"] for run in group["seqs"]]
                self.back += min(first for first, _ in seqs) <= self.last
                self.last = max(self.last, *(first + n - 1 for first, n in seqs))


@contextmanager
def _agent(
    url: str, trials: Trials, folder: Path, count: int, ahead: int
) -> Iterator[tuple[BaseProcess, Connection]]:
    """A process that puts trials and tells how many: then how many of them are freed."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=_put_all, args=(theirs, url, trials, folder / "outbox", count, ahead)
    )
    process.start()
    theirs.close()
    try:
        yield process, ours
    finally:
        ours.close()
        process.join(30)
        if process.is_alive():
            process.kill()


def _put_all(
    pipe: Connection, url: str, trials: Trials, folder: Path, count: int, ahead: int
) -> None:
    """The agent's side: a session's end of telemetry without cameras and models.

    With ``ahead`` 0 it says when all is put, and then how far it is freed.
    """
    step = max(1, min(count // SAMPLES, STEP))
    pause = threading.Event()
    with (
        Outbox(folder, max_bytes=max(1 << 30, count * ROW_BYTES)) as outbox,
        Mqtt(outbox, Address.parse(url), "bench", "long", "s") as publisher,
    ):
        for number in range(1, count + 1):
            outbox.put(trials[number - 1])
            while ahead and number % 100 == 0 and outbox.depth > ahead:
                pause.wait(0.01)
            if number % step == 0 and number < count:
                pipe.send(number)
        if not ahead:
            outbox.flush()
            pipe.send(count)
            told = 0
            while outbox.depth:
                if outbox.released - told >= step:
                    told = outbox.released
                    pipe.send(told)
                pause.wait(0.01)
        publisher.drain(600)
        pipe.send(count)
        try:
            pipe.recv()  # until the other side has looked
        except EOFError:
            return


def _watched(
    ids: dict[str, int | None], progress: Connection, count: int, folder: Path, show: Show
) -> tuple[tuple[Sample, ...], float, float]:
    """Samples as the agent tells of its progress, until it is through; the outbox's size in MB;
    and records per second from the first sample to the last."""
    samples: list[Sample] = []
    disk_mb = began = 0.0
    while not samples or samples[-1].records < count:
        if not progress.poll(STUCK_S):
            raise BrokerError("The run does not go on.", remedy="Is the disk full?")
        done = progress.recv()
        began = began or time.monotonic()
        samples.append(Sample(done, {name: resident_mb(pid) for name, pid in ids.items()}))
        disk_mb = max(disk_mb, _size_mb(folder / "outbox"))
        show(done, count)
    rate = (count - samples[0].records) / max(1e-9, time.monotonic() - began)
    return tuple(samples), disk_mb, rate


def resident_mb(pid: int | None) -> float:
    """Megabytes of a process that are in memory, shared ones too."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_s(pid: int | None) -> float:
    """Seconds of CPU that a process has used, and children of it that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def _size_mb(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.glob("outbox.db*")) / 1e6


def _checked(folder: Path, count: int) -> tuple[int, int]:
    """Records that the store lacks, and those that it has twice."""
    with open_store(f"sqlite:///{folder / 'store.db'}", create=False) as store:
        stored = sum(cell["n"] for cell in store.counts())
        gaps = sum(1 for _ in store.rows("gaps"))
    return max(0, count - stored) + gaps, max(0, stored - count)


def _await_subscription(broker: LocalBroker, child: subprocess.Popen[bytes]) -> None:
    """Wait until the collector hears: it answers a batch that nobody can read."""
    topic = str(Topic("bench", "hello", "records"))
    with Link(Address.parse(broker.url), "hello") as link:
        link.subscribe([str(Topic("bench", "hello", "ack"))])
        end = time.monotonic() + STUCK_S
        while not link.messages:
            if child.poll() is not None or time.monotonic() > end:
                raise BrokerError("The collector does not start.")
            link.publish(Message(topic, b"hello"))
            link.step(0.2)

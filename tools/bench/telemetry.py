"""``fieldproof bench telemetry``: what records cost, from the outbox to the collector's store.

Real parts throughout: the outbox on this machine's disk, mosquitto, and a collector of its own
process with SQLite. Trials are those of the bundled model on a drawn drive, again and again.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table

from agent.record import Envelope, Receipt, Topic, TrialRecord, decode_answer, encode_batch, pack
from agent.telemetry.link import Address, Link, Message
from agent.telemetry.mqtt import Mqtt
from agent.telemetry.outbox import Outbox
from tools.bench.speed import Goal
from tools.bench.tables import print_goals
from tools.bench.telemetry_long import Long, collector, cpu_s, offline, online
from tools.bench.telemetry_trials import Trials
from tools.bench.timing import Inference, inference
from tools.broker import local_broker

RECORDS_PER_S: Final = 20_000
CPU_SHARE: Final = 0.02
BYTES_PER_TRIAL: Final = 150
COLLECTED_PER_S: Final = 40_000
GROWTH: Final = 1.10

OUTBOX_RECORDS: Final = 40_000
COLLECTED: Final = 200_000
PACED_S: Final = 10.0
ROUNDS: Final = 3
UNRECEIPTED: Final = 64
SHOWN: Final = 20
"""Samples of a long run that are printed; the JSON has all."""

Bar = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]


class Collected(NamedTuple):
    """Records per second, and microseconds of CPU per record by process.

    On a machine that others use too, the second tells what the first could be.
    """

    per_s: float
    cpu_us: dict[str, float]


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What was measured; rates are the best of the rounds, ``cpu_us`` is per trial."""

    inference: Inference
    broker: str
    load: tuple[float, float]
    outbox_per_s: float
    cpu_us: float
    bytes_per_trial: float
    collected: Collected
    long: tuple[Long, ...]

    @property
    def goals(self) -> tuple[Goal, ...]:
        share = self.cpu_us / (2000 * self.inference.ms)
        goals = [
            _least("records per s into the outbox, synced", RECORDS_PER_S, self.outbox_per_s),
            _most("telemetry's CPU, share of a pair of invokes", CPU_SHARE, share),
            _most("bytes per trial sent, 10 a batch", BYTES_PER_TRIAL, self.bytes_per_trial),
            _least("records per s collected, 100 a batch", COLLECTED_PER_S, self.collected.per_s),
        ]
        for long in self.long:
            name, growth = long.growth
            what = f"times memory grew, {long.name}"
            goals.append(Goal(what, GROWTH, growth, growth <= GROWTH, name))
            goals.append(_most(f"records lost or doubled, {long.name}", 0, long.astray))
        return tuple(goals)

    @property
    def met(self) -> bool:
        return all(goal.met for goal in self.goals)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "goals": [asdict(goal) for goal in self.goals]}


def measure(model: Path, bar: Bar, *, records: int, away: int) -> Telemetry:
    """Measure all; ``records`` trials for memory, ``away`` trials while there is no broker.

    Raises ``ModelError`` for a model that cannot be timed, ``MissingExtra`` without a broker.
    """
    timed = inference(model)
    with tempfile.TemporaryDirectory(prefix="fieldproof-bench-") as name:
        folder = Path(name)
        before = os.getloadavg()[0]
        with bar("Making trials") as show:
            trials = Trials.of_a_drive(show)
        with bar("Filling the outbox") as show:
            outbox = max(_outbox(trials, folder / f"outbox-{n}", show, n) for n in range(ROUNDS))
        with local_broker(kind="mosquitto") as broker:
            name_of_broker = broker.name
        # Without a bar: that would be drawn with the CPU that is measured.
        cpu_us = _paced(trials, folder / "paced", 2 * timed.ms / 1000)
        with bar("Collecting") as show:
            collected = max(_collected(trials, folder / f"c{n}", show, n) for n in range(ROUNDS))
        long: list[Long] = []
        if records:
            with bar(f"{records} trials") as show:
                long.append(online(trials, folder / "online", records, show))
        if away:
            with bar(f"{away} trials without a broker, then sent") as show:
                long.append(offline(trials, folder / "offline", away, show))
    load = round(before, 2), round(os.getloadavg()[0], 2)
    size = _wire_bytes(trials)
    return Telemetry(timed, name_of_broker, load, outbox, cpu_us, size, collected, tuple(long))


def show(console: Console, measured: Telemetry) -> None:
    """Print the goals and, for the long runs, memory over records."""
    timed = measured.inference
    console.print(
        f"{measured.broker}; load {measured.load[0]} before, {measured.load[1]} after; "
        f"{measured.cpu_us:.0f} µs CPU per trial, pairs of {2 * timed.ms:.2f} ms "
        f"({timed.model} with {timed.runtime})"
    )
    spent = ", ".join(f"{name} {us:.1f}" for name, us in measured.collected.cpu_us.items())
    console.print(f"CPU per collected record in µs: {spent}")
    for long in measured.long:
        console.print(f"Memory in MB, {long.name}: {long.said}")
        table = Table()
        table.add_column("records", justify="right")
        for name in long.samples[0].resident_mb if long.samples else ():
            table.add_column(name, justify="right")
        for sample in long.samples[:: 1 + len(long.samples) // SHOWN]:
            sizes = (f"{mb:.1f}" for mb in sample.resident_mb.values())
            table.add_row(f"{sample.records:,}", *sizes)
        console.print(table)
    print_goals(console, measured.goals, timed.is_litert)


def _least(what: str, limit: float, value: float) -> Goal:
    return Goal(what, limit, value, value >= limit)


def _most(what: str, limit: float, value: float) -> Goal:
    return Goal(what, limit, value, value <= limit)


def _outbox(trials: Trials, folder: Path, show: Callable[[int, int], None], number: int) -> float:
    """Records per second from ``put`` to the disk, 100 to a commit."""
    records = [trials[n] for n in range(OUTBOX_RECORDS)]
    with Outbox(folder) as outbox:
        began = time.perf_counter()
        for record in records:
            outbox.put(record)
        outbox.flush()
        spent = time.perf_counter() - began
    show(number + 1, ROUNDS)
    return OUTBOX_RECORDS / spent


def _paced(trials: Trials, folder: Path, pair_s: float) -> float:
    """Microseconds of CPU per trial where a trial comes with every pair of invokes.

    What the same pace costs without telemetry is taken off.
    """
    records = [trials[number] for number in range(round(PACED_S / pair_s))]
    bare = _at_pace(records, pair_s, lambda record: None)
    with (
        local_broker(kind="mosquitto") as broker,
        collector(broker, folder),
        Outbox(folder / "outbox") as outbox,
        Mqtt(outbox, Address.parse(broker.url), "bench", "paced", "s") as publisher,
    ):
        publisher.check(10)
        whole = _at_pace(records, pair_s, outbox.put)
        rest = time.process_time()
        publisher.drain(30)
        whole += time.process_time() - rest
    return 1e6 * (whole - bare) / len(records)


def _at_pace(
    records: Sequence[TrialRecord], pair_s: float, put: Callable[[TrialRecord], object]
) -> float:
    """Seconds of CPU that this process uses while a record comes every so many seconds."""
    pause = threading.Event()
    began, due = time.process_time(), time.monotonic()
    for record in records:
        put(record)
        due += pair_s
        pause.wait(max(0.0, due - time.monotonic()))
    return time.process_time() - began


def _wire_bytes(trials: Trials) -> float:
    """Bytes of MQTT PUBLISH packets per trial, ten trials to a batch."""
    with tempfile.TemporaryDirectory() as name, Outbox(Path(name)) as outbox:
        topic, size = str(Topic("site", "raspberry-pi-1", "records")), 0
        whole = len(trials) // 10 * 10
        for first in range(0, whole, 10):
            payload = encode_batch(
                _envelope(outbox, first),
                [pack(first + n + 1, outbox.stamp(), trials[first + n]) for n in range(10)],
            )
            # Type and length, the topic's length, packet id, no properties.
            size += 3 + 2 + len(topic) + 2 + 1 + len(payload)
        return size / whole


def _envelope(outbox: Outbox, after: int) -> Envelope:
    now = outbox.stamp()
    return Envelope(
        site="bench",
        device="bulk",
        epoch=outbox.epoch,
        after=after,
        boot=now.boot,
        monotonic_ms=now.monotonic_ms,
        wall_ms=now.wall_ms,
        hashes={"model": "0123456789abcdef", "config": "0123456789abcdef"},
    )


def _collected(
    trials: Trials, folder: Path, show: Callable[[int, int], None], number: int
) -> Collected:
    """From the first batch sent to the receipt for the last row."""
    batches = _batches(trials)
    topic = str(Topic("bench", "bulk", "records"))
    with (
        local_broker(kind="mosquitto") as broker,
        collector(broker, folder) as collecting,
        Link(Address.parse(broker.url), "bulk") as link,
    ):
        link.subscribe([str(Topic("bench", "bulk", "ack"))])
        ids = {"collector": collecting, "broker": broker.pid, "sender": os.getpid()}
        spent = {name: -cpu_s(pid) for name, pid in ids.items()}
        sent = stored = 0
        began = time.perf_counter()
        while stored < COLLECTED:
            while sent < len(batches) and sent - stored // 100 < UNRECEIPTED:
                link.publish(Message(topic, batches[sent]))
                sent += 1
            link.step(0.05)
            while link.messages:
                answer = decode_answer(link.messages.popleft().payload)
                if isinstance(answer, Receipt):
                    stored = max(stored, answer.seq)
            show(number * COLLECTED + stored, ROUNDS * COLLECTED)
        seconds = time.perf_counter() - began
        used = {n: 1e6 * (spent[n] + cpu_s(pid)) / COLLECTED for n, pid in ids.items()}
        return Collected(COLLECTED / seconds, used)


def _batches(trials: Trials) -> list[bytes]:
    with tempfile.TemporaryDirectory() as name, Outbox(Path(name)) as outbox:
        return [
            encode_batch(
                _envelope(outbox, first),
                [pack(first + n + 1, outbox.stamp(), trials[first + n]) for n in range(100)],
            )
            for first in range(0, COLLECTED, 100)
        ]

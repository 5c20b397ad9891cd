"""One process of a fleet: its devices record in turn, and each sends by itself."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, NamedTuple

from agent.telemetry.link import Address
from tools.fleet.account import Put
from tools.fleet.afield import Afield
from tools.fleet.life import Gallery
from tools.fleet.plan import Plan

TURN: Final = 250
"""Records of a device before the next one's turn."""
SLOW_TURN: Final = 20
TELL_S: Final = 0.5
PAUSE_S: Final = 0.02
THREADS: Final = 8


@dataclass(frozen=True)
class Task:
    """The devices of one process. ``rate`` is in trials a second, 0: as fast as it goes; ``stay``:
    they stay connected at the end, until they are told to stop. ``doomed``: they will be killed.
    """

    plan: Plan
    numbers: tuple[int, ...]
    address: Address
    state: Path
    gallery: Gallery
    rate: float = 0.0
    stay: bool = False
    doomed: bool = False


class Told(NamedTuple):
    """How far a process is."""

    trials: int
    puts: tuple[Put, ...] = ()
    done: bool = False


def work(pipe: Connection, task: Task) -> None:
    """The process's whole life: until all is through, or anything comes through the pipe."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the parent hears them, and says so
    stop = threading.Event()
    threading.Thread(target=_hear, args=(pipe, stop), daemon=True).start()
    fleet = task.plan.fleet
    with suppress(BrokenPipeError), ThreadPoolExecutor(THREADS) as executor:
        devices = [
            Afield(fleet[number], task.plan, task.address, task.gallery, task.state)
            for number in task.numbers
        ]
        try:
            _send(pipe, stop, task, devices, executor)
            pipe.send(_told(devices, done=True))
            if task.stay or task.doomed:
                stop.wait()
        finally:
            list(executor.map(Afield.close, devices))
        pipe.send(_told(devices, done=True))


def _hear(pipe: Connection, stop: threading.Event) -> None:
    """Wait for the parent's word, or its death. No event is shared: one who is killed while he
    waits for it would hold up who sets it."""
    with suppress(EOFError, OSError):
        pipe.recv()
    stop.set()


def _send(
    pipe: Connection,
    stop: threading.Event,
    task: Task,
    devices: Sequence[Afield],
    executor: Executor,
) -> None:
    """Record and send until nothing waits; tell how far that is."""
    for device in devices:
        device.resume(executor)
        if stop.is_set():
            return
    pace = _Pace(task.rate, devices)
    told = time.monotonic()
    while not stop.is_set() and not all(device.idle for device in devices):
        turns = [device for device in devices if device.has_room and pace.allows()]
        for device in turns:
            device.put(min(pace.turn, device.turn), executor)
        if time.monotonic() - told > TELL_S:
            told = time.monotonic()
            pipe.send(_told(devices))
        if not turns:
            stop.wait(PAUSE_S)


class _Pace:
    """Keeps all devices of a process to a rate."""

    def __init__(self, rate: float, devices: Sequence[Afield]) -> None:
        self.rate, self._devices = rate, devices
        self.turn = SLOW_TURN if rate else TURN
        self._before, self._began = self._trials(), time.monotonic()

    def allows(self) -> bool:
        """Whether a device may record now."""
        if not self.rate:
            return True
        due = self.rate * (time.monotonic() - self._began)
        return self._trials() - self._before < due

    def _trials(self) -> int:
        return sum(device.trials for device in self._devices)


def _told(devices: Sequence[Afield], done: bool = False) -> Told:
    """In full only at the end: a record's counts are many."""
    puts = tuple(device.told() for device in devices) if done else ()
    return Told(sum(device.trials for device in devices), puts, done)

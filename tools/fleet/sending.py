"""A fleet that sends: its processes, how far they are, and what they have put in the end."""

from __future__ import annotations

import json
import math
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from agent.errors import DataError, FieldproofError, UsageError
from agent.telemetry.link import Address, Link
from tools.fleet.account import Account, Put, account
from tools.fleet.crew import Task, Told, work
from tools.fleet.life import Gallery
from tools.fleet.plan import Plan

Show = Callable[[int, int], None]
LOOK_S: Final = 0.2
MOST_DEVICES: Final = 75
"""To a process: a device has nine open files, and paho takes no socket beyond the 1024th."""
USUAL_DEVICES: Final = 50
END_S: Final = 60.0


@dataclass(frozen=True)
class Manner:
    """How a fleet sends; ``processes`` share its devices, 0: as many as it needs. ``rate``: trials
    a second, 0: no limit. ``stay``: devices stay connected when all is put, until the fleet is told
    to stop.
    """

    address: Address
    state: Path
    processes: int = 0
    rate: float = 0.0
    stay: bool = False


def resumed(plan: Plan, state: Path) -> Plan:
    """The plan that ``state`` was begun with, or this one, which is kept there.

    Raises ``UsageError`` where another fleet's state is there, ``DataError`` for what is none.
    """
    file = state / "plan.json"
    if not file.exists():
        plan = plan.begun()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(plan.to_json()), encoding="utf-8")
        return plan
    try:
        before = Plan(**json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise DataError(f"{file} is no plan of a fleet: {error}.") from None
    if replace(before, until_ms=0) != replace(plan, until_ms=0):
        raise UsageError(
            f"The folder {state} is of another fleet: {before.devices} devices,"
            f" {before.trials} trials, seed {before.seed}.",
            remedy="Give the same options to go on with it, or another --state.",
        )
    return before


def send(
    plan: Plan, manner: Manner, gallery: Gallery, stop: threading.Event, show: Show
) -> Account:
    """Put and send all that a plan's devices record, until nothing waits or ``stop`` is set.

    Devices that go silent are killed when their last record is receipted. Raises ``BrokerError``
    where there is no broker at the beginning; later it is waited for.
    """
    Link(manner.address, "fieldproof-fleet").close()
    began = time.monotonic()
    crews = _Crews(plan, manner, gallery)
    try:
        while not crews.done and not stop.is_set():
            crews.look()
            show(crews.trials, plan.trials)
        while manner.stay and not stop.wait(LOOK_S):
            crews.look()
        seconds = time.monotonic() - began
    finally:
        crews.end()
    return account(plan, crews.puts, seconds)


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set meanwhile."""
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda *_: stop.set())
    try:
        yield stop
    finally:
        for number, old in before.items():
            signal.signal(number, old)


class _Crew:
    """A process, and what it told last. ``ended``: it will tell nothing more."""

    def __init__(self, process: BaseProcess, pipe: Connection, doomed: bool) -> None:
        self.process, self.pipe, self.doomed = process, pipe, doomed
        self.told, self.ended = Told(0), False

    def hear(self) -> None:
        """Take what it says. Raises ``FieldproofError`` where it died before its time."""
        try:
            self.told = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            self.ended = True
            if not self.told.done:
                raise FieldproofError("A process of the fleet ended before its devices.") from None
            return
        if self.told.done and self.doomed:
            self.process.kill()

    def stop(self) -> None:
        """Tell it to end."""
        with suppress(OSError):
            self.pipe.send("stop")

    def end(self, until: float) -> None:
        """Hear it out, until a monotonic time."""
        while not self.ended and self.pipe.poll(max(0.0, until - time.monotonic())):
            self.hear()
        self.process.kill()
        self.process.join()
        self.pipe.close()


class _Crews:
    """All processes of a fleet: devices that go silent have one of their own, to be killed."""

    def __init__(self, plan: Plan, manner: Manner, gallery: Gallery) -> None:
        context = multiprocessing.get_context("spawn")
        self._crews: list[_Crew] = []
        for numbers, doomed in _shared(plan, manner.processes):
            task = Task(
                plan,
                numbers,
                manner.address,
                manner.state,
                gallery,
                manner.rate * len(numbers) / plan.devices,
                manner.stay,
                doomed,
            )
            ours, theirs = context.Pipe()
            process = context.Process(target=work, args=(theirs, task), daemon=True)
            process.start()
            theirs.close()
            self._crews.append(_Crew(process, ours, doomed))

    @property
    def done(self) -> bool:
        return all(crew.told.done for crew in self._crews)

    @property
    def trials(self) -> int:
        return sum(crew.told.trials for crew in self._crews)

    @property
    def puts(self) -> list[Put]:
        return [put for crew in self._crews for put in crew.told.puts]

    def look(self) -> None:
        """Hear what came, for a moment."""
        pipes: Mapping[Any, _Crew] = {crew.pipe: crew for crew in self._crews if not crew.ended}
        for pipe in wait(list(pipes), LOOK_S):
            pipes[pipe].hear()

    def end(self) -> None:
        """Let all say goodbye, and hear what they have put."""
        until = time.monotonic() + END_S
        for crew in self._crews:
            crew.stop()
        for crew in self._crews:
            crew.end(until)


def _shared(plan: Plan, wanted: int) -> Iterator[tuple[tuple[int, ...], bool]]:
    """The devices' numbers for each process; whether that one will be killed."""
    stay = [device.number for device in plan.fleet if not device.silent]
    go = [device.number for device in plan.fleet if device.silent]
    fewest = math.ceil(len(stay) / MOST_DEVICES)
    if 0 < wanted < fewest:
        raise UsageError(
            f"{wanted} processes are too few for {plan.devices} devices.",
            remedy=f"Give --processes {fewest} or more.",
        )
    processes = min(len(stay), wanted or max(2, math.ceil(len(stay) / USUAL_DEVICES)))
    for first in range(processes):
        yield tuple(stay[first::processes]), False
    if go:
        yield tuple(go), True

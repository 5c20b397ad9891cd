"""The faults: each is put upon a world that feeds, and lifted again before it returns.

A fault that did not bite proves nothing, so those whose effect can be seen look for it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Final

from agent.telemetry.link import Address, Link, Message
from tests.faults.proxy import Mode
from tests.faults.rig import TOPIC, World, faketime, filled, until

Fault = Callable[[World], None]
TEN_YEARS_MS: Final = 10 * 365 * 86_400_000
SMALL_OUTBOX: Final = 100_000
"""Bytes of an outbox that a second or two of feeding fills."""


def hold(world: World, least: float = 0.05, most: float = 1.2) -> None:
    """Let some time pass, at random: that faults come at any moment is their point."""
    time.sleep(world.rng.uniform(least, most))


def agent_killed(world: World) -> None:
    world.agent.kill()
    hold(world, 0, 0.3)
    world.agent = world.new_agent()


def collector_killed(world: World) -> None:
    world.collector.kill()
    hold(world)
    world.start_collector()


def collector_stopped(world: World) -> None:
    world.collector.process.terminate()
    assert world.collector.process.wait(30) == 0
    world.start_collector()


def broker_killed(world: World) -> None:
    world.broker.kill()
    hold(world)
    world.broker.start()


def broker_restarted(world: World) -> None:
    world.broker.stop()
    world.broker.start()


def all_killed(world: World) -> None:
    for kill in (world.broker.kill, world.agent.kill, world.collector.kill):
        kill()
        hold(world, 0, 0.1)
    world.broker.start()
    world.start_collector()
    world.agent = world.new_agent()


def network(mode: Mode) -> Fault:
    def cut(world: World) -> None:
        proxy = world.rng.choice([world.to_agent, world.to_collector])
        proxy.set(mode)
        hold(world, 0.3, 2.0)
        proxy.set("pass")

    return cut


def outbox_disk_full(world: World) -> None:
    # An agent that has run for long has room in its own files, and would not notice for a while.
    world.agent.finish()
    world.agent = world.new_agent()
    world.agent.wait_for(30)
    with filled(world.outbox_disk):
        _fails(world)
        hold(world, 0.2, 2.5)


def outbox_writes_refused(world: World) -> None:
    world.agent.refuse_writes(True)
    try:
        _fails(world)
        hold(world, 0.2, 2.5)
    finally:
        world.agent.refuse_writes(False)


def _fails(world: World) -> None:
    until(lambda: world.agent.ask("state")["failure"], 20, "the outbox fails")


def store_disk_full(world: World) -> None:
    collector_stopped(world)
    if world.rng.random() < 0.7:  # else the new collector may find the disk full at its start
        world.settle()
    with filled(world.store_disk):
        _silent(world)


def store_writes_refused(world: World) -> None:
    world.collector.refuse_writes(True)
    try:
        _silent(world)
    finally:
        world.collector.refuse_writes(False)


def _silent(world: World) -> None:
    """Until rows pile up that nobody confirms."""
    until(lambda: world.agent.ask("state")["waiting"] > 400, 60, "rows wait for the store")
    hold(world, 0, 1.0)


def clock_jumps(world: World) -> None:
    """Years forward and back, some times over, while the agent runs."""
    clock = world.folder / "clock"
    clock.write_text("+0")
    world.agent.finish()
    world.agent = world.new_agent(clock=clock)
    for _ in range(3):
        world.agent.wait_for(60)
        clock.write_text(f"{world.rng.choice('+-')}{world.rng.randint(3650, 9000)}d")
    world.agent.wait_for(150)
    world.agent.settle()
    with closing(sqlite3.connect(f"file:{world.store}?mode=ro", uri=True, timeout=10)) as db:
        first = len(world.ledgers) * 1_000_000 - 999_999
        low, high = db.execute(
            "SELECT min(wall_ms), max(wall_ms) FROM trials WHERE frame >= ?", (first,)
        ).fetchone()
    assert high - low > TEN_YEARS_MS * 0.99, "the clock did not jump"
    world.agent.finish()
    world.agent = world.new_agent()


def same_name_twice(world: World) -> None:
    """A second agent under the same name, with an outbox of its own."""
    world.agent.wait_for(30)
    twin = world.new_agent("twin")
    try:
        twin.wait_for(300)
        until(
            lambda: twin.ask("state")["taken_over"] or world.agent.ask("state")["taken_over"],
            60,
            "one of them notices the other",
        )
        # The one is switched off; its outbox waits until the name is free.
        twin.ask("stop", 0.2)
        twin.process.wait(30)
    finally:
        if twin.process.poll() is None:
            twin.kill()
    world.agent.finish()
    world.new_agent("twin").finish()
    world.agent = world.new_agent()


def replayed(world: World) -> None:
    """Somebody sends old batches again, in any order, some of them several times."""
    until(lambda: world.spy.heard, 30, "batches on the wire")
    heard = list(world.spy.heard)
    _send(world, world.rng.choices(heard, k=min(80, 2 * len(heard))))


def overtaken(world: World) -> None:
    """The broker forgets what waits for the collector; it all comes later, out of order."""
    until(world.spy.link_up.is_set, 30, "the spy hears")
    world.collector.kill()
    world.spy.heard.clear()
    address = Address.parse(world.broker.url)
    with Link(address, "fieldproof-collector"):
        pass
    world.agent.wait_for(200)
    until(lambda: len(world.spy.heard) >= 4, 30, "batches on the wire")
    with Link(address, "fieldproof-collector", persistent=True) as link:
        link.subscribe([TOPIC])
    heard = list(world.spy.heard)
    world.rng.shuffle(heard)
    _send(world, heard)
    world.start_collector()


def _send(world: World, payloads: list[bytes]) -> None:
    with Link(Address.parse(world.broker.url), "replayer") as link:
        for payload in payloads:
            link.publish(Message(TOPIC, payload))
        assert link.settled(20)


def outbox_outgrown(world: World) -> None:
    """No network for longer than a small outbox lasts: the oldest rows go, and that is said."""
    world.agent.finish()
    world.agent = world.new_agent(max_bytes=SMALL_OUTBOX)
    with _refused(world):
        world.agent.wait_for(900)
    world.agent.finish()
    world.agent = world.new_agent()


@contextmanager
def _refused(world: World) -> Iterator[None]:
    world.to_agent.set("refuse")
    try:
        yield
    finally:
        world.to_agent.set("pass")


KINDS: Final[dict[str, tuple[Fault, int]]] = {
    "agent killed": (agent_killed, 24),
    "collector killed": (collector_killed, 20),
    "collector stopped": (collector_stopped, 6),
    "broker killed": (broker_killed, 24),
    "broker restarted": (broker_restarted, 6),
    "all three killed": (all_killed, 12),
    "network stalled": (network("stall"), 12),
    "network reset": (network("reset"), 12),
    "stream halved": (network("halve"), 12),
    "network delayed": (network("delay"), 8),
    "network refused": (network("refuse"), 12),
    "outbox disk full": (outbox_disk_full, 10),
    "outbox writes refused": (outbox_writes_refused, 8),
    "store disk full": (store_disk_full, 10),
    "store writes refused": (store_writes_refused, 8),
    "outbox outgrown": (outbox_outgrown, 6),
    "clock jumps": (clock_jumps, 8),
    "same name twice": (same_name_twice, 4),
    "batches replayed": (replayed, 10),
    "batches overtaken": (overtaken, 10),
}
"""Name -> the fault and its share in a campaign."""


def possible(world: World) -> dict[str, tuple[Fault, int]]:
    """The kinds that can be done here: full disks want root, clock jumps want libfaketime."""
    lacking = set()
    if not world.tmpfs:
        lacking |= {"outbox disk full", "store disk full"}
    if faketime() is None:
        lacking |= {"clock jumps"}
    return {name: kind for name, kind in KINDS.items() if name not in lacking}

"""What was read is read again when something was stored, and not before."""

from __future__ import annotations

import asyncio
import threading

from starlette.types import Message, Receive, Scope, Send

from tools.dashboard.cache import LONGEST_S, MOST, QUIET_S, STALE_S, Cache, OneLook


class World:
    def __init__(self) -> None:
        self.version, self.now_s, self.reads, self.takes_s = 0, 100.0, 0, 0.0
        self.cache = Cache(lambda: self.version, lambda: self.now_s)

    def read(self) -> int:
        self.reads += 1
        self.now_s += self.takes_s
        return self.version


def test_a_value_is_read_once_while_nothing_is_stored() -> None:
    world = World()
    assert [world.cache.get("key", world.read) for _ in range(5)] == [0] * 5
    assert world.reads == 1


def test_what_was_stored_is_seen_at_once() -> None:
    world = World()
    world.cache.get("key", world.read)
    world.version = 1
    assert world.cache.get("key", world.read) == 1


def test_a_request_looks_once() -> None:
    world, seen = World(), list[object]()

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        world.version += 1
        seen.append(world.cache.get(f"key {world.version}", world.read))
        world.version += 1
        seen.append(world.cache.look())

    async def none() -> Message:
        return {}

    async def nobody(message: Message) -> None:
        pass

    for _ in range(2):
        asyncio.run(OneLook(page)({"type": "http"}, none, nobody))
    assert seen == [1, 1, 3, 3]
    assert world.cache.look() == 4
    asyncio.run(OneLook(page)({"type": "lifespan"}, none, nobody))
    assert seen[4:] == [5, 6], "what lasts as long as the application looks each time"


def test_what_takes_long_is_spared_while_much_is_stored_but_not_for_long() -> None:
    world = World()
    world.takes_s = 2.0
    world.cache.get("key", world.read)
    world.version = 1
    assert world.cache.get("key", world.read) == 0
    world.now_s += STALE_S
    assert world.cache.get("key", world.read) == 1


def test_what_changes_seldom_may_lag_however_quiet_it_is() -> None:
    world = World()
    world.cache.get("key", world.read, lag_s=3600, seldom=True)
    world.version, world.now_s = 1, world.now_s + 1000
    world.cache.look()
    world.now_s += QUIET_S
    assert world.cache.get("key", world.read, lag_s=3600, seldom=True) == 0


def test_a_value_does_not_outlive_its_hour() -> None:
    world = World()
    world.cache.get("key", world.read)
    world.now_s += LONGEST_S + 1
    world.cache.get("key", world.read)
    assert world.reads == 2


def test_while_rows_come_in_what_is_dear_is_read_behind_the_readers_back() -> None:
    world = World()
    world.cache.get("key", world.read, lag_s=30)
    world.version, world.now_s = 1, world.now_s + 10
    assert world.cache.get("key", world.read, lag_s=30) == 0
    world.cache._reader.shutdown(wait=True)
    assert world.reads == 2
    assert world.cache.get("key", world.read, lag_s=30) == 1


def test_when_nothing_more_comes_in_what_is_shown_is_exact() -> None:
    world = World()
    world.cache.get("key", world.read, lag_s=300)
    world.version = 1
    world.cache.look()
    world.now_s += QUIET_S
    assert world.cache.get("key", world.read, lag_s=300) == 1


def test_what_is_too_old_is_waited_for() -> None:
    world = World()
    world.cache.get("key", world.read, lag_s=30)
    world.version, world.now_s = 1, world.now_s + 31
    assert world.cache.get("key", world.read, lag_s=30) == 1


def test_what_fails_is_tried_again() -> None:
    world = World()

    def fail() -> int:
        raise OSError

    for _ in range(2):
        try:
            world.cache.get("key", fail)
        except OSError:
            continue
    assert world.cache.get("key", world.read) == 0


def test_many_who_ask_at_once_share_one_read() -> None:
    world, begun, go = World(), threading.Event(), threading.Event()

    def slow() -> int:
        begun.set()
        assert go.wait(30)
        return world.read()

    threads = [threading.Thread(target=world.cache.get, args=("key", slow)) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert begun.wait(30)
    go.set()
    for thread in threads:
        thread.join(30)
    assert world.reads == 1


def test_it_forgets_what_was_not_asked_for_longest() -> None:
    world = World()
    for number in range(MOST + 1):
        world.cache.get(number, world.read)
    world.reads = 0
    world.cache.get(MOST, world.read)
    world.cache.get(0, world.read)
    assert world.reads == 1

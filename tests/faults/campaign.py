"""Many faults by a seed, in worlds of some faults each; what each of them cost."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.audit import Account
from tests.faults.kinds import KINDS, possible
from tests.faults.rig import World
from tools.broker import local_broker

PER_WORLD = 20


@dataclass
class Tally:
    """What the faults of one kind cost together."""

    faults: int = 0
    trials: int = 0
    lost: int = 0
    doubled: int = 0
    forged: int = 0
    declared: int = 0
    window: int = 0

    def add(self, before: Account, after: Account) -> None:
        self.faults += 1
        self.trials += after.counted - before.counted
        for name in ("lost", "doubled", "forged", "declared", "window"):
            change = getattr(after, name) - getattr(before, name)
            setattr(self, name, getattr(self, name) + change)


Result = dict[str, Tally]
Watch = Callable[[int, str, Account], None]


def plan(faults: int, rng: random.Random) -> list[str]:
    """So many kinds, each as often as its share wants, in random order."""
    shares = [name for name, (_, share) in KINDS.items() for _ in range(share)]
    names = [shares[i * len(shares) // faults] for i in range(faults)]
    rng.shuffle(names)
    return names


def run(
    faults: Sequence[str], rng: random.Random, watch: Watch, *, per_world: int = PER_WORLD
) -> Result:
    """Put faults upon worlds, settling and auditing after each.

    In every other world the broker keeps nothing on its disk. Raises ``AssertionError`` where
    something was lost, doubled or forged, or never came to rest.
    """
    result: Result = {}
    for start in range(0, len(faults), per_world):
        keeps = start // per_world % 2 == 0
        with tempfile.TemporaryDirectory(prefix="fieldproof-faults-") as name:
            folder = Path(name)
            (folder / "broker").mkdir()
            persistence = folder / "broker" if keeps else None
            with (
                local_broker(kind="mosquitto", persistence=persistence) as broker,
                World(folder, broker, rng) as world,
            ):
                _suffer(world, faults[start : start + per_world], start, keeps, result, watch)
    return result


def _suffer(
    world: World, faults: Sequence[str], start: int, keeps: bool, result: Result, watch: Watch
) -> None:
    kinds = possible(world)
    world.agent.wait_for(50)
    before = world.settle()
    for number, name in enumerate(faults, start + 1):
        if name not in kinds:
            continue
        world.agent.wait_for(world.rng.randint(1, 250))
        kinds[name][0](world)
        after = world.settle()
        label = f"{name} ({'kept' if keeps else 'memory only'})" if "broker" in name else name
        watch(number, label, after)
        result.setdefault(label, Tally()).add(before, after)
        assert after.balanced, f"{label}: {after}"
        before = after

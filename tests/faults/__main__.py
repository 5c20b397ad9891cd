"""``python -m tests.faults --seed 1 --faults 200``: the long campaign and its table."""

from __future__ import annotations

import argparse
import random
import signal
import sys
import time

from tests.faults.audit import Account
from tests.faults.campaign import Result, Tally, plan, run
from tests.faults.command import command_killed
from tests.faults.kinds import KINDS

COLUMNS = ("faults", "trials", "lost", "doubled", "forged", "declared", "window")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--faults", type=int, default=200)
    options.add_argument("--commands", type=int, default=4, help="kills of `fieldproof run`")
    options.add_argument("--only", action="append", choices=list(KINDS), help="repeatable")
    said = options.parse_args()
    # As an exception, so that processes are ended and file systems unmounted.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rng = random.Random(said.seed)
    names = [*said.only] * said.faults if said.only else plan(said.faults, rng)
    begun = time.monotonic()

    def watch(number: int, name: str, account: Account) -> None:
        print(f"{time.monotonic() - begun:6.0f} s  {number:4d}  {name}: {account}", flush=True)

    result = run(names[: said.faults], rng, watch)
    for number in range(said.commands):
        found = command_killed(rng)
        watch(number, "fieldproof run killed", found)
        nothing = Account(0, 0, 0, 0, 0, 0, 0)
        result.setdefault("fieldproof run killed", Tally()).add(nothing, found)
        assert found.balanced, found
    print(f"\nseed {said.seed}, {time.monotonic() - begun:.0f} s\n{table(result)}")
    return 0


def table(result: Result) -> str:
    """As Markdown, with a line of sums."""
    total = Tally()
    for tally in result.values():
        for name in COLUMNS:
            setattr(total, name, getattr(total, name) + getattr(tally, name))
    lines = ["| fault | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, tally in [*sorted(result.items()), ("all", total)]:
        cells = (str(getattr(tally, column)) for column in COLUMNS)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

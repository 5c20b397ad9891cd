"""``python -m tests.soak``: an hour by default, a table at the end, 1 where anything is amiss.

Two agents of one machine, each on a live camera of GStreamer's with its own budget, send to one
mosquitto and one collector. Every five minutes the broker is stopped, or killed in turn, and comes
back some seconds later. Temperatures are read from a folder that stands for ``/sys``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from agent.profile import load_profile
from tools.bench.agent_runs import Sample, live_camera, look, write_profile
from tools.bench.slope import steady_slope
from tools.bench.telemetry_long import collector
from tools.broker import LocalBroker, local_broker
from tools.stores import open_store

CARD = Path(__file__).parents[2] / "tools" / "demo" / "model" / "stop_sign.toml"
NAMES = ("left", "right")
AWAY_S = 5.0
END_S = 120.0


@dataclass
class Watch:
    """One agent's process and what was seen of it."""

    name: str
    child: subprocess.Popen[bytes]
    samples: list[Sample] = field(default_factory=list)


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    options.add_argument("--minutes", type=float, default=60.0)
    options.add_argument("--every", type=float, default=5.0, help="minutes between restarts")
    options.add_argument("--cpu-share", type=float, default=0.1, help="of all cores, each agent")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="fieldproof-soak-") as name:
        return soak(Path(name), given.minutes * 60, given.every * 60, given.cpu_share)


def soak(folder: Path, seconds: float, every: float, cpu_share: float) -> int:
    """Run, print, and say by the exit code whether nothing was lost and nobody ended early."""
    profile = load_profile("generic-x86-64")
    settings = write_profile(profile, folder / "soak.toml", cpu_share=cpu_share)
    with ExitStack() as stack:
        broker = stack.enter_context(local_broker(kind="mosquitto"))
        collecting = stack.enter_context(collector(broker, folder))
        camera = live_camera(folder / "scenes", 640, 480, 15)
        watches = [_agent(stack, name, folder, broker, camera, settings) for name in NAMES]
        restarts, collector_mb = _pass_time(watches, collecting, broker, folder, seconds, every)
        codes = [_ended(watch) for watch in watches]
        if not _settled(folder):
            # What waits at the end is sent by the next run, as on a device.
            for watch in [
                _agent(stack, name, folder, broker, camera, settings, "1") for name in NAMES
            ]:
                codes.append(watch.child.wait(END_S))
    rows = _sessions(folder)
    _show(watches, rows, restarts, collector_mb, _temperatures(folder))
    return 0 if len(rows) >= len(NAMES) and _settled(folder) and not any(codes) else 1


def _agent(
    stack: ExitStack,
    name: str,
    folder: Path,
    broker: LocalBroker,
    camera: str,
    settings: Path,
    frames: str = "0",
) -> Watch:
    said = stack.enter_context((folder / f"{name}.log").open("ab"))
    child = subprocess.Popen(
        [
            *(sys.executable, "-m", "agent", "run", "--model", str(CARD), "--device", name),
            *("--camera", camera, "--broker", broker.url, "--profile", str(settings)),
            *("--state", str(folder / name), "--frames", frames),
        ],
        stderr=said,
        env={**os.environ, "FIELDPROOF_SYSFS": str(folder / "sys")},
    )
    stack.callback(lambda: child.poll() is None and child.kill())
    return Watch(name, child)


def _pass_time(
    watches: list[Watch],
    collecting: int,
    broker: LocalBroker,
    folder: Path,
    seconds: float,
    every: float,
) -> tuple[int, list[float]]:
    began, restarts, resident = time.monotonic(), 0, []
    stops = itertools.cycle((broker.stop, broker.kill))
    zone = folder / "sys" / "class" / "thermal" / "thermal_zone0"
    zone.mkdir(parents=True)
    while (at := time.monotonic() - began) < seconds:
        # A day's heat in an hour: 45 to 65 degrees, and up and down again.
        (zone / "temp").write_text(f"{round(55_000 + 10_000 * math.sin(at / 300))}\n")
        if at > every * (restarts + 1):
            next(stops)()
            time.sleep(AWAY_S)
            broker.start()
            restarts += 1
        for watch in watches:
            seen = look(watch.child.pid, at)
            watch.samples += [] if seen is None else [seen]
        seen = look(collecting, at)
        resident += [] if seen is None else [seen.agent_mb]
        time.sleep(5.0)
    return restarts, resident


def _ended(watch: Watch) -> int:
    """Ask it to end; its exit code."""
    early = watch.child.poll() is not None
    watch.child.send_signal(signal.SIGTERM)
    code = watch.child.wait(END_S)
    return code or int(early)


def _sessions(folder: Path) -> list[dict[str, Any]]:
    with open_store(f"sqlite:///{folder / 'store.db'}", create=False) as store:
        return list(store.sessions())


def _settled(folder: Path) -> bool:
    return all(row["trials_counted"] == row["trials_stored"] for row in _sessions(folder))


def _temperatures(folder: Path) -> dict[str, list[float]]:
    """Per device, the temperatures that its health records tell."""
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    with open_store(f"sqlite:///{folder / 'store.db'}", create=False) as store:
        for row in store.rows("health"):
            readings = json.loads(row["readings"])
            if "temperature_c" in readings:
                found[row["device"]].append(readings["temperature_c"])
    return found


def _hourly(samples: list[Sample]) -> float:
    """By how many MB an hour an agent grew in the last three quarters of its run."""
    return 3600 * steady_slope([s.at_s for s in samples], [s.agent_mb for s in samples])


def _show(
    watches: list[Watch],
    rows: list[dict[str, Any]],
    restarts: int,
    collector_mb: list[float],
    heat: dict[str, list[float]],
) -> None:
    table = Table(
        *("device", "frames", "trials", "stored", "lost", "cores"),
        *("MB after a tenth", "MB at the end", "MB an hour", "private MB", "temperatures"),
    )
    for watch in watches:
        row = next(row for row in rows if row["device"] == watch.name)  # its first session
        steady = watch.samples[len(watch.samples) // 10 :]
        spent = steady[-1].cpu_s - steady[0].cpu_s
        told = heat[watch.name]
        table.add_row(
            *(watch.name, f"{row['frames']:,}", f"{row['trials_counted']:,}"),
            *(f"{row['trials_stored']:,}", str(row["trials_counted"] - row["trials_stored"])),
            f"{spent / (steady[-1].at_s - steady[0].at_s):.3f}",
            *(f"{steady[0].agent_mb:.1f}", f"{steady[-1].agent_mb:.1f}"),
            *(f"{_hourly(watch.samples):+.2f}", f"{steady[-1].private_mb:.1f}"),
            f"{len(told)}: {min(told):.1f} to {max(told):.1f} °C" if told else "none",
        )
    console = Console(width=140)
    console.print(table)
    tenth = collector_mb[len(collector_mb) // 10]
    console.print(
        f"{restarts} restarts of the broker; collector {tenth:.1f} MB after a tenth, "
        f"{collector_mb[-1]:.1f} MB at the end; it ran for {watches[0].samples[-1].at_s:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())

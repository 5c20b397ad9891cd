"""``fieldproof bench agent``: what the agent costs the device that it runs on.

Import, memory, processor, disk and growth are those of real ``python -m agent run`` processes on
a live camera, with mosquitto and a collector beside them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from agent.assembly import Examiner
from agent.card import ModelCard
from agent.profile import Profile, detect, load_profile
from agent.run import Run, RunPlan
from agent.session import Examination
from agent.telemetry.link import Address
from agent.values import Frame
from tools.bench.agent_runs import Watched, agent, live_camera, watch, write_profile
from tools.bench.slope import steady_slope
from tools.bench.speed import Goal
from tools.bench.tables import print_goals
from tools.bench.throughput import card_of, drawn
from tools.bench.timing import Inference, inference
from tools.broker import local_broker
from tools.evaluate.data import DataSpec

IMPORT_MS: Final = 300
RESIDENT_MB: Final = 120
OVERHEAD: Final = 0.15
CPU_BAND: Final = 0.10
GROWTH_MB: Final = 2.0
"""Per 100,000 frames: what a leak of 20 bytes a frame would be."""
STOP_S: Final = 5.0

IMPORTS: Final = 7
LIVE_FPS: Final = 15
GROWTH_FPS: Final = 400
GROWTH_SIZE: Final = (160, 120)
_TIMED: Final = """import time
began = time.perf_counter()
from agent.memory import loading
with loading():  # as the command does it
    import {}
print(1000 * (time.perf_counter() - began))
"""
_SUITE: Final = """schema = "fieldproof.suite/1"
name = "one"
[[conditions]]
kind = "fog"
severities = [0.5]
"""

Bar = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]


@dataclass(frozen=True, slots=True)
class Spent:
    """One pair's time in ms, on average once what a scene needs is drawn: a condition's share of
    its frame's capture and clean inference, its own inference, and all else. ``start_ms`` is
    perturbation and all else before that, from a clip's second frame through its first quarter."""

    pairs: int
    capture_ms: float
    predict_ms: float
    perturb_ms: float
    rest_ms: float
    start_ms: float = 0.0

    @property
    def beyond_ms(self) -> float:
        """What is neither capture nor inference."""
        return self.perturb_ms + self.rest_ms


@dataclass(frozen=True, slots=True)
class Growth:
    """Memory over frames: the slope of a robust line through the last three quarters."""

    frames: int
    seconds: float
    first_mb: float
    last_mb: float
    slope_mb: float
    """MB per 100,000 frames."""
    samples: tuple[tuple[float, float], ...]
    """(frames, resident MB)"""


@dataclass(frozen=True, slots=True)
class Lightness:
    """What was measured. ``import_ms`` by what is imported, the best of several processes."""

    inference: Inference
    profile: str
    import_ms: dict[str, float]
    spent: Spent
    budget: float
    live: Watched
    writes_limit: float
    growth: Growth | None

    @property
    def resident_mb(self) -> float:
        return max(sample.agent_mb for sample in self.live.steady)

    @property
    def goals(self) -> tuple[Goal, ...]:
        share = self.live.cores / (os.cpu_count() or 1)
        overhead = self.spent.beyond_ms / (2 * self.inference.ms)
        goals = [
            _most("ms to import the agent", IMPORT_MS, self.import_ms["agent"]),
            _most("MB resident at 640x480", RESIDENT_MB, self.resident_mb),
            _most("beyond capture and inference, share of a pair of invokes", OVERHEAD, overhead),
            _most(
                "CPU off its budget, share of the budget", CPU_BAND, abs(share / self.budget - 1)
            ),
            _most("MB written to disk an hour", self.writes_limit, self.live.writes_mb_per_hour),
            _most("s from SIGTERM to the end", STOP_S, self.live.stop_s),
        ]
        if self.growth is not None:
            goals.append(_most("MB grown in 100,000 frames", GROWTH_MB, self.growth.slope_mb))
        return tuple(goals)

    @property
    def met(self) -> bool:
        return all(goal.met for goal in self.goals)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "goals": [asdict(goal) for goal in self.goals]}


def measure(
    model: Path, bar: Bar, *, budget: float = 0.25, seconds: float = 120.0, frames: int = 10_000
) -> Lightness:
    """Measure all; ``budget`` of all cores for ``seconds``, then ``frames`` for growth (0: none).

    ``model``: a card, or a classifier's TFLite file. Raises what opening it raises, and
    ``ConfigError`` without mosquitto or GStreamer.
    """
    profile = load_profile(detect())
    with tempfile.TemporaryDirectory(prefix="fieldproof-bench-") as name:
        folder = Path(name)
        card = card_of(model, folder)
        timed = inference(ModelCard.read(card).file)
        with bar("Importing") as show:
            imports = _imports(show)
        with bar("Examining recorded frames") as show:
            spent = _spent(card, profile, folder, show)
        with bar(f"{seconds:g} s on a live camera") as show:
            live = _live(card, profile, folder / "live", budget, seconds, show)
        growth = None
        if frames:
            with bar(f"{frames:,} frames for memory") as show:
                growth = _growth(card, profile, folder / "growth", frames, show)
    writes = profile.budgets.writes_mb_per_hour
    return Lightness(timed, profile.name, imports, spent, budget, live, writes, growth)


def show(console: Console, measured: Lightness) -> None:
    """Print where time and memory go, and whether the goals are met."""
    timed, spent, live = measured.inference, measured.spent, measured.live
    parts = ", ".join(f"{name} {ms:.0f}" for name, ms in measured.import_ms.items())
    console.print(f"ms to import, each in a process of its own: {parts}")
    console.print(
        f"a pair's ms with {timed.model} and {timed.runtime} ({timed.ms:.2f} ms an invoke): "
        f"capture {spent.capture_ms:.2f}, inference {spent.predict_ms:.2f}, "
        f"perturbation {spent.perturb_ms:.2f}, all else {spent.rest_ms:.2f}; these two "
        f"{spent.start_ms:.2f} at the start, while layers are drawn"
    )
    console.print(
        f"live for {live.seconds:.0f} s: {live.cores:.3f} cores of a budget of "
        f"{measured.budget * (os.cpu_count() or 1):g}, agent "
        f"{measured.resident_mb:.0f} MB ({live.most(lambda s: s.agent_mb):.0f} at its start), of "
        f"which {max(s.private_mb for s in live.steady):.0f} MB are its own, capture "
        f"{max(s.capture_mb for s in live.steady):.0f} MB beside it"
    )
    if measured.growth is not None:
        _show_growth(console, measured.growth)
    print_goals(console, measured.goals, timed.is_litert)


def _show_growth(console: Console, growth: Growth) -> None:
    console.print(
        f"{growth.frames:,} frames in {growth.seconds:.0f} s: {growth.first_mb:.1f} MB after a "
        f"tenth, {growth.last_mb:.1f} MB at the end, slope {growth.slope_mb:+.2f} MB per 100,000"
    )
    table = Table("frames", "resident MB")
    for done, resident in growth.samples[:: 1 + len(growth.samples) // 12]:
        table.add_row(f"{done:,.0f}", f"{resident:.1f}")
    console.print(table)


def _most(what: str, limit: float, value: float) -> Goal:
    return Goal(what, limit, value, value <= limit)


def _imports(show: Callable[[int, int], None]) -> dict[str, float]:
    """Milliseconds by what is imported, the least of several fresh processes."""
    modules = {"numpy and OpenCV": "cv2", "pydantic": "pydantic", "agent": "agent.plan"}
    best: dict[str, float] = {}
    for number in range(IMPORTS):
        for name, module in modules.items():
            code = _TIMED.format(module)
            said = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, check=True, env=_caching()
            )
            best[name] = min(best.get(name, float("inf")), float(said.stdout))
        show(number + 1, IMPORTS)
    return best


def _caching() -> dict[str, str]:
    """This environment, but one in which compiled modules are kept, as an installation's are."""
    return {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _spent(card: Path, profile: Profile, folder: Path, show: Callable[[int, int], None]) -> Spent:
    """The agent's own loop on recorded frames of 640x480, as fast as it goes."""
    clip = _clip(drawn(folder / "pictures"), folder / "clip.avi")
    camera = DataSpec(str(clip)).open()
    began = time.perf_counter()
    frames = sum(1 for _ in camera.frames())
    capture_s = time.perf_counter() - began
    seen: list[tuple[float, Examination]] = []

    def watch_frame(agent: Run, frame: Frame, examination: Examination) -> None:
        seen.append((time.perf_counter(), examination))
        show(len(seen), frames)

    with local_broker(kind="mosquitto") as broker:
        plan = RunPlan(
            Examiner(card, checked=True, sensor=profile.sensor.value()),
            profile.model_copy(update={"budgets": _unbounded(profile)}),
            str(clip),
            Address.parse(broker.url),
            folder / "spent",
            ack="broker",
        )
        Run(plan).go(watch_frame)
    drawn_by = len(seen) // 4
    start = per_pair(seen[: drawn_by + 1], capture_s / frames)
    return replace(per_pair(seen[drawn_by:], capture_s / frames), start_ms=start.beyond_ms)


def per_pair(seen: Sequence[tuple[float, Examination]], capture_s: float) -> Spent:
    """What a pair took between the first of some frames, seen at (seconds), and the last."""
    done = [examination for _, examination in seen[1:]]
    pairs = sum(len(examination.inferences) for examination in done)
    whole = 1000 * (seen[-1][0] - seen[0][0]) / pairs
    capture = 1000 * capture_s * len(done) / pairs
    predict = 1000 * sum(examination.predict_s for examination in done) / pairs
    perturb = 1000 * sum(examination.perturb_s for examination in done) / pairs
    return Spent(pairs, capture, predict, perturb, whole - capture - predict - perturb)


def _clip(pictures: Path, path: Path) -> Path:
    """Pictures as one video: a camera's frames belong together, and share what is drawn for them.
    Photos would each meet stickers and branches of their own."""
    files = sorted(pictures.iterdir())
    height, width = cv2.imread(str(files[0])).shape[:2]
    motion_jpeg = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), motion_jpeg, LIVE_FPS, (width, height))
    for file in files:
        writer.write(cv2.imread(str(file)))
    writer.release()
    return path


def _unbounded(profile: Profile) -> Any:
    return profile.budgets.model_copy(update={"cpu_share": 1.0, "max_fps": 0.0})


def _live(
    card: Path,
    profile: Profile,
    folder: Path,
    budget: float,
    seconds: float,
    show: Callable[[int, int], None],
) -> Watched:
    folder.mkdir()
    camera = live_camera(folder / "scenes", 640, 480, LIVE_FPS)
    settings = write_profile(profile, folder / "bench.toml", cpu_share=budget)
    with (
        local_broker(kind="mosquitto") as broker,
        agent(broker, folder, card, camera, settings) as child,
    ):
        return watch(child, folder, seconds, lambda at_s: show(round(at_s), round(seconds)))


def _growth(
    card: Path, profile: Profile, folder: Path, frames: int, show: Callable[[int, int], None]
) -> Growth:
    """One condition a frame on small frames, as fast as it goes."""
    folder.mkdir()
    (folder / "one.toml").write_text(_SUITE, encoding="utf-8")
    camera = live_camera(folder / "scenes", *GROWTH_SIZE, GROWTH_FPS)
    settings = write_profile(profile, folder / "bench.toml", cpu_share=1.0)
    more = "--frames", str(frames), "--suite", str(folder / "one.toml")
    with (
        local_broker(kind="mosquitto") as broker,
        agent(broker, folder, card, camera, settings, *more) as child,
    ):
        seen = watch(child, folder, float("inf"), lambda at_s: show(round(at_s), round(at_s) + 1))
    return sloped(frames, seen)


def sloped(frames: int, seen: Watched) -> Growth:
    """Growth over so many frames, taken to have come at an even rate."""
    at = np.array([sample.at_s for sample in seen.samples])
    sizes = np.array([sample.agent_mb for sample in seen.samples])
    done = frames * at / max(at[-1], 1e-9)
    steady = slice(len(at) // 10, None)
    slope = 100_000 * steady_slope(done.tolist(), sizes.tolist())
    points = tuple(zip(done.round().tolist(), sizes.tolist(), strict=True))
    first, last = float(sizes[steady][0]), float(sizes[-1])
    return Growth(frames, seen.seconds, first, last, slope, points)

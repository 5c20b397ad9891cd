"""How long perturbations take, told as ratios to references measured in the same run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from math import exp, log
from statistics import median
from typing import Any, Final

from agent.perturbations import Moment, Perturbation, family
from tools.bench.pictures import SIZES, Scene, scenes
from tools.bench.reference import Reference
from tools.bench.timing import Inference, median_ms, memcpy_ms, one_thread

SEVERITIES: Final = (0.2, 0.6, 1.0)
ON_OBJECT: Final = "on_object"
BENCHMARK: Final = "benchmark"
PREFIX: Final = "ic_"
FRESH_NOISE: Final = frozenset({"ic_gaussian_noise", "ic_shot_noise", "ic_impulse_noise"})
CODECS: Final = frozenset({"ic_jpeg"})
_FPS: Final = 30.0

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One kind's times in ms.

    ``frame_ms`` by size: the next frame of a clip, at the slowest of the severities; for what lies
    on a sign, whose light is measured once for a frame, the mean over the severities of one frame.
    ``fresh_ms``: a picture of its own at 224x224, nothing drawn beforehand. ``over_reference``: how
    many times faster than imagecorruptions at 224x224, the geometric mean over the severities.
    """

    kind: str
    stage: str
    frame_ms: dict[str, float]
    fresh_ms: float
    over_reference: float | None = None


@dataclass(frozen=True, slots=True)
class Goal:
    """What is asked of a figure, and what it is. ``worst`` names the kind that decides it."""

    what: str
    limit: float
    value: float
    met: bool
    worst: str = ""


@dataclass(frozen=True, slots=True)
class Speeds:
    """All that one run measured. ``memcpy_ms`` by size."""

    rows: tuple[Row, ...]
    memcpy_ms: dict[str, float]
    inference: Inference
    goals: tuple[Goal, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(
    kinds: Sequence[str],
    timed: Inference,
    reference: Reference | None,
    progress: Progress,
    budget_s: float = 0.1,
) -> Speeds:
    """Time kinds on a drawn scene, one thread. Raises ``UnknownKind``."""
    shown = scenes()
    with one_thread():
        copies = {scene.size: memcpy_ms(scene.pixels) for scene in shown}
        rows = []
        for done, kind in enumerate(kinds, 1):
            rows.append(_row(family.load(kind)(), shown, reference, budget_s))
            progress(done, len(kinds))
    return Speeds(tuple(rows), copies, timed, goals(rows, copies, timed))


def _row(
    perturbation: Perturbation, shown: Sequence[Scene], reference: Reference | None, budget_s: float
) -> Row:
    times = {s.size: _times(perturbation, s, budget_s) for s in shown}
    small = shown[0]
    over = None
    if reference is not None and perturbation.stage() == BENCHMARK:
        ratios = [_ratio(perturbation, small, reference, at, budget_s) for at in SEVERITIES]
        over = geometric_mean(ratios)
    return Row(
        perturbation.kind(),
        perturbation.stage(),
        {size: max(each) for size, each in times.items()},
        _apart(perturbation, small, budget_s),
        over,
    )


def _ratio(
    perturbation: Perturbation,
    scene: Scene,
    reference: Reference,
    severity: float,
    budget_s: float,
) -> float:
    """How many times faster than imagecorruptions: timed before and after it, as a machine's pace
    changes while one measures."""
    name = perturbation.kind().removeprefix(PREFIX)
    before = _clip(perturbation, scene, (severity,), budget_s)
    theirs = reference.time_ms(scene.pixels, name, round(5 * severity), 3 * budget_s)
    after = _clip(perturbation, scene, (severity,), budget_s)
    return 2 * theirs / (before + after)


def _times(perturbation: Perturbation, scene: Scene, budget_s: float) -> list[float]:
    """Times by severity; for what lies on a sign one time: a frame's, per severity tried on it."""
    if perturbation.stage() != ON_OBJECT:
        return [_clip(perturbation, scene, (at,), budget_s) for at in SEVERITIES]
    return [_clip(perturbation, scene, SEVERITIES, budget_s) / len(SEVERITIES)]


def _clip(
    perturbation: Perturbation, scene: Scene, severities: Sequence[float], budget_s: float
) -> float:
    """The next frame of a clip under some severities: one seed, time going on."""
    numbers = count()

    def step() -> None:
        moment = _moment(scene, 1, next(numbers))
        frame = scene.pixels.view()  # another picture for what remembers pictures by identity
        for severity in severities:
            perturbation.apply(frame, severity, moment)

    return median_ms(step, budget_s)


def _apart(perturbation: Perturbation, scene: Scene, budget_s: float) -> float:
    """A picture of its own: another seed each time, so that no drawn layer is at hand."""
    seeds = count(2)

    def step() -> None:
        moment = _moment(scene, next(seeds), 0)
        perturbation.apply(scene.pixels, SEVERITIES[1], moment)

    return median_ms(step, budget_s)


def _moment(scene: Scene, seed: int, frame: int) -> Moment:
    return Moment(time_s=frame / _FPS, seed=seed, frame=frame, region=scene.region)


def geometric_mean(values: Sequence[float]) -> float:
    """The geometric mean of positive values."""
    return exp(sum(log(value) for value in values) / len(values))


def goals(rows: Sequence[Row], copies: dict[str, float], timed: Inference) -> tuple[Goal, ...]:
    """The project's goals for speed, as far as the rows tell; shares are of one inference."""
    small, middle = (f"{width}x{height}" for width, height in SIZES[:2])
    physical = [row for row in rows if row.stage != BENCHMARK]
    found: list[Goal] = []
    for size, most, usual in ((small, 0.15, 0.03), (middle, 0.70, 0.15)):
        shares = {row.kind: row.frame_ms[size] / timed.ms for row in physical}
        if shares:
            found.append(_at_most(f"every kind at {size}, share of an inference", most, shares))
            typical = median(shares.values())
            found.append(
                Goal(
                    f"median kind at {size}, share of an inference",
                    usual,
                    typical,
                    typical <= usual,
                )
            )
    on_sign = {r.kind: r.frame_ms[small] / copies[small] for r in rows if r.stage == "on_object"}
    if on_sign:
        found.append(_at_most(f"on a sign of 64 px, copies of a {small} frame", 40, on_sign))
    return (*found, *_over_reference(rows))


def _over_reference(rows: Sequence[Row]) -> list[Goal]:
    """Goals against imagecorruptions; glass blur's reference is too slow to count in the mean."""
    ratios = {row.kind: row.over_reference for row in rows if row.over_reference is not None}
    if not ratios:
        return []
    others = [ratio for kind, ratio in ratios.items() if kind != "ic_glass_blur"]
    mean = geometric_mean(others or list(ratios.values()))
    found = [
        Goal("times imagecorruptions' speed, geometric mean", 25, mean, mean >= 25),
        _at_least("times imagecorruptions' speed, every kind", 1.3, ratios),
    ]
    for what, limit, chosen in (
        ("all but codecs", 10, set(ratios) - CODECS),
        ("noise drawn fresh per frame", 10, set(ratios) & FRESH_NOISE),
    ):
        if chosen:
            some = {kind: ratios[kind] for kind in chosen}
            found.append(_at_least(f"times imagecorruptions' speed, {what}", limit, some))
    return found


def _at_most(what: str, limit: float, values: dict[str, float]) -> Goal:
    worst = max(values, key=lambda kind: values[kind])
    return Goal(what, limit, values[worst], values[worst] <= limit, worst)


def _at_least(what: str, limit: float, values: dict[str, float]) -> Goal:
    worst = min(values, key=lambda kind: values[kind])
    return Goal(what, limit, values[worst], values[worst] >= limit, worst)

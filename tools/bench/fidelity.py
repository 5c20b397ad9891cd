"""How near the fast operations are to the exact ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment, family
from tools.bench.exact import EXACT
from tools.bench.laws import IMPULSE, LAWS, mean_and_deviation
from tools.bench.pictures import scenes
from tools.bench.reference import Reference
from tools.bench.speed import PREFIX

LEAST_DB: Final = 40.0
_LEVELS: Final = (1, 2, 3, 4, 5)
_FLAT_SIDE: Final = 256
_VALUES: Final = (0, 8, 32, 64, 128, 192, 240, 255)
_CERTAIN: Final = (
    "gaussian_blur", "defocus_blur", "zoom_blur", "brightness", "contrast", "saturate", "pixelate",
    "jpeg",
)  # fmt: skip
"""Corruptions without chance: the same picture each time."""
_DRAWN: Final = {
    "glass_blur": 8, "snow": 20, "frost": 100, "fog": 100, "spatter": 40, "elastic": 20,
}  # fmt: skip
"""Corruptions of chance, and how many draws make the mean of their harm sure to .5 dB or so."""
_TRIALS: Final = 12
_SAME_DB: Final = 1.0

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison: ``value`` is to be at least (or at most) ``limit``, None for no limit."""

    kind: str
    against: str
    figure: str
    value: float
    limit: float | None
    at_least: bool = False

    @property
    def met(self) -> bool:
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    @property
    def limit_text(self) -> str:
        if self.limit is None:
            return ""
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"


def check_all(kinds: Sequence[str], reference: Reference | None, progress: Progress) -> list[Check]:
    """All comparisons that there are for some kinds; those with imagecorruptions if it is there."""
    found: list[Check] = []
    for done, kind in enumerate(kinds, 1):
        found += _checks(kind, reference)
        progress(done, len(kinds))
    return found


def _checks(kind: str, reference: Reference | None) -> Iterator[Check]:
    if kind in EXACT:
        yield _against_exact(kind)
    if kind in LAWS:
        yield from _against_law(kind)
    if kind == "ic_impulse_noise":
        yield _impulses(kind)
    name = kind.removeprefix(PREFIX)
    if reference is None or name == kind:
        return
    if name in _CERTAIN:
        yield _against_reference(kind, reference)
    if name in _DRAWN:
        yield _like_reference(kind, reference)


def _against_exact(kind: str) -> Check:
    """The least PSNR over severities against an operation in floating point.

    Of a kind that touches the sign alone the sign's box is compared, and not the frame.
    """
    scene = scenes()[0]
    perturbation = family.load(kind)()
    moment = replace(_moment(frame=3), region=scene.region)
    seen = (slice(None), slice(None))
    if perturbation.stage() == "on_object":
        box = scene.region
        seen = (slice(int(box.y0), ceil(box.y1)), slice(int(box.x0), ceil(box.x1)))
    least = min(
        psnr(
            perturbation.apply(scene.pixels, severity, moment)[seen],
            EXACT[kind](scene.pixels, severity, moment)[seen],
        )
        for severity in (0.2, 0.4, 0.6, 0.8, 1.0)
    )
    return Check(kind, "the operation in floats", "least PSNR, dB", least, LEAST_DB, True)


def _against_law(kind: str) -> Iterator[Check]:
    """The greatest errors of mean and deviation over levels and clean values."""
    law, perturbation = LAWS[kind], family.load(kind)()
    means, spreads = [], []
    for level in _LEVELS:
        for value in _VALUES:
            mean, deviation = mean_and_deviation(law(value, level))
            flat = np.full((_FLAT_SIDE, _FLAT_SIDE, 3), value, np.uint8)
            noisy = perturbation.apply(flat, level / 5, _moment(frame=value))
            means.append(abs(float(noisy.mean()) - mean))
            if deviation > 1:
                spreads.append(abs(float(noisy.std()) / deviation - 1))
    yield Check(kind, "the exact law", "error of the mean, levels", max(means), 2)
    yield Check(kind, "the exact law", "error of the deviation, %", 100 * max(spreads), 5)


def _impulses(kind: str) -> Check:
    """The greatest relative error of the share of changed values, from mid-grey."""
    perturbation = family.load(kind)()
    flat = np.full((_FLAT_SIDE, _FLAT_SIDE, 3), 128, np.uint8)
    errors = []
    for level in _LEVELS:
        changed = np.mean(
            [
                (perturbation.apply(flat, level / 5, _moment(frame=n)) != flat).mean()
                for n in range(_TRIALS)
            ]
        )
        errors.append(abs(float(changed) / IMPULSE[level - 1] - 1))
    return Check(kind, "the exact law", "error of the share changed, %", 100 * max(errors), 5)


def _against_reference(kind: str, reference: Reference) -> Check:
    """The least PSNR over levels against imagecorruptions' own picture."""
    scene, name = scenes()[0], kind.removeprefix(PREFIX)
    perturbation = family.load(kind)()
    least = min(
        psnr(
            perturbation.apply(scene.pixels, level / 5, _moment()),
            reference.corrupted(scene.pixels[None], name, level)[0],
        )
        for level in _LEVELS
    )
    return Check(kind, "imagecorruptions", "least PSNR, dB", least, LEAST_DB, True)


def _like_reference(kind: str, reference: Reference) -> Check:
    """How far the harm differs: PSNR to the clean picture, ours less theirs, at the worst level.

    Chance rules both, so that the means of so many draws may differ by their sampling error, two
    standard errors of it, beyond what is tolerated.
    """
    scene, name = scenes()[0], kind.removeprefix(PREFIX)
    perturbation, draws = family.load(kind)(), _DRAWN[name]
    found = []
    for level in _LEVELS:
        ours = [
            psnr(perturbation.apply(scene.pixels, level / 5, Moment(seed=n)), scene.pixels)
            for n in range(draws)
        ]
        made = reference.corrupted(np.stack([scene.pixels] * draws), name, level, seed=1)
        theirs = [psnr(picture, scene.pixels) for picture in made]
        found.append(apart(ours, theirs))
    difference, error = max(found, key=lambda one: one[0] / (_SAME_DB + one[1]))
    figure = (
        f"harm (PSNR to clean), difference of means over {draws} draws, dB; "
        f"limit {_SAME_DB:g} + sampling error {error:.2f}"
    )
    return Check(kind, "imagecorruptions", figure, difference, round(_SAME_DB + error, 2))


def apart(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float]:
    """How far two samples' means are apart, and two standard errors of that."""
    spread = np.var(ours, ddof=1) / len(ours) + np.var(theirs, ddof=1) / len(theirs)
    return abs(float(np.mean(ours) - np.mean(theirs))), 2 * float(np.sqrt(spread))


def psnr(one: NDArray[Any], two: NDArray[Any]) -> float:
    """Peak signal to noise ratio in dB of two pictures of one shape, values 0..255; at most 100."""
    error = float(np.mean((one.astype(np.float64) - two.astype(np.float64)) ** 2))
    return 100.0 if error < 65025 * 1e-10 else float(10 * np.log10(65025 / error))


def _moment(frame: int = 0) -> Moment:
    return Moment(seed=5, time_s=frame / 30, frame=frame)

"""Flip probability: how often a model changes its mind within a clip, right or wrong.

Defined for ImageNet-P by Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to
Common Corruptions and Perturbations" (ICLR 2019). A clip is counted as one piece of work; counts
of clips add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

Against = Literal["previous", "first"]

NOISE: Final = "noise"
"""Families of this name are compared with frame 0 in ImageNet-P: their frames are independent
draws around it, not a sequence. That holds for a still picture only. On a drive, where the picture
itself changes, compare with the previous frame."""


class Flips(NamedTuple):
    """``changed`` of ``n`` comparisons within one clip."""

    changed: int
    n: int


def against(kind: str) -> Against:
    """With what ImageNet-P compares the frames of a perturbation of this name."""
    return "first" if NOISE in kind else "previous"


def flips_of(labels: Sequence[str | None], against: Against = "previous") -> Flips:
    """Compare the labels seen in one clip (or of one track), in the order of its frames.

    None is nothing seen, a label like any other. Frames in which there is nothing to look at are
    left out by the caller: its neighbours then follow each other. Fewer than two frames hold no
    comparison.

    >>> flips_of(["stop", None, "stop", "stop"])
    Flips(changed=2, n=3)
    >>> flips_of(["stop", None, "stop", "stop"], against="first")
    Flips(changed=1, n=3)
    """
    if not labels:
        return Flips(0, 0)
    before = labels[:-1] if against == "previous" else [labels[0]] * (len(labels) - 1)
    pairs = list(zip(before, labels[1:], strict=True))
    return Flips(sum(a != b for a, b in pairs), len(pairs))


def flip_probability(clips: Iterable[Flips]) -> float | None:
    """FP of one perturbation in [0, 1]: changes over comparisons; None without comparisons.

    For clips of equal length, as ImageNet-P's, this is the mean over clips. Not normalised: the
    reference model's flip rates were never published in numbers.
    """
    counted = list(clips)
    n = sum(clip.n for clip in counted)
    return sum(clip.changed for clip in counted) / n if n else None


def mean_flip_probability(perturbations: Mapping[str, float | None]) -> float | None:
    """The mean FP over perturbations in [0, 1], each weighing the same; None where one lacks it.

    mFR without the reference: comparable between models on the same clips only.
    """
    values = list(perturbations.values())
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def mean_flip_rate(own: Mapping[str, float], reference: Mapping[str, float]) -> float:
    """mFR: the mean of FP over a reference model's FP; 1 is as restless as the reference.

    The reference is any model on the same clips. Raises ``KeyError`` where it lacks a
    perturbation, ``ValueError`` where there are none or it never flips.
    """
    if not own or any(reference[kind] <= 0 for kind in own):
        raise ValueError("a flip rate needs perturbations under which the reference flips")
    return sum(value / reference[kind] for kind, value in own.items()) / len(own)

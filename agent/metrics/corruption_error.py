"""Corruption error of ImageNet-C: a classifier's errors over AlexNet's.

Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations" (ICLR 2019). It means something for classifiers of ImageNet's 1000 classes only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

ALEXNET: Final[Mapping[str, tuple[float, ...]]] = {
    "gaussian_noise": (0.69528, 0.82542, 0.93554, 0.98138, 0.99452),
    "shot_noise": (0.71224, 0.85108, 0.93574, 0.98182, 0.99146),
    "impulse_noise": (0.78374, 0.89808, 0.9487, 0.9872, 0.99548),
    "defocus_blur": (0.65624, 0.73202, 0.85036, 0.91364, 0.94714),
    "glass_blur": (0.64308, 0.75054, 0.88806, 0.91622, 0.93344),
    "motion_blur": (0.5843, 0.70048, 0.82108, 0.8975, 0.92638),
    "zoom_blur": (0.70008, 0.76992, 0.80784, 0.84198, 0.87198),
    "snow": (0.71726, 0.88392, 0.86468, 0.9187, 0.94952),
    "frost": (0.6139, 0.79734, 0.8879, 0.89942, 0.9343),
    "fog": (0.67474, 0.7605, 0.84378, 0.8726, 0.945),
    "brightness": (0.4514, 0.48502, 0.54048, 0.62166, 0.7244),
    "contrast": (0.64548, 0.7615, 0.88874, 0.9776, 0.9927),
    "elastic": (0.52596, 0.70116, 0.55686, 0.64076, 0.80554),
    "pixelate": (0.52218, 0.5462, 0.73728, 0.87092, 0.91262),
    "jpeg": (0.51002, 0.54718, 0.57294, 0.65458, 0.74778),
}
"""AlexNet's error at levels 1 to 5 of each of the 15 corruptions, in [0, 1]."""


def corruption_error(corruption: str, errors: Sequence[float]) -> float:
    """CE of one corruption: the sum of the errors at its five levels, in [0, 1], over AlexNet's.

    1 is as bad as AlexNet. Raises ``KeyError`` for a corruption that is not among the 15,
    ``ValueError`` where there are not five errors.
    """
    reference = ALEXNET[corruption]
    if len(errors) != len(reference):
        raise ValueError(f"{corruption} has {len(reference)} levels, not {len(errors)}")
    return sum(errors) / sum(reference)


def mean_corruption_error(errors: Mapping[str, Sequence[float]]) -> float | None:
    """mCE: the mean CE over the 15 corruptions; None unless all five levels of all are there.

    ``errors`` maps corruptions to their errors at levels 1 to 5, each in [0, 1]; corruptions
    beyond the 15 do not count.
    """
    if any(len(errors.get(name, ())) != len(levels) for name, levels in ALEXNET.items()):
        return None
    each = [corruption_error(name, errors[name]) for name in ALEXNET]
    return sum(each) / len(each)

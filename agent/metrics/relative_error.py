"""Errors beyond the clean ones: what corruption alone costs.

A model that is wrong on clean pictures too cannot lose them. Relative corruption error is that of
Hendrycks and Dietterich (ICLR 2019), section 4.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from agent.metrics.corruption_error import ALEXNET

ALEXNET_CLEAN: Final = 0.435
"""AlexNet's error on clean pictures. With it ResNet-50's published CEs give a relative mCE of 1.055
(of CEs rounded to a percent); 1.050 is published."""


def relative_corruption_error(corruption: str, errors: Sequence[float], clean: float) -> float:
    """Relative CE: the errors at five levels beyond the clean one, over AlexNet's.

    All errors in [0, 1]. It means something for classifiers of ImageNet's 1000 classes only, and
    a model of many clean errors looks good in it: show it beside CE. Raises ``KeyError`` for a
    corruption that is not among the 15, ``ValueError`` where there are not five errors.
    """
    reference = ALEXNET[corruption]
    if len(errors) != len(reference):
        raise ValueError(f"{corruption} has {len(reference)} levels, not {len(errors)}")
    beyond = sum(reference) - len(reference) * ALEXNET_CLEAN
    return (sum(errors) - len(errors) * clean) / beyond


def mean_relative_corruption_error(
    errors: Mapping[str, Sequence[float]], clean: float
) -> float | None:
    """Relative mCE over the 15 corruptions; None unless all five levels of all are there."""
    if any(len(errors.get(name, ())) != len(levels) for name, levels in ALEXNET.items()):
        return None
    each = [relative_corruption_error(name, errors[name], clean) for name in ALEXNET]
    return sum(each) / len(each)


def relative_error(error: float, clean: float) -> float | None:
    """The share of clean-right cases that a condition costs on balance, at most 1.

    (error - clean) / (1 - clean) for any model and data; below 0 where the condition helps, None
    where nothing was right clean.

    >>> round(relative_error(0.55, 0.1), 9)
    0.5
    """
    if not (0 <= error <= 1 and 0 <= clean <= 1):
        raise ValueError(f"errors lie in [0, 1], got {error} and {clean}")
    return (error - clean) / (1 - clean) if clean < 1 else None

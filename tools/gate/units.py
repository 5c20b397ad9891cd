"""Which severity of a kind is "80 m": the inverse of a perturbation's ``describe``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from pydantic import ValidationError

from agent.errors import ConfigError, UnknownKind
from agent.perturbations import family
from tools.evaluate.results import ConditionFigures

STEPS: Final = 1000
_STRENGTH: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(\S.*?)\s*")
_NUMBER: Final = r"(?<![\w.])(?:×)?([0-9]+(?:\.[0-9]+)?)\s*"


def severity_of(kind: str, strength: str, tried: Sequence[ConditionFigures]) -> float:
    """The severity at which ``kind`` is described by ``strength``, a number and a unit.

    ``tried`` are the results' conditions of that kind, against which the description is checked:
    a suite may have given the kind other parameters. Raises ``ConfigError``.
    """
    describe = _describe(kind)
    if any(describe(c.severity) != c.units for c in tried):
        raise ConfigError(
            f"In these results {kind} has parameters of its own, so {strength!r} cannot be told "
            "as a severity.",
            remedy="Give the rule a severity instead: at_least = 0.5.",
        )
    match = _STRENGTH.fullmatch(strength)
    if match is None:
        raise ConfigError(
            f"The strength {strength!r} of {kind} is not a number and a unit.",
            remedy=f"{kind} is described like this: {describe(0.5)}.",
        )
    wanted, unit = float(match[1]), match[2]
    numbers = [
        (step / STEPS, _number(describe(step / STEPS), unit)) for step in range(1, STEPS + 1)
    ]
    known = [(severity, number) for severity, number in numbers if number is not None]
    least, most = min((n for _, n in known), default=0.0), max((n for _, n in known), default=0.0)
    if least == most or not least <= wanted <= most:
        reach = f"{describe(0.001)} to {describe(1.0)}"
        raise ConfigError(
            f"No severity of {kind} is {strength}: it goes from {reach}.",
            remedy="Give a number and a unit within, as written there.",
        )
    for condition in tried:
        # Descriptions are rounded: what a severity that was tried is called means that severity.
        if _number(condition.units, unit) == wanted:
            return condition.severity
    rising = known[-1][1] > known[0][1]
    return next(s for s, number in known if (number >= wanted if rising else number <= wanted))


def _describe(kind: str) -> Callable[[float], str]:
    try:
        return family.load(kind)().describe
    except (UnknownKind, ValidationError):
        raise ConfigError(
            f"{kind} is not described in units by itself.",
            remedy="Give the rule a severity instead: at_least = 0.5.",
        ) from None


def _number(text: str, unit: str) -> float | None:
    found = re.search(_NUMBER + re.escape(unit) + r"(?![\w/²³])", text)
    return None if found is None else float(found[1])

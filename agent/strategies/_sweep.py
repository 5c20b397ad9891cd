"""What a suite leaves to vary: a condition for each kind, whose severity a strategy may choose."""

from __future__ import annotations

from collections.abc import Iterable

from agent.errors import ConfigError
from agent.values import Condition


def sweeps(conditions: Iterable[Condition]) -> dict[str, Condition]:
    """One condition for each kind that varies, by the kind's name in results.

    What severity it has is of no matter: ``Condition.at`` gives it any. Conditions of which
    nothing varies are left out. Raises ``ConfigError`` where one name stands for two things.
    """
    found: dict[str, Condition] = {}
    for condition in conditions:
        if condition.varied is None:
            continue
        before = found.setdefault(condition.kind, condition)
        if before.at(1.0) != condition.at(1.0):
            raise ConfigError(
                f"The suite has two different conditions called {condition.kind}; a search over "
                "severities needs to tell them apart.",
                remedy="Give one of them a name of its own.",
            )
    return found


def unvaried(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """The conditions of which nothing varies: there is one severity to try them at."""
    return tuple(condition for condition in conditions if condition.varied is None)

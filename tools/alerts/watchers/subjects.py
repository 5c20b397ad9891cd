"""Sums by subject: which keys to ask the store for, and whose a row of sums is. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tools.alerts.rules import Per, Scope

_KEYS: Final[Mapping[Per, tuple[str, ...]]] = {
    "device": ("site", "device"),
    "model": ("model",),
    "site": ("site",),
}


def keys_for(per: Per, scope: Scope, *more: str) -> Sequence[str]:
    """What sums are made by: the subject's keys, and what the scope has to be held against."""
    keys = [*more, *_KEYS[per]]
    keys += ["site"] if scope.sites or scope.devices else []
    keys += ["device"] if scope.devices else []
    keys += ["model"] if scope.models else []
    keys += ["condition", "severity"] if scope.conditions or scope.severities else []
    return list(dict.fromkeys(keys))


def wanted(row: Mapping[str, Any], scope: Scope) -> bool:
    """Whether a row of sums, made by ``keys_for``, is in the scope."""
    by_place = scope.has_device(row.get("site", ""), row.get("device", ""))
    by_model = scope.has_model(row.get("model"))
    return (
        by_place
        and by_model
        and scope.has_condition(row.get("condition", ""), row.get("severity", 0.0))
    )


def subject_of(per: Per, row: Mapping[str, Any]) -> str:
    """``site/device``, the model's SHA-256 (``unknown`` for none), or the site."""
    if per == "model":
        return str(row["model"] or "unknown")
    return "/".join(str(row[key]) for key in _KEYS[per])

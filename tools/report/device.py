"""How the device fared over a session, in words, from its health readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Final

Readings = Mapping[str, float]

_PAUSES: Final = {"paused_heat_s": "heat", "paused_memory_s": "memory"}


def device_facts(readings: Sequence[Readings]) -> dict[str, str]:
    """Temperature, throttling, load, what a prediction took, and what the agent left undone."""
    facts = {
        "temperature": _range(readings, "temperature_c", "C"),
        "load": _range(readings, "load_1min", ""),
        "throttled": _throttled(readings),
        "prediction": _latency(readings, "predict", "predictions"),
        "prediction while throttled": _latency(
            readings, "predict_throttled", "predictions_throttled"
        ),
        "paused": _paused(readings),
        "kinds tried on a frame": _dealt(readings),
    }
    return {name: fact for name, fact in facts.items() if fact}


def _of(readings: Sequence[Readings], name: str) -> list[float]:
    return [known[name] for known in readings if name in known]


def _range(readings: Sequence[Readings], name: str, unit: str) -> str:
    values = _of(readings, name)
    return f"{min(values):.1f} to {max(values):.1f} {unit}".rstrip() if values else ""


def _throttled(readings: Sequence[Readings]) -> str:
    values = _of(readings, "throttled")
    return f"in {sum(map(bool, values))} of {len(values)} readings" if values else ""


def _latency(readings: Sequence[Readings], name: str, count: str) -> str:
    """Medians of the readings' figures: each stands for the same time."""
    middle, high = _of(readings, f"{name}_ms"), _of(readings, f"{name}_p95_ms")
    if not middle or not high:
        return ""
    made = sum(_of(readings, count))
    return f"{median(middle):.1f} ms, 95 % within {median(high):.1f} ms ({made:.0f} made)"


def _paused(readings: Sequence[Readings]) -> str:
    """Seconds are counted from the session's beginning, so the greatest is the sum."""
    longest = {why: max(_of(readings, name), default=0.0) for name, why in _PAUSES.items()}
    return ", ".join(f"{seconds:.0f} s for {why}" for why, seconds in longest.items() if seconds)


def _dealt(readings: Sequence[Readings]) -> str:
    shares = _of(readings, "kinds_share")
    return f"{100 * fmean(shares):.0f} % of the suite's" if shares and min(shares) < 1 else ""

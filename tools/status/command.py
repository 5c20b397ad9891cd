"""``fieldproof status``: the devices as a table, or as JSON."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tools.status.devices import Device, survey
from tools.stores import open_store

MOST_LINES = 20


def status_json(place: str) -> dict[str, Any]:
    """What ``--json`` prints. Raises ``DataError`` where there is no such store."""
    with open_store(place, create=False) as store:
        devices, strange = survey(store)
    return {
        "schema": "fieldproof.devices/1",
        "devices": [asdict(device) for device in devices],
        "dead_letters_of_no_device": strange,
    }


def print_status(console: Console, place: str) -> None:
    """Print the devices, and below them what is missing of their rows."""
    with open_store(place, create=False) as store:
        devices, strange = survey(store)
    if not devices:
        console.print("The store holds nothing of any device yet.")
    else:
        console.print(_table(devices, time.time() * 1000))
    lines = [line for device in devices for line in _missing(device)]
    for line in lines[:MOST_LINES]:
        console.print(escape(line), soft_wrap=True)
    if len(lines) > MOST_LINES:
        console.print(f"... and {len(lines) - MOST_LINES} more; --json lists them.")
    if strange:
        console.print(f"{strange} dead letters came on topics of no device that is known here.")


def _table(devices: Sequence[Device], now_ms: float) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("device", overflow="fold")
    for name in ("state", "seen", "session"):
        table.add_column(name)
    for name in ("rows", "trials", "declared", "missing", "letters", "clock"):
        table.add_column(name, justify="right")
    table.add_column("condition")
    for device in devices:
        table.add_row(
            escape(f"{device.site}/{device.device}"),
            device.state or "-",
            "-" if device.seen_ms is None else f"{age((now_ms - device.seen_ms) / 1000)} ago",
            escape(device.session[:8]) or "-",
            str(device.rows),
            _trials(device),
            str(device.rows_declared),
            str(device.rows_missing),
            str(device.dead_letters),
            _clock(device),
            _condition(device.health),
        )
    return table


def _trials(device: Device) -> str:
    """Stored, and of how many where the device has counted."""
    counted = f" of {device.trials_counted}" if device.trials_counted else ""
    return f"{device.trials_stored}{counted}"


def _clock(device: Device) -> str:
    if device.skew_ms is None:
        return "-"
    seconds = device.skew_ms / 1000
    sign = "+" if seconds >= 0 else "-"
    free = "" if device.clock_synced else ", not synced"
    return f"{sign}{age(abs(seconds))}{free}"


def _condition(readings: Mapping[str, float]) -> str:
    """How warm a device is, and what slows or stops its agent."""
    warm = f"{readings['temperature_c']:.0f} C" if "temperature_c" in readings else ""
    words = [word for word in ("throttled", "paused") if readings.get(word)]
    return ", ".join(filter(None, [warm, *words])) or "-"


def age(seconds: float) -> str:
    """A time in its fitting unit: ``0.3 s``, ``5 min``, ``7 h``, ``3 days``."""
    for limit, divisor, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / divisor:.{1 if unit == 's' and seconds < 10 else 0}f} {unit}"
    return f"{seconds / 86_400:.0f} days"


def _missing(device: Device) -> Iterator[str]:
    name = f"{device.site}/{device.device}"
    for gap in device.gaps:
        yield (
            f"{name} gave up {gap.rows} rows ({gap.trials} trials) of {gap.first}..{gap.last} "
            f"in epoch {gap.epoch[:8]}: {_plain(gap.why)}"
        )
    for hole in device.holes:
        yield (
            f"{name} rows {hole.first}..{hole.last} of epoch {hole.epoch[:8]} have not come, "
            "though later ones have"
        )
    if device.trials_unaccounted:
        yield f"{name} {device.trials_unaccounted} trials are neither stored nor declared lost"
    if device.rows_unexplained:
        yield (
            f"{name} {device.rows_unexplained} numbers are settled by the device's word alone: "
            "the store was begun later, or the broker's word freed them"
        )
    if device.rows_unknown:
        yield f"{name} {device.rows_unknown} rows of unknown kinds are kept as they came"


def _plain(text: str) -> str:
    """A device's words without what would move a terminal's cursor."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)

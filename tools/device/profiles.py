"""Device profiles as tables, as JSON, and whether a user's own can be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent import toml
from agent.errors import ConfigError
from agent.profile import Profile, detect, fit, load_profile, shipped


def print_profiles(console: Console, as_json: bool) -> None:
    """All shipped profiles, the fitting one marked."""
    try:
        fitting = detect()
    except ConfigError:
        fitting = ""
    if as_json:
        print(json.dumps({"profiles": shipped(), "fits_here": fitting or None}, indent=1))
        return
    table = Table("profile", "machine", "what", "")
    for name in shipped():
        profile = load_profile(name)
        mark = "[green]fits this machine[/]" if name == fitting else ""
        table.add_row(name, profile.machine, profile.summary, mark)
    console.print(table)


def print_profile(console: Console, name: str, as_json: bool) -> None:
    """One profile in full, defaults filled in."""
    data = load_profile(name).model_dump(mode="json", by_alias=True)
    if as_json:
        print(json.dumps(data, indent=1))
        return
    table = Table("key", "value", title=name, title_justify="left")
    for section, value in data.items():
        rows = value.items() if isinstance(value, dict) else [("", value)]
        for key, item in rows:
            table.add_row(f"{section}.{key}".rstrip("."), escape(_shown(item)))
    console.print(table)


def print_verdict(console: Console, file: Path, as_json: bool) -> None:
    """What a user's profile is, and what it leaves open.

    Raises ``ConfigError`` where it cannot be used; as JSON that is printed first.
    """
    try:
        profile = toml.read(file, Profile)
    except ConfigError as error:
        if as_json:
            _print_json({"valid": False, "error": error.message, "remedy": error.remedy})
        raise
    open_ends = remarks(profile)
    if as_json:
        _print_json({"valid": True, "name": profile.name, "remarks": open_ends})
        return
    _say(console, f"{file} is a profile of {profile.name} ({profile.machine}).")
    for remark in open_ends:
        _say(console, f"  {remark}")
    _say(console, f"Use it with: fieldproof run --profile {file}")


def remarks(profile: Profile) -> list[str]:
    """What is allowed in a profile and yet worth a second look."""
    found = []
    if profile.name in shipped():
        found.append(f"A shipped profile is called {profile.name} too: records would mix them up.")
    for name in ("sensor", "thermal", "budgets"):
        table = getattr(profile, name)
        if not table.model_fields_set:
            found.append(
                f"[{name}] is missing: defaults are used, which fit no device in particular."
            )
        elif not table.source:
            found.append(f"[{name}] does not say where its figures come from (source).")
    return found


def print_fit(console: Console, as_json: bool) -> None:
    """Which profile fits here, and why. Raises ``ConfigError`` where none does."""
    found = fit()
    if as_json:
        _print_json({"profile": found.name, "why": found.why})
    else:
        _say(console, f"{found.name}: {found.why}")


def usual_workers() -> int:
    """How many processes an evaluation gets on this machine where nobody says."""
    try:
        return load_profile(detect()).runtime.workers
    except ConfigError:
        return 1


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1))

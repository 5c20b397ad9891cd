"""Device profiles as tables."""

from __future__ import annotations

import json

from rich.console import Console
from rich.table import Table

from agent.errors import ConfigError
from agent.profile import detect, load_profile, shipped


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
            table.add_row(f"{section}.{key}".rstrip("."), str(item))
    console.print(table)

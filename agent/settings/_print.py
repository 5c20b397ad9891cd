"""Settings as text or JSON, each with its origin; secrets are left out, files are only named."""

from __future__ import annotations

import json
from typing import Any

from agent.cameras._spec import without_secrets
from agent.settings import KEYS, Resolved


def as_json(resolved: Resolved) -> str:
    """One object: of each setting its ``value`` and its ``origin``."""
    shown = {key: {"value": value, "origin": origin} for key, value, origin in _shown(resolved)}
    return json.dumps(shown, indent=1)


def as_text(resolved: Resolved) -> str:
    """One line for each setting: its name and value as in a file of settings, and its origin."""
    rows = [(_line(key, value), origin) for key, value, origin in _shown(resolved)]
    width = min(56, max(len(left) for left, _ in rows))
    return "\n".join(f"{left:{width}}  # {origin}" for left, origin in rows)


def _line(key: str, value: Any) -> str:
    """What is not set stands as a comment, so that all lines together are a file of settings."""
    if value is None:
        return f"# {key} ="
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"


def _shown(resolved: Resolved) -> list[tuple[str, Any, str]]:
    tables, access = resolved.settings.model_dump(mode="json"), resolved.access()
    rows: list[tuple[str, Any, str]] = []
    for key in KEYS:
        table, _, name = key.partition(".")
        value, origin = tables[table][name], resolved.origins[key]
        held = access.get(name) if table == "run" else None
        if held is not None and str(held) != value:
            value, origin = str(held), f"systemd's credential {held.name}"
        if key == "run.broker":
            # Also where the address is so wrong that no user can be told from its host.
            scheme, slashes, rest = value.rpartition("://")
            value = scheme + slashes + rest.rpartition("@")[2]
        rows.append((key, _hidden(value), origin))
    return rows


def _hidden(value: Any) -> Any:
    if isinstance(value, list):
        return [_hidden(item) for item in value]
    return without_secrets(value) if isinstance(value, str) else value

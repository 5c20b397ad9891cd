"""One check in a process of its own, which it may take down.

The answers go to the standard output as lines of JSON, one per finding, as soon as it is made.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from agent.doctor import INTERNAL, Check, Finding, Host, Plan, family
from agent.errors import FieldproofError
from agent.family import kind_of


def main() -> None:
    """Make the check that the standard input asks for."""
    answers = _answers()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # core dumps would wear the card
    asked = json.load(sys.stdin)
    check = family.load(asked["check"])()
    plan = Plan(**asked["plan"])
    host = Host(**{name: Path(path) for name, path in asked["host"].items()})
    for finding in findings(check, plan, host, asked["facts"]):
        print(json.dumps(finding.to_json(), default=str), file=answers, flush=True)


def findings(check: Check, plan: Plan, host: Host, facts: Mapping[str, Any]) -> Iterator[Finding]:
    """What a check finds; whatever it raises is a failure of its own, in a sentence."""
    try:
        yield from check.examine(plan, host, facts)
    except FieldproofError as error:
        yield check.failure(kind_of(type(check)), error.message, error.remedy, error.exit_code)
    except Exception as error:
        said = " ".join(_scrubbed(str(error)).split()) or "no reason given"
        text = f"the check itself failed: {type(error).__name__}: {said}"
        yield check.failure(kind_of(type(check)), text, check.crashed, INTERNAL)


def _scrubbed(text: str) -> str:
    """Without passwords, which only the address of a camera could bring in."""
    try:
        from agent.cameras._spec import without_secrets
    except Exception:  # what it stands on is what fails
        return text
    return without_secrets(text)


def _answers() -> TextIO:
    """The standard output for answers alone: what libraries print there goes to stderr."""
    kept = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(kept, "w", encoding="utf-8")

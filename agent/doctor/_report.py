"""Findings as lines, as JSON, and as an exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Final, TextIO

from agent.doctor import (
    BROKER,
    CAMERA,
    FAILURE,
    INTERNAL,
    MODEL,
    NOT_CHECKED,
    OK,
    SETUP,
    STATE,
    WARNING,
    Finding,
)

USAGE: Final = 2
WORST: Final = (SETUP, USAGE, STATE, MODEL, CAMERA, BROKER, INTERNAL)
"""Exit codes, what hinders most first: of several failures this one's is told."""

_COLOURS: Final = {OK: "32", WARNING: "33", FAILURE: "31", NOT_CHECKED: "2"}
_VERDICT: Final = max(map(len, _COLOURS))
_NAME: Final = 18


def lines(finding: Finding, *, colours: bool = False) -> Iterator[str]:
    """A finding's line, and the one below it that says how to mend it."""
    verdict = finding.verdict.ljust(_VERDICT)
    if colours:
        verdict = f"\x1b[{_COLOURS[finding.verdict]}m{verdict}\x1b[0m"
    yield f"{verdict}  {finding.name.ljust(_NAME)}  {finding.text}"
    if finding.mend:
        yield f"{' ' * (_VERDICT + 2)}{'->'.rjust(_NAME)}  {finding.mend}"


def exit_code(findings: Iterable[Finding]) -> int:
    """0 where nothing has failed, else the code of the failure that hinders most."""
    codes = {finding.code for finding in findings if finding.verdict == FAILURE}
    return next((code for code in WORST if code in codes), INTERNAL if codes else 0)


def print_findings(findings: Iterable[Finding], file: TextIO | None = None) -> int:
    """Print each as it is made, and a summary; the exit code."""
    out = file or sys.stdout
    colours = out.isatty()
    made = []
    for finding in findings:
        made.append(finding)
        for line in lines(finding, colours=colours):
            print(line, file=out, flush=True)
    counts = {verdict: sum(f.verdict == verdict for f in made) for verdict in _COLOURS}
    print(", ".join(f"{number} {verdict}" for verdict, number in counts.items()), file=out)
    return exit_code(made)


def print_json(findings: Iterable[Finding], file: TextIO | None = None) -> int:
    """Print all as one JSON document (``fieldproof.doctor/1``); the exit code."""
    made = list(findings)
    document = {
        "schema": "fieldproof.doctor/1",
        "exit_code": exit_code(made),
        "findings": [_told(finding) for finding in made],
    }
    print(json.dumps(document, indent=1), file=file or sys.stdout)
    return exit_code(made)


def _told(finding: Finding) -> dict[str, Any]:
    """A finding without the plan, whose addresses may hold passwords."""
    told = finding.to_json()
    told["facts"] = {key: value for key, value in finding.facts.items() if key != "plan"}
    return told

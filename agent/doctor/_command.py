"""The command: its options, and what it does with them."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import fields
from typing import Final

from agent.access import add_access
from agent.doctor import Host, Plan
from agent.doctor._examine import TOTAL_S, examine
from agent.doctor._report import print_findings, print_json
from agent.probes._sysfs import sysfs

HELP: Final = "say what is wrong with this device's set-up, and the line that mends it"
_DESCRIPTION: Final = (
    "Say what is wrong with this device's set-up, and the line that mends it. What no option, "
    "variable or file of settings gives (see run) is not checked. Nothing is changed, neither "
    "here nor at the broker. The exit code is 0 where nothing fails, else that of the failure "
    "that hinders most: 78 set-up, 2 options, 73 state folder, 65 model, 69 camera, 75 broker, "
    "70 a check itself."
)


def main(words: list[str], prog: str) -> int:
    """Examine what the options say and print it; the exit code."""
    options = parser(prog).parse_args(words)
    given = {field.name: str(getattr(options, field.name) or "") for field in fields(Plan)}
    findings = examine(Plan(**given), Host(sys=sysfs()), options.timeout)
    try:
        return print_json(findings) if options.json else print_findings(findings)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def parser(prog: str) -> argparse.ArgumentParser:
    """The options; those of ``run`` mean the same here."""
    options = argparse.ArgumentParser(
        prog=prog,
        description=_DESCRIPTION,
        epilog=f"example: {prog} --model card.toml --camera v4l2:/dev/video0 "
        "--broker mqtt://broker --state /var/lib/fieldproof",
    )
    options.add_argument("--profile", help="default: the one that fits this machine")
    options.add_argument("--model", help="model card (TOML)")
    options.add_argument("--camera", help="as for run, such as v4l2:/dev/video0")
    options.add_argument("--broker", help="mqtt://host:1883 or mqtts://host:8883")
    options.add_argument("--state", help="folder of the outbox")
    options.add_argument("--site", help="first part of the topics (default)")
    options.add_argument("--device", help="default: this machine's name")
    options.add_argument(
        "--ack",
        choices=("collector", "broker"),
        help="whose word frees a record: of the broker's alone no receipt is asked for",
    )
    options.add_argument("--config", help="file of settings (default: as for run)")
    options.add_argument(
        "--timeout",
        type=float,
        default=TOTAL_S,
        metavar="S",
        help="most seconds for all of it (default: %(default)g); each check has its share",
    )
    options.add_argument("--json", action="store_true", help="print one JSON document")
    add_access(options)
    return options

"""``python -m agent``: the device's commands without the desk's tools."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent import __version__
from agent.access import add_access
from agent.doctor import _command as doctor
from agent.errors import BrokerError, FieldproofError

# The doctor has to speak where OpenCV, numpy or pydantic cannot be imported: what needs them is
# imported by the functions that need it.
if TYPE_CHECKING:
    from agent.run import Run, RunPlan, RunReport
    from agent.session import Examination
    from agent.values import Frame

log = logging.getLogger("agent")

SHOWN: Final = 20
"""Pictures that could not be used and are named at the end."""

SAY_S: Final = 10.0
"""Seconds between two lines on how far a run is."""

NICE: Final = 10
"""The agent's niceness at least: the device's own work goes first. Its priority in reading and
writing follows from it (see ioprio_set(2)), and what it starts inherits both. Where the kernel
groups processes by session (sched_autogroup), it counts within that only; a service's CPUWeight
then does what is meant."""


def main(words: list[str] | None = None, prog: str = "python -m agent") -> int:
    """Run a device's command; the exit code."""
    words = sys.argv[1:] if words is None else words
    if words[:1] == ["doctor"]:
        return doctor.main(words[1:], f"{prog} doctor")
    from agent.plan import plan, settings_of
    from agent.settings._print import as_json, as_text

    options = parser(prog).parse_args(words)
    logging.captureWarnings(True)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        resolved = settings_of(options)
        if "print_config" in options:
            print(as_json(resolved) if "json" in options else as_text(resolved))
            return 0
        report = run(plan(resolved))
    except FieldproofError as error:
        log.error("%s", error.message)
        if error.remedy:
            log.error("try: %s", error.remedy)
        return error.exit_code
    for name, why in list(report.rejected.items())[:SHOWN]:
        log.warning("left out: %s: %s", name, why)
    if len(report.rejected) > SHOWN:
        log.warning("left out: and %d more pictures", len(report.rejected) - SHOWN)
    totals = report.totals
    log.info(
        "%d frames, %d trials, %d flips, %d phantoms; %d rows wait in the outbox",
        totals.frames,
        totals.trials,
        totals.flips,
        totals.phantoms,
        report.waiting,
    )
    return ending(report)


def run(plan: RunPlan) -> RunReport:
    """Run a plan, saying now and then how far it is; SIGTERM and Ctrl-C end it cleanly."""
    from agent.cameras._spec import without_secrets
    from agent.run import Run

    os.nice(max(0, NICE - os.nice(0)))
    agent = Run(plan)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: agent.stop.set())
    camera = without_secrets(plan.camera)
    log.info("examining %s on %s, records to %s", plan.examiner.card, camera, plan.broker)
    said = time.monotonic()

    def watch(agent: Run, frame: Frame, seen: Examination) -> None:
        nonlocal said
        if time.monotonic() - said >= SAY_S:
            said = time.monotonic()
            totals, link = agent.recorder.totals, agent.publisher
            log.info(
                "%d frames, %d trials, %d flips; %s, %d rows wait in the outbox",
                totals.frames,
                totals.trials,
                totals.flips,
                "connected" if link.connected else link.last_error,
                link.undelivered,
            )

    return agent.go(watch)


def ending(report: RunReport) -> int:
    """The exit code of a run: 75 where it ended by itself and rows still wait."""
    if report.stopped or not report.waiting:
        return 0
    log.error("%d rows wait in the outbox: %s", report.waiting, report.trouble)
    log.error("try: Start the broker and the collector; the next run sends them first.")
    return BrokerError.exit_code


def parser(prog: str = "python -m agent") -> argparse.ArgumentParser:
    """The options of the device's commands, for both ways of calling them."""
    from agent.settings._sources import USUAL_FILE

    top = argparse.ArgumentParser(prog=prog, description="Fieldproof on the device.")
    top.add_argument("--version", action="version", version=f"fieldproof {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    # What no option gives is looked for in the environment, the file, the profile.
    run = commands.add_parser(
        "run",
        argument_default=argparse.SUPPRESS,
        help="examine the model on a camera and send what is found",
        description="Every option may also be given as a variable, such as FIELDPROOF_MODEL, or "
        "below [run] in a file of settings. The command line is stronger than the environment, "
        "that than the file, the file than the profile.",
        epilog=f"example: {prog} run --model card.toml --camera v4l2:/dev/video0 "
        "--broker mqtt://broker --state /var/lib/fieldproof",
    )
    run.add_argument("--model", type=Path, help="model card (TOML)")
    run.add_argument("--broker", help="mqtt://host:1883 or mqtts://host:8883")
    run.add_argument("--camera", help="default: the profile's")
    run.add_argument("--profile", help="default: the one that fits this machine")
    run.add_argument("--state", type=Path, help="folder of the outbox (default: fieldproof-state)")
    run.add_argument("--suite", help="a shipped suite or a TOML file (default: quick)")
    run.add_argument("--seed", type=int, help="all randomness follows from it (0)")
    run.add_argument("--site", help="first part of the topics (default)")
    run.add_argument("--device", help="default: this machine's name")
    run.add_argument("--alias", action="append", help='stop="stop sign"')
    run.add_argument("--data-labels", type=Path, help="names of the data's numeric ids")
    run.add_argument("--frames", type=int, help="stop after so many (0: never)")
    run.add_argument("--drain", type=float, help="s to wait at the end (30)")
    run.add_argument(
        "--ack",
        choices=("collector", "broker"),
        help="what frees a record: the collector's receipt (default), or the broker's word",
    )
    run.add_argument(
        "--evidence",
        type=_per_hour,
        metavar="N",
        help="send the pictures of up to N failures an hour (default: the profile's; 0: none)",
    )
    run.add_argument("--config", type=Path, help=f"file of settings (default: {USUAL_FILE})")
    run.add_argument(
        "--set", action="append", metavar="KEY=VALUE", help="any setting: budgets.cpu_share=0.5"
    )
    run.add_argument(
        "--print-config", action="store_true", help="print all settings and their origins, and end"
    )
    run.add_argument("--json", action="store_true", help="print them as JSON")
    add_access(run)
    commands.add_parser("doctor", help=doctor.HELP)  # it has a parser of its own
    return top


def _per_hour(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 3600:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to 3600")
    return number


if __name__ == "__main__":
    sys.exit(main())

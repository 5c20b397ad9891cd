"""``python -m agent``: the device's commands without the desk's tools."""

from __future__ import annotations

import argparse
import faulthandler
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent import __version__, memory
from agent.access import add_access
from agent.doctor import _command as doctor
from agent.errors import BrokerError, FieldproofError

# The doctor has to speak where OpenCV, numpy or pydantic cannot be imported: what needs them is
# imported by the functions that need it.
if TYPE_CHECKING:
    from agent.run import Run, RunPlan, RunReport
    from agent.service.install import Told
    from agent.session import Examination
    from agent.values import Frame

log = logging.getLogger("agent")

SHOWN: Final = 10
"""Pictures that could not be used and are named at the end."""

SAY_S: Final = 10.0
"""Seconds between two lines on how far a run is."""

PROGRESS: Final = "%d frames, %d trials, %d flips; %s, %d rows wait in the outbox"
INSTALL: Final = "install-service"
INSTALLS: Final = "write a systemd unit that runs the agent"
HEALTH: Final = "whether the agent gets on, by its heartbeat: 0 yes, 1 no"

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
    if words[:1] == ["health"]:
        from agent.service import health

        return health.main(words[1:], f"{prog} health")
    return _run_or_install(words, prog)


def _run_or_install(words: list[str], prog: str) -> int:
    # Else pydantic reads the entry points of every package that is installed, to find none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    with memory.loading():
        from agent.cameras._spec import without_secrets
        from agent.plan import plan, settings_of
        from agent.service import install, logs
        from agent.service.stopping import Stopped
        from agent.settings._print import as_json, as_text

    installs = words[:1] == [INSTALL]
    options = parser(prog).parse_args(words[:1] if installs else words)
    logs.configure("text", scrub=without_secrets)
    try:
        if installs:
            return install.main(words[1:], lambda rest: told(prog, rest), f"{prog} {INSTALL}")
        resolved = settings_of(options)
        if "print_config" in options:
            print(as_json(resolved) if "json" in options else as_text(resolved))
            return 0
        logs.configure(resolved.run.log_format, scrub=without_secrets)
        report = run(plan(resolved))
    except Stopped:
        log.info("stopped before it had begun")
        return 0
    except FieldproofError as error:
        log.error("%s", error.message)
        if error.remedy:
            log.error("try: %s", error.remedy)
        return error.exit_code
    return _reported(report)


def _reported(report: RunReport) -> int:
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
    from agent.service.heartbeat import place
    from agent.service.lifeline import Lifeline
    from agent.service.stopping import Stopping

    os.nice(max(0, NICE - os.nice(0)))
    memory.bound()
    lifeline = Lifeline(plan.heartbeat or place(plan.state))
    agent = Run(plan, lifeline)
    camera = without_secrets(plan.camera)
    log.info("examining %s on %s, records to %s", plan.examiner.card, camera, plan.broker)
    said, settled = time.monotonic(), False

    def watch(agent: Run, frame: Frame, seen: Examination) -> None:
        nonlocal said, settled
        if not settled and seen.inferences:
            memory.settle()
            settled = True
        if time.monotonic() - said >= SAY_S:
            said = time.monotonic()
            totals, link = agent.recorder.totals, agent.publisher
            how = "connected" if link.connected else link.last_error.rstrip(".")
            counts = (totals.frames, totals.trials, totals.flips, how, link.undelivered)
            log.info(PROGRESS, *counts)
            lifeline.status(PROGRESS % counts)

    # A watchdog ends a process that hangs by SIGABRT: then it says where it hung.
    faulthandler.enable(sys.__stderr__ or sys.stderr)
    try:
        with Stopping(lifeline.stopping) as stopping:
            agent.stop, agent.begun = stopping.event, stopping.begun
            return agent.go(watch)
    finally:
        lifeline.end()


def told(prog: str, rest: Sequence[str]) -> Told:
    """What `run` makes of its options: as much as its service has to know."""
    from agent.plan import plan_of
    from agent.service.install import Told

    plan = plan_of(parser(prog).parse_args(["run", *rest]))
    return Told(plan.profile.budgets.memory_mb, plan.camera)


def ending(report: RunReport) -> int:
    """The exit code of a run: 75 where it ended by itself and rows still wait."""
    if report.stopped or not report.waiting:
        return 0
    log.error("%d rows wait in the outbox: %s", report.waiting, report.trouble)
    log.error("try: Start the broker and the collector; the next run sends them first.")
    return BrokerError.exit_code


def parser(prog: str = "python -m agent") -> argparse.ArgumentParser:
    """The options of the device's commands, for both ways of calling them."""
    from agent.service.commands import NAMES
    from agent.settings._sources import USUAL_FILE

    top = argparse.ArgumentParser(prog=prog, description="Fieldproof on the device.")
    top.add_argument("--version", action="version", version=f"fieldproof {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    # What no option gives is looked for in the environment, the file, the profile.
    run = commands.add_parser(
        "run",
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,  # install-service looks for options by their names
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
    run.add_argument(
        "--commands",
        metavar="NAME,...",
        help=f"obey these when they come over MQTT, of {', '.join(NAMES)} "
        "(default: the profile's, which are none)",
    )
    run.add_argument(
        "--heartbeat",
        type=Path,
        help=f"file for `{prog} health` to look at (default: with the state, in /run as a service)",
    )
    run.add_argument(
        "--log-format",
        choices=("text", "json", "auto"),
        help="auto (default): JSON lines into systemd's journal, else text",
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
    for name, does in (("doctor", doctor.HELP), ("health", HEALTH), (INSTALL, INSTALLS)):
        commands.add_parser(name, help=does)  # each has a parser of its own
    return top


def _per_hour(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a number") from None
    if not 0 <= number <= 3600:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to 3600")
    return number


if __name__ == "__main__":
    sys.exit(main())

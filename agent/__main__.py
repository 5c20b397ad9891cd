"""``python -m agent``: the device's commands without the desk's tools."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import Final

from agent import __version__
from agent.assembly import Examiner
from agent.cameras._spec import without_secrets
from agent.errors import BrokerError, FieldproofError
from agent.profile import detect, load_profile
from agent.run import Run, RunPlan, RunReport
from agent.session import Examination
from agent.telemetry.link import Address
from agent.values import Frame
from agent.vocabulary import parse_aliases

log = logging.getLogger("agent")

SHOWN: Final = 20
"""Pictures that could not be used and are named at the end."""

SAY_S: Final = 10.0
"""Seconds between two lines on how far a run is."""

NICE: Final = 10
"""The agent's niceness at least: the device's own work goes first. Its priority in reading and
writing follows from it (see ioprio_set(2)), and what it starts inherits both."""


def main(words: list[str] | None = None, prog: str = "python -m agent") -> int:
    """Run a device's command; the exit code."""
    options = parser(prog).parse_args(words)
    logging.captureWarnings(True)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        report = run(plan_of(options))
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


def plan_of(options: argparse.Namespace) -> RunPlan:
    """A plan from parsed options: the profile fills what they leave out."""
    profile = load_profile(options.profile or detect())
    if options.evidence is not None:
        allowed = profile.evidence.model_copy(update={"per_hour": options.evidence})
        profile = profile.model_copy(update={"evidence": allowed})
    table = profile.camera
    usual = f"{table.spec},width={table.width},height={table.height},fps={table.fps:g}"
    return RunPlan(
        examiner=Examiner(
            Path(options.model),
            options.suite,
            seed=options.seed,
            aliases=parse_aliases(options.alias),
            threads=profile.runtime.threads,
            sensor=profile.sensor.value(),
            execution=profile.runtime.value(),
        ),
        profile=profile,
        camera=options.camera or usual,
        broker=Address.parse(
            options.broker,
            ca_file=options.ca_file,
            cert_file=options.cert_file,
            key_file=options.key_file,
            password_file=options.password_file,
        ),
        state=options.state,
        site=options.site,
        device=options.device,
        ack=options.ack,
        frames=options.frames,
        drain_s=options.drain,
        names=options.data_labels,
    )


def parser(prog: str = "python -m agent") -> argparse.ArgumentParser:
    """The options of the device's commands, for both ways of calling them."""
    top = argparse.ArgumentParser(prog=prog, description="Fieldproof on the device.")
    top.add_argument("--version", action="version", version=f"fieldproof {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="examine the model on a camera and send what is found",
        epilog=f"example: {prog} run --model card.toml --camera v4l2:/dev/video0 "
        "--broker mqtt://broker --state /var/lib/fieldproof",
    )
    run.add_argument("--model", required=True, help="model card (TOML)")
    run.add_argument("--broker", required=True, help="mqtt://host:1883 or mqtts://host:8883")
    run.add_argument("--camera", default="", help="default: the profile's")
    run.add_argument("--profile", default="", help="default: the one that fits this machine")
    run.add_argument(
        "--state",
        type=Path,
        default=Path("fieldproof-state"),
        help="folder of the outbox (default: %(default)s)",
    )
    run.add_argument(
        "--suite", default="quick", help="a shipped suite or a TOML file (default: quick)"
    )
    run.add_argument("--seed", type=int, default=0, help="all randomness follows from it (0)")
    run.add_argument("--site", default="default", help="first part of the topics (default)")
    run.add_argument("--device", default="", help="default: this machine's name")
    run.add_argument("--alias", action="append", default=[], help='stop="stop sign"')
    run.add_argument("--data-labels", type=Path, help="names of the data's numeric ids")
    run.add_argument("--frames", type=int, default=0, help="stop after so many (0: never)")
    run.add_argument("--drain", type=float, default=30.0, help="s to wait at the end (30)")
    run.add_argument(
        "--ack",
        choices=("collector", "broker"),
        default="collector",
        help="what frees a record: the collector's receipt (default), or the broker's word",
    )
    run.add_argument(
        "--evidence",
        type=_per_hour,
        metavar="N",
        help="send the pictures of up to N failures an hour (default: the profile's; 0: none)",
    )
    add_access(run)
    return top


def _per_hour(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 3600:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to 3600")
    return number


def add_access(options: argparse.ArgumentParser) -> None:
    """The options of how to get into a broker; secrets are never given on the command line."""
    options.add_argument("--ca-file", type=Path, help="PEM of the CA of an mqtts:// broker")
    options.add_argument("--cert-file", type=Path, help="PEM of this client's certificate")
    options.add_argument("--key-file", type=Path, help="PEM of its key")
    options.add_argument(
        "--password-file", type=Path, help="file with the password alone; the user is in the URL"
    )


if __name__ == "__main__":
    sys.exit(main())

"""From a command line to the plan of a run, by way of the settings of all other sources."""

from __future__ import annotations

import argparse
import os

from agent import places
from agent.assembly import Examiner
from agent.errors import FieldproofError, UsageError
from agent.run import RunPlan
from agent.service.commands import check_names
from agent.settings import ACCESS, Resolved, resolve
from agent.settings._sources import (
    from_environment,
    from_file,
    from_options,
    variable,
)
from agent.telemetry.link import Address
from agent.vocabulary import parse_aliases


def settings_of(options: argparse.Namespace) -> Resolved:
    """The settings from parsed options, the environment and a file, over the profile's."""
    file = places.find_file(getattr(options, "config", None), os.environ)
    return resolve(
        from_options(vars(options)),
        from_environment(os.environ),
        from_file(file) if file else {},
    )


def plan_of(options: argparse.Namespace) -> RunPlan:
    """A plan from parsed options and all that they leave open.

    Raises ``UsageError`` and ``ConfigError`` that say where a wrong setting comes from.
    """
    return plan(settings_of(options))


def plan(resolved: Resolved) -> RunPlan:
    """A plan from settings. Raises ``UsageError`` where something is missing or does not fit."""
    run, profile = resolved.run, resolved.profile
    if run.model is None:
        raise _missing("model card", "model", "card.toml")
    if not run.broker:
        raise _missing("broker", "broker", "mqtts://host:8883")
    table = profile.camera
    usual = f"{table.spec},width={table.width},height={table.height},fps={table.fps:g}"
    return RunPlan(
        examiner=Examiner(
            run.model,
            run.suite,
            seed=run.seed,
            aliases=_aliases(resolved),
            threads=profile.runtime.threads,
            sensor=profile.sensor.value(),
            execution=profile.runtime.value(),
        ),
        profile=profile,
        camera=run.camera or usual,
        broker=_address(resolved),
        state=run.state,
        site=run.site,
        device=run.device,
        ack=run.ack,
        frames=run.frames,
        drain_s=run.drain,
        names=run.data_labels,
        commands=_commands(resolved),
        heartbeat=run.heartbeat,
        metrics=run.metrics,
    )


def _missing(what: str, name: str, example: str) -> UsageError:
    return UsageError(
        f"No {what} is given.",
        remedy=f"Give it with --{name} {example}, as {variable(f'run.{name}')}, or as {name} below "
        "[run] in a file of settings.",
    )


def _aliases(resolved: Resolved) -> dict[str, str]:
    try:
        return parse_aliases(resolved.run.alias)
    except FieldproofError as error:
        raise resolved.blame(error, "run.alias") from None


def _commands(resolved: Resolved) -> frozenset[str]:
    try:
        return check_names(resolved.profile.service.commands)
    except FieldproofError as error:
        raise resolved.blame(error, "service.commands") from None


def _address(resolved: Resolved) -> Address:
    try:
        return Address.parse(resolved.run.broker, **resolved.access())
    except FieldproofError as error:
        keys = ("run.broker", *(f"run.{name}" for name in ACCESS))
        raise resolved.blame(error, *keys) from None

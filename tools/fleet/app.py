"""``fieldproof fleet``: as many simulated devices as are wanted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from agent.errors import UsageError
from tools.options import JsonOption, SeedOption, complaints, console, print_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.fleet.account import Account
    from tools.fleet.audit import Audit
    from tools.fleet.plan import Plan
    from tools.fleet.sending import Manner

fleet_app = typer.Typer()


@fleet_app.command(
    "fleet", epilog="Example: fieldproof fleet --broker mqtt://127.0.0.1 --trials 100000"
)
def fleet(
    broker: Annotated[
        str, typer.Option("--broker", help="Send to this broker: mqtt://host:1883.")
    ] = "",
    store: Annotated[
        str, typer.Option("--store", help="Straight into this store, without a broker.")
    ] = "",
    devices: Annotated[int, typer.Option("--devices", help="How many devices.")] = 20,
    trials: Annotated[int, typer.Option("--trials", help="Trials of all devices.")] = 200_000,
    seed: SeedOption = 1,
    sites: Annotated[int, typer.Option("--sites", help="How many sites.")] = 6,
    hours: Annotated[
        float, typer.Option("--hours", help="Spread over so many hours up to now; 0: made now.")
    ] = 72.0,
    fall: Annotated[
        str, typer.Option("--fall", help="Devices that grow less robust: depot-2/* or cam-007.")
    ] = "",
    fall_from: Annotated[float, typer.Option("--fall-from", help="Share lost before.")] = 0.05,
    fall_to: Annotated[float, typer.Option("--fall-to", help="Share lost after.")] = 0.20,
    rate: Annotated[
        float, typer.Option("--rate", min=0, help="Trials a second of all; 0: no limit.")
    ] = 0.0,
    processes: Annotated[
        int, typer.Option("--processes", min=0, help="That share the devices; 0: one for 50.")
    ] = 0,
    state: Annotated[
        Path, typer.Option("--state", help="Folder of the outboxes; a fleet goes on from it.")
    ] = Path("fieldproof-out/fleet"),
    stay: Annotated[
        bool, typer.Option("--stay", help="Stay connected when all is sent, until Ctrl-C.")
    ] = False,
    against: Annotated[
        list[str] | None,
        typer.Option("--against", help="Hold this store against what was put. Repeatable."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Simulate devices: their cameras and models are chance, all else is real."""
    from tools.fleet.plan import Plan

    plan = Plan(devices, trials, seed, sites, hours, 0, fall, fall_from, fall_to)
    if bool(store) == bool(broker):
        raise UsageError(
            "A fleet sends to a broker, or fills a store.", remedy="Give --broker or --store."
        )
    if store:
        account = _filled(store, plan.begun())
    else:
        from agent.telemetry.link import Address
        from tools.fleet.sending import Manner

        manner = Manner(Address.parse(broker), state, processes, rate, stay)
        account = _sent(plan, manner)
    audits = {url: _audited(url, account) for url in against or ()}
    if as_json:
        found = {url: audit.to_json() for url, audit in audits.items()}
        print_json({**account.to_json(), "audits": found})
    else:
        _show(account, audits)
    if any(audit.differences for audit in audits.values()):
        raise typer.Exit(1)


def _filled(store: str, plan: Plan) -> Account:
    from tools.fleet.filling import fill
    from tools.fleet.pictures import gallery
    from tools.progress import frames_bar
    from tools.stores import open_store

    pictures = gallery({device.suite for device in plan.fleet})
    with open_store(store) as opened, frames_bar(complaints, "Storing", "trials") as show:
        return fill(opened, plan, pictures, show)


def _sent(plan: Plan, manner: Manner) -> Account:
    from tools.fleet.pictures import gallery
    from tools.fleet.sending import resumed, send, stopped_by_signals
    from tools.progress import frames_bar

    plan = resumed(plan, manner.state)
    pictures = gallery({device.suite for device in plan.fleet})
    with stopped_by_signals() as stop, frames_bar(complaints, "Sending", "trials") as show:
        return send(plan, manner, pictures, stop, show)


def _audited(url: str, account: Account) -> Audit:
    from tools.fleet.audit import audit
    from tools.stores import open_store

    with open_store(url, create=False) as store:
        return audit(store, account)


def _show(account: Account, audits: Mapping[str, Audit]) -> None:
    rows, waiting = account.total("rows"), sum(device.waiting for device in account.devices)
    console.print(
        f"{len(account.devices)} devices put {account.total('trials'):,} trials in {rows:,} rows,"
        f" {rows / max(1e-9, account.seconds):,.0f} a second"
        + (f"; {waiting:,} rows wait in their outboxes" if waiting else "")
    )
    for url, audit in audits.items():
        console.print(
            f"{escape(url)}: {audit.rows:,} rows stored, {audit.given_up:,} given up by devices,"
            f" {audit.arrived:,} of which arrived,"
            f" {audit.lost:,} lost, {audit.doubled:,} doubled,"
            f" sums differ of {sum(bool(item.sums) for item in audit.differences)} devices"
        )

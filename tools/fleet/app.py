"""``fieldproof fleet``: as many simulated devices as are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agent.errors import UsageError
from tools.options import JsonOption, SeedOption, complaints, console, print_json

if TYPE_CHECKING:
    from tools.fleet.account import Account
    from tools.fleet.plan import Plan

fleet_app = typer.Typer()


@fleet_app.command(
    "fleet", epilog="Example: fieldproof fleet --store sqlite:///fleet.db --trials 200000"
)
def fleet(
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
    as_json: JsonOption = False,
) -> None:
    """Simulate devices: their cameras and models are chance, all else is real."""
    from tools.fleet.plan import Plan

    plan = Plan(devices, trials, seed, sites, hours, 0, fall, fall_from, fall_to).begun()
    if not store:
        raise UsageError("A fleet needs somewhere to go to.", remedy="Give --store URL.")
    _show(_filled(store, plan), as_json)


def _filled(store: str, plan: Plan) -> Account:
    from tools.fleet.filling import fill
    from tools.fleet.pictures import gallery
    from tools.progress import frames_bar
    from tools.stores import open_store

    pictures = gallery({device.suite for device in plan.fleet})
    with open_store(store) as opened, frames_bar(complaints, "Storing", "trials") as show:
        return fill(opened, plan, pictures, show)


def _show(account: Account, as_json: bool) -> None:
    if as_json:
        print_json(account.to_json())
        return
    rows = account.total("rows")
    console.print(
        f"{len(account.devices)} devices put {account.total('trials'):,} trials in {rows:,} rows,"
        f" {rows / max(1e-9, account.seconds):,.0f} a second"
    )

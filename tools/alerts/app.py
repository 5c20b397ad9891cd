"""``fieldproof alerts``: evaluate rules on a store, check them, list what was raised."""

from __future__ import annotations

from typing import Annotated

import typer

from tools.options import JsonOption, console, print_json

alerts_app = typer.Typer(no_args_is_help=True, help="Tell somebody when something is wrong.")

StoreOption = Annotated[str, typer.Option("--store", help="The collector's store, as a URL.")]
RulesOption = Annotated[
    str, typer.Option("--rules", help="A TOML file, or default: the rules that ship.")
]


@alerts_app.command(
    "run", epilog="Example: fieldproof alerts run --store sqlite:///fieldproof.db --rules my.toml"
)
def run(
    store: StoreOption,
    rules: RulesOption = "default",
    every: Annotated[str, typer.Option("--every", help="Span between two looks.")] = "30s",
) -> None:
    """Evaluate the rules again and again and tell the sinks, until SIGTERM or Ctrl-C."""
    from tools.alerts.command import run_rules

    run_rules(store, rules, every)


@alerts_app.command("check", epilog="Example: fieldproof alerts check --rules my.toml")
def check(rules: RulesOption = "default", as_json: JsonOption = False) -> None:
    """Validate a rule file and its sinks, and say in words what each rule watches."""
    from tools.alerts.command import check_rules

    said = check_rules(rules)
    if as_json:
        print_json(said)
        return
    for rule in said["rules"]:
        console.print(f"{rule['name']}", style="bold", markup=False, highlight=False)
        console.print(f"  {rule['watches']}", markup=False, highlight=False, soft_wrap=True)
        if rule["why"]:
            console.print(f"  Why: {rule['why']}", markup=False, highlight=False, soft_wrap=True)


@alerts_app.command(
    "list", epilog="Example: fieldproof alerts list --store sqlite:///fieldproof.db"
)
def list_(
    store: StoreOption,
    state: Annotated[
        str, typer.Option("--state", help="open, acknowledged or resolved; default: all.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="The newest so many.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """List a store's alerts, the newest first."""
    from tools.alerts.command import listed, print_alerts

    found = listed(store, state, limit)
    if as_json:
        print_json({"schema": "fieldproof.alert-list/1", "alerts": found})
    else:
        print_alerts(console, found)


@alerts_app.command(
    "replay", epilog="Example: fieldproof alerts replay --store sqlite:///fieldproof.db"
)
def replay(store: StoreOption, rules: RulesOption = "default", as_json: JsonOption = False) -> None:
    """Say what the rules on rates would have raised over the stored hours; changes nothing."""
    from tools.alerts.command import print_alerts, replayed

    found, left = replayed(store, rules)
    if as_json:
        print_json({"schema": "fieldproof.alert-list/1", "alerts": found, "not_replayed": left})
        return
    print_alerts(console, found)
    if left:
        console.print(f"Not replayed: {', '.join(left)}.", markup=False, soft_wrap=True)

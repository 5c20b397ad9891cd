"""``fieldproof profiles``: what devices there are, which one this is, and whether a file is one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from tools.options import JsonOption, console


class _OrAName(TyperGroup):
    """A group whose first word may also be a profile's name, which stands for showing it."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["show", *args]
        return super().parse_args(ctx, args)


profiles_app = typer.Typer(
    cls=_OrAName,
    invoke_without_command=True,
    help="The device profiles: list, show and check them, or tell which one fits this machine.",
    epilog="Example: fieldproof profiles raspberry-pi-5",
)


@profiles_app.callback()
def profiles(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the device profiles and say which one fits this machine; or show one."""
    from tools.device.profiles import print_profiles

    if context.invoked_subcommand is None:
        print_profiles(console, as_json)


@profiles_app.command("show", epilog="Example: fieldproof profiles show raspberry-pi-5")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE")], as_json: JsonOption = False
) -> None:
    """Show a profile in full, with where its figures come from."""
    from tools.device.profiles import print_profile

    print_profile(console, name, as_json)


@profiles_app.command("validate", epilog="Example: fieldproof profiles validate mine.toml")
def validate(
    file: Annotated[Path, typer.Argument(metavar="FILE")], as_json: JsonOption = False
) -> None:
    """Check a profile of your own: exit 0 where it can be used, 78 where it cannot."""
    from tools.device.profiles import print_verdict

    print_verdict(console, file, as_json)


@profiles_app.command("detect", epilog="Example: fieldproof profiles detect --json")
def detect(as_json: JsonOption = False) -> None:
    """Say which profile fits this machine, and why that one."""
    from tools.device.profiles import print_fit

    print_fit(console, as_json)

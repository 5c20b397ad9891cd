"""``fieldproof deploy``: a broker that knows its clients, and their certificates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.errors import MissingExtra, UsageError
from tools.options import console

if TYPE_CHECKING:
    from tools.deploy.deployment import Client, Deployment

deploy_app = typer.Typer(no_args_is_help=True, help="A broker with TLS, and who may use it.")

RESTART = "Make it count with: sudo systemctl restart mosquitto (a reload can crash it later)"

FolderArgument = Annotated[
    Path, typer.Argument(metavar="DIR", help="What `deploy broker --out` made.")
]
DaysOption = Annotated[int, typer.Option("--days", min=1, help="How long the certificate counts.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="Folder for the client's files; default: in DIR.")
]


@deploy_app.command(
    "broker", epilog="Example: fieldproof deploy broker --out /etc/fieldproof --host broker.lan"
)
def broker(
    out: Annotated[Path, typer.Option("--out", help="Folder to make; its place matters.")],
    host: Annotated[
        list[str] | None,
        typer.Option("--host", help="Name or address that clients use. Repeatable."),
    ] = None,
    port: Annotated[int, typer.Option("--port", min=1, max=65534)] = 8883,
    passwords: Annotated[
        bool, typer.Option("--passwords", help="Take passwords too, at the next port.")
    ] = False,
    renew: Annotated[
        bool, typer.Option("--renew", help="Only a new certificate for a broker that is there.")
    ] = False,
    days: DaysOption = 825,
) -> None:
    """Make an authority, the broker's certificate, and mosquitto's configuration and rules."""
    if renew and (host or passwords):
        raise UsageError("--renew takes hosts and ports from the deployment: leave them out.")
    deployment_class = _deployment_class()
    if renew:
        until = deployment_class(out).renew(days)
        _say(f"The broker's new certificate counts until {until:%Y-%m-%d}. {RESTART}")
        return
    made = deployment_class.create(out, host or (), port=port, days=days, passwords=passwords)
    _say((made.folder / "README.txt").read_text(encoding="utf-8").rstrip())


@deploy_app.command(
    "device", epilog="Example: fieldproof deploy device /etc/fieldproof lab pi-1 --out pi-1"
)
def device(
    folder: FolderArgument,
    site: Annotated[str, typer.Argument(metavar="SITE")],
    name: Annotated[str, typer.Argument(metavar="DEVICE")],
    out: OutOption = None,
    days: DaysOption = 825,
    password: Annotated[
        bool, typer.Option("--password", help="A password in place of a certificate.")
    ] = False,
) -> None:
    """Let a device in: its key, its certificate, and the command to run it with."""
    _show(_deployment_class()(folder).device(site, name, out, days=days, password=password))


@deploy_app.command("collector", epilog="Example: fieldproof deploy collector /etc/fieldproof")
def collector(
    folder: FolderArgument,
    name: Annotated[
        str, typer.Option("--name", help="Its user; each further collector needs its own.")
    ] = "collector",
    out: OutOption = None,
    days: DaysOption = 825,
) -> None:
    """Let a collector in: its key, its certificate, and the command to run it with."""
    _show(_deployment_class()(folder).collector(out, name=name, days=days))


@deploy_app.command("operator", epilog="Example: fieldproof deploy operator /etc/fieldproof")
def operator(
    folder: FolderArgument,
    name: Annotated[str, typer.Option("--name", help="Its user; one per person.")] = "operator",
    out: OutOption = None,
    days: DaysOption = 825,
) -> None:
    """Let somebody send commands to devices: a key, a certificate, and how to use them."""
    _show(_deployment_class()(folder).operator(out, name=name, days=days))
    _say(RESTART)


@deploy_app.command("alerts", epilog="Example: fieldproof deploy alerts /etc/fieldproof")
def alerts(
    folder: FolderArgument,
    name: Annotated[str, typer.Option("--name", help="Its user.")] = "alerts",
    out: OutOption = None,
    days: DaysOption = 825,
) -> None:
    """Let `fieldproof alerts` publish on MQTT: a key, a certificate, and the sink for its rules."""
    _show(_deployment_class()(folder).alerts(out, name=name, days=days))
    _say(RESTART)


@deploy_app.command("revoke", epilog="Example: fieldproof deploy revoke /etc/fieldproof lab/pi-1")
def revoke(
    folder: FolderArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="SITE/DEVICE, or a collector's.")],
) -> None:
    """Take a client's certificates back; the broker has to read its list again."""
    taken = _deployment_class()(folder).revoke(name)
    _say(f"{taken} of {name} revoked. {RESTART}")


def _deployment_class() -> type[Deployment]:
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise MissingExtra("cryptography", "server", "Making certificates") from None
    from tools.deploy.deployment import Deployment

    return Deployment


def _show(client: Client) -> None:
    until = f", valid until {client.until:%Y-%m-%d}" if client.until else ""
    _say(f"Files in {client.folder}{until}. Use them with:\n{client.command}")


def _say(text: str) -> None:
    """As it is: a command that is wrapped or coloured cannot be copied."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)

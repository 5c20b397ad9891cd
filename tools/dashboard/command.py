"""``fieldproof dashboard``: serve it, and keep the file of who may sign in."""

from __future__ import annotations

import getpass
import importlib
import logging
import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from agent.errors import MissingExtra, UsageError
from tools.options import console

dashboard_app = typer.Typer(
    invoke_without_command=True, help="The fleet in the browser, from a store."
)
user_app = typer.Typer(no_args_is_help=True, help="Who may sign in.")
token_app = typer.Typer(no_args_is_help=True, help="Which programs may read the JSON API.")
dashboard_app.add_typer(user_app, name="user")
dashboard_app.add_typer(token_app, name="token")

UsersOption = Annotated[Path, typer.Option("--users", help="The file; it is made if need be.")]
NameArgument = Annotated[str, typer.Argument(metavar="NAME")]


@dashboard_app.callback(epilog="Example: fieldproof dashboard --store sqlite:///fieldproof.db")
def dashboard(
    context: typer.Context,
    store: Annotated[
        str, typer.Option("--store", help="sqlite:///path, or postgresql://user@host/database")
    ] = "",
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 8080,
    users: Annotated[
        Path | None, typer.Option("--users", help="Who may sign in; needed but on loopback.")
    ] = None,
    places: Annotated[
        Path | None, typer.Option("--places", help="TOML: names, tags and places of devices.")
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option("--tls-cert", help="PEM, for HTTPS.")] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="PEM of its key.")] = None,
    behind_proxy: Annotated[
        str,
        typer.Option("--behind-proxy", help="Address of an HTTPS proxy: it alone is believed."),
    ] = "",
) -> None:
    """Serve the dashboard of a store until Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    if not store:
        raise UsageError("Which store is shown?", remedy="Give it: --store sqlite:///fieldproof.db")
    serving = _extra("tools.dashboard.serve")
    settings = _extra("tools.dashboard.context").Settings
    address = serving.Address(host, port, tls_cert, tls_key, behind_proxy)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    serving.serve(settings(store, users, places, address.secure, port), address)


@user_app.command("add", epilog="Example: fieldproof dashboard user add ada --users users.toml")
def user_add(
    name: NameArgument,
    users: UsersOption,
    role: Annotated[
        str, typer.Option("--role", help="viewer, or operator: may acknowledge alerts too.")
    ] = "viewer",
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help="Its first line; default: it is asked.")
    ] = None,
) -> None:
    """Let somebody sign in, or give them another role or password."""
    roll, passwords = _extra("tools.dashboard.access.roll"), _passwords()
    roll.check_user_name(name)
    if role not in ("viewer", "operator"):
        raise UsageError(f"There is no role {role!r}.", remedy="Give viewer or operator.")
    kept = passwords.hashed(_password(password_file))
    with roll.editing(users) as (people, _):
        people[name] = roll.User(role=role, hash=kept)
    _say(f"{name} may sign in as {role}, by {users}.")


@user_app.command("remove", epilog="Example: fieldproof dashboard user remove ada --users u.toml")
def user_remove(name: NameArgument, users: UsersOption) -> None:
    """Let somebody in no more; who is signed in is out at once."""
    roll = _extra("tools.dashboard.access.roll")
    with roll.editing(users) as (people, _):
        _take(people, name, "user")
    _say(f"{name} is removed from {users}.")


@user_app.command("list", epilog="Example: fieldproof dashboard user list --users users.toml")
def user_list(users: UsersOption) -> None:
    """List who may sign in."""
    roll = _extra("tools.dashboard.access.roll")
    found = importlib.import_module("agent.toml").read(users, roll.Roll)
    for name, user in sorted(found.users.items()):
        _say(f"{name}  {user.role}")
    for name in sorted(found.tokens):
        _say(f"{name}  token")


@token_app.command("add", epilog="Example: fieldproof dashboard token add grafana --users u.toml")
def token_add(name: NameArgument, users: UsersOption) -> None:
    """Make a token for a program that reads the JSON API; it is shown once."""
    roll = _extra("tools.dashboard.access.roll")
    roll.check_user_name(name)
    token = roll.new_token()
    with roll.editing(users) as (_, tokens):
        if name in tokens:
            raise UsageError(f"There is a token {name} already.", remedy="Remove it first.")
        tokens[name] = roll.Token(sha256=roll.digest(token))
    _say(f"{token}\nIt is shown this once. Use it as: Authorization: Bearer {token[:8]}...")


@token_app.command("remove", epilog="Example: fieldproof dashboard token remove x --users u.toml")
def token_remove(name: NameArgument, users: UsersOption) -> None:
    """Make a token worth nothing."""
    roll = _extra("tools.dashboard.access.roll")
    with roll.editing(users) as (_, tokens):
        _take(tokens, name, "token")
    _say(f"The token {name} is removed from {users}.")


def _take(kept: dict[str, object], name: str, what: str) -> None:
    if name not in kept:
        known = ", ".join(sorted(kept)) or "none"
        raise UsageError(f"There is no {what} {name}.", remedy=f"There are: {known}.")
    del kept[name]


def _password(file: Path | None) -> str:
    """From the file's first line, or asked for twice; never from the command line."""
    if file is not None:
        return file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    if not sys.stdin.isatty():
        raise UsageError(
            "There is no terminal to ask for the password.", remedy="Give --password-file FILE."
        )
    first = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != first:
        raise UsageError("The two are not the same.", remedy="Try again.")
    return first


def _passwords() -> ModuleType:
    return _extra("tools.dashboard.access.passwords")


def _extra(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("agent", "tools", ""):
            raise
        raise MissingExtra(missing, "dashboard", "The dashboard") from None


def _say(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)

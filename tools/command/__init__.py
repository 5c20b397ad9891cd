"""Commands to a device, from the desk: one is sent, and its reply waited for.

Imports ``agent.record`` and the link. What the device makes of it is ``agent/service/commands.py``.
"""

from __future__ import annotations

import json
import time
import uuid

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.errors import BrokerError, UsageError
from agent.record import (
    Command,
    PayloadError,
    Reply,
    Topic,
    check_name,
    decode_reply,
    encode_message,
)
from agent.service.commands import NAMES
from agent.telemetry.link import Address, Link, Message

_TAKES = {"suite": "suite", "budget": "cpu_share"}


def make_command(
    device: str,
    name: str,
    wait_s: float,
    *,
    suite: str | None = None,
    cpu_share: float | None = None,
) -> tuple[str, Command]:
    """The site, and a command under a new id that expires with its sender's patience.

    ``device`` is SITE/DEVICE, or DEVICE at the site ``default``. Raises ``UsageError``.
    """
    site, _, own = device.rpartition("/")
    site = site or "default"
    check_name("site", site)
    check_name("device", own)
    if name not in NAMES:
        raise UsageError(f"There is no command {name!r}.", remedy=f"Use one of {', '.join(NAMES)}.")
    given = {"suite": suite, "cpu_share": cpu_share}
    for argument, value in given.items():
        if (_TAKES.get(name) == argument) != (value is not None):
            option = "--" + argument.replace("_", "-")
            needs = "needs" if value is None else "takes no"
            raise UsageError(f"The command {name} {needs} {option}.")
    if cpu_share is not None and not 0 < cpu_share <= 1:
        raise UsageError(f"--cpu-share is {cpu_share:g}, and must be above 0 and at most 1.")
    until = int(1000 * (time.time() + wait_s))
    return site, Command(
        device=own,
        id=uuid.uuid4().hex,
        name=name,
        expires_ms=until,
        suite=suite,
        cpu_share=cpu_share,
    )


def send(address: Address, site: str, command: Command, wait_s: float) -> Reply:
    """Send a command and wait for its reply.

    Raises ``BrokerError`` where the broker cannot be reached or refuses it, and where no reply
    comes in time.
    """
    cmd, answers = (str(Topic(site, command.device, name)) for name in ("cmd", "reply"))
    with Link(address, f"fieldproof-command-{command.id[:8]}") as link:
        link.subscribe([answers])
        mid = link.publish(Message(cmd, encode_message(command)))
        end = time.monotonic() + wait_s
        while time.monotonic() < end:
            link.step(0.1)
            if dict(link.acknowledged).get(mid):
                raise BrokerError(
                    f"The broker {address} does not let this user send commands.",
                    remedy="Make one that may, with: fieldproof deploy operator DIR",
                )
            reply = _reply(link, command)
            if reply is not None:
                return reply
    raise BrokerError(
        f"{site}/{command.device} has not replied within {wait_s:g} s.",
        remedy="Is it online (fieldproof status), and may it write its reply topic?",
    )


def print_reply(console: Console, reply: Reply, as_json: bool) -> None:
    """The reply in one sentence, with its figures where it has any."""
    if as_json:
        print(json.dumps(reply.model_dump(mode="json", by_alias=True), indent=1))
        return
    console.print(f"{reply.site}/{reply.device}: {reply.outcome}: {escape(reply.said)}")
    if reply.figures:
        table = Table("figure", "value")
        for name, value in reply.figures.items():
            table.add_row(name, f"{value:g}")
        console.print(table)


def _reply(link: Link, command: Command) -> Reply | None:
    while link.messages:
        try:
            reply = decode_reply(link.messages.popleft().payload)
        except PayloadError:
            continue
        if reply.id == command.id:
            return reply
    return None

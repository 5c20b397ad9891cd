"""A command from the desk: what is refused before it is sent, and a device that does not reply."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rich.console import Console

from agent.errors import BrokerError, UsageError
from agent.record import Reply, Topic, decode_command, encode_message
from agent.telemetry.link import Address, Link, Message
from tools.broker import LocalBroker
from tools.command import make_command, print_reply, send


@pytest.mark.parametrize(
    ("device", "name", "more", "said"),
    [
        ("pi", "reboot", {}, "There is no command 'reboot'"),
        ("lab/p i", "pause", {}, "'p i' is no name for a device"),
        ("l#b/pi", "pause", {}, "'l#b' is no name for a site"),
        ("pi", "suite", {}, "The command suite needs --suite"),
        ("pi", "pause", {"suite": "weather"}, "The command pause takes no --suite"),
        ("pi", "budget", {}, "The command budget needs --cpu-share"),
        ("pi", "budget", {"cpu_share": 1.1}, "must be above 0 and at most 1"),
    ],
)
def test_what_cannot_be_is_refused_before_it_is_sent(
    device: str, name: str, more: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        make_command(device, name, 5.0, **more)
    assert said in caught.value.message


def test_each_command_has_an_id_of_its_own_and_goes_to_the_named_site() -> None:
    site, one = make_command("lab/pi", "pause", 5.0)
    other_site, two = make_command("pi", "pause", 5.0)
    assert (site, other_site) == ("lab", "default")
    assert one.id != two.id


def test_a_device_that_does_not_reply_is_said(mosquitto: LocalBroker) -> None:
    site, command = make_command("lab/pi", "pause", 1.0)
    with pytest.raises(BrokerError) as caught:
        send(Address.parse(mosquitto.url), site, command, 1.0)
    assert "lab/pi has not replied within 1 s" in caught.value.message
    assert caught.value.exit_code == 75


def test_the_reply_to_this_command_is_waited_for(mosquitto: LocalBroker) -> None:
    """It is retained here, so that it is there for certain when the sender listens."""
    address = Address.parse(mosquitto.url)
    site, command = make_command("lab/pi", "report", 10.0)
    topic = str(Topic("lab", "pi", "reply"))

    def reply(which: str, said: str) -> bytes:
        figures = {"trials": 7.0}
        return encode_message(
            Reply(
                site="lab",
                device="pi",
                session="s",
                id=which,
                name="report",
                outcome="done",
                said=said,
                figures=figures,
            )
        )

    with Link(address, "planter") as link:
        link.publish(Message(topic, reply(command.id, "mine"), True))
        assert link.settled(5)
    got = send(address, site, command, 10.0)
    assert got.said == "mine"
    assert got.figures == {"trials": 7.0}


def test_a_reply_is_printed_and_its_words_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    reply = Reply(
        site="lab",
        device="pi",
        session="s",
        id="i",
        name="pause",
        outcome="refused",
        said="[red]no[/red]",
    )
    console = Console(width=80, record=True)
    print_reply(console, reply, as_json=False)
    assert "lab/pi: refused: [red]no[/red]" in console.export_text()
    capsys.readouterr()
    print_reply(console, reply, as_json=True)
    assert json.loads(capsys.readouterr().out)["outcome"] == "refused"


def test_a_command_survives_the_wire() -> None:
    _, command = make_command("lab/pi", "suite", 5.0, suite="weather")
    assert decode_command(encode_message(command)) == command

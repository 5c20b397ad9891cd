"""Who gets into the broker as it ships, and what they can do there: real mosquitto, real TLS."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from agent.doctor import Host, Plan
from agent.doctor.broker import Broker
from agent.errors import FieldproofError
from agent.telemetry.link import Address, Link, Message
from agent.telemetry.mqtt import Mqtt
from agent.telemetry.outbox import Outbox
from tools.alerts.rules import parse_rules
from tools.alerts.sinks import Notice, make
from tools.collector import Collector
from tools.stores import open_store

if TYPE_CHECKING:
    from tests.tools.deploy.conftest import Site
    from tools.deploy.deployment import Client

ROOT = Path(__file__).resolve().parents[3]
NOT_AUTHORISED = 0x87
VICTIM = "fieldproof/v1/lab/victim"
THIEF = "fieldproof/v1/lab/thief"


@pytest.fixture(scope="module")
def victim(site: Site) -> Client:
    return site.deployment.device("lab", "victim")


@pytest.fixture(scope="module")
def thief(site: Site) -> Client:
    return site.deployment.device("lab", "thief")


@pytest.fixture(scope="module")
def collector(site: Site) -> Client:
    return site.deployment.collector()


def written(address: Address, topic: str, payload: bytes = b"x", retain: bool = False) -> int:
    """Publish; the broker's reason code, 0 for success."""
    with Link(address, "writer") as link:
        mid = link.publish(Message(topic, payload, retain))
        assert link.settled(5)
        return dict(link.acknowledged)[mid]


def heard(address: Address, *topics: str) -> dict[str, bytes]:
    """Topic -> payload of all that is retained for a subscriber."""
    with Link(address, "reader") as link:
        link.subscribe(topics)
        # What the broker had to send it has sent before it answers for this.
        link.publish(Message("fieldproof/v1/nobody/nothing/other", b""))
        assert link.settled(5)
        return {message.topic: message.payload for message in link.messages}


def until(condition: Callable[[], object], seconds: float = 30.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def looked_at(site: Site, client: Client, device: str, **facts: object) -> list[tuple[str, str]]:
    address = site.address(client)
    plan = Plan(
        broker=str(address),
        site="lab",
        device=device,
        ca_file=str(address.ca_file),
        cert_file=str(address.cert_file),
        key_file=str(address.key_file),
    )
    return [(f.verdict, f.name) for f in Broker().examine(plan, Host(), facts)]


def test_the_doctor_goes_to_the_collector_and_back_with_a_devices_rights(
    site: Site, victim: Client, collector: Client, place: Path
) -> None:
    with (
        open_store(str(place / "doctor.db")) as store,
        Collector(site.address(collector), store, name="for-the-doctor") as collecting,
    ):
        assert collecting.check(10), collecting.last_error
        steps = ["CA certificate", "device certificate", "connection", "broker certificate"]
        fine = [("ok", name) for name in (*steps, "login", "receipt")]
        assert looked_at(site, victim, "victim") == fine
        assert looked_at(site, victim, "thief") == [*fine[:-1], ("failure", "publish")]
        beside = looked_at(site, victim, "victim", outbox={"process": 17})
        assert beside == [*fine[:4], ("not checked", "login")]
        assert list(store.accounts()) == list(store.rows("contacts")) == []


def test_a_device_reads_its_own_receipts_commands_and_status_and_no_records(
    site: Site, victim: Client
) -> None:
    channels = [f"{VICTIM}/{name}" for name in ("ack", "cmd", "status", "records")]
    found = heard(site.address(victim), *channels)
    assert sorted(found) == [f"{VICTIM}/{name}" for name in ("ack", "cmd", "status")]


def test_a_device_writes_its_own_records_replies_and_status_alone(
    site: Site, thief: Client
) -> None:
    address = site.address(thief)
    for channel in ("records", "reply"):
        assert written(address, f"{THIEF}/{channel}") == 0
    assert written(address, f"{THIEF}/status", b"{}", True) == 0
    for channel in ("ack", "cmd", "other"):
        assert written(address, f"{THIEF}/{channel}") == NOT_AUTHORISED


@pytest.mark.parametrize("channel", ["records", "status", "ack", "cmd", "reply"])
def test_a_device_cannot_publish_as_another(site: Site, thief: Client, channel: str) -> None:
    assert written(site.address(thief), f"{VICTIM}/{channel}") == NOT_AUTHORISED


@pytest.mark.parametrize("payload", [b"", b"forged"], ids=["clear", "overwrite"])
def test_a_device_cannot_change_anothers_retained_status(
    site: Site, thief: Client, collector: Client, payload: bytes
) -> None:
    topic = f"{VICTIM}/status"
    assert written(site.address(thief), topic, payload, True) == NOT_AUTHORISED
    assert heard(site.address(collector), topic) == {topic: b"status"}


@pytest.mark.parametrize(
    "topics",
    [
        [f"{VICTIM}/cmd", f"{VICTIM}/ack"],
        [f"{VICTIM}/status", f"{VICTIM}/records"],
        ["fieldproof/v1/+/+/cmd", "fieldproof/v1/lab/+/ack"],
        ["#"],
        ["+/+/+/+/+", "$share/g/fieldproof/#", "$SYS/#"],
    ],
)
def test_a_device_hears_nothing_of_another(site: Site, thief: Client, topics: list[str]) -> None:
    assert not [topic for topic in heard(site.address(thief), *topics) if THIEF not in topic]


def test_an_operator_sends_commands_and_nothing_else(site: Site) -> None:
    address = site.address(site.operator)
    assert written(address, f"{THIEF}/cmd") == 0
    for channel in ("records", "status", "ack", "reply", "other"):
        assert written(address, f"{THIEF}/{channel}", retain=True) == NOT_AUTHORISED


def test_an_operator_hears_replies_and_statuses_alone(site: Site, thief: Client) -> None:
    channels = ("reply", "status", "records", "cmd", "ack")
    assert written(site.address(thief), f"{THIEF}/reply", b"kept", True) == 0
    found = heard(site.address(site.operator), *(f"fieldproof/v1/+/+/{name}" for name in channels))
    assert {topic.rpartition("/")[2] for topic in found} == {"reply", "status"}
    assert written(site.address(thief), f"{THIEF}/reply", b"", True) == 0


def test_alerts_are_published_by_whom_they_are_left_to_alone(
    site: Site, thief: Client, collector: Client
) -> None:
    """The sink is made of what ``deploy alerts`` prints."""
    alerts = site.address(site.alerts)
    topic = "fieldproof/v1/lab/pi-1/alert"
    assert written(alerts, topic) == 0
    for other in (thief, collector, site.operator):
        assert written(site.address(other), topic) != 0
    for channel in ("records", "status", "cmd", "ack"):
        assert written(alerts, f"fieldproof/v1/lab/pi-1/{channel}") != 0
    text = f'schema = "fieldproof.alerts/1"\n{site.alerts.command}\n[[rules]]\n'
    rules = parse_rules(f'{text}name = "r"\nmetric = "gaps"\nsinks = ["mqtt"]\n', "the test's")
    alert = dict.fromkeys(("id", "rule", "subject", "severity", "opened_ms", "resolved_ms"), "x")
    notice = Notice("k", "opened", {**alert, "summary": "said", "details": {}})
    make(rules.sinks["mqtt"]).deliver(notice)


def test_a_will_is_held_to_the_same_rules(site: Site, thief: Client, collector: Client) -> None:
    for owner in (VICTIM, THIEF):
        die(site.address(thief), Message(f"{owner}/status", b"a will", True))
    topics = [f"{VICTIM}/status", f"{THIEF}/status"]
    assert until(lambda: heard(site.address(collector), *topics)[topics[1]] == b"a will")
    assert heard(site.address(collector), *topics)[topics[0]] == b"status"


def die(address: Address, will: Message) -> None:
    """Connect and break off, so that the broker sends the will; it may refuse it beforehand."""
    with suppress(FieldproofError), Link(address, "writer", will=will) as link:
        link._client.socket().close()  # type: ignore[union-attr]
        link.step(0.1)


def test_nobody_can_throw_another_out_or_take_its_session_by_its_client_id(
    site: Site, victim: Client, thief: Client
) -> None:
    with Link(site.address(victim), "fieldproof-lab-victim", persistent=True) as link:
        for name in ("fieldproof-lab-victim", "lab/victim"):
            with Link(site.address(thief), name, persistent=True):
                pass
        link.publish(Message(f"{VICTIM}/records", b"still here"))
        assert link.settled(5)


def refused(address: Address) -> bool:
    with pytest.raises(FieldproofError) as caught, Link(address, "nobody"):
        pass
    return "\n" not in caught.value.message


def test_without_a_certificate_nobody_gets_in(site: Site) -> None:
    assert refused(site.address(None))


def test_without_tls_nobody_gets_in(site: Site, victim: Client) -> None:
    assert refused(site.address(None, plain=True))


def test_a_certificate_of_another_authority_is_refused(
    site: Site, victim: Client, place: Path
) -> None:
    other = type(site.deployment).create(place / "other", ["127.0.0.1"])
    forged = other.device("lab", "victim")
    assert refused(site.address(forged))


def test_an_expired_certificate_is_refused(site: Site, place: Path) -> None:
    yesterday = site.deployment.authority.until - timedelta(days=3651)
    assert refused(signed(site, place / "expired", "lab/old", yesterday))


@pytest.mark.parametrize("name", ["+/+", "lab/+", "#", "lab/#", "lab"])
def test_even_a_signed_name_that_is_no_devices_opens_nothing(
    site: Site, place: Path, name: str
) -> None:
    folder = place / f"signed-{name.encode().hex()}"
    address = signed(site, folder, name, site.deployment.authority.until)
    assert not heard(address, "#", f"{VICTIM}/cmd")
    assert written(address, f"{VICTIM}/records") == NOT_AUTHORISED


def signed(site: Site, folder: Path, name: str, until: object) -> Address:
    """The address with a certificate that the authority itself signed, for whatever name."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issued = site.deployment.authority.signed(subject, name, until)
    folder.mkdir()
    (folder / "c.pem").write_bytes(issued.certificate)
    (folder / "c.key").write_bytes(issued.key)
    return Address.parse(
        f"mqtts://127.0.0.1:{site.broker.port}",
        ca_file=site.deployment.broker / "ca.pem",
        cert_file=folder / "c.pem",
        key_file=folder / "c.key",
    )


def test_a_revoked_certificate_is_refused_after_a_restart_and_a_new_one_works(
    site: Site, victim: Client
) -> None:
    lost = site.deployment.device("lab", "lost")
    assert heard(site.address(lost), "#") == {}
    assert site.deployment.revoke("lab/lost") == 1
    restart(site)
    assert not gets_in(site.address(lost))
    found = site.deployment.device("lab", "lost", lost.folder.with_name("lost-again"))
    assert gets_in(site.address(found))
    assert gets_in(site.address(victim))


def gets_in(address: Address) -> bool:
    try:
        with Link(address, "anyone"):
            return True
    except FieldproofError:
        return False


def restart(site: Site) -> None:
    site.broker.stop()
    site.broker.start()


def test_a_password_gets_a_device_in_to_the_same_topics(site: Site) -> None:
    client = site.deployment.device("lab", "keypad", password=True)
    restart(site)
    word, wrong = client.folder / "password", client.folder / "wrong"
    wrong.write_text("wrong")

    def address(user: str, password: Path) -> Address:
        url = f"mqtts://{user.replace('/', '%2F')}@127.0.0.1:{site.broker.port + 1}"
        return Address.parse(url, ca_file=client.folder / "ca.pem", password_file=password)

    assert gets_in(address("lab/keypad", word))
    assert written(address("lab/keypad", word), "fieldproof/v1/lab/keypad/records") == 0
    assert written(address("lab/keypad", word), f"{VICTIM}/records") == NOT_AUTHORISED
    assert refused(address("lab/keypad", wrong))
    assert refused(address("lab/victim", word))
    assert refused(address("collector", word))
    site.deployment.revoke("lab/keypad")
    restart(site)
    assert not gets_in(address("lab/keypad", word))


def test_the_collector_reads_all_devices_and_writes_nothing_but_receipts(
    site: Site, collector: Client
) -> None:
    address = site.address(collector)
    found = heard(address, "fieldproof/v1/+/+/records", "fieldproof/v1/+/+/status", f"{VICTIM}/cmd")
    assert {f"{VICTIM}/records", f"{VICTIM}/status"} <= set(found)
    assert f"{VICTIM}/cmd" not in found
    assert written(address, "fieldproof/v1/lab/nobody/ack") == 0
    for channel in ("records", "status", "cmd"):
        assert written(address, f"{VICTIM}/{channel}") == NOT_AUTHORISED


def test_what_is_sent_while_the_collector_is_away_waits_for_it(
    site: Site, thief: Client, collector: Client
) -> None:
    topic = f"{THIEF}/records"
    with Link(site.address(collector), "fieldproof-collector", persistent=True) as link:
        link.subscribe([topic])
    assert written(site.address(thief), topic, b"meanwhile") == 0
    with Link(site.address(collector), "fieldproof-collector", persistent=True) as link:
        assert until(lambda: link.step(0.05) or link.messages)
        assert link.messages[0].payload == b"meanwhile"


def test_a_second_agent_with_the_same_certificate_is_noticed(site: Site, tmp_path: Path) -> None:
    address = site.address(site.deployment.device("lab", "shared"))
    with (
        Outbox(tmp_path / "a") as first,
        Outbox(tmp_path / "b") as second,
        Mqtt(first, address, "lab", "shared", "s1") as one,
    ):
        assert one.check(10)
        with Mqtt(second, address, "lab", "shared", "s2"):
            assert until(lambda: "Another agent uses the name" in one.last_error)


def test_a_second_collector_works_beside_the_first(site: Site, collector: Client) -> None:
    second = site.deployment.collector(name="standby")
    restart(site)
    topic = "fieldproof/v1/lab/nobody/ack"
    with Link(site.address(collector), "fieldproof-collector", persistent=True) as link:
        assert written(site.address(second), topic) == 0
        assert f"{VICTIM}/records" in heard(site.address(second), "fieldproof/v1/+/+/records")
        link.publish(Message(topic, b"still here"))
        assert link.settled(5)


@contextmanager
def process(*words: object) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-m", *map(str, words)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.communicate()


def test_from_camera_to_store_with_the_commands_that_were_printed(
    site: Site, collector: Client, tmp_path: Path
) -> None:
    device = site.deployment.device("lab", "pi-1")
    store, suite = tmp_path / "store.db", tmp_path / "suite.toml"
    suite.write_text(
        'schema = "fieldproof.suite/1"\nseverities = [1.0]\nconditions = [{kind = "compression"}]\n'
    )
    collect = collector.command.replace("sqlite:///fieldproof.db", f"sqlite:///{store}").split()
    run = device.command.replace("model.toml", f"{ROOT}/tools/demo/model/stop_sign.toml").split()
    run[run.index("state")] = str(tmp_path / "state")
    run += [
        "--camera",
        "drive_by:width=320,height=240",
        "--suite",
        str(suite),
        "--frames",
        "5",
        "--drain",
        "5",
    ]
    with (
        process("tools.cli", *collect[1:]) as server,
        process("tools.cli", *run[1:]) as agent,
    ):
        said = agent.communicate(timeout=100)[0]
        assert agent.returncode == 0, said
        server.terminate()
        assert server.wait(20) == 0
    with open_store(f"sqlite:///{store}") as opened:
        (session,) = opened.sessions()
        assert (session["site"], session["device"], session["frames"]) == ("lab", "pi-1", 5)
        assert session["trials_counted"] == session["trials_stored"] > 0
        assert [row["state"] for row in opened.rows("statuses") if row["device"] == "pi-1"] == [
            "stopped"
        ]

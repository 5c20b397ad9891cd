"""The way to the collector, step by step: name, connection, certificates, login, receipt."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from agent.doctor import BROKER, FAILURE, Check, Finding, Host, Plan
from agent.doctor._certificate import days_left, days_of_file
from agent.doctor.service import runs

if TYPE_CHECKING:
    from agent.telemetry._round_trip import Answer
    from agent.telemetry.link import Address

CONNECT_S: Final = 4.0
RECEIPT_S: Final = 3.0
SOON_DAYS: Final = 30.0
_NOT_AUTHORISED: Final = 0x87


class Broker(Check):
    """Goes in as the agent does, under a client id of its own, and leaves nothing behind."""

    place: ClassVar[int] = 120
    needs: ClassVar[tuple[str, ...]] = ("pydantic", "paho-mqtt", "numpy")
    seconds: ClassVar[float] = 9.0
    code: ClassVar[int] = BROKER
    late: ClassVar[str] = "Is it an MQTT broker, and does it want TLS (mqtts://)?"

    def absent(self, plan: Plan) -> str:
        return "" if plan.broker else "--broker mqtts://host:8883, with the files that run is given"

    def examine(self, plan: Plan, host: Host, facts: Mapping[str, Any]) -> Iterator[Finding]:
        from agent.telemetry.link import Link
        from agent.telemetry.link._socket import connect

        address = address_of(plan)
        yield from self._files(address)
        for finding in self._names(address):
            yield finding
            if finding.verdict == FAILURE:
                return
        start = time.monotonic()
        with connect(address, start + CONNECT_S) as connection:
            took = 1000 * (time.monotonic() - start)
            yield from self._connected(address, connection, took)
        agent = runs(facts)
        if agent and (address.username or address.cert_file):
            text = f"a login under the same name could throw out the agent that runs ({agent})"
            mend = "Stop it for this check, or see at the server: fieldproof status --store URL"
            yield self.not_checked("login", text, mend)
            return
        site, device = names_of(plan)
        with Link(address, f"fieldproof-doctor-{site}-{device}"[:64]) as link:
            yield self.ok("login", f"MQTT {link.version} as {address.username or 'anyone'}")
            yield from self._round_trip(link, plan, site, device)

    def _names(self, address: Address) -> Iterator[Finding]:
        """What the name stands for, where it is one."""
        from agent.telemetry.link._socket import in_time

        try:
            ipaddress.ip_address(address.host)
            return
        except ValueError:
            pass
        start = time.monotonic()
        try:
            found = in_time(
                lambda: socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM),
                start + CONNECT_S,
            )
        except (OSError, UnicodeError) as error:
            said = getattr(error, "strerror", None) or error
            text = f"the name {address.host} is not found: {said}"
            mend = f"Look at network and DNS: getent hosts {address.host}; or give its number"
            yield self.failure("broker name", text, mend)
            return
        places = dict.fromkeys(str(item[4][0]) for item in found)
        took = 1000 * (time.monotonic() - start)
        yield self.ok("broker name", f"{address.host} is {', '.join(places)} ({took:.0f} ms)")

    def _files(self, address: Address) -> Iterator[Finding]:
        """How long the certificates that this device has count."""
        for name, file, mend in (
            ("CA certificate", address.ca_file, "Make the broker's files anew"),
            ("device certificate", address.cert_file, "fieldproof deploy device FOLDER SITE NAME"),
        ):
            if file is not None:
                with suppress(OSError, ValueError):  # what TLS says of the file is clearer
                    yield self.certificate(name, days_of_file(file), f"On the server: {mend}")

    def _connected(
        self, address: Address, connection: socket.socket, took_ms: float
    ) -> Iterator[Finding]:
        """The connection that stands, and how long the broker's certificate counts."""
        if not isinstance(connection, ssl.SSLSocket):
            said = f"TCP to {address.host}:{address.port} in {took_ms:.0f} ms, without TLS"
            yield self.ok("connection", said)
            return
        said = f"{connection.version()} to {address.host}:{address.port} in {took_ms:.0f} ms"
        yield self.ok("connection", said)
        der = connection.getpeercert(binary_form=True)
        if der:
            renew = "On the server: fieldproof deploy broker --renew --out FOLDER"
            yield self.certificate("broker certificate", days_left(der), renew)

    def certificate(self, name: str, days: float, mend: str) -> Finding:
        """The verdict on a certificate that counts for so many days more."""
        known = {"days": int(days)}
        if days < 0:
            return self.failure(name, f"ended {-days:.0f} days ago", mend)
        if days < SOON_DAYS:
            return self.warning(name, f"ends in {days:.0f} days", mend, **known)
        return self.ok(name, f"counts for {days:.0f} more days", **known)

    def _round_trip(self, link: Any, plan: Plan, site: str, device: str) -> Iterator[Finding]:
        from agent.telemetry._round_trip import ask

        wanted = plan.ack != "broker"
        answer = ask(link, site, device, seconds=RECEIPT_S, receipt=wanted)
        yield from self.judge(answer, f"{site}/{device}", plan.broker, wanted)

    def judge(self, answer: Answer, who: str, broker: str, wanted: bool) -> Iterator[Finding]:
        """The verdict on an empty batch of ``who``; ``wanted``: a receipt was."""
        said = f"an empty batch of {who}"
        if answer.reason == _NOT_AUTHORISED:
            mend = "Give --site and --device as the certificate or the user says: user SITE/DEVICE"
            yield self.failure("publish", f"the broker lets {said} not pass", mend)
        elif answer.reason:
            text = f"the broker refuses {said} (reason {answer.reason:#x})"
            yield self.failure("publish", text, "Look at the broker's limits and its log")
        elif answer.reason is None:
            text = f"the broker does not acknowledge {said}"
            yield self.failure("publish", text, "Look at the broker's log")
        elif not wanted:
            yield self.ok("publish", f"the broker acknowledges {said}")
        elif answer.receipt:
            text = f"{said} came back receipted in {1000 * answer.seconds:.0f} ms"
            yield self.ok("receipt", text, milliseconds=round(1000 * answer.seconds, 1))
        elif answer.refusal:
            text = f"the collector answers, and is older than this agent ({answer.refusal})"
            yield self.warning(
                "receipt", text, "On the server: bring the collector to this version"
            )
        else:
            text = f"no receipt for {said} within {RECEIPT_S:g} s: no collector listens"
            mend = f"On the server: fieldproof collect --broker {broker} --store "
            mend += "sqlite:///fieldproof.db"
            yield self.failure("receipt", text, mend)


def address_of(plan: Plan) -> Address:
    """The plan's broker. Raises ``UsageError`` and ``ConfigError`` as ``run`` does."""
    from agent.telemetry.link import Address

    files = {
        name: Path(text) if text else None
        for name, text in (
            ("ca_file", plan.ca_file),
            ("cert_file", plan.cert_file),
            ("key_file", plan.key_file),
            ("password_file", plan.password_file),
        )
    }
    return Address.parse(plan.broker, **files)


def names_of(plan: Plan) -> tuple[str, str]:
    """Site and device. Raises ``UsageError`` for what no topic may hold."""
    from agent.record import check_name
    from agent.telemetry._identity import device_name

    site, device = plan.site or "default", plan.device or device_name()
    check_name("site", site)
    check_name("device", device)
    return site, device

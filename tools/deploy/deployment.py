"""A deployment in a folder: its authority, its broker's files, and what each client is given."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from string import Template
from typing import Final

from agent.errors import ConfigError, OutputError, UsageError
from agent.record import check_name
from tools.deploy.authority import DAYS, Authority
from tools.files import SECRET, alone, replace, write_new

COLLECTOR: Final = "collector"
OPERATOR: Final = "operator"
ALERTS: Final = "alerts"
BROKER: Final = "broker"
HERE: Final = Path(__file__).parent
ROUNDS: Final = 101
"""Of PBKDF2, as mosquitto_passwd has it: passwords made here are random and long."""

_PASSWORDS = """
# Users without a certificate: the same users, by password, still under TLS.
password_file $folder/passwords
listener $port
cafile $folder/ca.pem
certfile $folder/broker.pem
keyfile $folder/broker.pem
use_username_as_clientid true
"""

_COLLECTOR_RULES = """
user {name}
topic read fieldproof/v1/+/+/records
topic read fieldproof/v1/+/+/status
topic write fieldproof/v1/+/+/ack
"""

_OPERATOR_RULES = """
user {name}
topic write fieldproof/v1/+/+/cmd
topic read fieldproof/v1/+/+/reply
topic read fieldproof/v1/+/+/status
"""

_ALERTS_RULES = """
user {name}
topic write fieldproof/v1/+/+/alert
"""

_REPLIES = "pattern write fieldproof/v1/%u/reply\n"

_README = """What lies here, and what to do with it

1. Keep ca/ to yourself: whoever has ca/ca.key can let clients in. The broker needs broker/ only.
2. Start the broker as the user mosquitto, who must be able to read broker/ and write broker/data;
   this configuration takes the place of the distribution's:
     sudo chown -R mosquitto: {folder}/broker
     sudo cp {folder}/broker/mosquitto.conf /etc/mosquitto/mosquitto.conf
     sudo systemctl restart mosquitto
3. Give each client its own certificate; `revoke` takes one back:
     fieldproof deploy collector {folder}
     fieldproof deploy device {folder} SITE DEVICE
     fieldproof deploy operator {folder}
     fieldproof deploy alerts {folder}
     fieldproof deploy revoke {folder} SITE/DEVICE

The authority ends on {ca_until}, the broker's certificate on {until}; before that day run
`fieldproof deploy broker --renew --out {folder}`. After that, and after `revoke`,
`device --password`, `collector --name`, `operator` and `alerts`, restart mosquitto. Do not reload
it: on SIGHUP mosquitto 2.0.11 counts clients that are away as gone twice, and may crash later. A
restart loses no record.
"""


@dataclass(frozen=True)
class Client:
    """What a client was given: its files and the command that uses them."""

    folder: Path
    until: datetime | None
    command: str


@dataclass(frozen=True)
class _Facts:
    hosts: tuple[str, ...]
    port: int
    passwords: bool


class Deployment:
    """Opens a deployment's folder. Raises ``ConfigError`` where there is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.broker = self.folder / BROKER
        self.authority = Authority(self.folder / "ca")
        try:
            known = json.loads((self.folder / "ca" / "deployment.json").read_text())
            self._facts = _Facts(tuple(known["hosts"]), known["port"], known["passwords"])
        except (OSError, ValueError, KeyError) as error:
            raise ConfigError(f"{self.folder} is no whole deployment: {error}.") from None

    @classmethod
    def create(
        cls,
        folder: Path,
        hosts: Sequence[str],
        *,
        port: int = 8883,
        days: int = DAYS,
        passwords: bool = False,
    ) -> Deployment:
        """Make a new one, whole or not at all. Raises ``OutputError`` where something is there."""
        folder = folder.absolute()
        if not hosts:
            raise UsageError(
                "A broker's certificate needs a name.", remedy="Give --host NAME, or an address."
            )
        if re.search(r"[\s$#]", str(folder)):
            raise UsageError(
                f"{str(folder)!r} cannot stand in mosquitto's configuration.",
                remedy="Give a folder without spaces, $ and #.",
            )
        _refuse_what_is_there(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            _lay_out(draft, folder, _Facts(tuple(hosts), port, passwords), days)
            draft.chmod(0o755)
            os.rename(draft, folder)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        return cls(folder)

    @property
    def url(self) -> str:
        host = self._facts.hosts[0]
        return f"mqtts://{f'[{host}]' if ':' in host else host}:{self._facts.port}"

    def renew(self, days: int = DAYS) -> datetime:
        """Give the broker a new certificate; until when it counts."""
        issued = self.authority.issue(BROKER, days, self._facts.hosts)
        replace(self.broker / "broker.pem", issued.certificate + issued.key, SECRET)
        return issued.until

    def device(
        self,
        site: str,
        device: str,
        out: Path | None = None,
        *,
        days: int = DAYS,
        password: bool = False,
    ) -> Client:
        """Let a device in, by certificate or by password.

        Raises ``UsageError`` for a name that no topic may hold, ``OutputError`` where the device
        has its files already.
        """
        check_name("site", site)
        check_name("device", device)
        name = f"{site}/{device}"
        target = (out or self.folder / "clients" / f"{site}.{device}").absolute()
        if password:
            until, access = None, self._password(name, target)
        else:
            until, access = self._certificate(name, target, "device", days)
        words = ["fieldproof", "run", "--model", "model.toml", "--site", site, "--device", device]
        return Client(target, until, shlex.join([*words, *access, "--state", "state"]))

    def collector(
        self, out: Path | None = None, *, name: str = COLLECTOR, days: int = DAYS
    ) -> Client:
        """Let a collector in: it reads all devices' records and confirms them.

        Each of several collectors needs a ``name`` of its own: one throws out another of its name.
        """
        target = (out or self.folder / "clients" / name).absolute()
        until, access = self._desk(name, target, COLLECTOR, days, _COLLECTOR_RULES)
        words = ["fieldproof", "collect", *access, "--store", "sqlite:///fieldproof.db"]
        return Client(target, until, shlex.join(words))

    def operator(
        self, out: Path | None = None, *, name: str = OPERATOR, days: int = DAYS
    ) -> Client:
        """Let somebody send commands to all devices, and read their replies.

        Rules of before there were replies are completed.
        """
        target = (out or self.folder / "clients" / name).absolute()
        until, access = self._desk(name, target, OPERATOR, days, _OPERATOR_RULES)
        words = ["fieldproof", "command", "SITE/DEVICE", "report", *access]
        return Client(target, until, shlex.join(words))

    def alerts(self, out: Path | None = None, *, name: str = ALERTS, days: int = DAYS) -> Client:
        """Let ``fieldproof alerts`` publish what it raises, and no more."""
        target = (out or self.folder / "clients" / name).absolute()
        until, _ = self._desk(name, target, ALERTS, days, _ALERTS_RULES)
        sink = {
            "broker": self.url,
            "client_id": name,
            "ca_file": str(target / "ca.pem"),
            "cert_file": str(target / f"{ALERTS}.pem"),
            "key_file": str(target / f"{ALERTS}.key"),
        }
        lines = ["[sinks.mqtt]", 'kind = "mqtt"', *(f'{key} = "{v}"' for key, v in sink.items())]
        return Client(target, until, "\n".join(lines))

    def _desk(
        self, name: str, target: Path, what: str, days: int, rules: str
    ) -> tuple[datetime, list[str]]:
        """A certificate and access rules for one of the server's side."""
        check_name("name", name)
        if name == BROKER:
            raise UsageError("The broker itself has that name.", remedy="Give another --name.")
        until, access = self._certificate(name, target, what, days)
        with alone(self.folder / "ca"):
            file = self.broker / "acl"
            known = text = file.read_text(encoding="utf-8")
            if _REPLIES not in text:
                text = f"{_REPLIES}{text}"
            if f"user {name}" not in known.splitlines():
                text += rules.format(name=name)
            if text != known:
                replace(file, text.encode())
        return until, access

    def revoke(self, name: str) -> int:
        """Take certificates and password of a client back; how many there were.

        Raises ``UsageError`` where it has none. A connection that stands goes on until it ends.
        """
        taken = self.authority.revoke(name) if name != BROKER else 0
        with alone(self.folder / "ca"):
            replace(self.broker / "revoked.pem", self.authority.revocations())
        taken += self._forget_password(name)
        if not taken:
            names = ", ".join(n for n in self.authority.names() if n != BROKER) or "none"
            raise UsageError(
                f"{name!r} has nothing that could be revoked.",
                remedy=f"Give a device as SITE/DEVICE, or a collector's name. Known: {names}.",
            )
        return taken

    def _certificate(
        self, name: str, target: Path, what: str, days: int
    ) -> tuple[datetime, list[str]]:
        _refuse_what_is_there(target)
        issued = self.authority.issue(name, days)
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        key, certificate = target / f"{what}.key", target / f"{what}.pem"
        write_new(key, issued.key, SECRET)
        write_new(certificate, issued.certificate)
        access = ["--broker", self.url, "--ca-file", str(self._authority_for(target))]
        return issued.until, [*access, "--cert-file", str(certificate), "--key-file", str(key)]

    def _password(self, name: str, target: Path) -> list[str]:
        if not self._facts.passwords:
            raise UsageError(
                f"The broker of {self.folder} takes certificates only.",
                remedy="Make the deployment with: fieldproof deploy broker --passwords",
            )
        _refuse_what_is_there(target)
        word, port = secrets.token_urlsafe(24), self._facts.port
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_new(target / "password", f"{word}\n".encode(), SECRET)
        with alone(self.folder / "ca"):
            known = [line for line in self._users() if not line.startswith(f"{name}:")]
            replace(self._passwords, "".join([*known, _hashed(name, word)]).encode(), SECRET)
        url = self.url.replace("mqtts://", f"mqtts://{name.replace('/', '%2F')}@")
        url = f"{url.removesuffix(f':{port}')}:{port + 1}"
        access = ["--broker", url, "--ca-file", str(self._authority_for(target))]
        return [*access, "--password-file", str(target / "password")]

    def _authority_for(self, target: Path) -> Path:
        copied = target / "ca.pem"
        write_new(copied, (self.broker / "ca.pem").read_bytes())
        return copied

    def _forget_password(self, name: str) -> int:
        if not self._facts.passwords:
            return 0
        with alone(self.folder / "ca"):
            users = self._users()
            left = [line for line in users if not line.startswith(f"{name}:")]
            replace(self._passwords, "".join(left).encode(), SECRET)
        return len(users) - len(left)

    @property
    def _passwords(self) -> Path:
        return self.broker / "passwords"

    def _users(self) -> list[str]:
        return self._passwords.read_text(encoding="ascii").splitlines(keepends=True)


def _lay_out(draft: Path, folder: Path, facts: _Facts, days: int) -> None:
    """All files of a new deployment that is to lie in ``folder``."""
    (draft / "ca").mkdir(mode=0o700)
    broker = draft / BROKER
    (broker / "data").mkdir(mode=0o700, parents=True)
    authority = Authority.create(draft / "ca", f"Fieldproof at {facts.hosts[0]}"[:64])
    write_new(draft / "ca" / "deployment.json", json.dumps(asdict(facts)).encode())
    issued = authority.issue(BROKER, days, facts.hosts)
    # Certificate and key in one file: a renewal replaces both at once.
    write_new(broker / "broker.pem", issued.certificate + issued.key, SECRET)
    write_new(broker / "ca.pem", (draft / "ca" / "ca.pem").read_bytes())
    write_new(broker / "revoked.pem", authority.revocations())
    rules = (HERE / "acl").read_text(encoding="utf-8")
    write_new(broker / "acl", (rules + _COLLECTOR_RULES.format(name=COLLECTOR)).encode())
    write_new(broker / "mosquitto.conf", _configuration(folder / BROKER, facts).encode())
    if facts.passwords:
        write_new(broker / "passwords", b"", SECRET)
    ends = {"ca_until": f"{authority.until:%Y-%m-%d}", "until": f"{issued.until:%Y-%m-%d}"}
    said = _README.format(folder=folder, **ends)
    write_new(draft / "README.txt", said.encode())


def _configuration(broker: Path, facts: _Facts) -> str:
    more = ""
    if facts.passwords:
        more = Template(_PASSWORDS).substitute(folder=broker, port=facts.port + 1)
    template = Template((HERE / "mosquitto.conf.template").read_text(encoding="utf-8"))
    return template.substitute(folder=broker, port=facts.port, passwords=more)


def _refuse_what_is_there(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(
            f"{folder} is not empty, and nothing in it is overwritten.",
            remedy="Move it away, or give another folder with --out.",
        )


def _hashed(name: str, password: str) -> str:
    """A line of mosquitto's password file: PBKDF2 with SHA-512."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
    coded = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"{name}:$7${ROUNDS}${'$'.join(coded)}\n"

"""Where a broker is, and how to get in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from agent import places
from agent.errors import ConfigError, UsageError

PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True)
class Address:
    """A broker's address; its text never holds the password. Files are PEM."""

    host: str
    port: int = 1883
    tls: bool = False
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = field(default=None, repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"

    @classmethod
    def parse(
        cls,
        url: str,
        *,
        ca_file: Path | None = None,
        cert_file: Path | None = None,
        key_file: Path | None = None,
        password_file: Path | None = None,
    ) -> Address:
        """Read ``mqtt://[user@]host[:1883]`` or ``mqtts://...[:8883]``.

        What is not given is taken from systemd's credentials, where there are any:
        ``broker-user``, ``broker-password``, ``broker-ca``, ``broker-cert``, ``broker-key``.

        Raises ``UsageError`` for another form, for a password in it, and for options that do not
        go together; ``ConfigError`` for a file that cannot be read.
        """
        parts, port = _split(url)
        tls = parts.scheme == "mqtts"
        files = {"--ca-file": ca_file, "--cert-file": cert_file, "--key-file": key_file}
        _check(files, tls)
        if tls:
            ca_file = ca_file or credential("ca")
            if cert_file is None:
                cert_file, key_file = credential("cert"), credential("key")
        username = unquote(parts.username or "") or _secret(credential("user"))
        password = _secret(password_file or credential("password"))
        if password and not username:
            raise ConfigError(
                "There is a password for the broker, but no user.",
                remedy="Give the user in the address: mqtts://user@host.",
            )
        return cls(
            parts.hostname or "", port, tls, username, password, ca_file, cert_file, key_file
        )


def _check(files: Mapping[str, Path | None], tls: bool) -> None:
    """Refuse TLS options that would have no effect, or cannot have any."""
    given = [option for option, file in files.items() if file is not None]
    if given and not tls:
        raise UsageError(
            f"{' and '.join(given)} is for TLS, and mqtt:// is without.",
            remedy="Give the address as mqtts://host:8883.",
        )
    if files["--key-file"] is not None and files["--cert-file"] is None:
        raise UsageError("--key-file is given without --cert-file.", remedy="Give both.")
    for option, file in files.items():
        if file is not None and not file.is_file():
            raise ConfigError(f"There is no file {file}.", remedy=f"Check {option}.")


def credential(name: str) -> Path | None:
    """The file of a credential for the broker; None where systemd hands out none."""
    return places.credential(f"broker-{name}")


def _split(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _wrong(url) from None
    if parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/") or port == 0:
        raise _wrong(url)
    if parts.password is not None:
        raise UsageError(
            "A password in the broker's address can be read by every user of this machine.",
            remedy="Give it with --password-file, or as the systemd credential broker-password.",
        )
    return parts, port or PORTS[parts.scheme]


def _wrong(url: str) -> UsageError:
    shown = url.rpartition("@")[2]
    return UsageError(
        f"{shown!r} is not a broker's address.",
        remedy="Give it as mqtt://host:1883 or mqtts://host:8883.",
    )


def _secret(file: Path | None) -> str:
    """A file's text without the white space around it; empty where there is no file."""
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is not text"
        raise ConfigError(
            f"The file {file} cannot be read: {said}.", remedy="Check --password-file."
        ) from None

"""Where a broker is, and how to get in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

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
        """Read ``mqtt://[user[:password]@]host[:1883]`` or ``mqtts://...[:8883]``.

        Raises ``UsageError`` for another form, ``ConfigError`` for a file that cannot be read.
        """
        parts, port = _split(url)
        for file in (ca_file, cert_file, key_file):
            if file is not None and not file.is_file():
                raise ConfigError(f"There is no file {file}.", remedy="Check the TLS options.")
        password = unquote(parts.password or "")
        if password_file is not None:
            password = _secret(password_file)
        return cls(
            host=parts.hostname or "",
            port=port,
            tls=parts.scheme == "mqtts",
            username=unquote(parts.username or ""),
            password=password,
            ca_file=ca_file,
            cert_file=cert_file,
            key_file=key_file,
        )


def _split(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _wrong(url) from None
    if parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/") or port == 0:
        raise _wrong(url)
    return parts, port or PORTS[parts.scheme]


def _wrong(url: str) -> UsageError:
    shown = url.rpartition("@")[2]
    return UsageError(
        f"{shown!r} is not a broker's address.",
        remedy="Give it as mqtt://host:1883 or mqtts://host:8883.",
    )


def _secret(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The password file {file} cannot be read: {error}.") from None

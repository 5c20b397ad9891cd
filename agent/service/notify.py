"""Words to systemd: datagrams to ``$NOTIFY_SOCKET``, as sd_notify(3) says. Nowhere else a no-op."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Final

PATIENCE_S: Final = 0.2


class Notifier:
    """Tells the service manager how it is; does nothing where there is none.

    A manager that does not listen is no reason to end: what cannot be sent is not.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self._socket: socket.socket | None = None
        if self._address is not None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            # A queue that stays full must not hold the agent up for long.
            self._socket.settimeout(PATIENCE_S)

    @property
    def listened(self) -> bool:
        """Whether there is a manager to tell anything."""
        return self._address is not None

    def tell(self, **words: str) -> bool:
        """Send assignments such as ``READY="1"`` in one datagram; whether it went out."""
        if self._socket is None or self._address is None:
            return False
        lines = [f"{name}={' '.join(value.split())}" for name, value in words.items()]
        try:
            self._socket.sendto("\n".join(lines).encode(), self._address)
        except OSError:
            return False
        return True


def _address(text: str) -> str | None:
    """A path, or a name in Linux's abstract space, which begins with a NUL; None for no other."""
    if text.startswith("@"):
        return "\0" + text[1:]
    return text if text.startswith("/") else None


def watchdog_s(environment: Mapping[str, str] = os.environ, pid: int | None = None) -> float:
    """Seconds within which systemd wants to hear from this process; 0 for never."""
    meant = environment.get("WATCHDOG_PID", "")
    if meant and meant != str(os.getpid() if pid is None else pid):
        return 0.0
    try:
        return max(0.0, int(environment.get("WATCHDOG_USEC", "0")) / 1e6)
    except ValueError:
        return 0.0

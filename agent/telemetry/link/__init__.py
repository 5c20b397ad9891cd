"""One MQTT connection, and the address it goes to.

paho, with TLS, HTTP and mail that it brings, is loaded when ``Link`` is first asked for: the agent
does so in its publisher's thread, while the model loads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.telemetry.link._address import Address, credential
from agent.telemetry.link._message import TAKEN_OVER, LinkLostError, Message

if TYPE_CHECKING:
    from agent.telemetry.link._connection import Link

__all__ = ["TAKEN_OVER", "Address", "Link", "LinkLostError", "Message", "check_files", "credential"]


def __getattr__(name: str) -> Any:
    if name != "Link":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from agent.telemetry.link._connection import Link

    return Link


def check_files(address: Address) -> None:
    """Raise ``ConfigError`` where an address' TLS files cannot be used."""
    if address.tls:
        from agent.telemetry.link._socket import tls_context

        tls_context(address)

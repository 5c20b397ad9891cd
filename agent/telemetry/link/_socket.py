"""TCP and TLS to a broker, with one deadline; what goes wrong is said in one sentence.

paho would wait for each address, and for the handshake, anew; and says of TLS what OpenSSL says.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from agent.errors import BrokerError, ConfigError
from agent.telemetry.link._address import Address

_EXPIRED: Final = 10
_NOT_YET: Final = 9
_OTHER_NAME: Final = frozenset({62, 64})
_UNTRUSTED: Final = frozenset({2, 18, 19, 20, 21})
"""OpenSSL's codes of why a certificate does not hold (``X509_V_ERR_...``)."""


class TlsSocket(ssl.SSLSocket):
    """Remembers why TLS ended: in TLS 1.3 a server refuses a client after the handshake."""

    failure: ssl.SSLError | None = None

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        try:
            return super().recv(buflen, flags)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            self.failure = error
            raise


def connect(address: Address, deadline: float) -> socket.socket:
    """A connected socket, after the handshake where TLS is asked for, before a monotonic time.

    Raises ``BrokerError``, and ``ConfigError`` for TLS files that cannot be used.
    """
    context = tls_context(address) if address.tls else None
    plain = _tcp(address, deadline)
    if context is None:
        return plain
    try:
        secured = context.wrap_socket(
            plain, server_hostname=address.host, do_handshake_on_connect=False
        )
    except (OSError, ValueError) as error:
        plain.close()
        raise _unreachable(address, error) from None
    try:
        secured.settimeout(_left(deadline))
        secured.do_handshake()
    except OSError as error:
        secured.close()
        raise tls_error(address, error) from None
    return secured


def tls_context(address: Address) -> ssl.SSLContext:
    """What is trusted, and who we are. Raises ``ConfigError`` for files that cannot be used."""
    what = f"The CA file {address.ca_file}"
    try:
        context = ssl.create_default_context(cafile=address.ca_file)
        if address.cert_file is not None:
            what = f"The certificate {address.cert_file} with its key"
            # Without this OpenSSL would ask for an encrypted key's password on the terminal.
            context.load_cert_chain(address.cert_file, address.key_file, password="")
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{what} cannot be used: {_plain(error)}.",
            remedy="Give PEM files that belong together, the key without a password.",
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = TlsSocket
    return context


def tls_error(address: Address, error: OSError) -> BrokerError:
    """Why TLS with a broker failed, and what to do about it."""
    where = f"The broker {address}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return _untrusted(address, error)
    if isinstance(error, TimeoutError):
        return BrokerError(
            f"{where} does not answer the TLS handshake in time.", remedy=_is_it_tls(address)
        )
    reason = str(getattr(error, "reason", None) or "")
    if "ALERT" in reason:
        said = reason.partition("ALERT_")[2].replace("_", " ").lower()
        return BrokerError(
            f"{where} refuses this client in the TLS handshake: {said}.",
            remedy="Check --cert-file and --key-file: issued by the broker's CA, not expired.",
        )
    if isinstance(error, (ssl.SSLEOFError, ConnectionError)):
        said = "ends the connection in the TLS handshake"
        return BrokerError(f"{where} {said}.", remedy=_is_it_tls(address))
    return BrokerError(f"{where} does not speak TLS ({_plain(error)}).", remedy=_is_it_tls(address))


def _untrusted(address: Address, error: ssl.SSLCertVerificationError) -> BrokerError:
    code = error.verify_code
    said, remedy = error.verify_message, "Check the broker's certificate."
    if code == _EXPIRED:
        said, remedy = "has expired", "Renew it; if it is valid, set this machine's clock."
    elif code == _NOT_YET:
        said, remedy = "is not valid yet", "Set this machine's clock."
    elif code in _OTHER_NAME:
        said = f"is not for the name {address.host}"
        remedy = "Give --broker the name that the certificate is for, or issue one for this name."
    elif code in _UNTRUSTED:
        said = "is signed by no CA that is trusted here"
        remedy = "Give the PEM file of the broker's CA with --ca-file."
    return BrokerError(f"The certificate of the broker {address} {said}.", remedy=remedy)


def _is_it_tls(address: Address) -> str:
    return f"Is port {address.port} for TLS? A plain one wants mqtt:// (usually port 1883)."


def _tcp(address: Address, deadline: float) -> socket.socket:
    """The first address that answers; each has its share of the time that is left."""
    try:
        found = in_time(
            lambda: socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM),
            deadline,
        )
    except (OSError, ValueError) as error:
        raise _unreachable(address, error) from None
    problem: Exception = OSError("it has no address")
    for number, (family, kind, protocol, _, place) in enumerate(found):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(_left(deadline) / (len(found) - number))
            connection.connect(place)
            return connection
        except OSError as error:
            connection.close()
            problem = error
    raise _unreachable(address, problem)


def in_time(call: Callable[[], Any], deadline: float) -> Any:
    """What a call returns or raises; ``TimeoutError`` where it does not come back in time."""
    answers: queue.SimpleQueue[tuple[Any, Exception | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put((call(), None))
        except Exception as error:
            answers.put((None, error))

    threading.Thread(target=run, name="name look-up", daemon=True).start()
    try:
        answer, problem = answers.get(timeout=_left(deadline))
    except queue.Empty:
        raise TimeoutError("its name is not found in time") from None
    if problem is not None:
        raise problem
    return answer


def _left(deadline: float) -> float:
    """Seconds to a monotonic time; never 0, which sockets take for not waiting at all."""
    return max(0.001, deadline - time.monotonic())


def _unreachable(address: Address, error: Exception) -> BrokerError:
    return BrokerError(
        f"The broker {address} cannot be reached: {_plain(error)}.",
        remedy="Check the address, and that a broker runs there.",
    )


def _plain(error: Exception) -> str:
    """The reason alone: ``Connection refused``, not ``[Errno 111] Connection refused``."""
    return str(getattr(error, "strerror", None) or error).rstrip(".")

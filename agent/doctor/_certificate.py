"""How long a certificate still counts: Python's ssl tells that of verified peers alone."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Final, NamedTuple

_VERSION: Final = 0xA0
_UTC_TIME: Final = 0x17
_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_END: Final = "-----END CERTIFICATE-----"


class _Part(NamedTuple):
    """A value of DER: its tag and its bytes."""

    tag: int
    body: bytes


def days_left(der: bytes, now: float | None = None) -> float:
    """Days until a certificate in DER ends; below 0 after that. Raises ``ValueError``.

    ``now``: seconds since 1970, by default the clock's.
    """
    try:
        (whole,) = _parts(der)
        fields = [part for part in _parts(next(_parts(whole.body)).body) if part.tag != _VERSION]
        # serial number, signature, issuer, validity (RFC 5280, 4.1)
        _, last = _parts(fields[3].body)
        end = _time(last)
    except (IndexError, StopIteration, ValueError) as error:
        raise ValueError(f"no certificate: {error or 'it is cut off'}") from None
    return (end - (time.time() if now is None else now)) / 86_400


def days_of_file(pem: Path) -> float:
    """Days until the first certificate in a PEM file ends. Raises ``ValueError``, ``OSError``."""
    text = pem.read_text(encoding="ascii", errors="replace")
    first = text[text.index(_BEGIN) : text.index(_END) + len(_END)]
    return days_left(ssl.PEM_cert_to_DER_cert(f"{first}\n"))


def _parts(data: bytes) -> Iterator[_Part]:
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        yield _Part(tag, data[at : at + length])
        at += length


def _time(part: _Part) -> float:
    """UTCTime has two digits for the year, GeneralizedTime four."""
    text = part.body.decode("ascii")
    if part.tag == _UTC_TIME:
        text = ("19" if int(text[:2]) >= 50 else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()

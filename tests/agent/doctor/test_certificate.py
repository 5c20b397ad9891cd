"""When a certificate ends is read from its own bytes."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agent.doctor._certificate import days_left, days_of_file
from agent.doctor.broker import Broker


def certificate(end: datetime.datetime) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    draft = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    draft = draft.public_key(key.public_key()).serial_number(x509.random_serial_number())
    draft = draft.not_valid_before(end - datetime.timedelta(days=3650)).not_valid_after(end)
    return draft.sign(key, hashes.SHA256())


@pytest.mark.parametrize("year", [2031, 2049, 2050, 2077])
def test_the_end_is_the_one_that_cryptography_wrote(tmp_path: Path, year: int) -> None:
    """Up to 2049 the year has two digits, later four."""
    end = datetime.datetime(year, 5, 17, 12, 0, 0, tzinfo=datetime.timezone.utc)
    made = certificate(end)
    der = made.public_bytes(serialization.Encoding.DER)
    assert days_left(der, now=end.timestamp() - 86_400 * 2.5) == 2.5
    pem = tmp_path / "c.pem"
    pem.write_bytes(b"a remark\n" + 2 * made.public_bytes(serialization.Encoding.PEM))
    assert days_of_file(pem) == pytest.approx(days_left(der), abs=0.01)


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x82", b"\x02\x01\x00", bytes(64)])
def test_what_is_no_certificate_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no certificate"):
        days_left(data)


def test_a_certificate_is_renewed_in_time() -> None:
    check = Broker()
    verdicts = [check.certificate("c", days, "renew it").verdict for days in (400, 12, -3)]
    assert verdicts == ["ok", "warning", "failure"]

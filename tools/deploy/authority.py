"""A certificate authority in a folder: ``ca.pem``, ``ca.key``, and what it issued."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent.errors import ConfigError, UsageError
from tools.files import SECRET, alone, replace, write_new

CA_DAYS: Final = 3650
DAYS: Final = 825
MOST_NAME: Final = 64
"""Characters of a certificate's common name (X.520)."""

EARLY: Final = timedelta(hours=1)
"""Certificates count from a little before now: a client's clock may be behind."""


@dataclass(frozen=True)
class Issued:
    """A new certificate and its key, as PEM; it counts until ``until``."""

    certificate: bytes
    key: bytes
    until: datetime


class _Entry(NamedTuple):
    serial: int
    name: str
    until: datetime
    revoked: datetime | None

    def __str__(self) -> str:
        revoked = self.revoked.isoformat() if self.revoked else "-"
        return f"{self.serial:x}\t{self.name}\t{self.until.isoformat()}\t{revoked}\n"

    @classmethod
    def read(cls, line: str) -> _Entry:
        serial, name, until, revoked = line.rstrip("\n").split("\t")
        when = None if revoked == "-" else datetime.fromisoformat(revoked)
        return cls(int(serial, 16), name, datetime.fromisoformat(until), when)


class Authority:
    """Opens the authority in a folder. Raises ``ConfigError`` where there is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.certificate = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
            key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"There is no certificate authority in {folder}: "
                f"{getattr(error, 'strerror', None) or error}.",
                remedy="Make one with: fieldproof deploy broker --out DIR --host NAME",
            ) from None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ConfigError(f"{folder / 'ca.key'} is no key of an authority made here.")
        self._key = key

    @classmethod
    def create(cls, folder: Path, name: str, days: int = CA_DAYS) -> Authority:
        """Make a new one; an old one is never overwritten (``OutputError``)."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _named(name)
        usage = _usage(signs=True)
        built = _begun(subject, subject, key.public_key(), _now() + timedelta(days=days))
        certificate = (
            built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(key, hashes.SHA256())
        )
        write_new(folder / "ca.key", _pem(key), SECRET)
        write_new(folder / "ca.pem", certificate.public_bytes(Encoding.PEM))
        write_new(folder / "issued.tsv", b"", SECRET)
        return cls(folder)

    @property
    def until(self) -> datetime:
        return self.certificate.not_valid_after_utc

    def issue(self, name: str, days: int = DAYS, hosts: Sequence[str] = ()) -> Issued:
        """A key and a certificate: for a server where ``hosts`` are given, else for a client.

        Raises ``UsageError`` for a name or host that cannot be in a certificate, or for one that
        would outlive the authority.
        """
        until = _now() + timedelta(days=days)
        if until > self.until:
            raise UsageError(
                f"{days} days are more than the authority itself has left ({self.until:%Y-%m-%d}).",
                remedy="Give fewer --days, or make a new deployment in another folder.",
            )
        return self.signed(_named(name), name, until, hosts)

    def signed(
        self, subject: x509.Name, name: str, until: datetime, hosts: Sequence[str] = ()
    ) -> Issued:
        """As ``issue``, for any subject and date."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer.value)
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = (
            _begun(subject, self.certificate.subject, key.public_key(), until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(identifier, critical=False)
        )
        if hosts:
            names = x509.SubjectAlternativeName([_host(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        self._remember(_Entry(certificate.serial_number, name, until, None))
        return Issued(certificate.public_bytes(Encoding.PEM), _pem(key), until)

    def revoke(self, name: str) -> int:
        """Revoke all certificates of a name; how many were not yet. See ``revocations``."""
        with alone(self.folder):
            entries = self._entries()
            now = _now()
            going = [e for e in entries if e.name == name and e.revoked is None]
            changed = [e._replace(revoked=now) if e in going else e for e in entries]
            replace(self._list, "".join(map(str, changed)).encode(), SECRET)
        return len(going)

    def revocations(self) -> bytes:
        """The list of revoked certificates, as PEM. It counts as long as the authority does:
        a broker refuses every client once its list is out of date."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(_now())
            .next_update(self.until)
        )
        for entry in self._entries():
            if entry.revoked is not None:
                revoked = x509.RevokedCertificateBuilder().serial_number(entry.serial)
                builder = builder.add_revoked_certificate(
                    revoked.revocation_date(entry.revoked).build()
                )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def names(self) -> list[str]:
        """The names that hold a certificate that is not revoked."""
        return sorted({entry.name for entry in self._entries() if entry.revoked is None})

    @property
    def _list(self) -> Path:
        return self.folder / "issued.tsv"

    def _entries(self) -> list[_Entry]:
        with self._list.open(encoding="utf-8") as lines:
            return [_Entry.read(line) for line in lines]

    def _remember(self, entry: _Entry) -> None:
        with alone(self.folder), self._list.open("a", encoding="utf-8") as lines:
            lines.write(str(entry))


def _now() -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0)


def _named(name: str) -> x509.Name:
    if not 1 <= len(name) <= MOST_NAME:
        raise UsageError(
            f"{name!r} has {len(name)} characters; a certificate's name holds {MOST_NAME}.",
            remedy="Give a shorter site or device.",
        )
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError:
        raise UsageError(f"{host!r} is no name of a host; write it in ASCII.") from None


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(_now(), until) - EARLY)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

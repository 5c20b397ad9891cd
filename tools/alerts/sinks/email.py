"""Alerts by e-mail, over SMTP with TLS."""

from __future__ import annotations

import json
import smtplib
import ssl
from contextlib import closing
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from agent.errors import ConfigError
from tools.alerts.sinks import (
    TIMEOUT_S,
    DeliveryError,
    Notice,
    RefusedError,
    Settings,
    Sink,
    secret_in,
)

PORTS = {"starttls": 587, "tls": 465, "none": 25}
AddressText = Annotated[str, Field(pattern=r"^[^\s@<>,;]+@[^\s@<>,;]+$", max_length=254)]


class EmailSettings(Settings):
    """``security`` is starttls, tls, or none, which is for a server on this machine only."""

    kind: Literal["email"] = "email"
    host: str
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    sender: AddressText
    to: Annotated[tuple[AddressText, ...], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _fits(self) -> EmailSettings:
        if bool(self.user) != (self.password_file is not None):
            raise ValueError("user and password_file go together")
        if self.user and self.security == "none":
            raise ValueError('a password needs security = "starttls" or "tls"')
        return self


class Email(Sink):
    """One message for each notice, with the JSON body below the words."""

    Settings = EmailSettings

    def __init__(self, settings: EmailSettings) -> None:
        self._settings = settings
        self._password = secret_in(settings.password_file) if settings.password_file else ""
        try:
            self._tls = ssl.create_default_context(
                cafile=str(settings.ca_file) if settings.ca_file else None
            )
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"ca_file {settings.ca_file}: {error}.") from None

    def deliver(self, notice: Notice) -> None:
        settings = self._settings
        try:
            with closing(self._connected()) as server:
                if settings.security == "starttls":
                    server.starttls(context=self._tls)
                if settings.user:
                    server.login(settings.user, self._password)
                refused = server.send_message(self._message(notice))
                server.quit()
        except smtplib.SMTPRecipientsRefused as error:
            raise _failed(
                settings.host, min(code for code, _ in error.recipients.values())
            ) from None
        except smtplib.SMTPResponseException as error:
            raise _failed(settings.host, error.smtp_code) from None
        except (OSError, smtplib.SMTPException) as error:
            said = getattr(error, "strerror", None) or error or type(error).__name__
            raise DeliveryError(f"{settings.host} does not take it: {said}.") from None
        if refused:
            raise RefusedError(f"{settings.host} refuses {', '.join(refused)}; others have it.")

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        port = settings.port or PORTS[settings.security]
        if settings.security == "tls":
            return smtplib.SMTP_SSL(settings.host, port, timeout=TIMEOUT_S, context=self._tls)
        return smtplib.SMTP(settings.host, port, timeout=TIMEOUT_S)

    def _message(self, notice: Notice) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"] = self._settings.sender, ", ".join(self._settings.to)
        message["Subject"] = notice.line[:200]
        message["Date"] = formatdate()
        domain = self._settings.sender.rpartition("@")[2]
        message["Message-ID"] = f"<{notice.key}@{domain}>"
        why = f"{notice.why}\n\n" if notice.why else ""
        body = json.dumps(notice.body(), indent=1)
        message.set_content(f"{notice.line}\n\n{why}{body}\n")
        return message


def _failed(host: str, code: int) -> DeliveryError | RefusedError:
    """A 5xx is for good, but for those of signing in, which an operator mends."""
    for_good = code >= 500 and code not in (530, 534, 535, 538)
    return (RefusedError if for_good else DeliveryError)(f"{host} answers {code}.")

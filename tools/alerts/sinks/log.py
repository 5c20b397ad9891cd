"""Alerts as lines of the log."""

from __future__ import annotations

import logging
from typing import Any, Final, Literal

from tools.alerts.sinks import Notice, Settings, Sink

log = logging.getLogger("alerts")

LEVELS: Final = {"info": logging.INFO, "warning": logging.WARNING, "critical": logging.CRITICAL}


class LogSettings(Settings):
    kind: Literal["log"] = "log"


class Log(Sink):
    """At the level of the alert's severity; what is resolved, at ``INFO``."""

    Settings = LogSettings

    def __init__(self, settings: Any) -> None:
        pass

    def deliver(self, notice: Notice) -> None:
        level = logging.INFO if notice.event == "resolved" else LEVELS[notice.alert["severity"]]
        log.log(level, "%s", notice.line)

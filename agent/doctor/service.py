"""The systemd service, where there is one."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from agent.doctor import Check, Finding, Host, Plan
from agent.doctor._lines import as_root

UNIT: Final = "fieldproof.service"


class Service(Check):
    """Not installed is a note: an agent may be run otherwise."""

    place: ClassVar[int] = 75

    def examine(self, plan: Plan, host: Host, facts: Mapping[str, Any]) -> Iterator[Finding]:
        systemctl = shutil.which("systemctl")
        if systemctl is None or not (host.run / "systemd" / "system").exists():
            yield self.not_checked("service", "systemd does not run here")
            return
        told = subprocess.run(
            [systemctl, "show", "--property=LoadState,ActiveState", UNIT],
            capture_output=True,
            text=True,
            timeout=2,
        ).stdout
        said = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
        yield self.judge(said.get("LoadState", ""), said.get("ActiveState", ""))

    def judge(self, load: str, active: str) -> Finding:
        """The verdict on systemd's ``LoadState`` and ``ActiveState`` of the unit."""
        if load != "loaded":
            return self.not_checked("service", f"{UNIT} is not installed")
        if active == "failed":
            look, again = f"journalctl -u {UNIT} -n 50", f"systemctl restart {UNIT}"
            mend = f"{as_root(look)}; what it says mended: {as_root(again)}"
            return self.failure("service", f"{UNIT} has failed", mend)
        if active in ("active", "activating", "reloading"):
            return self.ok("service", f"{UNIT} is {active}", runs=True)
        mend = as_root(f"systemctl enable --now {UNIT}")
        return self.warning("service", f"{UNIT} is installed and {active}", mend)


def runs(facts: Mapping[str, Any]) -> str:
    """Which agent runs on this device, as far as outbox and service told; empty where none."""
    process = facts.get("outbox", {}).get("process")
    if process is not None:
        return f"process {process}" if process else "another process"
    return UNIT if facts.get("service", {}).get("runs") else ""

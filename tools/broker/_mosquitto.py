"""Eclipse mosquitto with a configuration of our own."""

from __future__ import annotations

import getpass
import re
import subprocess
from pathlib import Path

from tools.broker._process import LocalBroker


class Mosquitto(LocalBroker):
    """Listens on loopback only; ``folder`` holds its configuration."""

    def __init__(
        self, port: int, program: Path, folder: Path, persistence: Path | None, settings: str
    ) -> None:
        super().__init__(port)
        self._program, self._file = program, folder / "mosquitto.conf"
        self._file.write_text(_configuration(port, persistence, settings), encoding="utf-8")

    @property
    def name(self) -> str:
        # `mosquitto -h` ends with code 3 and says the version in its first line.
        said = subprocess.run([self._program, "-h"], capture_output=True, text=True, check=False)
        version = re.search(r"version (\S+)", said.stdout)
        return f"mosquitto {version.group(1)}" if version else "mosquitto"

    def _command(self) -> list[str]:
        return [str(self._program), "-c", str(self._file)]


def _configuration(port: int, persistence: Path | None, settings: str) -> str:
    lines = [
        # Started as root it would become another user, who cannot read this folder.
        f"user {getpass.getuser()}",
        f"listener {port} 127.0.0.1",
        "log_dest none",
    ]
    if "allow_anonymous" not in settings:
        lines.append("allow_anonymous true")
    if persistence is not None:
        lines += ["persistence true", f"persistence_location {persistence}/", "autosave_interval 1"]
    return "\n".join([*lines, settings, ""])

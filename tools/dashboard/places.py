"""Names, tags and places of devices, from a TOML file that is read anew when it changes."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from agent.errors import ConfigError
from agent.toml import read
from tools.files import stamp

log = logging.getLogger(__name__)

Word = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
DeviceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}/[A-Za-z0-9_-]{1,64}$")]


class Place(BaseModel):
    """What people know of a device: ``lat`` and ``lon`` in degrees."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Word | None = None
    tags: tuple[Word, ...] = Field(default=(), max_length=32)
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None


class Places(BaseModel):
    """All devices that are known by more than their id: ``site/device`` to what is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    devices: dict[DeviceName, Place] = Field(default_factory=dict)


class PlacesFile:
    """The file as it is now. Raises ``ConfigError`` where it cannot be used at the start; later
    the last one that could be used counts on, and the log says why."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._stamp = stamp(path)
        self._places = read(path, Places)

    def now(self) -> Places:
        """The places at this moment."""
        with self._lock:
            now = stamp(self.path)
            if now != self._stamp:
                self._stamp = now
                try:
                    self._places = read(self.path, Places)
                except ConfigError as error:
                    log.error("%s The places stay as they were.", error.message)
            return self._places

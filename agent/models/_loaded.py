"""Whether the file that a model was loaded from is still the one that it was."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from agent.models._quarantine import sha256_of

log = logging.getLogger(__name__)


class LoadedFile:
    """The file of a model that was loaded with a SHA-256. A new one changes nothing that runs."""

    def __init__(self, path: Path, sha256: str) -> None:
        self._path, self._sha256 = path, sha256
        self._seen: tuple[int, int, int, int] | None = None
        self.replaced = False

    def look(self) -> bool:
        """Whether the file is another now, or gone; said once. Reads it only where it changed."""
        try:
            facts = os.stat(self._path)
            seen = (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns)
            if seen == self._seen:
                return self.replaced
            differs = sha256_of(self._path) != self._sha256
        except OSError:
            seen, differs = None, True
        self._seen = seen
        if differs and not self.replaced:
            log.warning(
                "%s is not the file that was loaded any more: the agent goes on with what it "
                "loaded, and takes the new one when it is started again.",
                self._path,
            )
        self.replaced = differs
        return differs

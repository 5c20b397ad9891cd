"""What the agent itself takes of memory."""

from __future__ import annotations

import os
from pathlib import Path

from agent.probes import Probe
from agent.probes._children import PROC, descendants


class Process(Probe):
    """Resident memory in MB of 10^6 bytes: the agent's, and what its children have for themselves.

    Their pages that are shared - libraries, and the frames that the agent maps too - do not count
    again.
    """

    period_s = 10.0

    def __init__(self, proc: Path = PROC) -> None:
        self.proc = proc

    def read(self) -> dict[str, float]:
        own = self._pages("self")
        if own is None:
            return {}
        known = (self._pages(str(child.pid)) for child in descendants(proc=self.proc))
        apart = sum(pages[0] - pages[1] for pages in known if pages is not None)
        return {"resident_mb": _megabytes(own[0]), "children_mb": _megabytes(apart)}

    def _pages(self, process: str) -> tuple[int, int] | None:
        """Resident pages, and those among them that are shared."""
        try:
            _, resident, shared, *_ = (self.proc / process / "statm").read_text().split()
            return int(resident), int(shared)
        except (OSError, ValueError):
            return None


def _megabytes(pages: int) -> float:
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 2)

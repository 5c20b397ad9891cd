"""What the agent itself takes: memory and processor time."""

from __future__ import annotations

import os
import time
from pathlib import Path

from agent.probes import Probe


class Process(Probe):
    """Resident memory in MB, CPU share since the last reading (1.0: one core), load average."""

    def __init__(self, statm: Path = Path("/proc/self/statm")) -> None:
        self.statm = statm
        self._clock = time.monotonic()
        self._cpu = time.process_time()

    def read(self) -> dict[str, float]:
        clock, cpu = time.monotonic(), time.process_time()
        share = (cpu - self._cpu) / max(clock - self._clock, 1e-6)
        self._clock, self._cpu = clock, cpu
        facts = {"cpu_share": round(share, 4), "load_1min": os.getloadavg()[0]}
        try:
            pages = int(self.statm.read_text().split()[1])
        except (OSError, ValueError, IndexError):
            return facts
        return {**facts, "resident_mb": round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 2)}

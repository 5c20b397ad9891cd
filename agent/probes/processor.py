"""How busy the device is, and how fast it may go."""

from __future__ import annotations

import os
from pathlib import Path

from agent.probes import Probe
from agent.probes._sysfs import number_in, sysfs


class Processor(Probe):
    """Load average of a minute; clock of the fastest core in MHz, and the limit that is set for it
    as a share of what it can do. ``root`` is sysfs's folder of processors.
    """

    period_s = 10.0

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or sysfs() / "devices/system/cpu"

    def read(self) -> dict[str, float]:
        facts = {"load_1min": round(os.getloadavg()[0], 2)}
        clocks = self._fastest("scaling_cur_freq")
        limit, able = self._fastest("scaling_max_freq"), self._fastest("cpuinfo_max_freq")
        if clocks:
            facts["cpu_mhz"] = clocks / 1000
        if limit and able:
            facts["cpu_limit"] = round(limit / able, 4)
        return facts

    def _fastest(self, name: str) -> int:
        """Of all cores, in kHz; 0 where nobody tells."""
        values = (number_in(file) for file in self.root.glob(f"cpufreq/policy*/{name}"))
        return max((value for value in values if value), default=0)

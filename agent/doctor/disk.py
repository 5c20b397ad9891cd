"""The disk that the state folder is on: room, speed, wear."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple

from agent.doctor import STATE, Check, Finding, Host, Plan
from agent.doctor._lines import as_root

LEAST_BYTES: Final = 16 << 20
"""Below that the outbox cannot even hold its reserve and a few hours of records."""

SLOW_MS: Final = 500.0
"""A synced write that takes longer than that delays every commit of the outbox, one a second."""

PROBE_BYTES: Final = 256 << 10
SYNCS: Final = 8
_IN_MEMORY: Final = ("tmpfs", "ramfs")


class Mount(NamedTuple):
    """A line of ``/proc/mounts``."""

    device: str
    place: str
    kind: str
    options: str

    @property
    def read_only(self) -> bool:
        return "ro" in self.options.split(",")


class Disk(Check):
    """Free bytes against the outbox's budget, synced writes, the eMMC's own word on its wear."""

    place: ClassVar[int] = 60
    code: ClassVar[int] = STATE
    seconds: ClassVar[float] = 5.0

    def examine(self, plan: Plan, host: Host, facts: Mapping[str, Any]) -> Iterator[Finding]:
        yield from self._wear(host)
        if not plan.state:
            mend = "--state /var/lib/fieldproof, the folder that the agent is given"
            yield self.not_checked("disk", "no state folder is given", mend)
            return
        folder = nearest(Path(plan.state))
        mount = mount_of(folder, host.proc / "mounts")
        yield from self._mount(mount, folder, host)
        if mount is not None and mount.read_only:
            return
        budget = int(facts.get("profile", {}).get("outbox_bytes", 0))
        yield self._room(Path(plan.state), shutil.disk_usage(folder).free, budget)
        if os.access(folder, os.W_OK | os.X_OK):
            yield self._speed(folder)

    def _mount(self, mount: Mount | None, folder: Path, host: Host) -> Iterator[Finding]:
        root = mount_of(Path("/"), host.proc / "mounts")
        if mount is None:
            return
        if mount.read_only:
            text = f"{folder} is on {mount.place}, which is mounted read-only"
            mend = as_root(f"mount -o remount,rw {mount.place}")
            yield self.failure("mount", f"{text}; give the state folder a disk of its own", mend)
        elif mount.kind in _IN_MEMORY:
            text = f"{folder} is in memory ({mount.kind}): what waits there is lost with the power"
            yield self.warning("mount", text, "--state FOLDER on a disk")
        elif root is not None and root.read_only:
            yield self.ok("mount", f"the root is read-only, {mount.place} is not")

    def _room(self, folder: Path, free: int, budget: int) -> Finding:
        """``budget``: bytes that the outbox may take; what it has already counts as free."""
        own = sum(file.stat().st_size for file in (folder / "outbox").glob("outbox.*"))
        said = f"{free / 1e6:.0f} MB are free, the outbox may take {budget / 1e6:.0f} MB"
        if free < LEAST_BYTES:
            text = f"{free / 1e6:.0f} MB are free, too little for any outbox"
            return self.failure("room", text, f"Free some: du -xh --max-depth 2 {folder} | sort -h")
        if free + own < budget:
            mend = "Free some, or lower outbox_bytes under [budgets] in a profile of your own"
            return self.warning("room", said, mend, free_bytes=free)
        return self.ok("room", said, free_bytes=free)

    def _speed(self, folder: Path) -> Finding:
        milliseconds, rate = synced_write(folder)
        said = f"{rate / 1e6:.1f} MB/s, a synced write takes {milliseconds:.1f} ms"
        known = {"sync_ms": round(milliseconds, 2), "bytes_per_s": round(rate)}
        if milliseconds > SLOW_MS:
            mend = "Use another card (class A1 or better), or put the state folder on another disk"
            return self.warning("write speed", said, mend, **known)
        return self.ok("write speed", said, **known)

    def _wear(self, host: Host) -> Iterator[Finding]:
        for device in sorted((host.sys / "block").glob("mmcblk*")):
            used, end = wear_of(device / "device")
            if used is None and end is None:
                continue  # SD cards do not tell
            share = "beyond its rated life" if (used or 0) > 10 else f"{10 * (used or 0)} % used up"
            said = f"{device.name}: {share}, spare blocks {_SPARE.get(end or 0, 'not told')}"
            if (used or 0) >= 9 or (end or 0) >= 2:
                mend = "Plan a new one, and see what writes so much: iotop -ao"
                yield self.warning(f"wear of {device.name}", said, mend)
            else:
                yield self.ok(f"wear of {device.name}", said)


_SPARE: Final = {1: "are plenty", 2: "are 80 % used", 3: "are nearly gone"}
"""eMMC's PRE_EOL_INFO."""


def wear_of(device: Path) -> tuple[int | None, int | None]:
    """What an eMMC tells: tenths of its life that are used (11: more than all), PRE_EOL_INFO.

    None for what it does not tell; both are None for an SD card.
    """
    tenths = [int(word, 16) for word in _words(device / "life_time")]
    end = [int(word, 16) for word in _words(device / "pre_eol_info")]
    return (max(tenths) or None if tenths else None, end[0] or None if end else None)


def _words(file: Path) -> list[str]:
    try:
        return [word for word in file.read_text().split() if word.startswith("0x")]
    except OSError:
        return []


def synced_write(folder: Path) -> tuple[float, float]:
    """The median of a synced write of 32 kB in milliseconds, and bytes per second over all."""
    block = os.urandom(PROBE_BYTES // SYNCS)
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:  # it has no name: nothing is left of it
        for _ in range(SYNCS):
            start = time.perf_counter()
            file.write(block)
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times), PROBE_BYTES / sum(times)


def nearest(folder: Path) -> Path:
    """The folder, or the first above it that is there."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def mount_of(folder: Path, mounts: Path) -> Mount | None:
    """The mount that a folder is on; None where that cannot be told."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return None
    whole = folder.resolve()
    best: Mount | None = None
    for line in lines:
        device, place, kind, options = line.split()[:4]
        place = place.replace("\\040", " ")
        if whole.is_relative_to(place) and (best is None or len(place) >= len(best.place)):
            best = Mount(device, place, kind, options)
    return best

"""What a fleet put, device by device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tools.fleet.life import Counts
from tools.fleet.plan import Device, Plan


@dataclass
class Put:
    """What one device put. ``put`` counts all that it recorded; ``freed`` rows are receipted or
    given up, ``waiting`` rows are in its outbox; ``over``: there is no more to come.
    """

    site: str
    device: str
    epoch: str
    put: Counts = field(default_factory=Counts)
    freed: int = 0
    waiting: int = 0
    over: bool = False
    silent: bool = False

    @classmethod
    def of(cls, device: Device, epoch: str) -> Put:
        return cls(device.site, device.name, epoch, silent=device.silent)


@dataclass(frozen=True)
class Account:
    """What a whole fleet put; ``seconds`` from the first record to the last receipt."""

    plan: Plan
    devices: tuple[Put, ...]
    seconds: float

    @property
    def over(self) -> bool:
        """Whether all was put, and nothing waits."""
        return all(device.over and not device.waiting for device in self.devices)

    def total(self, what: str) -> int:
        return sum(getattr(device.put, what) for device in self.devices)

    def to_json(self) -> dict[str, Any]:
        return {
            "plan": self.plan.to_json(),
            "over": self.over,
            "seconds": round(self.seconds, 3),
            "totals": {name: self.total(name) for name in vars(Counts())},
            "devices": [asdict(device) for device in self.devices],
        }


def account(plan: Plan, devices: Sequence[Put], seconds: float) -> Account:
    """The devices in the order of the plan."""
    order = {(device.site, device.name): device.number for device in plan.fleet}
    known = sorted(devices, key=lambda put: order[put.site, put.device])
    return Account(plan, tuple(known), seconds)

"""The list of perturbations that exist, with what their severities mean."""

from __future__ import annotations

from dataclasses import dataclass

from agent.perturbations import STAGES, Motion, family

_WEAK = 0.1


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind: ``low`` and ``high`` are severities 0.1 and 1 in units, with the defaults."""

    kind: str
    stage: str
    monotone: bool
    motion: Motion
    low: str
    high: str
    summary: str


def catalogue() -> list[Entry]:
    """All kinds, in the order of physics: on the object, in the scene, on the lens, in the sensor.

    Raises nothing for a sound installation; every member of the family is imported.
    """
    entries = []
    for member in family:
        usual = member()
        entries.append(
            Entry(
                kind=member.kind(),
                stage=member.stage(),
                monotone=member.monotone,
                motion=member.motion,
                low=usual.describe(_WEAK),
                high=usual.describe(1.0),
                summary=(member.__doc__ or "").strip().splitlines()[0],
            )
        )
    return sorted(entries, key=lambda entry: (STAGES.index(entry.stage), entry.kind))

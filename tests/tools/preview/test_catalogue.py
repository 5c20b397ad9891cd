"""The catalogue says of each kind what its file says."""

from __future__ import annotations

from agent.perturbations import STAGES, family
from tools.preview.catalogue import catalogue


def test_every_kind_is_listed_once_in_the_order_of_physics() -> None:
    entries = catalogue()
    assert sorted(entry.kind for entry in entries) == sorted(family.kinds())
    stages = [STAGES.index(entry.stage) for entry in entries]
    assert stages == sorted(stages)


def test_an_entry_says_how_a_kind_behaves_in_a_clip() -> None:
    motion = {entry.kind: entry.motion for entry in catalogue()}
    assert motion["sticker"] == "still"
    assert motion["rain"] == "moving"
    assert motion["sensor_noise"] == "fresh"


def test_a_summary_is_one_sentence() -> None:
    for entry in catalogue():
        assert entry.summary.endswith("."), entry

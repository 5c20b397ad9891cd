"""The hottest of the zones that can be believed."""

from __future__ import annotations

from pathlib import Path

from agent.probes.thermal import Thermal


def zones(folder: Path, **texts: str) -> None:
    for number, (kind, text) in enumerate(texts.items()):
        zone = folder / f"thermal_zone{number}"
        zone.mkdir()
        (zone / "type").write_text(kind.replace("_", "-") + "\n")
        (zone / "temp").write_text(text + "\n")


def test_the_hottest_zone_counts_and_unreadable_ones_are_left_out(tmp_path: Path) -> None:
    zones(tmp_path, CPU_therm="45123", GPU_therm="61000", wifi="off")
    assert Thermal(tmp_path).read() == {"temperature_c": 61.0}
    assert Thermal(tmp_path / "none").read() == {}


def test_what_cannot_be_is_left_out_and_what_a_jetsons_power_chip_says(tmp_path: Path) -> None:
    zones(tmp_path, CPU_therm="45000", PMIC_Die="100000", acpitz="-273200", other="255000")
    assert Thermal(tmp_path).read() == {"temperature_c": 45.0}

"""A strength in units is the severity that the kind describes so."""

from __future__ import annotations

import pytest

from agent.errors import ConfigError
from agent.perturbations import family
from tools.gate.units import severity_of


@pytest.mark.parametrize(
    ("kind", "strength"),
    [("fog", "80 m"), ("low_light", "40 lx"), ("rain", "20 mm/h"), ("sticker", "10 %")],
)
def test_the_severity_found_is_described_by_the_strength(kind: str, strength: str) -> None:
    number, unit = strength.split()
    described = family.load(kind)().describe(severity_of(kind, strength, ()))
    found = next(
        float(word.strip("(×"))
        for word, after in zip(described.split(), described.split()[1:], strict=False)
        if after.strip(",)") == unit
    )
    assert found == pytest.approx(float(number), rel=0.02)


def test_a_number_that_no_severity_changes_is_no_strength() -> None:
    with pytest.raises(ConfigError, match="No severity of sticker is 76 cm"):
        severity_of("sticker", "76 cm", ())


def test_conditions_of_several_kinds_have_no_units_of_their_own() -> None:
    with pytest.raises(ConfigError, match="severity instead"):
        severity_of("wet dusk", "80 m", ())

"""Contact sheets and the catalogue."""

from __future__ import annotations

import numpy as np
import pytest

from agent.errors import UnknownKind, UsageError
from agent.perturbations import STAGES, Moment, family
from agent.values import Box
from tools.preview.catalogue import catalogue
from tools.preview.sheet import contact_sheet

IMAGE = np.full((120, 160, 3), 130, np.uint8)


def test_a_sheet_has_a_row_for_each_kind_and_a_column_for_each_severity() -> None:
    one = contact_sheet(IMAGE, ["fog"], [0.5])
    many = contact_sheet(IMAGE, ["fog", "rain"], [0.2, 0.5, 1.0])
    assert many.shape == (2 * one.shape[0], 3 * one.shape[1], 3)
    assert many.dtype == np.uint8


def test_many_kinds_at_one_severity_stand_side_by_side() -> None:
    one = contact_sheet(IMAGE, ["fog"], [0.5])
    many = contact_sheet(IMAGE, ["fog", "rain", "low_light", "exposure"] * 2, [0.5])
    assert many.shape == (2 * one.shape[0], 6 * one.shape[1], 3)
    assert (many[one.shape[0] :, 2 * one.shape[1] :] == many[-1, -1]).all()


def test_severity_zero_shows_the_picture_itself() -> None:
    sheet = contact_sheet(IMAGE, ["low_light"], [0.0, 1.0])
    assert (sheet[:240, :320] == 130).all()
    assert sheet[:240, 324:644].mean() < 60


def test_kinds_on_the_object_are_shown_close_up() -> None:
    region = Box(60, 40, 90, 70)
    sheet = contact_sheet(IMAGE, ["cast_shadow"], [1.0], Moment(region=region))
    assert (sheet[:300, :320] < 120).mean() > 0.05


def test_a_perturbation_with_its_own_parameters_can_be_shown() -> None:
    fog = family.load("fog").model_validate({"thickest_m": 100})
    usual = contact_sheet(IMAGE, ["fog"], [1.0])
    assert (contact_sheet(IMAGE, [fog], [1.0]) != usual).any()


@pytest.mark.parametrize("severities", [[], [1.2], [-0.1], [float("nan")]])
def test_severities_out_of_range_are_refused(severities: list[float]) -> None:
    with pytest.raises(UsageError):
        contact_sheet(IMAGE, ["fog"], severities)


def test_an_unknown_kind_is_refused_with_those_that_exist() -> None:
    with pytest.raises(UnknownKind, match="fog"):
        contact_sheet(IMAGE, ["fogg"], [0.5])


def test_the_catalogue_lists_every_kind_in_the_order_of_physics() -> None:
    entries = catalogue()
    assert {entry.kind for entry in entries} == set(family.kinds())
    stages = [STAGES.index(entry.stage) for entry in entries]
    assert stages == sorted(stages)
    assert all(len(entry.summary) > 20 for entry in entries)
    assert all(entry.low != entry.high for entry in entries)

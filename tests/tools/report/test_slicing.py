"""Slices on the page: alarms first, bands in their order, small ones called so."""

from __future__ import annotations

from agent.metrics.bands import Slice
from agent.metrics.slices import SliceTally
from tools.evaluate.sections.slices import slice_figures
from tools.report.slicing import property_tables, weakest
from tools.report.wording import NARROW


def figures() -> SliceTally:
    made = SliceTally()
    for scene in range(120):
        size = ("8 to 16 px", "32 to 64 px", "128 to 256 px")[scene % 3]
        camera = "left" if scene % 2 else "right"
        slices = [Slice("camera", camera), Slice("size_px", size)]
        made.add(slices, "clean", f"{scene}", 1)
        made.add(slices, "perturbed", f"{scene}", int(scene % 3 > 0), 1)
        made.add(slices, "fog", f"{scene}", int(scene % 3 > 0), 1)
    made.add([Slice("size_px", "64 to 96 px"), Slice("camera", "left")], "clean", "one", 1)
    return made


def test_the_property_that_alarms_comes_first_with_its_bands_in_order() -> None:
    tables = property_tables(slice_figures(figures().rates()))
    assert [table.name for table in tables] == ["size in the picture", "camera"]
    size = tables[0]
    assert [row.band for row in size.rows] == [
        "8 to 16 px", "32 to 64 px", "64 to 96 px", "128 to 256 px"
    ]  # fmt: skip
    small, *_ = size.rows
    assert small.perturbed is not None
    assert (small.perturbed.mark, small.n, small.small) == ("worse", 40, False)
    assert small.worse == "fog"
    assert size.rows[2].small
    assert "perturbed: 100 points between" in size.line


def test_many_kinds_are_not_all_named() -> None:
    made = SliceTally()
    for scene in range(120):
        own, night = [Slice("light", "night" if scene % 2 else "day")], scene % 2 == 1
        for number, kind in enumerate(("fog", "rain", "snow", "dirt", "scratch")):
            hard = night and (scene % 4 == 1 or number < 2)
            made.add(own, kind, f"{scene}", int(not hard))
        made.add(own, "mist", f"{scene}", 1)
    (table,) = property_tables(slice_figures(made.rates()))
    assert {row.band: row.worse for row in table.rows} == {
        "day": "",
        "night": "fog, rain and 3 more",
    }
    assert table.rows[0].better == "fog, rain and 3 more"


def test_the_weakest_slice_is_a_sentence() -> None:
    said = weakest(slice_figures(figures().rates())).replace(NARROW, " ")
    assert said.startswith("Weakest where size in the picture is 8 to 16 px: 0 % seen under fog")
    assert weakest(None) == weakest(slice_figures(SliceTally().rates())) == ""
    assert property_tables(None) == []

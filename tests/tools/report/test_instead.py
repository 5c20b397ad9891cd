"""What was seen instead, on the page."""

from __future__ import annotations

from collections.abc import Callable

from tools.evaluate.results import Results
from tools.evaluate.sections.confusion import ConfusionFigures, MisreadFigures
from tools.report.instead import instead_rows
from tools.report.wording import NARROW


def test_clean_and_all_come_first_then_what_loses_most(
    make_results: Callable[..., Results],
) -> None:
    results = make_results({"fog": (20,)})
    taken = [MisreadFigures(label="stop", seen=f"sign {n}", times=9 - n) for n in range(5)]
    results.confusion = {
        "rain": ConfusionFigures(n=10, missed=1, misread=0),
        "fog": ConfusionFigures(n=100, missed=40, misread=35, instead=taken),
        "perturbed": ConfusionFigures(n=110, missed=41, misread=35, phantoms={"stop": 2}),
        "clean": ConfusionFigures(n=0, missed=0, misread=0),
    }
    rows = instead_rows(results)
    assert [row.kind for row in rows] == ["clean", "perturbed", "fog", "rain"]
    fog = rows[2]
    assert (fog.missed, fog.misread) == (f"40{NARROW}%", f"35{NARROW}%")
    assert fog.taken_for == "stop as sign 0 (9), stop as sign 1 (8), stop as sign 2 (7) and 2 more"
    assert rows[0].missed == "–"
    assert rows[1].phantoms == "stop (2)"

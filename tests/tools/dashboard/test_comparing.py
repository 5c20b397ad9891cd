"""Two sides are compared on what both tried, and chance is allowed for."""

from __future__ import annotations

import numpy as np

from tools.dashboard.comparing import compare, summary
from tools.dashboard.rates import Counts


def cells(scenes: int = 200, **kinds: list[float]) -> dict[tuple[str, float], Counts]:
    """Shares seen at even severities, of as many trials as scenes."""
    return {
        (kind, (place + 1) / len(shares)): Counts(
            n=scenes, perturbed_seen=round(share * scenes), scenes=scenes
        )
        for kind, shares in kinds.items()
        for place, share in enumerate(shares)
    }


def test_a_real_difference_is_told_and_an_equal_share_is_not() -> None:
    a, b = cells(fog=[0.9, 0.7], rain=[0.9, 0.8]), cells(fog=[0.7, 0.4], rain=[0.9, 0.8])
    rows = {row.name: row for row in compare(a, b)}
    assert rows["fog"].verdict == "worse"
    assert round(rows["fog"].difference, 3) == -0.25
    assert (rows["rain"].verdict, rows["rain"].difference) == ("", 0.0)
    assert summary(list(rows.values())) == (
        "Of 2 kinds, B sees fewer in 1, and in 1 the difference is within chance."
    )


def test_all_kinds_together_come_first_and_then_the_worst() -> None:
    a = cells(fog=[0.9], rain=[0.9], glare=[0.5])
    rows = compare(a, cells(fog=[0.8], rain=[0.5], glare=[0.9]))
    assert [row.name for row in rows] == ["", "rain", "fog", "glare"]


def test_severities_that_one_side_did_not_try_do_not_count() -> None:
    a, b = cells(fog=[0.9, 0.5]), cells(fog=[0.9, 0.5])
    del b["fog", 1.0]
    (row,) = compare(a, b)
    assert (row.severities, row.a.share, row.b.share) == (1, 0.9, 0.9)


def test_nothing_in_common_is_no_row() -> None:
    assert compare(cells(fog=[0.5]), cells(rain=[0.5])) == []
    assert compare({}, {}) == []


def test_more_rows_make_each_interval_wider() -> None:
    one = compare(cells(fog=[0.9]), cells(fog=[0.8]))[-1]
    kinds = {f"kind{number}": [0.9] for number in range(30)}
    many = next(row for row in compare(cells(**kinds), cells(**kinds)) if row.name == "kind7")
    assert many.high - many.low > one.high - one.low


def test_equal_sides_differ_in_hardly_any_table() -> None:
    """40 tables of 12 equal kinds: at most a few hold a difference that is not there."""
    random, wrong = np.random.default_rng(1), 0
    for _ in range(40):
        a, b = (
            {
                (f"kind{kind}", 0.5): Counts(
                    n=60, perturbed_seen=int(random.binomial(60, 0.8)), scenes=60
                )
                for kind in range(12)
            }
            for _ in range(2)
        )
        wrong += any(row.verdict for row in compare(a, b))
    assert wrong <= 4


def test_a_fall_of_fifteen_points_over_500_scenes_is_found() -> None:
    kinds = {f"kind{number}": [0.8, 0.7] for number in range(11)}
    a, b = cells(500, fog=[0.9, 0.7], **kinds), cells(500, fog=[0.75, 0.55], **kinds)
    assert [row.name for row in compare(a, b) if row.name and row.verdict] == ["fog"]

"""What the terminal shows of an evaluation."""

from __future__ import annotations

import io

from rich.console import Console

from tools.evaluate.results import (
    BreakingSeverity,
    ClaimFigures,
    CleanFigures,
    DataFacts,
    ModelFacts,
    Results,
    Summary,
)
from tools.evaluate.tables import error_sentence, outcome_tables


def _results(**summary: object) -> Results:
    return Results(
        model=ModelFacts(name="m", kind="ssd", sha256="0", targets=["stop"], detects=True),
        data=DataFacts(source="photos", frames=9, targets=9),
        suite="quick",
        seed=0,
        clean=CleanFigures(n=9, correct=9, accuracy=1, ci95=(0.7, 1), frames=9, phantoms=0),
        conditions=[],
        summary=Summary.model_validate(
            {"mean_corruption_error": None, "breaking_severity": {}, **summary}
        ),
    )


def _shown(results: Results) -> str:
    console = Console(file=io.StringIO(), width=140)
    for table in outcome_tables(results):
        console.print(table)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_a_search_shows_where_half_are_lost_and_how_it_was_searched() -> None:
    breaking = BreakingSeverity(
        median=0.65,
        ci95=(0.575, None),
        censored=5,
        n=33,
        units="visibility 80 m",
        searched="scan",
        seen_again=2,
    )
    shown = _shown(_results(breaking_severity={"fog": breaking}))
    for part in ("0.65 (visibility 80 m)", "0.575 to beyond", "5 of 33", "scan, 2 seen again"):
        assert part in shown


def test_a_claim_shows_what_became_of_it_and_what_would_settle_it() -> None:
    claim = ClaimFigures(
        kind="fog", claim="flip rate < 0.1", decision="open", events=1, n=20, more=14
    )
    shown = _shown(_results(claims=[claim]))
    assert "open (14 more without a loss would settle it)" in shown
    assert "1 of 20" in shown


def test_the_error_is_given_with_mce_only_where_that_has_a_meaning() -> None:
    assert "searched" in error_sentence(_results())
    plain = error_sentence(_results(mean_corruption_error=0.25))
    assert "25.0%" in plain
    assert "mCE" not in plain
    assert "mCE 70.0%" in error_sentence(_results(mean_corruption_error=0.25, mce=0.7))

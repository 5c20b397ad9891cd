"""The sequential test keeps its error rates although it is looked at after every scene."""

from __future__ import annotations

import numpy as np
import pytest

from agent.statistics.sequential import Claim

CLAIM = Claim(good=0.05, bad=0.10)


def _run(rate: float, chance: np.random.Generator) -> tuple[str, int]:
    events = n = 0
    while True:
        n += 1
        events += bool(chance.random() < rate)
        decision = CLAIM.decide(events, n)
        if decision != "open":
            return decision, n


@pytest.mark.parametrize(("rate", "wrong"), [(0.05, "fails"), (0.10, "holds")])
def test_false_claims_stay_under_five_percent_with_fewer_scenes_than_a_fixed_design(
    rate: float, wrong: str
) -> None:
    chance = np.random.default_rng(11)
    runs = [_run(rate, chance) for _ in range(2000)]
    assert np.mean([decision == wrong for decision, _ in runs]) <= 0.05
    assert np.mean([n for _, n in runs]) <= 170  # a fixed design needs 291


def test_scenes_to_hold_is_when_clean_scenes_settle_it() -> None:
    more = CLAIM.scenes_to_hold(3, 40)
    assert CLAIM.decide(3, 40 + more) == "holds"
    assert CLAIM.decide(3, 40 + more - 1) == "open"


@pytest.mark.parametrize("rates", [(0.1, 0.1), (0.0, 0.1), (0.2, 0.1), (0.1, 1.0)])
def test_a_claim_without_two_rates_is_refused(rates: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="good < bad"):
        Claim(*rates)


def test_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="events <= n"):
        CLAIM.decide(5, 4)
    with pytest.raises(ValueError, match=r"0 and 0\.5"):
        Claim(0.05, 0.1, false_fail=0.7)

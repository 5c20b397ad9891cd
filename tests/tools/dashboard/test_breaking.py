"""The breaking severity is the mildest one tried at which half is lost."""

from __future__ import annotations

from tools.dashboard.breaking import breaking, breakings
from tools.dashboard.rates import Counts


def lost(*flips: int, scenes: int = 100) -> dict[float, Counts]:
    """Of 100 seen clean, so many lost, at even severities up to 1."""
    return {
        (place + 1) / len(flips): Counts(n=100, clean_seen=100, flips=k, scenes=scenes)
        for place, k in enumerate(flips)
    }


def test_it_is_the_first_severity_at_which_half_is_lost() -> None:
    found = breaking("fog", lost(10, 50, 90, 100))
    assert found.at == 0.5
    assert (found.low, found.high) == (0.5, 0.75)


def test_it_is_censored_where_more_than_half_survive_the_strongest() -> None:
    found = breaking("fog", lost(0, 1, 5, 49))
    assert found.at is None
    assert (found.low, found.high) == (1.0, None)
    assert found.strongest.severity == 1.0


def test_few_scenes_leave_it_open_between_the_mildest_and_beyond_all() -> None:
    found = breaking("fog", lost(40, 60, scenes=2))
    assert (found.low, found.high) == (0.5, None)
    assert found.at == 1.0


def test_severities_at_which_nothing_was_seen_clean_say_nothing() -> None:
    found = breaking("fog", {0.5: Counts(n=10, scenes=3)})
    assert (found.at, found.low, found.high) == (None, None, None)


def test_the_weakest_kind_comes_first() -> None:
    kinds = {
        "rain": lost(0, 10),
        "fog": lost(60, 90),
        "sticker": lost(0, 30),
        "glare": lost(10, 60),
    }
    assert [one.kind for one in breakings(kinds)] == ["fog", "glare", "sticker", "rain"]

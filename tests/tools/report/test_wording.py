"""Numbers and sightings in words."""

from __future__ import annotations

import doctest

import pytest

from agent.values import Sighting
from tools.report import wording


def test_the_examples_in_the_docstrings_hold() -> None:
    found = doctest.testmod(wording)
    assert found.attempted >= 7
    assert found.failed == 0


@pytest.mark.parametrize(
    ("sighting", "words"),
    [
        (Sighting(True, "stop", 0.93), "seen 0.93"),
        (Sighting(False, None, 0.0), "lost"),
        (Sighting(False, "stop", 0.4, 0.7), "lost"),
        (Sighting(False, "yield", 0.1), "misread as yield"),
    ],
)
def test_a_sighting_is_seen_lost_or_misread(sighting: Sighting, words: str) -> None:
    assert wording.verdict(sighting, "stop") == words


def test_what_was_never_seen_cannot_be_lost() -> None:
    assert wording.verdict(Sighting(False, None, 0.0), "stop", seen_clean=False) == "not seen"

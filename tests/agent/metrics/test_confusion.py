"""What was seen instead of each target."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.metrics.confusion import Confusion, Misreading
from agent.values import Sighting

SEEN = Sighting(True, "stop", 0.9)
LOST = Sighting(False, None, 0.0)
LOOSE = Sighting(False, "stop", 0.7, 0.6)
KITE = Sighting(False, "kite", 0.0)
sightings = st.lists(
    st.tuples(st.sampled_from(["stop", "yield"]), st.sampled_from([LOST, KITE, SEEN]))
)


def confusion(rows: list[tuple[str, Sighting]]) -> Confusion:
    counted = Confusion()
    for label, sighting in rows:
        counted.add(label, sighting)
    return counted


def test_targets_are_seen_missed_or_misread() -> None:
    rows = [("stop", s) for s in (SEEN, LOST, LOOSE, KITE, KITE)]
    counted = confusion([*rows, ("yield", LOST), ("yield", Sighting(False, "stop", 0.0))])
    assert (counted.n(), counted.n("stop")) == (7, 5)
    assert (counted.missed(), counted.missed("stop")) == (3, 2)
    assert counted.misread() == (Misreading("stop", "kite", 2), Misreading("yield", "stop", 1))
    assert counted.misread("yield") == (Misreading("yield", "stop", 1),)


@given(sightings, sightings)
def test_any_split_of_the_work_gives_the_same_confusion(
    one: list[tuple[str, Sighting]], two: list[tuple[str, Sighting]]
) -> None:
    left, right = confusion(one), confusion(two)
    left.add_phantom("kite")
    right.merge(left)
    whole = confusion([*one, *two])
    whole.add_phantom("kite")
    assert right == whole
    assert right.misread() == whole.misread()

"""Both models are shown the same pictures, once, and are judged target by target."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.errors import UsageError
from agent.session import Session
from agent.values import Frame
from tools.compare.broken import newly_broken, newly_seen
from tools.compare.duel import Duel
from tools.compare.sums import PairedSums

MakeDuel = Callable[..., Duel]
MakeFrame = Callable[..., Frame]


def test_each_picture_is_made_once_and_shown_to_both(
    make_duel: MakeDuel, make_frame: MakeFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    duel = make_duel(50, 120)
    made: list[float] = []
    picture = Session.picture

    def counted(session: Session, frame, condition, target):  # type: ignore[no-untyped-def]
        made.append(condition.severity)
        return picture(session, frame, condition, target)

    monkeypatch.setattr(Session, "picture", counted)
    duel.examine(make_frame(0, 200))
    assert made == [0.1, 0.9]
    assert duel.a.model.queries == duel.b.model.queries == 3


def test_swapping_the_models_swaps_won_and_lost(make_duel: MakeDuel, make_frame: MakeFrame) -> None:
    sums = [PairedSums(), PairedSums()]
    for index, grey in enumerate(range(20, 250, 10)):
        frame = make_frame(index, grey)
        sums[0].add(make_duel(50, 120).examine(frame))
        sums[1].add(make_duel(120, 50).examine(frame))
    one, other = (s.clean for s in sums)
    assert sum(c.lost for c in one.clips.values()) == 7  # greys 60 to 120
    assert [c.lost for c in one.clips.values()] == [c.won for c in other.clips.values()]
    assert (one.correct_a, one.correct_b) == (other.correct_b, other.correct_a)
    for key, cell in sums[0].cells.items():
        assert cell.correct_a == sums[1].cells[key].correct_b


def test_any_split_of_the_frames_gives_the_same_sums(
    make_duel: MakeDuel, make_frame: MakeFrame
) -> None:
    duel = make_duel(50, 120)
    bouts = [duel.examine(make_frame(i, 10 * i, clip=f"c{i % 3}")) for i in range(24)]
    whole, parts = PairedSums(), [PairedSums() for _ in range(3)]
    for number, bout in enumerate(bouts):
        whole.add(bout)
        parts[number % 3].add(bout)
    parts[0].merge(parts[2])
    parts[0].merge(parts[1])
    assert (whole.clean, whole.cells) == (parts[0].clean, parts[0].cells)


def test_a_target_that_one_model_does_not_know_takes_no_part(
    make_duel: MakeDuel, make_frame: MakeFrame
) -> None:
    bout = make_duel(50, 120, labels=("halt", "other")).examine(make_frame(0, 200))
    assert all(not look.pairs for look in bout.looks)
    assert bout.unpaired == ("stop",)


def test_without_truth_what_a_finds_is_the_reference(
    make_duel: MakeDuel, make_frame: MakeFrame
) -> None:
    bout = make_duel(50, 120).examine(make_frame(0, 100, label=None))
    pair = bout.looks[0].pairs[0]
    assert (pair.target.label, pair.a.seen, pair.b.seen) == ("stop", True, False)


def test_a_detector_and_a_classifier_are_not_compared(make_duel: MakeDuel) -> None:
    duel = make_duel(50, 120)
    duel.b.model.__class__ = type("Finder", (type(duel.b.model),), {"detects": True})
    with pytest.raises(UsageError, match="answer different questions"):
        Duel(duel.a, duel.b, {})


def test_a_broken_target_is_listed_once_a_kind_and_only_if_both_saw_it_clean(
    make_duel: MakeDuel, make_frame: MakeFrame
) -> None:
    broken, seen = newly_broken(), newly_seen()
    duel = make_duel(50, 120)
    for position, grey in enumerate((130, 100, 30)):  # lost dark; lost clean; lost by both
        bout = duel.examine(make_frame(position, grey))
        broken.add(position, bout)
        seen.add(position, bout)
    assert (broken.count, seen.count) == (len(broken.listed()), 0)
    kinds = [(change.kind, change.position) for change in broken.listed()]
    assert ("clean", 1) in kinds
    assert len(set(kinds)) == len(kinds)
    assert all(position == 0 for kind, position in kinds if kind != "clean")

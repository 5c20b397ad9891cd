"""The sentence names what is more than chance and nothing else."""

from __future__ import annotations

from tools.compare.clips import ClipCounts
from tools.compare.comparison import clean_and_kinds
from tools.compare.sums import CellKey, PairedCell, PairedSums
from tools.compare.verdict import sentence


def cell(won: int, lost: int, n: int, clips: int | None = None) -> PairedCell:
    """A cell of single-target clips, or of ``clips`` clips that share all."""
    made = PairedCell(correct_a=n - won, correct_b=n - lost, frames=n)
    for number in range(n):
        clip = f"{number if clips is None else number % clips}"
        counts = ClipCounts(int(number < won), int(won <= number < won + lost), 1)
        made.clips[clip] = made.clips.get(clip, ClipCounts()).plus(counts)
    return made


def said(clean: PairedCell, **kinds: PairedCell) -> str:
    sums = PairedSums(clean)
    sums.cells = {CellKey(kind, 1.0, None): cell for kind, cell in kinds.items()}
    figures, rows = clean_and_kinds(sums)
    return sentence(figures, rows, figures.clips)


def test_a_sure_loss_is_named_and_the_rest_called_chance() -> None:
    text = said(cell(1, 2, 100), fog=cell(0, 12, 100), rain=cell(3, 4, 100))
    assert text == (
        "B loses sightings that A has, 12 under fog (and wins 0); "
        "no other difference is more than chance."
    )


def test_a_win_is_no_loss() -> None:
    text = said(cell(0, 0, 100), low_light=cell(20, 1, 100))
    assert text.startswith("B wins sightings that A has not, 20 under low light (and loses 1);")


def test_losses_and_wins_are_told_apart_and_the_lesser_ones_by_name() -> None:
    kinds = {f"k{lost}": cell(0, lost, 100) for lost in (40, 30, 20, 15)}
    text = said(cell(0, 0, 100), fog=cell(12, 0, 100), **kinds)
    assert "20 under k20 (and wins 0); by fewer points also under k15; it wins" in text
    assert "12 under fog (and loses 0); no other" in text


def test_what_chance_can_do_is_said_to_be_chance() -> None:
    assert said(cell(2, 3, 50), fog=cell(1, 3, 50)).startswith("No difference is more than chance")


def test_equal_models_differ_nowhere() -> None:
    assert said(cell(0, 0, 50), fog=cell(0, 0, 50)).startswith("A and B see the same targets")


def test_few_clips_prove_nothing_however_many_frames() -> None:
    text = said(cell(0, 300, 300, clips=2), fog=cell(0, 300, 300, clips=2))
    assert text.endswith("with only 2 clips, chance cannot be ruled out.")


def test_among_many_kinds_one_lucky_p_value_is_chance() -> None:
    kinds = {f"kind{number}": cell(0, 0, 50) for number in range(30)}
    text = said(cell(0, 0, 50), lucky=cell(0, 6, 50), **kinds)
    assert text.startswith("No difference is more than chance")


def test_no_targets_no_verdict() -> None:
    assert said(PairedCell()).startswith("Nothing could be compared")

"""A comparison agrees with two evaluations, and its page is safe, small and whole."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from agent.assembly import Examiner
from agent.errors import DataError
from tools.compare.command import Outcome, compare
from tools.compare.comparison import Comparison
from tools.evaluate.data import DataSpec
from tools.evaluate.evaluation import evaluate

SUITE = """
schema = "fieldproof.suite/1"
severities = [0.5, 1.0]
[[conditions]]
kind = "fog"
[[conditions]]
kind = "sticker"
"""


@pytest.fixture
def suite(tmp_path: Path) -> str:
    path = tmp_path / "two.toml"
    path.write_text(SUITE)
    return str(path)


def classifiers(shared_data: Path, suite: str, limit: int) -> tuple[Examiner, Examiner, DataSpec]:
    models = shared_data / "models"
    data = DataSpec(
        str(shared_data / "gtsrb_test"), models / "cls_gtsrb_labels_num_order.txt", limit
    )
    return (
        Examiner(models / "feranick.toml", suite),
        Examiner(models / "nishatrhythm.toml", suite),
        data,
    )


def run(shared_data: Path, suite: str, out: Path, limit: int = 12) -> Outcome:
    a, b, data = classifiers(shared_data, suite, limit)
    return compare(a, b, data, out, command="fieldproof compare <a> & b")


def test_each_side_is_what_evaluate_finds(shared_data: Path, suite: str, tmp_path: Path) -> None:
    a, b, data = classifiers(shared_data, suite, 16)
    found = compare(a, b, data, tmp_path / "c").comparison
    for examiner, side in ((a, "correct_a"), (b, "correct_b")):
        alone = evaluate(examiner, data, tmp_path / side).results
        assert getattr(found.clean, side) == alone.clean.correct
        assert {(c.kind, c.severity): getattr(c, side) for c in found.conditions} == {
            (c.kind, c.severity): c.correct for c in alone.conditions
        }


def test_the_files_are_whole_and_the_page_is_safe(
    shared_data: Path, suite: str, tmp_path: Path
) -> None:
    outcome = run(shared_data, suite, tmp_path)
    plain = json.loads((tmp_path / "compare.json").read_text())
    assert Comparison.model_validate(plain) == outcome.comparison
    assert plain["schema"] == "fieldproof.comparison/1"
    page = (tmp_path / "compare.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert len(page.encode()) < 5_000_000
    assert not re.search(r"<script|https?:|@import|javascript:", page, re.IGNORECASE)
    assert "fieldproof compare &lt;a&gt; &amp; b" in page
    assert page.count("<img ") >= 3
    assert outcome.comparison.verdict.replace("'", "&#39;") in page


def test_a_model_differs_nowhere_from_itself(shared_data: Path, suite: str, tmp_path: Path) -> None:
    a, _, data = classifiers(shared_data, suite, 4)
    found = compare(a, a, data, tmp_path).comparison
    assert found.verdict.startswith("A and B see the same targets")
    assert found.newly_broken.count == found.newly_seen.count == 0


def test_detectors_are_paired_object_by_object(
    shared_data: Path, suite: str, tmp_path: Path
) -> None:
    models = shared_data / "models"
    aliases = {"stop": "stop sign"}
    a, b = (
        Examiner(models / card, suite, aliases=aliases)
        for card in ("yolov8n192.toml", "ssdv1.toml")
    )
    data = DataSpec(str(shared_data / "roadsign_voc"), limit=4)
    found = compare(a, b, data, tmp_path).comparison
    for examiner, side in ((a, "correct_a"), (b, "correct_b")):
        alone = evaluate(examiner, data, tmp_path / side).results
        assert (found.clean.n, getattr(found.clean, side)) == (alone.clean.n, alone.clean.correct)
        phantoms = getattr(found.clean, side.replace("correct", "phantoms"))
        assert phantoms == alone.clean.phantoms


def test_pictures_that_cannot_be_decoded_are_a_clear_error(
    shared_data: Path, suite: str, tmp_path: Path
) -> None:
    folder = tmp_path / "photos" / "Stop"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(b"no picture")
    a, b, _ = classifiers(shared_data, suite, 1)
    with pytest.raises(DataError, match="could be used"):
        compare(a, b, DataSpec(str(tmp_path / "photos")), tmp_path / "out")

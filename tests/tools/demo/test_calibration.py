"""Where the score is cut, and that a shift of the logit puts that place at one half."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tools.demo import calibration
from tools.demo.calibration import best_threshold, calibrate


def test_the_best_threshold_parts_right_from_false() -> None:
    scores = np.array([0.9, 0.8, 0.6, 0.3, 0.2])
    right = np.array([True, True, True, False, False])
    assert best_threshold(scores, right, 3) == pytest.approx(0.455, abs=0.01)


def test_signs_that_were_missed_do_not_move_it_but_false_ones_do() -> None:
    scores = np.array([0.9, 0.5, 0.45])
    low = best_threshold(scores, np.array([True, True, True]), 9)
    high = best_threshold(scores, np.array([True, False, False]), 1)
    assert low < 0.46 < 0.5 < high


class Logits:
    def __init__(self) -> None:
        self.weights = [np.zeros((1, 1, 2, 4)), np.array([-1.0, 2.0, 3.0, 4.0])]

    def get_weights(self) -> list[np.ndarray]:
        return self.weights

    def set_weights(self, weights: list[np.ndarray]) -> None:
        self.weights = weights


class Network:
    def __init__(self) -> None:
        self.logits = Logits()

    def get_layer(self, name: str) -> Logits:
        assert name == "logits"
        return self.logits


def test_a_score_at_the_cut_becomes_one_half(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scores, right = np.array([0.9, 0.4, 0.3]), np.array([True, True, False])
    monkeypatch.setattr(calibration, "Detector", lambda card, threshold: None)
    monkeypatch.setattr(calibration, "scored", lambda detector, seed, count: (scores, right, 2))
    model = Network()
    cut = calibrate(model, tmp_path, seed=1)
    assert 0.3 < cut <= 0.4
    bias = model.logits.weights[1]
    # The logit of the cut, moved as the bias was, is that of one half.
    assert np.log(cut / (1 - cut)) + (bias[0] + 1.0) == pytest.approx(0)
    assert list(bias[1:]) == [2.0, 3.0, 4.0]

"""The loop: targets from truth or from the clean prediction, shared pictures, ask and tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from agent.errors import DataError
from agent.geometry import placing
from agent.geometry.outline import Found
from agent.geometry.shapes import Shape
from agent.geometry.tracks import Tracker
from agent.models import Model
from agent.session import Interrupted, Perturber, Session
from agent.strategies import Strategy
from agent.strategies.grid import Grid
from agent.values import (
    Box,
    Condition,
    Detection,
    Frame,
    Part,
    Pixels,
    Prediction,
    Target,
    Trial,
    TrueObject,
    Truth,
)

SIGN = Box(40, 20, 72, 52)
OTHER = Box(4, 20, 24, 40)
FOG = Condition((Part("fog", 1.0),), seed=5)
STICKER = Condition((Part("sticker", 1.0),), seed=5, per_target=True)


class RedFinder(Model):
    """Finds a stop sign in each known place that is red enough: a real answer to real pixels."""

    detects = True
    labels = ("stop sign", "kite")
    targets = ("stop sign",)
    name, sha256, runtime = "red finder", "0" * 64, "numpy"

    def _predict(self, pixels: Pixels) -> Prediction:
        found = []
        for box in (SIGN, OTHER):
            x0, y0, x1, y1 = (int(v) for v in box)
            red, green = pixels[y0:y1, x0:x1, 0].mean(), pixels[y0:y1, x0:x1, 1].mean()
            score = float(np.clip((red - green) / 200, 0, 1))
            if score >= 0.5:
                found.append(Detection("stop sign", score, box))
        return Prediction(detections=tuple(found))


def picture(*boxes: Box) -> Pixels:
    pixels = np.full((80, 96, 3), 90, np.uint8)
    for box in boxes:
        x0, y0, x1, y1 = (int(v) for v in box)
        pixels[y0:y1, x0:x1] = (220, 20, 20)
    pixels.setflags(write=False)
    return pixels


def frame(*things: TrueObject, pixels: Pixels | None = None, truth: bool = True) -> Frame:
    boxes = [thing.box for thing in things if thing.box]
    return Frame(
        picture(*boxes) if pixels is None else pixels,
        3,
        "clip",
        truth=Truth(things) if truth else None,
    )


def session(*conditions: Condition, names: dict[str, str] | None = None) -> Session:
    return Session(RedFinder(), Grid(conditions), seed=5, names=names or {})


def test_truth_names_the_targets_and_both_answers_are_compared() -> None:
    seen = session(FOG).examine(frame(TrueObject("stop sign", SIGN)))
    assert [t.label for t in seen.targets] == ["stop sign"]
    assert seen.clean[0].seen
    (trial,) = seen.inferences[0].trials
    assert trial.clean.confidence > trial.perturbed.confidence
    assert trial.flipped is not trial.perturbed.seen


def test_without_truth_the_clean_prediction_is_the_reference() -> None:
    seen = session().examine(frame(TrueObject("stop sign", SIGN), truth=False))
    assert seen.targets[0].region == SIGN
    assert not seen.targets[0].from_truth
    assert seen.clean[0].seen


def test_a_whole_frame_condition_serves_all_targets_with_one_inference() -> None:
    two = (TrueObject("stop sign", SIGN), TrueObject("stop sign", OTHER))
    examiner = session(FOG)
    seen = examiner.examine(frame(*two))
    assert len(seen.inferences) == 1
    assert [t.target.number for t in seen.inferences[0].trials] == [0, 1]
    assert examiner.model.queries == 2


def test_what_lies_on_the_object_gets_a_picture_per_target() -> None:
    two = (TrueObject("stop sign", SIGN), TrueObject("stop sign", OTHER))
    examiner = session(STICKER)
    seen = examiner.examine(frame(*two))
    assert [[t.target.number for t in i.trials] for i in seen.inferences] == [[0], [1]]
    assert examiner.model.queries == 3


def test_a_frame_without_targets_counts_phantoms_and_skips_what_needs_an_object() -> None:
    seen = session(FOG, STICKER).examine(frame(pixels=picture(SIGN)))
    assert (seen.targets, seen.clean_phantoms) == ((), 1)
    assert [i.condition for i in seen.inferences] == [FOG]
    assert seen.inferences[0].trials == ()


def test_labels_are_translated_and_unknown_ones_are_named() -> None:
    things = (TrueObject("stop", SIGN), TrueObject("crosswalk", OTHER))
    seen = session(names={"stop": "stop sign"}).examine(frame(*things))
    assert [t.label for t in seen.targets] == ["stop sign"]
    assert seen.skipped == ("crosswalk",)


def test_the_order_of_targets_makes_no_difference_to_a_shared_picture() -> None:
    near = TrueObject("stop sign", SIGN, distance_m=8.0)
    far = TrueObject("stop sign", OTHER, distance_m=60.0)

    def confidences(*things: TrueObject) -> dict[float | None, float]:
        seen = session(FOG).examine(frame(*things))
        trials = seen.inferences[0].trials
        return {t.target.distance_m: t.perturbed.confidence for t in trials}

    assert confidences(near, far) == confidences(far, near)


THIN = Condition((Part("fog", 0.1),), seed=5)


def test_a_picture_for_one_target_may_use_its_distance() -> None:
    near, far = (
        session(THIN).examine(frame(TrueObject("stop sign", SIGN, distance_m=metres)))
        for metres in (5.0, 400.0)
    )
    seen = [e.inferences[0].trials[0].perturbed.confidence for e in (near, far)]
    assert seen[0] > seen[1]


def test_a_detector_cannot_be_judged_without_boxes() -> None:
    with pytest.raises(DataError, match=r"'stop sign' as a whole, without a box"):
        session().examine(frame(TrueObject("stop sign", None), pixels=picture(SIGN)))


class Reader(RedFinder):
    """A classifier of the whole frame."""

    detects = False
    targets = ("stop sign", "kite")

    def _predict(self, pixels: Pixels) -> Prediction:
        return Prediction(scores=np.array([0.8, 0.2], np.float32), labels=self.labels)


def test_a_classifiers_stickers_stay_the_same_ones_when_its_own_answer_changes() -> None:
    examiner = Session(Reader(), Grid(()))
    view = frame(pixels=picture(SIGN), truth=False)
    stop, kite = (
        Target(3, 0, name, track=f"{name} 0", from_truth=False) for name in Reader.targets
    )
    painted = examiner.picture(view, STICKER, stop)
    assert np.array_equal(painted, examiner.picture(view, STICKER, kite))
    elsewhere = examiner.picture(view, STICKER, replace(kite, from_truth=True))
    assert not np.array_equal(painted, elsewhere), "a truth's tracks are things of their own"


def test_a_classifier_has_one_target_however_many_boxes_there_are() -> None:
    signs = (TrueObject("stop sign", SIGN), TrueObject("stop sign", OTHER))
    seen = Session(Reader(), Grid(())).examine(frame(*signs))
    assert [(t.label, t.region) for t in seen.targets] == [("stop sign", None)]
    both = Session(Reader(), Grid(())).examine(frame(signs[0], TrueObject("kite", OTHER)))
    assert both.targets == ()
    assert both.skipped == ("several at once: kite, stop sign",)


def test_the_picture_can_be_painted_again_and_hides_nothing_in_state() -> None:
    examiner, view = session(FOG, STICKER), frame(TrueObject("stop sign", SIGN))
    target = examiner.examine(view).targets[0]
    for condition in (FOG, STICKER):
        first = examiner.picture(view, condition, target)
        examiner.picture(view, FOG, None)
        assert np.array_equal(first, session().picture(view, condition, target))


def test_parts_are_applied_in_the_order_of_physics_whatever_the_listing() -> None:
    kinds = ("compression", "droplets", "sticker", "fog")
    parts = tuple(Part(kind, 0.5) for kind in kinds)
    ordered = Perturber().ordered(Condition(parts))
    assert [member.kind() for member, _ in ordered] == ["sticker", "fog", "droplets", "compression"]


class Halving(Strategy):
    """Asks one condition at a time and learns from the answer."""

    def __init__(self, conditions: Sequence[Condition]) -> None:
        super().__init__(conditions)
        self.low, self.high, self.told = 0.0, 1.0, list[Trial]()

    def ask(self, target: Target) -> tuple[Condition, ...]:
        if len(self.told) == 6:
            return ()
        return (Condition((Part("fog", (self.low + self.high) / 2),), seed=1),)

    def tell(self, trial: Trial) -> None:
        self.told.append(trial)
        if trial.perturbed.seen:
            self.low = trial.condition.severity
        else:
            self.high = trial.condition.severity


def test_a_strategy_is_asked_again_after_it_was_told() -> None:
    strategy = Halving(())
    examiner = Session(RedFinder(), strategy, seed=5)
    seen = examiner.examine(frame(TrueObject("stop sign", SIGN)))
    assert len(seen.inferences) == len(strategy.told) == 6
    severities = [i.condition.severity for i in seen.inferences]
    assert severities[0] == 0.5
    assert abs(severities[-1] - severities[-2]) == pytest.approx(1 / 64)


def test_what_lies_on_a_sign_follows_its_outline_and_the_trial_says_so() -> None:
    seen = session(STICKER, FOG).examine(frame(TrueObject("stop sign", SIGN)))
    on_sign, in_scene = (i.trials[0].target for i in seen.inferences)
    assert (in_scene.placement, in_scene.quad, in_scene.face) == ("box", None, "")
    assert on_sign.face == "octagon"
    assert on_sign.placement in ("outline", "box")
    assert (on_sign.quad is None) == (on_sign.placement == "box")


def test_a_quad_from_truth_is_kept() -> None:
    x0, y0, x1, y1 = SIGN
    quad = ((x0, y0), (x1, y0 + 2), (x1, y1 - 2), (x0, y1))
    seen = session(STICKER).examine(frame(TrueObject("stop sign", SIGN, quad)))
    (trial,) = seen.inferences[0].trials
    assert (trial.target.quad, trial.target.placement) == (quad, "truth")


def test_outlines_are_looked_for_once_a_target_and_only_for_what_lies_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Box | None] = []
    find = placing.find_outline

    def counted(pixels: Pixels, region: Box | None, shapes: Sequence[Shape]) -> Found | None:
        asked.append(region)
        return find(pixels, region, shapes)

    monkeypatch.setattr(placing, "find_outline", counted)
    two = (TrueObject("stop sign", SIGN), TrueObject("stop sign", OTHER))
    session(FOG, THIN).examine(frame(*two))
    assert asked == []
    weaker = Condition((Part("sticker", 0.4),), seed=5, per_target=True)
    session(STICKER, FOG, weaker).examine(frame(*two))
    assert sorted(box for box in asked if box) == [OTHER, SIGN]


def test_a_sign_that_is_too_small_for_anything_on_it_is_remarked() -> None:
    speck = TrueObject("stop sign", Box(40, 20, 45, 26))
    seen = session(STICKER, FOG).examine(frame(speck))
    assert [i.trials[0].remark for i in seen.inferences] == ["tiny", ""]


def test_a_trial_can_be_painted_again_from_what_it_says() -> None:
    examiner, view = session(STICKER), frame(TrueObject("stop sign", SIGN))
    (trial,) = examiner.examine(view).inferences[0].trials
    again = session().picture(view, STICKER, trial.target)
    answer = examiner.model.predict(again)
    assert answer.detections == () or answer.detections[0].score == trial.perturbed.confidence


class Wanderer(RedFinder):
    """Finds what it is told to find."""

    found: tuple[Box, ...] = ()

    def _predict(self, pixels: Pixels) -> Prediction:
        return Prediction(tuple(Detection("stop sign", 0.9, box) for box in self.found))


@pytest.mark.parametrize("tracker", [Tracker(), None])
def test_signs_that_change_sides_keep_their_tracks_where_frames_come_in_order(
    tracker: Tracker | None,
) -> None:
    model = Wanderer()
    examiner = Session(model, Grid(()), tracker=tracker)
    names = []
    for step in range(12):
        near = Box(50 - 4 * step, 10, 70 - 4 * step, 30)
        model.found = (near, Box(20 + step, 40, 32 + step, 52))
        view = Frame(picture(), step, "clip", time_s=step / 15)
        tracks = {t.region: t.track for t in examiner.examine(view).targets}
        names.append(tracks[near])
    assert len(set(names)) == (1 if tracker else 2)


def test_between_trials_somebody_else_may_wait_or_end_the_frame() -> None:
    examiner = session(FOG, THIN, STICKER)
    queries: list[int] = []
    examiner.between = lambda: queries.append(examiner.model.queries)
    view = frame(TrueObject("stop sign", SIGN))
    seen = examiner.examine(view)
    assert queries == [1, 2, 3], "after the clean prediction, and after each trial but the last"
    assert len(seen.predictions_s) == 4
    assert sum(seen.predictions_s) == seen.predict_s

    def enough() -> None:
        raise Interrupted

    ended = session(FOG, THIN)
    ended.between = enough
    with pytest.raises(Interrupted):
        ended.examine(view)
    assert ended.model.queries == 1


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_without_a_tracker_a_frame_stands_for_itself(order: tuple[int, ...]) -> None:
    boxes = [Box(30 + 4 * i, 20, 62 + 4 * i, 52) for i in range(3)]
    examiner = session(STICKER)
    for index in order:
        view = Frame(
            picture(boxes[index]),
            index,
            "clip",
            truth=Truth((TrueObject("stop sign", boxes[index]),)),
        )
        (trial,) = examiner.examine(view).inferences[0].trials
        alone = session(STICKER).examine(view).inferences[0].trials[0]
        assert trial == alone

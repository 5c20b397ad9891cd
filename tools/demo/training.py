"""Train the network on drawn scenes: focal heat loss, smooth L1 boxes, Adam, moving average."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tools.demo.scene_store import SIDE, SceneStore
from tools.demo.targets import REFERENCE, SPREAD, STRIDE

_CLASS_WEIGHTS = (1.0, 0.5, 0.5, 0.5)  # the stop sign is what the model is for
_CLIP = 5.0
_AVERAGE = 0.997
_REACH = 2.5  # cells; the network answers up to 3


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn, in one cycle from a warm-up to a rate near zero.

    All but the last `whole` of `steps` see one cut of `cut` px square out of each scene: less than
    half the work, and the large signs and the whole picture's context are learnt at the end.
    """

    seed: int
    cycle: int
    steps: int
    whole: int
    cut: int = 288
    batch: int = 16
    rate: float = 3e-3
    softness: float = 1.0  # power put on the wanted heat: below 1, peaks are wider
    warm_up: int = 100
    checkpoint_every: int = 200


class NonFiniteLoss(RuntimeError):
    """The loss is no number any more: a target is wrong or the rate too high."""


def train(model: Any, store: SceneStore, plan: Plan, checkpoint: Path) -> list[float]:
    """Train in place; the model ends with the averaged weights. Returns the loss every 50 steps."""
    import tensorflow as tf

    shadow = [tf.Variable(weight, trainable=False) for weight in model.weights]
    step = _step(tf, model, shadow, plan)
    losses: list[float] = []
    recent: list[float] = []
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeRemainingColumn()) as progress:
        task = progress.add_task("training", total=plan.steps)
        for number, rows in enumerate(_batches(len(store.pixels), plan)):
            loss = float(step(*_batch(store, rows, _window(number, plan))))
            if not np.isfinite(loss):
                raise NonFiniteLoss(f"loss is {loss} at step {number}")
            recent.append(loss)
            progress.advance(task)
            if (number + 1) % 50 == 0:
                losses.append(float(np.mean(recent)))
                recent.clear()
                progress.update(task, description=f"training, loss {losses[-1]:.3f}")
                progress.console.print(f"step {number + 1}: loss {losses[-1]:.4f}")
            if (number + 1) % plan.checkpoint_every == 0:
                np.savez(checkpoint, *[weight.numpy() for weight in shadow])
    model.set_weights([weight.numpy() for weight in shadow])
    np.savez(checkpoint, *model.get_weights())
    return losses


def restore(model: Any, checkpoint: Path) -> None:
    """Put a checkpoint's averaged weights into the model."""
    with np.load(checkpoint) as saved:
        model.set_weights([saved[name] for name in saved.files])


def _batches(count: int, plan: Plan) -> list[NDArray[np.int64]]:
    """Scene indices of every step; each scene once before any again."""
    rng = np.random.default_rng([plan.seed, 1 + 2 * plan.cycle])
    wanted = plan.steps * plan.batch
    order = [rng.permutation(count) for _ in range(-(-wanted // count))]
    # Sorted within a batch: the arrays are read from disk in order.
    return list(np.sort(np.concatenate(order)[:wanted].reshape(plan.steps, plan.batch), axis=1))


def _window(number: int, plan: Plan) -> tuple[int, int, int]:
    """First row, first column and side, in cells, of what step `number` sees."""
    cells = SIDE // STRIDE
    if number >= plan.steps - plan.whole:
        return 0, 0, cells
    side = plan.cut // STRIDE
    rng = np.random.default_rng([plan.seed, 2 + 2 * plan.cycle, number])
    row, column = rng.integers(cells - side + 1, size=2)
    return int(row), int(column), side


def _batch(
    store: SceneStore, rows: NDArray[np.int64], window: tuple[int, int, int]
) -> tuple[NDArray[Any], ...]:
    row, column, side = window
    cells = (rows, slice(row, row + side), slice(column, column + side))
    first, last = (row * STRIDE, column * STRIDE), ((row + side) * STRIDE, (column + side) * STRIDE)
    pixels = store.pixels[rows, first[0] : last[0], first[1] : last[1]]
    return pixels, store.heat[cells], store.counts[cells], store.regression[cells]


def _step(tf: Any, model: Any, shadow: list[Any], plan: Plan) -> Callable[..., Any]:
    """One compiled step of Adam with a warm-up, a cosine and a moving average of all weights."""
    import keras

    schedule = keras.optimizers.schedules.CosineDecay(
        plan.rate * 0.05,
        max(plan.steps - plan.warm_up, 1),
        alpha=0.01,
        warmup_target=plan.rate,
        warmup_steps=plan.warm_up,
    )
    adam = keras.optimizers.Adam(schedule, global_clipnorm=_CLIP)
    adam.build(model.trainable_variables)
    count = tf.Variable(0.0, trainable=False)

    def step(pixels: Any, heat: Any, counts: Any, regression: Any) -> Any:
        with tf.GradientTape() as tape:
            answer = model(tf.cast(pixels, tf.float32) / 255.0, training=True)
            wanted = tf.cast(heat, tf.float32) ** plan.softness
            loss = _heat_loss(tf, answer["heat"], wanted, counts)
            loss += _box_loss(tf, answer["box"], tf.cast(regression, tf.float32))
        gradients = tape.gradient(loss, model.trainable_variables)
        adam.apply(gradients, model.trainable_variables)
        count.assign_add(1.0)
        keep = tf.minimum(_AVERAGE, (1.0 + count) / (10.0 + count))
        for mean, weight in zip(shadow, model.weights, strict=True):
            mean.assign(mean * keep + weight.value * (1.0 - keep))
        return loss

    compiled: Callable[..., Any] = tf.function(step)
    return compiled


def _heat_loss(tf: Any, answer: Any, heat: Any, counts: Any) -> Any:
    """Penalty-reduced focal loss, alpha 2, beta 4 (arXiv:1904.07850, equation 1)."""
    answer = tf.clip_by_value(answer, 1e-5, 1 - 1e-5)
    peak = tf.cast(heat > 0.9995, tf.float32)
    hit = peak * (1 - answer) ** 2 * tf.math.log(answer)
    miss = (1 - peak) * (1 - heat) ** 4 * answer**2 * tf.math.log(1 - answer)
    weight = tf.constant(_CLASS_WEIGHTS) * tf.cast(counts, tf.float32)
    return -tf.reduce_sum((hit + miss) * weight) / tf.maximum(tf.reduce_sum(peak), 1.0)


def _box_loss(tf: Any, answer: Any, regression: Any) -> Any:
    """Smooth L1 around each peak, every object counting about the same whatever its size.

    Cells further from the centre than the bounded answer reaches are left out: they cannot be
    right, and would drown the rest.
    """
    apart = tf.abs(answer - regression[..., :4])
    smooth = tf.where(apart < 0.2, apart**2 / 0.4, apart - 0.1)
    near = tf.reduce_all(tf.abs(regression[..., :2]) <= _REACH, axis=-1, keepdims=True)
    # What is left of the peak is as wide as the object up to the reach.
    sizes = tf.exp(regression[..., 2:4]) * (REFERENCE * SPREAD / STRIDE)
    breadth = tf.reduce_prod(tf.clip_by_value(sizes, 0.5, _REACH / 2), axis=-1, keepdims=True)
    weight = regression[..., 4:] * tf.cast(near, tf.float32) / breadth
    return tf.reduce_sum(smooth * weight) / tf.maximum(tf.reduce_sum(weight), 1.0)

"""From the trained network to two TFLite files: int8 and its float32 twin."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.demo.network import network

_CALIBRATION = 240


def export(
    model: Any, pixels: NDArray[np.uint8], out: Path, name: str = "stop_sign"
) -> tuple[Path, Path]:
    """Write `<name>.tflite` (uint8 in, int8 out) and `<name>_float32.tflite`; returns both.

    `pixels` (N, S, S, 3) uint8 calibrate the quantisation; S becomes the input's side.
    """
    fixed = network(side=pixels.shape[1], batch=1)
    fixed.set_weights(model.get_weights())
    out.mkdir(parents=True, exist_ok=True)
    whole, exact = out / f"{name}.tflite", out / f"{name}_float32.tflite"
    with tempfile.TemporaryDirectory() as folder:
        # By way of a SavedModel: other ways left the variables out of the file without a word.
        fixed.export(folder, format="tf_saved_model", verbose=False)
        exact.write_bytes(_converted(folder, None))
        whole.write_bytes(_converted(folder, pixels))
    return whole, exact


def _converted(folder: str, pixels: NDArray[np.uint8] | None) -> bytes:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(folder)
    if pixels is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: _examples(pixels)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
        converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def _examples(pixels: NDArray[np.uint8]) -> Iterator[list[NDArray[np.float32]]]:
    """Calibration inputs; black and white first, so that the input's scale is 1/255 exactly."""
    shape = (1, *pixels.shape[1:])
    extremes = np.zeros(shape, np.float32)
    extremes[:, ::2] = 1.0
    yield [extremes]
    for picture in pixels[:_CALIBRATION]:
        yield [picture[None].astype(np.float32) / 255]

"""The bundled detector: a small fully convolutional network with two heads at stride 8.

About 640 k parameters, dense 3 x 3 convolutions throughout: on the processors meant, int8 dense
kernels are the fast ones. Outputs follow the model kind `centernet`.
"""

from __future__ import annotations

from typing import Any

from tools.demo.drawing import CLASSES

WIDTHS = (16, 24, 48, 80, 112)
_PRIOR = -4.6  # heat starts near 0.01: Lin et al. 2017, arXiv:1708.02002, section 3.3


def network(side: int | None = None, batch: int | None = None) -> Any:
    """Keras model: pixels (batch, side, side, 3) in 0..1 -> {"heat": ..., "box": ...}.

    Heat (n, n, 4) in 0..1 and box (n, n, 4) in -3..3, n = side / 8.
    """
    import keras

    layers = keras.layers
    pixels = keras.Input(batch_shape=(batch, side, side, 3), name="pixels")
    levels = []
    maps = pixels
    for depth, width in enumerate(WIDTHS):
        maps = _convolved(layers, maps, width, stride=2)
        if depth >= 2:
            maps = _residual(layers, maps, width)
            levels.append(maps)
    eighth, sixteenth, thirtysecond = levels
    maps = _joined(layers, thirtysecond, sixteenth, WIDTHS[3])
    maps = _joined(layers, maps, eighth, WIDTHS[2])
    maps = _convolved(layers, maps, WIDTHS[2])
    prior = keras.initializers.Constant(_PRIOR)
    heat = layers.Conv2D(len(CLASSES), 1, bias_initializer=prior, name="logits")(maps)
    heat = layers.Activation("sigmoid", name="heat")(heat)
    # A bounded box keeps the int8 step at 0.024 whatever the cells without an object answer.
    middle = keras.initializers.Constant(3.0)
    box = layers.Conv2D(4, 1, bias_initializer=middle)(maps)
    box = layers.Rescaling(1.0, -3.0, name="box")(layers.ReLU(6.0)(box))
    return keras.Model(pixels, {"heat": heat, "box": box}, name="stop_sign")


def _convolved(layers: Any, maps: Any, width: int, *, stride: int = 1, size: int = 3) -> Any:
    maps = layers.Conv2D(width, size, stride, padding="same", use_bias=False)(maps)
    return layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.97)(maps))


def _residual(layers: Any, maps: Any, width: int) -> Any:
    inner = _convolved(layers, maps, width)
    inner = layers.Conv2D(width, 3, padding="same", use_bias=False)(inner)
    inner = layers.BatchNormalization(momentum=0.97)(inner)
    return layers.ReLU(6.0)(layers.Add()([maps, inner]))


def _joined(layers: Any, coarse: Any, fine: Any, width: int) -> Any:
    """Bring a coarse level to the finer one's size, add, and smooth."""
    coarse = layers.Conv2D(width, 1, use_bias=False)(coarse)
    coarse = layers.UpSampling2D(2)(layers.BatchNormalization(momentum=0.97)(coarse))
    return _convolved(layers, layers.Add()([fine, coarse]), width)

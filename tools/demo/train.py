"""Draw, train, export: `python -m tools.demo.train --seed 7 --out tools/demo/model`."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console

SCENES = 14_000
CALIBRATION = 240


def main() -> None:
    """Make the bundled model from a seed; prints how long each part took."""
    options = _options()
    from tools.demo.calibration import calibrate
    from tools.demo.card import write_cards
    from tools.demo.export import export
    from tools.demo.network import network
    from tools.demo.scene_store import SceneStore
    from tools.demo.training import restore

    console, start = Console(), time.monotonic()
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        if options.export_only:
            model = network()
            restore(model, options.checkpoint)
        else:
            model = _trained(options, Path(folder, "scenes"), console)
            console.print(f"trained after {time.monotonic() - start:.0f} s")
        # A seed of its own for the calibration scenes: the network has not seen them.
        calibration = SceneStore.drawn(
            Path(folder, "calibration"), options.seed + 1, CALIBRATION, options.workers
        )
        export(model, calibration.pixels, options.out)
        write_cards(options.out)
        cut = calibrate(model, options.out / "stop_sign.toml", options.seed + 2)
        console.print(f"calibrated after {time.monotonic() - start:.0f} s: {cut:.2f} becomes 0.5")
        for file in export(model, calibration.pixels, options.out):
            console.print(f"{file.name}: {file.stat().st_size} bytes")
    write_cards(options.out)
    console.print(f"finished after {time.monotonic() - start:.0f} s")


def _trained(options: argparse.Namespace, folder: Path, console: Console) -> Any:
    """Draw the scenes, unless drawn before, and train the network on them."""
    from tools.demo.network import network
    from tools.demo.scene_store import SceneStore
    from tools.demo.training import Plan, restore, train

    folder = options.drawn or folder
    if options.drawn is None:
        SceneStore.drawn(folder, options.seed, options.scenes, options.workers)
    store = SceneStore.at(folder, options.scenes, "r")
    _deterministic(options.seed)
    model = network()
    console.print(f"{model.count_params()} parameters")
    if options.first_cycle:
        restore(model, options.checkpoint)
    for plan in _cycles(Plan, options.seed, options.shorten)[options.first_cycle :]:
        train(model, store, plan, options.checkpoint)
    return model


def _cycles(plan: Any, seed: int, shorten: int) -> list[Any]:
    """Two cycles: the second starts from the first one's average, with softer peaks.

    Sharp peaks find the large signs soon but leave the small ones, whose centre falls between
    cells, with low scores.
    """
    return [
        plan(seed, 0, 2_800 // shorten, 900 // shorten),
        plan(seed, 1, 2_500 // shorten, 700 // shorten, rate=2e-3, softness=0.5),
    ]


def _deterministic(seed: int) -> None:
    """Seed every generator of Keras and TensorFlow, and forbid operations that race."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "model")
    parser.add_argument("--scenes", type=int, default=SCENES, help="scenes to draw")
    parser.add_argument("--shorten", type=int, default=1, help="divide the steps, for a trial")
    parser.add_argument(
        "--first-cycle", type=int, default=0, help="1: from --checkpoint, cycle 0's"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--scratch", type=Path, default=None, help="folder for the drawn scenes")
    parser.add_argument("--checkpoint", type=Path, default=Path("stop_sign_checkpoint.npz"))
    parser.add_argument("--drawn", type=Path, help="scenes drawn before, of the same seed")
    parser.add_argument("--export-only", action="store_true", help="export --checkpoint as it is")
    return parser.parse_args()


if __name__ == "__main__":
    main()

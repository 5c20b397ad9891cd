"""Draw, train, export: `python -m tools.demo.train --seed 7 --out tools/demo/model`."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from rich.console import Console

SCENES = 14_000
STEPS = 2_800


def main() -> None:
    """Make the bundled model from a seed; prints how long each part took."""
    options = _options()
    console = Console()
    from tools.demo.card import write_cards
    from tools.demo.export import export
    from tools.demo.network import network
    from tools.demo.scene_store import SceneStore
    from tools.demo.training import Plan, restore, train

    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        start = time.monotonic()
        # A seed of its own for the calibration scenes: the network has not seen them.
        calibration = SceneStore.drawn(
            Path(folder, "calibration"), options.seed + 1, 240, options.workers
        )
        checkpoint = options.checkpoint
        if options.export_only:
            model = network()
            restore(model, checkpoint)
        else:
            scenes = options.drawn or Path(folder, "scenes")
            if options.drawn is None:
                SceneStore.drawn(scenes, options.seed, options.scenes, options.workers)
            store = SceneStore.at(scenes, options.scenes, "r")
            console.print(f"drawn after {time.monotonic() - start:.0f} s")
            _deterministic(options.seed)
            model = network()
            console.print(f"{model.count_params()} parameters")
            train(model, store, Plan(options.seed, options.steps), checkpoint)
            console.print(f"trained after {time.monotonic() - start:.0f} s")
        for file in export(model, calibration.pixels, options.out):
            console.print(f"{file.name}: {file.stat().st_size} bytes")
        write_cards(options.out)
        console.print(f"finished after {time.monotonic() - start:.0f} s")


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
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of 16 scenes")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--scratch", type=Path, default=None, help="folder for the drawn scenes")
    parser.add_argument("--checkpoint", type=Path, default=Path("stop_sign_checkpoint.npz"))
    parser.add_argument("--drawn", type=Path, help="scenes drawn before, of the same seed")
    parser.add_argument("--export-only", action="store_true", help="export --checkpoint as it is")
    return parser.parse_args()


if __name__ == "__main__":
    main()

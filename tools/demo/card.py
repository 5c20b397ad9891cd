"""Model cards and labels beside the exported files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tools.demo.drawing import CLASSES

_CARD = """\
schema = "fieldproof.model/1"
file = "{file}"
sha256 = "{digest}"
kind = "centernet"
labels = "labels.txt"
targets = ["stop sign"]

[input]
colour = "rgb"
resize = "letterbox"
pad = 114
scale = "unit"

[output]
score_threshold = 0.5
"""


def write_cards(folder: Path, name: str = "stop_sign") -> None:
    """Write labels.txt, and a card for the int8 and the float32 file in `folder`."""
    (folder / "labels.txt").write_text("\n".join(CLASSES) + "\n", encoding="utf-8")
    for stem in (name, f"{name}_float32"):
        digest = hashlib.sha256((folder / f"{stem}.tflite").read_bytes()).hexdigest()
        card = _CARD.format(file=f"{stem}.tflite", digest=digest)
        (folder / f"{stem}.toml").write_text(card, encoding="utf-8")

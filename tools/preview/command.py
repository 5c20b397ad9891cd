"""``fieldproof perturbations`` and its contact sheets."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import cv2
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.assembly import lay_out
from agent.cameras import RecordedCamera, Selection
from agent.cameras._open import open_camera
from agent.errors import DataError, OutputError, UsageError
from agent.perturbations import Perturbation, family
from agent.session import Perturber
from agent.suite import load_suite, shipped
from agent.values import Box, Frame
from tools.preview.catalogue import catalogue
from tools.preview.clip import write_clip
from tools.preview.placing import moment_on
from tools.preview.sheet import check_severities, contact_sheet


def print_catalogue(console: Console, as_json: bool) -> None:
    """All kinds by stage, with what severities 0.1 and 1 mean."""
    entries = catalogue()
    if as_json:
        print(json.dumps([asdict(entry) for entry in entries], indent=1))
        return
    wide = console.width >= 130
    table = Table("stage", "kind", "from (0.1)", "to (1)", "more is worse", "in a clip")
    table.columns[1].no_wrap = True
    if wide:
        table.add_column("what")
    stage = ""
    for entry in entries:
        shown = "" if entry.stage == stage else entry.stage.replace("_", " ")
        stage = entry.stage
        worse = "yes" if entry.monotone else "not always"
        row = [shown, entry.kind, escape(entry.low), escape(entry.high), worse, entry.motion]
        table.add_row(*row, *([escape(entry.summary)] if wide else []))
    console.print(table)


def write_sheet(
    what: str,
    image: str,
    out: Path,
    severities: Sequence[float],
    seed: int,
    region: Box | None,
) -> Path:
    """A contact sheet of a kind, or of all kinds of a suite, on one picture.

    Raises ``UnknownKind`` for neither, ``DataError`` for a picture that cannot be read.
    """
    frame = _frame(image)
    sheet = contact_sheet(frame.pixels, _members(what), severities, moment_on(frame, region, seed))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        written = cv2.imwrite(str(out), sheet[:, :, ::-1])
    except (OSError, cv2.error):
        written = False
    if not written:
        raise OutputError(
            f"The sheet cannot be written to {out}.",
            remedy="Give --out a name that ends in .png or .jpg, in a folder that can be written.",
        )
    return out


def write_video(
    what: str,
    video: str,
    out: Path,
    severity: float,
    seed: int,
    region: Box | None,
    limit: int | None,
    progress: Callable[[int, int], None],
) -> Path:
    """A clip of a kind, or of a suite's kinds one after another, on a video or ``drive_by``.

    Raises ``UnknownKind``, ``DataError`` for a video that cannot be read, ``OutputError``.
    """
    check_severities([severity])
    if out.suffix.lower() != ".mp4":
        raise OutputError(
            f"{out} is no name for a clip.", remedy="Give --out a name like clip.mp4."
        )
    members = [
        family.load(member)() if isinstance(member, str) else member for member in _members(what)
    ]
    if not members:
        raise UsageError(
            f"{what} holds no perturbation.", remedy="Name a kind, such as fog, or another suite."
        )
    with open_camera(video, Selection()) as camera:
        if not isinstance(camera, RecordedCamera):
            raise UsageError(f"{video} is a live camera; a clip needs a recording.")
        count = min(len(camera), limit or len(camera))
        if count == 0:
            raise DataError(f"There is no picture in {video}.", remedy="Give a video or drive_by.")

        def frames() -> Iterator[Frame]:
            return (camera.read(index) for index in range(count))

        write_clip(
            frames, count, members, severity, out, region=region, seed=seed, progress=progress
        )
    return out


def parse_region(text: str) -> Box:
    """A box from ``left,top,right,bottom`` in pixels. Raises ``UsageError`` for another text."""
    try:
        box = Box(*map(float, text.replace(",", " ").split()))
    except (TypeError, ValueError):
        box = Box(0, 0, 0, 0)
    if not (box.area and all(map(math.isfinite, box))):
        raise UsageError(
            f"{text!r} is no region.", remedy="Give left,top,right,bottom: --region 10,10,60,60"
        )
    return box


def _members(what: str) -> list[str | Perturbation]:
    if what in family.kinds() or (what not in shipped() and not what.endswith(".toml")):
        return [family.load(what)()]
    perturber = Perturber()
    conditions = lay_out(load_suite(what), 0)
    return list(dict.fromkeys(member for c in conditions for member, _ in perturber.ordered(c)))


def _frame(image: str) -> Frame:
    with open_camera(image, Selection(limit=1)) as camera:
        frame = next(iter(camera.frames()), None)
    if frame is None:
        raise DataError(f"There is no picture in {image}.", remedy="Give a photo or drive_by.")
    return frame

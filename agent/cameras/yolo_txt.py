"""YOLO txt: per picture a text file of lines ``id x y width height``, in [0, 1] of the picture.

Text files lie beside the pictures, or in ``labels/`` where the pictures lie in ``images/``. Lines
with more numbers are outlines (``id x1 y1 x2 y2 ...``), whose extent is the box. Names come from
``--data-labels``, or else from ``data.yaml`` (``names``), ``classes.txt`` or ``obj.names``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from agent.cameras._labelled import Entry, LabelledImages, pictures_below
from agent.values import Box, TrueObject
from agent.vocabulary import read_names, spelled

_NAME_FILES: Final = ("classes.txt", "obj.names", "labels.txt")
_YAML: Final = (".yaml", ".yml")
_PEEK: Final = 200  # pictures that are looked at to tell the format


class YoloTxt(LabelledImages):
    """Labels and boxes from YOLO text files below a folder.

    A picture without a text file is a background: it is known to hold no object. A malformed
    file is named in ``rejected``.
    """

    @classmethod
    def claims(cls, path: Path) -> str:
        if path.is_file():
            return "a YOLO data file" if path.suffix in _YAML and _yaml_names(path) else ""
        texts = (_label_file(picture) for picture in pictures_below(path)[:_PEEK])
        first = next((text for text in texts if text is not None and _is_yolo(text)), None)
        return f"YOLO labels: {first.name}" if first else ""

    def _entries(self) -> Iterator[Entry]:
        names = self._names or _names_near(self.path)
        for picture in pictures_below(self.root):
            text = _label_file(picture)
            try:
                things = () if text is None else tuple(_things(text, names))
            except (ValueError, OSError) as error:
                self.rejected[self._name(picture)] = f"Its labels cannot be used: {error}."
                continue
            yield Entry(picture, things, normalised=True)


def _label_file(picture: Path) -> Path | None:
    """The text file of a picture: beside it, or with its last ``images`` folder as ``labels``."""
    parts = list(picture.with_suffix(".txt").parts)
    places = [Path(*parts)]
    for number in range(len(parts) - 2, -1, -1):
        if parts[number].casefold() == "images":
            parts[number] = "labels"
            places.append(Path(*parts))
            break
    return next((place for place in places if place.is_file()), None)


def _is_yolo(text: Path) -> bool:
    """Whether a text file holds labels; an empty one marks a background."""
    try:
        next(_things(text, ()), None)
    except (ValueError, OSError):
        return False
    return True


def _things(text: Path, names: tuple[str, ...]) -> Iterator[TrueObject]:
    for number, line in enumerate(text.read_text(encoding="utf-8").splitlines(), start=1):
        cells = line.split()
        if not cells:
            continue
        try:
            identity, numbers = int(cells[0]), [float(cell) for cell in cells[1:]]
        except ValueError as error:
            raise ValueError(f"line {number} of {text.name} is no id and numbers") from error
        box = _box(numbers)
        if identity < 0 or box is None or not all(-0.01 <= side <= 1.01 for side in box):
            raise ValueError(f"line {number} of {text.name} is no id and box within 0 to 1")
        yield TrueObject(spelled(str(identity), names), box)


def _box(numbers: list[float]) -> Box | None:
    """A box, from centre and size (a fifth number is a score) or from an outline."""
    if len(numbers) in (4, 5):
        x, y, width, height = numbers[:4]
        return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    if len(numbers) >= 6 and len(numbers) % 2 == 0:
        across, down = numbers[::2], numbers[1::2]
        return Box(min(across), min(down), max(across), max(down))
    return None


def _names_near(path: Path) -> tuple[str, ...]:
    """Names from a file at ``path``, in it, or up to two folders above it."""
    if path.is_file():
        return _yaml_names(path)
    for folder in (path, path / "labels", path.parent, path.parent.parent):
        for candidate in sorted(folder.glob("*.y*ml")) if folder.is_dir() else ():
            names = _yaml_names(candidate) if candidate.suffix in _YAML else ()
            if names:
                return names
        for name in _NAME_FILES:
            if (folder / name).is_file():
                return read_names(folder / name)
    return ()


def _yaml_names(path: Path) -> tuple[str, ...]:
    """The ``names`` of a data file in the three spellings that tools write.

    A list in brackets, a list with dashes, or ids with names. A whole YAML reader is not worth
    a dependency on the device.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ()
    bracketed = re.search(r"^names\s*:\s*\[(.*?)\]", text, re.MULTILINE | re.DOTALL)
    if bracketed:
        return tuple(_plain(item) for item in bracketed[1].split(",") if item.strip())
    block = re.search(r"^names\s*:\s*(?:#.*)?\n((?:[ \t]*(?:-|\d+\s*:).*\n?)+)", text, re.MULTILINE)
    if not block:
        return ()
    lines = [line.strip() for line in block[1].splitlines()]
    if lines[0].startswith("-"):
        return tuple(_plain(line[1:]) for line in lines)
    pairs = dict(line.split(":", 1) for line in lines)
    named = {int(number): _plain(name) for number, name in pairs.items()}
    return tuple(named.get(i, f"#{i}") for i in range(max(named) + 1))


def _plain(item: str) -> str:
    """A YAML scalar without its quotes or comment."""
    item = item.strip()
    if item[:1] in ("'", '"'):
        return item[1:].split(item[0])[0]
    return item.split(" #")[0].strip()

"""Pascal VOC: one XML file per picture, beside it or in a folder of its own (Everingham 2010).

Coordinates are taken as they are written, in pixels: tools disagree by one about where counting
begins. Objects marked ``difficult`` count like the others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from agent.cameras._labelled import Entry, LabelledImages, Pictures, pictures_below
from agent.values import Box, TrueObject
from agent.vocabulary import spelled


class Voc(LabelledImages):
    """Labels and boxes from VOC XML below a folder, pictures anywhere below it too.

    For a folder called ``annotations`` the pictures are looked for below the folder above it.
    A picture without an XML file, an XML file without its picture, and broken XML are named in
    ``rejected``.
    """

    @classmethod
    def claims(cls, path: Path) -> str:
        first = next((p for p in _annotations(path) if _is_voc(p)), None)
        return f"VOC annotations: {first.name}" if first else ""

    @property
    def root(self) -> Path:
        folder = super().root
        return folder.parent if folder.name.casefold() == "annotations" else folder

    def _entries(self) -> Iterator[Entry]:
        pictures = Pictures(self.root)
        seen: set[Path] = set()
        for path in _annotations(self.path):
            try:
                entry = self._entry(path, pictures)
            except (ElementTree.ParseError, ValueError, OSError) as error:
                self.rejected[self._name(path)] = f"The annotation cannot be used: {error}."
                continue
            if entry is not None:
                seen.add(entry.path)
                yield entry
        for picture in pictures_below(self.path) if self.path.is_dir() else ():
            if picture not in seen:
                self.rejected.setdefault(self._name(picture), "There is no annotation for it.")

    def _entry(self, path: Path, pictures: Pictures) -> Entry | None:
        tree = ElementTree.parse(path).getroot()
        if tree.tag != "annotation":
            return None
        name = (tree.findtext("filename") or "").strip()
        picture = pictures.find(name) or pictures.by_stem(path.stem)
        if picture is None:
            raise ValueError(f"there is no picture {name or path.stem}")
        things = tuple(self._thing(item) for item in tree.iter("object"))
        return Entry(picture, things, size=_size(tree))

    def _thing(self, item: ElementTree.Element) -> TrueObject:
        label = (item.findtext("name") or "").strip()
        if not label:
            raise ValueError("an object has no name")
        corners = [item.findtext(f"bndbox/{side}") for side in ("xmin", "ymin", "xmax", "ymax")]
        if not all(corners):
            raise ValueError(f"the object {label!r} has no whole bndbox")
        box = Box(*(float(corner or "") for corner in corners))
        if not (box.x0 < box.x1 and box.y0 < box.y1):
            raise ValueError(f"the box of {label!r} is empty: {tuple(box)}")
        return TrueObject(spelled(label, self._names), box)


def _annotations(path: Path) -> Iterator[Path]:
    """The XML files at or below ``path``, in order of their names."""
    if path.is_file():
        if path.suffix.lower() == ".xml":
            yield path
        return
    for folder, below, files in os.walk(path):
        below.sort()
        yield from (Path(folder, name) for name in sorted(files) if name.lower().endswith(".xml"))


def _is_voc(path: Path) -> bool:
    try:
        return ElementTree.parse(path).getroot().tag == "annotation"
    except (ElementTree.ParseError, OSError, ValueError):
        return path.suffix.lower() == ".xml" and b"<annotation" in path.read_bytes()[:400]


def _size(tree: ElementTree.Element) -> tuple[int, int] | None:
    """Declared (width, height); some tools write zeros for not known."""
    width = int(float(tree.findtext("size/width") or 0))
    height = int(float(tree.findtext("size/height") or 0))
    return (width, height) if width > 0 and height > 0 else None

"""COCO json: pictures, categories and boxes in one file (Lin et al. 2014).

Boxes are ``[x, y, width, height]`` in pixels. Crowd regions (``iscrowd``) are no single objects
and are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.cameras._labelled import Entry, LabelledImages, Pictures
from agent.errors import DataError
from agent.values import Box, TrueObject
from agent.vocabulary import spelled


class Coco(LabelledImages):
    """Labels and boxes from a COCO json, or from a folder that holds just one.

    Pictures are looked for below the json's folder, or below the folder above it where the json
    lies in ``annotations/``. Every picture that the json lists and that is there counts; one
    without annotations is known to hold no object.
    """

    @classmethod
    def claims(cls, path: Path) -> str:
        found = _documents(path)
        return f"a COCO json: {found[0].name}" if found else ""

    @property
    def root(self) -> Path:
        if self.path.is_dir():
            return self.path
        folder = self.path.parent
        return folder.parent if folder.name.casefold() == "annotations" else folder

    def _entries(self) -> Iterator[Entry]:
        document = self._document()
        table = json.loads(document.read_text(encoding="utf-8"))
        try:
            things = self._things(table)
            pictures = Pictures(self.root)
            for image in table["images"]:
                name = str(image["file_name"])
                picture = pictures.find(name)
                if picture is None:
                    self.rejected[name] = f"{document.name} lists a picture that is not there."
                    continue
                yield Entry(picture, tuple(things.get(image["id"], ())), size=_size(image))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f"{document} is not a whole COCO json: {type(error).__name__} {error}.",
                remedy="It needs images (id, file_name), categories (id, name) and annotations "
                "(image_id, category_id, bbox).",
            ) from error

    def _things(self, table: dict[str, Any]) -> dict[Any, list[TrueObject]]:
        """The objects of each picture's id."""
        names = {item["id"]: str(item["name"]) for item in table.get("categories", ())}
        things: dict[Any, list[TrueObject]] = {}
        for item in table["annotations"]:
            if item.get("iscrowd"):
                continue
            category = item["category_id"]
            x, y, width, height = (float(side) for side in item["bbox"])
            label = names[category] if category in names else spelled(str(category), self._names)
            box = Box(x, y, x + width, y + height)
            things.setdefault(item["image_id"], []).append(TrueObject(label, box))
        return things

    def _document(self) -> Path:
        found = _documents(self.path)
        if len(found) == 1:
            return found[0]
        if not found:
            raise DataError(f"There is no COCO json at {self.path}.")
        raise DataError(
            f"Several COCO json files in {self.path}: {', '.join(p.name for p in found)}.",
            remedy=f"Name the one that is meant: --data {found[0]}",
        )


def _documents(path: Path) -> list[Path]:
    """The COCO json files at ``path``, in it, or in its ``annotations`` folder."""
    if path.is_file():
        candidates = [path] if path.suffix.lower() == ".json" else []
    else:
        candidates = sorted(path.glob("*.json")) + sorted(path.glob("annotations/*.json"))
    return [candidate for candidate in candidates if _is_coco(candidate)]


def _is_coco(path: Path) -> bool:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(table, dict) and "images" in table and "annotations" in table


def _size(image: dict[str, Any]) -> tuple[int, int] | None:
    width, height = int(image.get("width") or 0), int(image.get("height") or 0)
    return (width, height) if width > 0 and height > 0 else None

"""A folder of class folders: the folder's name is the label of every picture in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from agent.cameras._decode import is_picture, plain
from agent.cameras._labelled import Entry, LabelledImages, pictures_below
from agent.values import TrueObject
from agent.vocabulary import spelled

# Folders of other formats that hold pictures of any class.
_PLAIN: Final = frozenset(
    ["images", "image", "imgs", "img", "jpegimages", "pictures", "photos", "frames", "labels"]
)


class ClassFolders(LabelledImages):
    """Labels from folder names; a folder named by a number is a class id (``00014`` is #14).

    Pictures deeper in a class folder belong to its class. Truth is the whole frame's label.
    """

    @classmethod
    def claims(cls, path: Path) -> str:
        if not path.is_dir():
            return ""
        names = [folder.name for folder in _class_folders(path)]
        return f"folders of pictures: {', '.join(names[:3])}" if names else ""

    def _entries(self) -> Iterator[Entry]:
        for folder in _class_folders(self.path):
            label = spelled(plain(folder.name), self._names)
            for picture in pictures_below(folder):
                yield Entry(picture, (TrueObject(label),), {"class": label})


def _class_folders(root: Path) -> list[Path]:
    """The folders right below ``root`` that are named by a class and hold pictures."""
    return [
        folder
        for folder in sorted(root.iterdir())
        if folder.is_dir()
        and not folder.name.startswith(".")
        and folder.name.casefold() not in _PLAIN
        and _holds_picture(folder)
    ]


def _holds_picture(folder: Path) -> bool:
    return any(is_picture(path) for path in folder.rglob("*"))

"""A single picture, of which nothing is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.cameras._decode import is_picture
from agent.cameras._labelled import Entry, LabelledImages


class Image(LabelledImages):
    """One frame without truth. Raises ``DataError`` where the file is missing."""

    @classmethod
    def claims(cls, path: Path) -> str:
        return "a picture" if path.is_file() and is_picture(path) else ""

    def _entries(self) -> Iterator[Entry]:
        if self.path.is_file():
            yield Entry(self.path, None)

"""A folder of pictures, of which nothing is known."""

from __future__ import annotations

from collections.abc import Iterator

from agent.cameras._labelled import Entry, LabelledImages, pictures_below


class Folder(LabelledImages):
    """All pictures below a folder, sorted by path, without truth.

    It claims no path: where labels may be meant but are not found, that must be said. Ask for
    it by name: ``folder:PATH``.
    """

    def _entries(self) -> Iterator[Entry]:
        for picture in pictures_below(self.path) if self.path.is_dir() else ():
            yield Entry(picture, None)

"""What all labelled image sets share: finding pictures, sampling, reading one with its truth."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from agent.cameras import RecordedCamera, Selection
from agent.cameras._decode import decode, is_picture, plain
from agent.errors import DataError
from agent.values import Box, Frame, TrueObject, Truth, derived_seed
from agent.vocabulary import read_names


@dataclass(frozen=True, slots=True)
class Entry:
    """A picture and what is in it.

    ``objects`` None: nothing is known. ``size`` is the (width, height) that the annotation
    declares. ``normalised`` boxes are in [0, 1] and are scaled when the picture is read.
    """

    path: Path
    objects: tuple[TrueObject, ...] | None
    tags: Mapping[str, str] = field(default_factory=dict)
    size: tuple[int, int] | None = None
    normalised: bool = False


class LabelledImages(RecordedCamera):
    """A labelled image set at ``path``; a member says in ``_entries`` what it holds.

    A frame's clip and source are the picture's path within the set; ``tags`` holds ``file``, and
    ``class`` where the whole frame has one. Raises ``DataError`` when nothing usable is there.
    """

    def __init__(self, path: Path | str, selection: Selection | None = None) -> None:
        super().__init__()
        selection = selection or Selection()
        self.path = Path(path)
        if not self.path.exists():
            raise missing(self.path)
        self._names = read_names(selection.data_labels) if selection.data_labels else ()
        entries = list(self._entries())
        if not entries:
            raise self._nothing()
        self.labels = _vocabulary(entries)
        self._chosen = sample(entries, selection.limit, selection.seed)

    @classmethod
    def open(cls, text: str, selection: Selection) -> LabelledImages:
        return cls(text, selection)

    @abstractmethod
    def _entries(self) -> Iterator[Entry]:
        """All pictures of the set in a fixed order; what is unusable goes to ``rejected``."""

    @property
    def root(self) -> Path:
        """The folder of the set."""
        return self.path if self.path.is_dir() else self.path.parent

    def __len__(self) -> int:
        return len(self._chosen)

    def read(self, index: int) -> Frame:
        if not 0 <= index < len(self):
            raise IndexError(index)
        entry = self._chosen[index]
        name = self._name(entry.path)
        try:
            pixels = decode(entry.path, entry.size)
        except DataError as error:
            self.rejected[name] = error.message
            raise DataError(f"{name}: {error.message}") from error
        height, width = pixels.shape[:2]
        scale = (width, height) if entry.normalised else (1, 1)
        tags = {"file": name, **entry.tags}
        truth = _truth(entry.objects, scale)
        return Frame(pixels, index, name, name, tags=tags, truth=truth)

    def _name(self, path: Path) -> str:
        return plain(Path(os.path.relpath(path, self.root)).as_posix())

    def _nothing(self) -> DataError:
        if self.rejected:
            source, reason = next(iter(self.rejected.items()))
            return DataError(
                f"None of the {len(self.rejected)} annotations in {self.path} can be used. "
                f"The first, {source}: {reason}"
            )
        return DataError(f"There is no picture that can be used in {self.path}.")


class Pictures:
    """The pictures below a folder, found by the names that annotations give them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._by_name: dict[str, list[Path]] = {}
        for path in pictures_below(root):
            self._by_name.setdefault(path.name.casefold(), []).append(path)

    def find(self, name: str) -> Path | None:
        """The picture that ``name`` means: a path from the root, or else a unique file name.

        Of several with that file name, the one that shares the most of the path's end.
        """
        parts = Path(name.replace("\\", "/")).parts
        if not parts:
            return None
        found = self._by_name.get(parts[-1].casefold(), [])
        ranked = sorted(found, key=lambda path: (-_shared_end(path, parts), path))
        if len(ranked) > 1 and _shared_end(ranked[0], parts) == _shared_end(ranked[1], parts):
            exact = self._root.joinpath(*parts)
            return exact if exact in ranked else None
        return ranked[0] if ranked else None

    def by_stem(self, stem: str) -> Path | None:
        """The unique picture whose name without its ending is ``stem``."""
        found = [p for paths in self._by_name.values() for p in paths if p.stem == stem]
        return found[0] if len(found) == 1 else None


def pictures_below(root: Path) -> list[Path]:
    """All pictures below a folder, sorted by path."""
    found: list[Path] = []
    for folder, below, files in os.walk(root):
        below[:] = sorted(name for name in below if not name.startswith("."))
        found.extend(path for name in files if is_picture(path := Path(folder, name)))
    return sorted(found)


def missing(path: Path) -> DataError:
    """The error for a path that does not exist."""
    return DataError(f"There is no file or folder {path}.", remedy="Check the path.")


def sample(entries: Sequence[Entry], limit: int | None, seed: int) -> tuple[Entry, ...]:
    """At most ``limit`` entries in their order, classes in proportion, the same for one seed.

    Systematic sampling within each class: its members, shuffled, stand at even steps in [0, 1)
    from a random start, and the lowest are taken. So figures on the sample are unbiased.
    """
    if limit is None or limit >= len(entries):
        return tuple(entries)
    classes: dict[tuple[str, ...], list[int]] = {}
    for number, entry in enumerate(entries):
        classes.setdefault(_class(entry), []).append(number)
    chance = np.random.Generator(np.random.SFC64(derived_seed(seed, "sample")))
    ranked: list[tuple[float, int]] = []
    for _, members in sorted(classes.items()):
        start = chance.random()
        shuffled = chance.permutation(len(members))
        ranked += [
            ((place + start) / len(members), members[int(member)])
            for place, member in enumerate(shuffled)
        ]
    return tuple(entries[number] for number in sorted(n for _, n in sorted(ranked)[:limit]))


def _class(entry: Entry) -> tuple[str, ...]:
    return tuple(sorted({thing.label for thing in entry.objects or ()}))


def _vocabulary(entries: Sequence[Entry]) -> tuple[str, ...] | None:
    known = [entry.objects for entry in entries if entry.objects is not None]
    return tuple(sorted({thing.label for things in known for thing in things})) if known else None


def _truth(objects: tuple[TrueObject, ...] | None, scale: tuple[float, float]) -> Truth | None:
    if objects is None:
        return None
    return Truth(tuple(TrueObject(o.label, _scaled(o.box, *scale)) for o in objects))


def _scaled(box: Box | None, wide: float, high: float) -> Box | None:
    return box and Box(box.x0 * wide, box.y0 * high, box.x1 * wide, box.y1 * high)


def _shared_end(path: Path, parts: tuple[str, ...]) -> int:
    """How many last parts of both paths are the same."""
    count = 0
    for mine, other in zip(reversed(path.parts), reversed(parts), strict=False):
        if mine.casefold() != other.casefold():
            break
        count += 1
    return count

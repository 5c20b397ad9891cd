"""A family is a folder: every public file in it is one kind, with one public class.

To add a member, add a file. There is no registration: what is not asked for is not imported.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Generic, TypeVar

from agent.errors import UnknownKind

T = TypeVar("T")


def kind_of(member: type) -> str:
    """The kind of a family's member: the name of the file that defines it."""
    return member.__module__.rpartition(".")[2]


@cache
def _modules(package: str) -> dict[str, str]:
    """Kind -> module for the public files below a package's folder."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(package)
    root = Path(next(iter(spec.submodule_search_locations)))
    found: dict[str, str] = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if any(part.startswith("_") for part in parts):
            continue
        if parts[-1] in found:
            raise ImportError(f"two files of the family {package} share the kind {parts[-1]!r}")
        found[parts[-1]] = ".".join((package, *parts))
    return found


@dataclass(frozen=True)
class Family(Generic[T]):
    """The members of one family, found by file name.

    ``noun`` is how a message calls a member; ``package`` is the folder's import name; ``base``
    is the class that every member extends.
    """

    noun: str
    package: str
    base: type[T]

    def kinds(self) -> tuple[str, ...]:
        """All kinds that exist, sorted; nothing is imported to answer."""
        return tuple(sorted(_modules(self.package)))

    def load(self, kind: str) -> type[T]:
        """The class of a kind. Raises ``UnknownKind`` with the list of those that exist."""
        module_name = _modules(self.package).get(kind)
        if module_name is None:
            raise self._unknown(kind)
        module = importlib.import_module(module_name)
        members = [
            value
            for name, value in vars(module).items()
            if not name.startswith("_")
            and inspect.isclass(value)
            and value.__module__ == module_name
            and issubclass(value, self.base)
        ]
        if len(members) != 1:
            names = ", ".join(member.__name__ for member in members) or "none"
            raise ImportError(f"{module_name} must hold one public {self.base.__name__}: {names}")
        return members[0]

    def __iter__(self) -> Iterator[type[T]]:
        return (self.load(kind) for kind in self.kinds())

    def _unknown(self, kind: str) -> UnknownKind:
        near = difflib.get_close_matches(kind, self.kinds(), n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        return UnknownKind(
            f"There is no {self.noun} called {kind!r}.",
            remedy=f"{hint}Known: {', '.join(self.kinds())}.",
        )

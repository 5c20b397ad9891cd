"""Kinds are found by file name, and an unknown one is refused with the list."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agent.errors import UnknownKind
from agent.family import Family, kind_of


@pytest.fixture
def beasts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Family[object]:
    package = tmp_path / f"beasts_{tmp_path.name.replace('-', '_')}"
    (package / "flying").mkdir(parents=True)
    (package / "__init__.py").write_text("class Beast: ...\n")
    (package / "flying" / "__init__.py").write_text("")
    (package / "_private.py").write_text("raise RuntimeError('must not be imported')\n")
    (package / "broken.py").write_text("raise RuntimeError('not asked for')\n")
    (package / "empty.py").write_text("")
    (package / "flying" / "owl.py").write_text(
        f"from {package.name} import Beast\nclass Owl(Beast): ...\nclass _Egg(Beast): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    base = __import__(package.name).Beast
    yield Family("beast", package.name, base)
    for name in [name for name in sys.modules if name.startswith(package.name)]:
        del sys.modules[name]


def test_kinds_are_file_names_and_nothing_is_imported_to_list_them(beasts: Family[object]) -> None:
    assert beasts.kinds() == ("broken", "empty", "owl")


def test_a_kind_in_a_subfolder_loads_its_one_public_class(beasts: Family[object]) -> None:
    owl = beasts.load("owl")
    assert owl.__name__ == "Owl"
    assert kind_of(owl) == "owl"


def test_an_unknown_kind_is_refused_with_the_nearest_and_the_list(beasts: Family[object]) -> None:
    with pytest.raises(UnknownKind, match=r"no beast called 'owk'.*Did you mean 'owl'.*empty"):
        beasts.load("owk")


def test_a_file_without_a_public_class_is_a_programming_error(beasts: Family[object]) -> None:
    with pytest.raises(ImportError, match="must hold one public Beast"):
        beasts.load("empty")

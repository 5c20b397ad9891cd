"""Who may import whom, as agent/__init__.py draws it; imports hidden in functions count too."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"errors"}),
    frozenset({"values", "family", "toml", "access", "places", "memory"}),
    frozenset({"metrics", "statistics", "vocabulary", "record", "card", "suite"}),
    frozenset({"geometry", "service"}),
    frozenset({"cameras", "models", "perturbations", "strategies", "probes", "telemetry"}),
    frozenset(
        {
            "profile",
            "governor",
            "targets",
            "session",
            "recorder",
            "evidence",
            "pace",
            "health",
            "settings",
        }
    ),
    frozenset({"assembly"}),
    frozenset({"orders"}),
    frozenset({"rounds"}),
    frozenset({"run", "plan"}),
    frozenset({"installed"}),
    frozenset({"doctor"}),
    frozenset({"__main__"}),
)
FAMILIES = LAYERS[4]
PURE = frozenset({"metrics", "statistics", "vocabulary", "record", "card", "suite", "toml"})
HEAVY = frozenset({"cv2", "tflite_runtime", "ai_edge_litert", "paho"})


def modules(top: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / top).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path


def imports(path: Path) -> set[str]:
    """Every module that a file names in an import, wherever the import stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room(module: str) -> str | None:
    """The room of an agent module; None for the package itself (its version)."""
    parts = module.split(".")
    return parts[1] if parts[0] == "agent" and len(parts) > 1 else None


def layer(name: str) -> int:
    return next(i for i, rooms in enumerate(LAYERS) if name in rooms)


AGENT = list(modules("agent"))
TOOLS = list(modules("tools"))


@pytest.mark.parametrize(("module", "path"), AGENT, ids=lambda value: str(value))
def test_agent_imports_upwards_only_and_never_tools(module: str, path: Path) -> None:
    own = room(module)
    for imported in imports(path):
        assert imported.split(".")[0] != "tools", f"{module} imports {imported}"
        other = room(imported)
        if own is None or other is None or other == own or not _is_room(other):
            continue
        assert layer(other) <= layer(own), f"{module} imports {imported} from below"
        both_families = own in FAMILIES and other in FAMILIES
        assert not both_families, f"{module} imports another family's {imported}"


@pytest.mark.parametrize(("module", "path"), AGENT, ids=lambda value: str(value))
def test_pure_rooms_import_neither_opencv_nor_tflite_nor_paho(module: str, path: Path) -> None:
    if room(module) in PURE:
        assert not {name.split(".")[0] for name in imports(path)} & HEAVY


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_session_knows_base_classes_and_no_member(family: str) -> None:
    members = {module for module, _ in AGENT if module.startswith(f"agent.{family}.")}
    assert not imports(ROOT / "agent" / "session.py") & members


def test_every_room_has_a_place_in_the_order() -> None:
    rooms = {room(module) for module, _ in AGENT} - {None, "suites"}
    assert rooms <= set().union(*LAYERS), "name the new room in LAYERS and in agent/__init__.py"


def test_no_import_cycles_even_inside_functions() -> None:
    graph = {name: imports(path) for name, path in AGENT + TOOLS}
    known = set(graph)
    edges = {
        name: {t for t in targets if t in known and t != name} for name, targets in graph.items()
    }
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for target in sorted(edges[name]):
                # A package and its own parts load together: the package is complete first.
                if not name.startswith(target + "."):
                    walk(target, (*trail, name))
            done.add(name)

    for name in sorted(edges):
        walk(name, ())


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("tools.collector", ["cv2", "tflite_runtime", "ai_edge_litert", "numpy", "typer", "rich"]),
        ("tools.stores", ["cv2", "tflite_runtime", "ai_edge_litert", "numpy", "typer", "rich"]),
        ("tools.alerts", ["cv2", "tflite_runtime", "ai_edge_litert", "numpy", "matplotlib"]),
        ("tools.metrics", ["cv2", "tflite_runtime", "ai_edge_litert", "numpy", "typer", "rich"]),
        ("agent.doctor", ["cv2", "tflite_runtime", "ai_edge_litert", "numpy", "pydantic", "paho"]),
        ("agent.__main__", ["cv2", "numpy", "pydantic", "paho", "typer", "rich", "matplotlib"]),
        ("tools.cli", ["cv2", "numpy", "pydantic", "paho"]),
        ("agent.run", ["paho", "ssl", "typer", "rich", "matplotlib", "jinja2", "pyarrow", "amqtt"]),
    ],
)
def test_each_side_runs_without_the_other_sides_packages(module: str, without: list[str]) -> None:
    code = (
        "import sys\n"
        f"for name in {without!r}: sys.modules[name] = None\n"
        f"import {module}, pkgutil, importlib\n"
        f"package = sys.modules[{module!r}]\n"
        "parts = getattr(package, '__path__', [])\n"
        "for item in pkgutil.walk_packages(parts, package.__name__ + '.'):\n"
        "    if not item.name.endswith('__main__'): importlib.import_module(item.name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _is_room(name: str) -> bool:
    """Not an object imported from the package itself, such as ``__version__``."""
    return (ROOT / "agent" / name).is_dir() or (ROOT / "agent" / f"{name}.py").is_file()

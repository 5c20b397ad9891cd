"""The one place that knows which TFLite package runs the models.

LiteRT (``ai-edge-litert``) is preferred where it is importable and a profile does not say
otherwise; ``tflite-runtime`` is its predecessor with the same interface.
``FIELDPROOF_RUNTIME=litert`` or ``tflite`` forces one.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from agent.errors import ConfigError
from agent.values import Execution

VARIABLE: Final = "FIELDPROOF_RUNTIME"
_PACKAGES: Final = {
    "litert": ("ai_edge_litert", "ai-edge-litert"),
    "tflite": ("tflite_runtime", "tflite-runtime"),
}
DEFAULT: Final = Execution()
_CHATTER: Final = ("INFO:", "VERBOSE:", "I0000", "W0000", "WARNING: All log messages before absl")


@dataclass(frozen=True, slots=True)
class Runtime:
    """A TFLite package: ``name`` such as ``tflite-runtime 2.14.0``, and its interpreter class."""

    key: str
    name: str
    interpreter: Any

    def open(self, path: Path, threads: int = 1, execution: Execution = DEFAULT) -> Any:
        """An interpreter with its tensors allocated, quietly.

        Raises ``ConfigError`` where the delegate's library cannot be loaded, and what the runtime
        raises.
        """
        with _quiet():
            chosen = self._chosen(execution)
            interpreter = self.interpreter(model_path=str(path), num_threads=threads, **chosen)
            interpreter.allocate_tensors()
        return interpreter

    def _chosen(self, execution: Execution) -> dict[str, Any]:
        """The interpreter's arguments for a delegate; XNNPACK is what it takes by itself."""
        module = sys.modules[self.interpreter.__module__]
        if execution.delegate == "none":
            plain = module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            return {"experimental_op_resolver_type": plain}
        if execution.delegate == "edgetpu":
            return {"experimental_delegates": [_delegate(module, execution)]}
        return {}


def _delegate(module: Any, execution: Execution) -> Any:
    """The loaded delegate. Raises ``ConfigError`` with the profile's remedy where it is absent."""
    try:
        # Looked at first: where it gives up, the package's own loader leaves a traceback on stderr.
        library = ctypes.CDLL(execution.library)
        for needed in ("tflite_plugin_create_delegate", "tflite_plugin_destroy_delegate"):
            getattr(library, needed)
        return module.load_delegate(execution.library)
    except (OSError, ValueError, AttributeError, RuntimeError) as error:
        said = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise ConfigError(
            f"The {execution.delegate} delegate {execution.library} cannot be loaded: {said}.",
            remedy=execution.remedy
            or 'Install the library, or set runtime.delegate to "xnnpack" to run on the CPU.',
        ) from None


def find_runtime(prefer: str = DEFAULT.package) -> Runtime:
    """The TFLite package in use: ``prefer`` where it can be imported, else the other one.

    Raises ``ConfigError`` where there is none that works.
    """
    forced = os.environ.get(VARIABLE, "")
    if forced and forced not in _PACKAGES:
        raise ConfigError(
            f"{VARIABLE} is {forced!r}; it may be litert or tflite.",
            remedy=f"Unset {VARIABLE}, or set it to one of the two.",
        )
    reasons: list[str] = []
    in_order = sorted(_PACKAGES, key=lambda key: _PACKAGES[key][1] != prefer)
    for key in (forced,) if forced else in_order:
        module, package = _PACKAGES[key]
        try:
            found = importlib.import_module(f"{module}.interpreter")
        except (ImportError, OSError, AttributeError) as error:
            reasons.append(f"{package}: {error}")
            continue
        _refuse_numpy_2(key)
        return Runtime(key, f"{package} {_version(module, package)}", found.Interpreter)
    raise ConfigError(
        f"No TFLite runtime can be imported ({'; '.join(reasons)}).", remedy=_installation()
    )


def _version(module: str, package: str) -> str:
    """The installed version. Builds outside pip have no metadata, some no ``__version__``."""
    told = getattr(sys.modules[module], "__version__", None)
    if told is not None:
        return str(told)
    from importlib import metadata  # a tenth of the agent's own imports, and seldom needed

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "of unknown version"


def _refuse_numpy_2(key: str) -> None:
    """tflite-runtime 2.14, the last one, is built for numpy 1: it imports, and then fails."""
    if key == "tflite" and int(np.__version__.split(".")[0]) >= 2:
        raise ConfigError(
            f"tflite-runtime is built for numpy 1, and numpy {np.__version__} is installed.",
            remedy="Mend it with: pip install 'numpy<2' 'opencv-python<4.12', or use LiteRT, "
            "which takes both: pip install ai-edge-litert",
        )


def _installation() -> str:
    if sys.version_info >= (3, 12):
        return "Install it with: pip install ai-edge-litert"
    return (
        "Install it with: pip install ai-edge-litert, or on 32-bit Arm: "
        "pip install tflite-runtime 'numpy<2'"
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the runtime's chatter from stderr; all else that is written there is passed on.

    The runtimes write from C++ to file descriptor 2 and have no switch for it. The text is held in
    memory: a device's root, /tmp included, may be read-only.
    """
    sys.stderr.flush()
    with open(os.memfd_create("stderr"), "w+b") as held:
        kept = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            for line in held.read().decode(errors="replace").splitlines(keepends=True):
                if not line.startswith(_CHATTER):
                    os.write(2, line.encode())

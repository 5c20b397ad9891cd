"""The public imagecorruptions package as a reference, in a Python environment of its own.

It wants NumPy 1.26 and scikit-image 0.22, which Fieldproof does not: so it is installed apart and
spoken to as a process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agent.errors import ConfigError
from agent.values import Pixels

PACKAGES: Final = (
    "numpy==1.26.4",
    "scikit-image==0.22.0",
    "imagecorruptions==1.1.2",
    "setuptools<80",  # imagecorruptions imports pkg_resources
)
_SERVER: Final = Path(__file__).with_name("_imagecorruptions.py")
_PYTHONS: Final = ("3.11", "3.12", "3.10")  # that NumPy 1.26 is built for


class Reference:
    """A running imagecorruptions. Use as a context manager; one call at a time."""

    def __init__(self, python: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="fieldproof-bench-")
        self._process = subprocess.Popen(
            [str(python), str(_SERVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )

    def __enter__(self) -> Reference:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def time_ms(self, pixels: Pixels, corruption: str, level: int, budget_s: float = 0.5) -> float:
        """Median time in ms of a corruption, by ImageNet-C's name, of one picture (H, W, 3)."""
        answer = self._ask(
            {"do": "time", "pictures": self._write(pixels[None]), "budget_s": budget_s},
            corruption,
            level,
        )
        return float(answer["ms"])

    def corrupted(
        self, pictures: NDArray[np.uint8], corruption: str, level: int, seed: int = 0
    ) -> NDArray[np.uint8]:
        """Pictures (N, H, W, 3) under a corruption. Its compiled parts ignore the seed."""
        out = str(Path(self._folder.name) / "corrupted.npy")
        asked = {"do": "make", "pictures": self._write(pictures), "out": out, "seed": seed}
        self._ask(asked, corruption, level)
        return np.asarray(np.load(out), np.uint8)

    def _write(self, pictures: NDArray[np.uint8]) -> str:
        path = Path(self._folder.name) / "pictures.npy"
        np.save(path, pictures)
        return str(path)

    def _ask(self, asked: dict[str, Any], corruption: str, level: int) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        assert self._process.stderr
        line = ""
        try:
            self._process.stdin.write(
                json.dumps({**asked, "corruption": corruption, "level": level}) + "\n"
            )
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            pass
        if not line:
            last = self._process.stderr.read().strip().splitlines()[-1:]
            raise ConfigError(
                f"imagecorruptions does not run: {' '.join(last)}",
                remedy="Name a Python that has it, or --imagecorruptions install.",
            )
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ConfigError(f"imagecorruptions failed at {corruption}: {answer['error']}")
        return answer


def find_python(wanted: str) -> Path:
    """The Python to run imagecorruptions with: a path, or ``install`` to make an environment.

    Raises ``ConfigError`` where it cannot be made.
    """
    if wanted != "install":
        path = Path(wanted)
        if not path.is_file():
            raise ConfigError(
                f"There is no Python at {wanted}.",
                remedy="Give the path of one that has imagecorruptions, or the word install.",
            )
        return path
    folder = _cache() / "imagecorruptions"
    python = folder / "bin" / "python"
    done = folder / "installed"
    if not done.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        _run([_base_python(), "-m", "venv", str(folder)])
        _run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES])
        done.touch()
    return python


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fieldproof"


def _base_python() -> str:
    """A Python that NumPy 1.26 is built for: this one, or another that is installed."""
    if f"{sys.version_info[0]}.{sys.version_info[1]}" in _PYTHONS:
        return sys.executable
    found = next(filter(None, (shutil.which(f"python{version}") for version in _PYTHONS)), None)
    if found is None:
        raise ConfigError(
            "imagecorruptions needs Python 3.10, 3.11 or 3.12, and none is on the PATH.",
            remedy="Install one, or name a Python that has it: --imagecorruptions PATH",
        )
    return found


def _run(command: list[str]) -> None:
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        last = (made.stderr or made.stdout).strip().splitlines()[-1:]
        raise ConfigError(
            f"The environment of imagecorruptions cannot be made: {' '.join(last)}",
            remedy="Check the network and the disk, or name a Python that has it.",
        )

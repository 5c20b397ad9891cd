"""A model file is hashed and tried in a child process before it may enter the agent's own.

A corrupt file can kill the process that loads it: of 60 copies of a small model with three bytes
changed, 35 died by a signal. So what can be told without the runtime is told first, and then a
child tries the file.
"""

from __future__ import annotations

import hashlib
import json
import re
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from agent.errors import ConfigError, ModelError
from agent.models._graph import GraphFacts
from agent.models._runtime import DEFAULT, find_runtime
from agent.values import Execution

TIMEOUT_S: Final = 120.0
_ROOT: Final = Path(__file__).resolve().parents[2]
_COPY_AGAIN: Final = "Copy the file again from where it was made, and compare its SHA-256."
_TOO_NEW: Final = re.compile(r"builtin opcode '(\w+)' version '(\d+)'")
_CUSTOM: Final = re.compile(r"(?:custom op: |\((?=Flex|edgetpu))([\w-]+)")


def sha256_of(path: Path) -> str:
    """The file's SHA-256 as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def check_file(path: Path, expected: str | None = None) -> str:
    """The file's SHA-256, where it is a TFLite file and has the expected one.

    Raises ``ModelError`` where there is no such file, it is empty, another format, or another
    file than the card's.
    """
    if not path.is_file():
        raise ModelError(f"There is no model file {path}.", remedy="Check the path in the card.")
    try:
        with path.open("rb") as file:
            head = file.read(64)
        found = sha256_of(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.") from None
    if head[4:8] != b"TFL3":
        raise _no_tflite(path, head)
    if expected is not None and found != expected:
        raise ModelError(
            f"{path} is not the file that its card names: its SHA-256 is {found}, "
            f"the card says {expected}.",
            remedy="Copy the right file, or change sha256 in the card if the new file is meant.",
        )
    return found


def try_model(
    path: Path, timeout_s: float = TIMEOUT_S, execution: Execution = DEFAULT
) -> GraphFacts:
    """Load the file and run it in a child process; what it tells about itself.

    Raises ``ModelError`` where the file kills the child, hangs, or is refused by the runtime,
    ``ConfigError`` where the runtime itself, or the delegate, does not work.
    """
    module = "agent.models._trial_load"
    command = [sys.executable, "-m", module, str(path.resolve()), json.dumps(asdict(execution))]
    try:
        child = subprocess.run(
            command, cwd=_ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s
        )
    except subprocess.TimeoutExpired:
        raise ModelError(
            f"{path} did not answer a first picture within {timeout_s:g} s.",
            remedy="The model is too large for this device, or corrupt. " + _COPY_AGAIN,
        ) from None
    lines = [line for line in child.stdout.decode(errors="replace").splitlines() if line]
    if not lines:
        find_runtime(execution.package)  # says clearly what is wrong, where it is known
        raise _broken_runtime(child)
    if child.returncode < 0:
        raise _killed(path, child.returncode, execution)
    answer = _answer(lines[-1])
    if "unfit" in answer:
        raise ConfigError(answer["unfit"], remedy=answer["remedy"])
    if "facts" in answer:
        return GraphFacts.from_json(answer["facts"])
    runtime = _answer(lines[0]).get("runtime", "the runtime")
    reason = answer.get("error") or f"exit status {child.returncode}"
    raise refused(path, str(runtime), str(reason))


def _answer(line: str) -> dict[str, Any]:
    try:
        answer = json.loads(line)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _no_tflite(path: Path, head: bytes) -> ModelError:
    if not head:
        return ModelError(f"{path} is empty.", remedy=_COPY_AGAIN)
    if head.startswith(b"version https://git-lfs"):
        return ModelError(
            f"{path} is a Git LFS pointer, not the model itself.", remedy="Run: git lfs pull"
        )
    shown = head[:16].decode("ascii", "backslashreplace").split("\n")[0]
    return ModelError(
        f"{path} is not a TFLite file: it begins with {shown!r}.",
        remedy="Give a .tflite file, as the TFLite or LiteRT converter writes it.",
    )


def _killed(path: Path, code: int, execution: Execution) -> ModelError:
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    if name == "SIGKILL":
        return ModelError(
            f"{path} is corrupt or needs more memory than there is: the process that tried it "
            "was killed (SIGKILL).",
            remedy=_COPY_AGAIN,
        )
    if execution.library:
        return ModelError(
            f"The process that tried {path} on {execution.library} was killed ({name}): the "
            "library does not go with the TFLite package, or the file is corrupt.",
            remedy=execution.remedy or _COPY_AGAIN,
        )
    return ModelError(
        f"{path} is corrupt: it killed the process that tried it ({name}).", remedy=_COPY_AGAIN
    )


def _broken_runtime(child: subprocess.CompletedProcess[bytes]) -> ConfigError:
    """The child ended before it touched the file."""
    last = child.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
    return ConfigError(
        f"The TFLite runtime cannot be started (status {child.returncode}): {last[0]}",
        remedy="Check the set-up with: fieldproof doctor",
    )


def refused(path: Path, runtime: str, reason: str) -> ModelError:
    """The error for a file that a runtime does not take: its own words, and what they mean."""
    too_new = _TOO_NEW.search(reason)
    if too_new:
        return ModelError(
            f"{path} uses the operator {too_new[1]} version {too_new[2]}, which {runtime} "
            "does not have.",
            remedy="Install the newest runtime: pip install --upgrade ai-edge-litert, or convert "
            "the model again with an older TensorFlow.",
        )
    custom = _CUSTOM.search(reason)
    if custom:
        return ModelError(
            f"{path} uses the custom operator {custom[1]}, which {runtime} does not have.",
            remedy=_custom_remedy(custom[1]),
        )
    said = " ".join(reason.split()).rstrip(".")
    return ModelError(f"{path} is refused by {runtime}: {said}.", remedy=_COPY_AGAIN)


def _custom_remedy(operator: str) -> str:
    if operator.startswith("edgetpu"):
        return (
            "The file is compiled for an Edge TPU: give the one it was compiled from, or set "
            'runtime.delegate to "edgetpu" where there is such a processor.'
        )
    if operator.startswith("Flex"):
        return "Convert the model without SELECT_TF_OPS, with TFLite's own operators only."
    return "Convert the model with TFLite's own operators only."

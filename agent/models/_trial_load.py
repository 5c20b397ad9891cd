"""Load a model file and run it once, in a process that may die of it.

``python -m agent.models._trial_load FILE EXECUTION`` prints two lines of JSON: first the runtime,
before the file is touched, then what the file is (``facts``), why it was refused (``error``), or
why the runtime or its delegate is of no use (``unfit`` and ``remedy``). EXECUTION is JSON too.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

from agent.errors import ConfigError
from agent.models._graph import Graph
from agent.models._runtime import find_runtime
from agent.values import Execution


def main(path: Path, execution: Execution) -> None:
    """Try the file. An exception's text is a reason, not a traceback."""
    runtime = find_runtime(execution.package)
    print(json.dumps({"runtime": runtime.name}), flush=True)
    _bound_memory()
    answer: dict[str, Any]
    try:
        answer = {"facts": Graph(path, 1, runtime, execution).facts().to_json()}
    except ConfigError as error:
        answer = {"unfit": error.message, "remedy": error.remedy}
    except Exception as error:  # whatever the runtime raises for this file is the answer
        answer = {"error": str(error) or type(error).__name__}
    print("\n" + json.dumps(answer), flush=True)


def _bound_memory() -> None:
    """No more memory than the machine has free: a corrupt size must not take the others down.

    No core dumps either, which would wear the SD card.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        free = _kilobytes("/proc/meminfo", "MemAvailable:")
        used = _kilobytes("/proc/self/status", "VmSize:")
    except (OSError, StopIteration):
        return
    limit = (free + used) * 1024
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or limit < hard:
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _kilobytes(file: str, key: str) -> int:
    lines = Path(file).read_text().splitlines()
    return int(next(line for line in lines if line.startswith(key)).split()[1])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Execution(**json.loads(sys.argv[2])))

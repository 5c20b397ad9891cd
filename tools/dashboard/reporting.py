"""``python -m tools.dashboard.reporting``: makes the report that its standard input asks for."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

from agent.errors import FieldproofError


def main() -> int:
    """Make it; 1 with one sentence on standard output where that cannot be done."""
    order = json.load(sys.stdin)
    site, device, session = order["key"]
    try:
        from tools.report.stored import write_stored
    except ImportError as error:
        print(f"The full report needs OpenCV and numpy on the server, and {error.name} is missing.")
        return 1
    from tools.stores import Scope, open_store

    command = shlex.join(["fieldproof", "report", "--store", "STORE", "--session", session])
    try:
        with open_store(order["store"], create=False) as store:
            for row in store.sessions(Scope(site, device, session)):
                write_stored(store, row, Path(order["out"]), command)
                return 0
    except FieldproofError as error:
        print(str(error))
        return 1
    print("There is no such session.")
    return 1


if __name__ == "__main__":
    sys.exit(main())

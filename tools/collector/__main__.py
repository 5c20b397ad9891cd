"""``python -m tools.collector --broker URL --store URL``: collect until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading

from agent.errors import FieldproofError
from agent.telemetry.link import Address
from tools.collector import Collector
from tools.stores import open_store


def main(arguments: list[str] | None = None) -> int:
    """Run the collector; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.collector", description=__doc__)
    parser.add_argument("--broker", required=True, help="mqtt://host:1883")
    parser.add_argument("--store", required=True, help="sqlite:///collected.db")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    stop = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    try:
        with open_store(options.store) as store:
            Collector(Address.parse(options.broker), store).run_until(stop)
    except FieldproofError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""``python -m tools.collector --broker URL --store URL``: collect until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import gc
import logging
import signal
import sys
import threading
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final

from agent.errors import FieldproofError, MissingExtra
from agent.record import check_name
from agent.telemetry.link import Address
from tools.collector import NAME, Collector
from tools.collector.heartbeat import Heartbeat
from tools.stores import open_store

log = logging.getLogger("collector")

SAY_S: Final = 60.0
"""Seconds between two lines on what was collected."""
STORE: Final = (
    "sqlite:///path, or postgresql://user@host/database, with ?password_file=FILE (the password "
    "alone), ?passfile=FILE or ?service=NAME (both as libpq has them)"
)


def main(words: list[str] | None = None, prog: str = "python -m tools.collector") -> int:
    """Run the collector; its exit code."""
    options = parser(prog).parse_args(words)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        if options.site != "+":
            check_name("site", options.site)
        check_name("name", options.name)
        address = Address.parse(
            options.broker,
            ca_file=options.ca_file,
            cert_file=options.cert_file,
            key_file=options.key_file,
            password_file=options.password_file,
        )
        # Rows come by the ten thousand and hold no cycles: to look among them for garbage as often
        # as Python does by itself takes a fifth of the collector's time.
        gc.set_threshold(100_000, 20, 20)
        with open_store(options.store) as store:
            beat = Heartbeat(options.heartbeat) if options.heartbeat else None
            collector = Collector(address, store, site=options.site, name=options.name, beat=beat)
            log.info("collecting from %s into %s", address, options.store)
            threading.Thread(target=_say, args=(collector, stop), daemon=True).start()
            with _serving(options.metrics, collector) if options.metrics else nullcontext():
                collector.run_until(stop)
    except FieldproofError as error:
        log.error("%s", error.message)
        if error.remedy:
            log.error("try: %s", error.remedy)
        return error.exit_code
    _counts(collector)
    return 0


def parser(prog: str) -> argparse.ArgumentParser:
    """The options of the collector, for both ways of calling it."""
    options = argparse.ArgumentParser(
        prog=prog,
        description="Receive records, store them once each, and confirm; until SIGTERM or Ctrl-C.",
        epilog=f"example: {prog} --broker mqtt://127.0.0.1 --store sqlite:///fieldproof.db",
    )
    options.add_argument("--broker", required=True, help="mqtt://host:1883 or mqtts://host:8883")
    options.add_argument("--store", required=True, help=STORE)
    options.add_argument("--site", default="+", help="only this site's devices; default: all")
    options.add_argument(
        "--name",
        default=NAME,
        help=f"MQTT client id, one per collector of a broker; default: {NAME}",
    )
    options.add_argument(
        "--heartbeat", type=Path, help="file for python -m tools.collector.health to look at"
    )
    options.add_argument(
        "--metrics",
        metavar="HOST:PORT",
        help="serve /metrics, /metrics/fleet, /healthz and /readyz there, as 127.0.0.1:9464",
    )
    for name in ("ca-file", "cert-file", "key-file", "password-file"):
        options.add_argument(f"--{name}", type=Path)
    return options


def _serving(address: str, collector: Collector) -> AbstractContextManager[object]:
    try:
        from tools.metrics.collecting import CollectorText, Readiness
        from tools.metrics.fleet import FleetText
    except ImportError:
        raise MissingExtra("prometheus-client", "server", "Serving metrics") from None
    from tools.metrics.serving import Serving

    readiness = Readiness(collector)
    own, fleet = CollectorText(collector, readiness), FleetText(collector.store)
    return Serving(address, own, readiness.trouble, fleet)


def _say(collector: Collector, stop: threading.Event) -> None:
    while not stop.wait(SAY_S):
        _counts(collector)


def _counts(collector: Collector) -> None:
    counts = collector.statistics
    log.info(
        "%d rows stored of %d devices, %d came twice, %d dead letters",
        counts.rows,
        len(counts.devices),
        counts.duplicates,
        counts.dead_letters,
    )


if __name__ == "__main__":
    sys.exit(main())

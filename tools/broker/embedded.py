"""``python -m tools.broker.embedded PORT``: amqtt on loopback until SIGTERM or end of input."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import threading

from amqtt.broker import Broker


def configuration(port: int) -> dict[str, object]:
    """One listener on loopback; everyone may in, as on any local broker of a demo."""
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {
            "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True},
        },
    }


async def serve(port: int) -> None:
    """Run the broker until SIGTERM, SIGINT, or until the parent closes our input."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, ended.set)
    threading.Thread(target=_watch_input, args=(loop, ended), daemon=True).start()
    broker = Broker(configuration(port))
    await broker.start()
    await ended.wait()
    await broker.shutdown()


def _watch_input(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    while sys.stdin.buffer.read(1024):
        pass
    loop.call_soon_threadsafe(ended.set)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(serve(int(sys.argv[1])))

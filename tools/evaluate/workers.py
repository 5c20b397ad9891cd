"""Frames examined by several processes, results in frame order whatever the number of them.

Each worker has its own camera, interpreter and session, made from the same plain values; since
all randomness is keyed by seed, clip and kind, who examines a frame makes no difference.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing.context import BaseContext

from agent.assembly import Examiner
from agent.cameras import RecordedCamera
from agent.errors import DataError, FieldproofError
from agent.session import Examination, Session
from tools.evaluate.data import DataSpec

WINDOW = 4
"""Frames under way per worker: enough to keep it busy, few enough to bound memory."""

END_S = 5.0
"""Seconds that a worker has to end."""


@dataclass(frozen=True)
class Looked:
    """A frame's examination, or why its picture could not be used."""

    examination: Examination | None
    source: str = ""
    rejected: str = ""


def examine_all(
    examiner: Examiner, data: DataSpec, camera: RecordedCamera, session: Session, workers: int
) -> Iterator[Looked]:
    """Every frame's examination, in order. ``session`` serves when there is one worker."""
    if workers <= 1:
        for index in range(len(camera)):
            yield _look(camera, session, index)
        return
    yield from _pooled(examiner, data, len(camera), workers)


def _pooled(examiner: Examiner, data: DataSpec, count: int, workers: int) -> Iterator[Looked]:
    # spawn: a forked child would inherit the parent's interpreter threads in an unknown state.
    context = multiprocessing.get_context("spawn")
    pool = _pool(workers, context, examiner, data)
    waiting: deque[Future[Looked]] = deque()
    try:
        for index in range(count):
            with _deaf() if index < workers else nullcontext():
                waiting.append(pool.submit(_look_in_worker, index))
            if len(waiting) >= workers * WINDOW:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool:
        raise FieldproofError(
            "A worker process died, most likely for want of memory or in the TFLite runtime.",
            remedy="Try again with --workers 1.",
        ) from None
    finally:
        _end(pool)


@contextmanager
def _deaf() -> Iterator[None]:
    """Block SIGINT in this thread: a worker that is started within inherits the block.

    It would die of a Ctrl-C during its imports, before it can ignore the signal.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(pool: ProcessPoolExecutor) -> None:
    """End the workers at once: on Ctrl-C nobody waits for the frames under way."""
    workers = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join(END_S)


def _pool(
    workers: int, context: BaseContext, examiner: Examiner, data: DataSpec
) -> ProcessPoolExecutor:
    try:
        return ProcessPoolExecutor(workers, context, _start, (examiner, data))
    except OSError as error:
        # Semaphores live in /dev/shm, which some containers do not give to an ordinary user.
        raise FieldproofError(
            f"Several workers need shared memory, and /dev/shm refuses it: {error.strerror}.",
            remedy="Make /dev/shm writable, or use --workers 1.",
        ) from None


def _look(camera: RecordedCamera, session: Session, index: int) -> Looked:
    try:
        frame = camera.read(index)
    except DataError as error:
        return Looked(None, next(reversed(camera.rejected), f"frame {index}"), error.message)
    return Looked(session.examine(frame), frame.source)


class _Worker:
    """What one worker process holds; made once by ``_start``."""

    camera: RecordedCamera
    session: Session


def _start(examiner: Examiner, data: DataSpec) -> None:
    # Ctrl-C reaches the whole group; the parent ends its workers, in good order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _Worker.camera = data.open()
    _Worker.session, _ = examiner.open(_Worker.camera.labels)


def _look_in_worker(index: int) -> Looked:
    return _look(_Worker.camera, _Worker.session, index)

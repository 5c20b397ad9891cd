"""Frames examined by several processes.

Each worker has its own interpreter and session, made from the same plain values, and a copy of the
camera; since all randomness is keyed by seed, clip and kind, who examines a frame makes no
difference.

Workers are forked from a server that has done the imports and has never loaded a model: a fork of
this process would inherit its interpreter's threads in an unknown state. Until the first of them is
ready, this process examines frames itself, so that several workers are not slower than one. A
worker ends when its pipe does, so none outlives this process, however that ends.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import sys
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from typing import Final

from agent.assembly import Examiner
from agent.cameras import RecordedCamera
from agent.errors import FieldproofError
from agent.models._runtime import find_runtime
from agent.session import Session
from tools.evaluate.looked import Looked, decode, encode, look

CHUNK_S: Final = 0.1
"""Work handed out at a time, in seconds: enough that handing it out costs nothing."""

MOST: Final = 16
"""Frames handed out at a time at most."""

LEAD: Final = 64
"""Frames per worker by which one may be ahead of the slowest: they wait in memory."""

END_S: Final = 5.0
"""Seconds that a worker has to end."""

Examined = tuple[int, bytes, Looked]
"""A frame's index, its examination as bytes, and the examination."""


def examine_all(
    examiner: Examiner,
    camera: RecordedCamera,
    session: Session,
    indices: Iterator[int],
    workers: int,
) -> Iterator[Examined]:
    """The frames at ascending indices, in the order in which they are done.

    ``session`` serves when there is one worker, and until there are several. Raises what examining
    raises, and ``FieldproofError`` where a worker dies.
    """
    if workers <= 1:
        for index in indices:
            yield _examined(camera, session, index)
        return
    with _Pool(examiner, camera, workers) as pool:
        while True:
            pool.feed(indices)
            own = next(indices, None) if pool.warming else None
            if own is not None:
                yield _examined(camera, session, own)
            elif not pool.busy:
                return
            yield from pool.collect(waiting=own is None)


def _examined(camera: RecordedCamera, session: Session, index: int) -> Examined:
    looked = look(camera, session, index)
    return index, encode(looked), looked


def warm_up() -> None:
    """Start the server that workers are forked from; it imports while other work goes on."""
    preload = [__name__, "agent.assembly", find_runtime().interpreter.__module__]
    if "tools.cli" in sys.modules:
        preload.append("tools.cli")  # each worker would import it with the main module
    multiprocessing.set_forkserver_preload(preload)
    try:
        with _deaf():
            forkserver.ensure_running()
    except OSError as error:
        # Its socket lies in the folder for temporary files.
        raise FieldproofError(
            f"Several workers need a folder for temporary files: {error.strerror or error}.",
            remedy="Set TMPDIR to a folder that can be written, or use --workers 1.",
        ) from None


@dataclass
class _Worker:
    """A worker process: its pipe, and the frames that it was given, chunk by chunk."""

    process: ForkServerProcess
    pipe: Connection
    ready: bool = False
    chunks: deque[list[int]] = field(default_factory=deque)


class _Pool:
    """The workers, and how much of the work each of them is given at a time."""

    def __init__(self, examiner: Examiner, camera: RecordedCamera, workers: int) -> None:
        warm_up()
        self._workers: list[_Worker] = []
        self._last = 0
        self._frame_s = CHUNK_S
        try:
            for _ in range(workers):
                self._workers.append(_start(examiner, camera))
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    @property
    def warming(self) -> bool:
        """Whether no worker is ready yet."""
        return not any(worker.ready for worker in self._workers)

    @property
    def busy(self) -> bool:
        return any(worker.chunks for worker in self._workers)

    def feed(self, indices: Iterator[int]) -> None:
        """Give each worker that is ready a chunk to work on, and one to go on with."""
        for depth in (1, 2):
            for worker in self._workers:
                if worker.ready and len(worker.chunks) < depth:
                    self._give(worker, indices)

    def _give(self, worker: _Worker, indices: Iterator[int]) -> None:
        under_way = [w.chunks[0][0] for w in self._workers if w.chunks]
        if under_way and self._last - min(under_way) > LEAD * len(self._workers):
            return
        size = max(1, min(MOST, int(CHUNK_S / self._frame_s)))
        chunk = list(islice(indices, size))
        if chunk:
            self._last = chunk[-1]
            worker.chunks.append(chunk)
            with _told_of_death():
                worker.pipe.send(chunk)

    def collect(self, *, waiting: bool) -> Iterator[Examined]:
        """What the workers have done; ``waiting``: until there is something."""
        pipes = {worker.pipe: worker for worker in self._workers}
        for pipe in wait(list(pipes), None if waiting else 0):
            assert isinstance(pipe, Connection)
            with _told_of_death():
                answer = pipe.recv()
            worker = pipes[pipe]
            if isinstance(answer, _Failure):
                answer.throw()
            if worker.ready:
                yield from self._taken(worker, answer)
            worker.ready = True

    def _taken(self, worker: _Worker, answer: list[bytes]) -> Iterator[Examined]:
        for index, data in zip(worker.chunks.popleft(), answer, strict=True):
            looked = decode(data)
            if looked.examination is not None:
                spent = looked.examination.predict_s + looked.examination.perturb_s
                self._frame_s += 0.2 * (spent - self._frame_s)
            yield index, data, looked

    def _end(self) -> None:
        """End the workers at once: on Ctrl-C nobody waits for the frames under way."""
        for worker in self._workers:
            worker.pipe.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join(END_S)


def _start(examiner: Examiner, camera: RecordedCamera) -> _Worker:
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe()
    # The camera goes along: to read a large set's annotations again takes long, and might find
    # other files than those that the indices mean.
    process = context.Process(target=_work, args=(theirs, examiner, camera), daemon=True)
    with _deaf():
        process.start()
    theirs.close()
    return _Worker(process, ours)


def _work(pipe: Connection, examiner: Examiner, camera: RecordedCamera) -> None:
    """A worker's life: open a session, say so, and examine what it is given."""
    # Ctrl-C reaches the whole group; the parent ends its workers, in good order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        try:
            session, _ = examiner.open(camera.labels)
            pipe.send(None)
            while True:
                chunk = pipe.recv()
                pipe.send([encode(look(camera, session, index)) for index in chunk])
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise
        except Exception as error:
            pipe.send(_Failure.of(error))


@dataclass(frozen=True)
class _Failure:
    """What a worker stumbled over, and where."""

    error: Exception
    trace: str

    @classmethod
    def of(cls, error: Exception) -> _Failure:
        trace = traceback.format_exc()
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:  # not every exception can travel
            return cls(RuntimeError(f"{type(error).__name__}: {error}"), trace)
        return cls(error, trace)

    def throw(self) -> None:
        if isinstance(self.error, FieldproofError):
            raise self.error
        raise self.error from RuntimeError(f"in a worker:\n{self.trace}")


@contextmanager
def _told_of_death() -> Iterator[None]:
    try:
        yield
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise FieldproofError(
            "A worker process died, most likely for want of memory or in the TFLite runtime.",
            remedy="Try again with --workers 1: it continues with the frame that is next.",
        ) from None


@contextmanager
def _deaf() -> Iterator[None]:
    """Block SIGINT in this thread: a process that is started within inherits the block.

    It would die of a Ctrl-C during its imports, before it can ignore the signal.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

"""All frames of an evaluation in order: those of the journal, then those that are still to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.assembly import Examiner
from agent.cameras import RecordedCamera
from agent.errors import OutputError
from agent.session import Session
from tools.evaluate.journal import Journal
from tools.evaluate.looked import Looked, decode
from tools.evaluate.resume import retrace
from tools.evaluate.workers import examine_all

Progress = Callable[[int, int], None]
"""Called after each frame with the number done and the number of all.

The first call tells how many were done before, so that the time left is not reckoned from them.
"""


@dataclass
class Workload:
    """What is to be examined, by whom, and where it is noted down.

    A strategy that learns from frame to frame gets one worker, whatever ``workers`` says.
    """

    examiner: Examiner
    camera: RecordedCamera
    session: Session
    workers: int
    journal: Journal

    def frames(self, progress: Progress) -> Iterator[tuple[int, Looked]]:
        """Index and examination of every frame, in order, each written down before it counts."""
        count, order = len(self.camera), _Order()
        for index, data in self.journal.frames():
            for frame in order.put(index, self._recalled(data)):
                self._retrace(frame[1])
                yield frame
        progress(order.done, count)
        todo = self._todo(range(order.next, count), frozenset(order.waiting))
        for index, data, looked in self._examined(todo):
            self.journal.write(index, data)
            yield from order.put(index, looked)
            progress(order.done, count)

    def _recalled(self, data: bytes) -> Looked:
        try:
            return decode(data)
        except ValueError as error:
            raise OutputError(
                f"The journal {self.journal.path} holds something else than examinations: {error}.",
                remedy="Start anew with --fresh.",
            ) from None

    def _examined(self, todo: Iterator[int]) -> Iterator[tuple[int, bytes, Looked]]:
        workers = self.workers if self.session.strategy.splits else 1
        return examine_all(self.examiner, self.camera, self.session, todo, workers)

    def _todo(self, left: range, done: frozenset[int]) -> Iterator[int]:
        for index in left:
            if not self.session.strategy.splits and self.session.strategy.finished:
                return
            if index not in done:
                yield index

    def _retrace(self, looked: Looked) -> None:
        if looked.examination is not None and not self.session.strategy.splits:
            retrace(self.session.strategy, looked.examination, self.session.model.detects)


class _Order:
    """Puts frames back in order; those that are ahead wait, and are few: see ``workers.LEAD``."""

    def __init__(self) -> None:
        self.next = 0
        self.waiting: dict[int, Looked] = {}

    @property
    def done(self) -> int:
        return self.next + len(self.waiting)

    def put(self, index: int, looked: Looked) -> Iterator[tuple[int, Looked]]:
        """Take a frame; give those whose turn it is. A frame that was given already is dropped."""
        if index >= self.next:
            self.waiting[index] = looked
        while self.next in self.waiting:
            self.next += 1
            yield self.next - 1, self.waiting.pop(self.next - 1)

"""What is counted of new rows, to be added to the sums that a store keeps by the hour. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from agent.record import FIELDS
from tools.stores._values import HOUR_MS

Row = Sequence[Any]

GONE: Final = 30
"""Frames without a track after which its scene is over, as ``agent.metrics.scenes`` has it."""
NO_LEVEL: Final = -(2**63)
"""Stands for a condition without a level in a key, which may hold no NULL."""
MOST_SCENES: Final = 64
"""Scenes of one stream that are remembered; of more, the one that began first is forgotten."""
MOST_STREAMS: Final = 10_000

SUMS: Final = (
    "n",
    "clean_seen",
    "perturbed_seen",
    "flips",
    "truth",
    "truth_seen",
    "drops",
    "drop_sum",
    "scenes",
    "scenes_seen",
    "scene_flips",
)
NAMES: Final = (
    *("session", "frame", "clip", "track", "from_truth", "condition", "severity", "level"),
    *("clean_seen", "clean_confidence", "perturbed_seen", "perturbed_confidence", "flip"),
)
PARTS: Final[Callable[[Any], Row]] = itemgetter(*map(FIELDS["trial"].index, NAMES))
"""Of a trial's values, those that are counted."""
HEALTH: Final[Callable[[Any], Mapping[str, float]]] = itemgetter(FIELDS["health"].index("readings"))


class _Scene:
    """A track in view: its last frame, and the condition rows that it has met."""

    __slots__ = ("last", "met")

    def __init__(self, last: int, met: set[Row]) -> None:
        self.last, self.met = last, met


_Scenes = dict[tuple[str, str, str], _Scene]


class Memory:
    """What a store remembers between transactions. Which scenes run, by stream, is bounded, and
    put back where a transaction fails.
    """

    def __init__(self) -> None:
        self._streams: dict[int, _Scenes] = {}
        self._before: dict[int, _Scenes | None] = {}
        self._known: set[int] = set()
        self.fresh = 0
        """Sums that this process has appended since it last added them up, and when that was."""
        self.folded_s = float("-inf")
        self.swept = False
        """Whether the transaction added them up."""

    def knows(self, stream: int) -> bool:
        """Whether this process has seen the stream's scenes; it may have forgotten them."""
        return stream in self._known

    def scenes(self, stream: int) -> _Scenes:
        """A stream's scenes, by (session, clip, track), to be changed."""
        scenes = self._streams.pop(stream, None)
        if stream not in self._before:
            self._before[stream] = (
                None
                if scenes is None
                else {key: _Scene(scene.last, set(scene.met)) for key, scene in scenes.items()}
            )
        self._known.add(stream)
        # Put back as the newest, so that the stream not heard for longest is first.
        self._streams[stream] = scenes = scenes or {}
        return scenes

    def keep(self) -> None:
        """The transaction is committed."""
        self._before.clear()
        while len(self._streams) > MOST_STREAMS:
            del self._streams[next(iter(self._streams))]

    def undo(self) -> None:
        """The transaction did not happen."""
        for stream, scenes in self._before.items():
            if scenes is None:
                self._streams.pop(stream, None)
                self._known.discard(stream)
            else:
                self._streams[stream] = scenes
        self._before.clear()
        # What was appended may not be there either, and may have been more than is known.
        self.folded_s, self.swept = float("-inf"), False


class Rollup:
    """Sums of some new rows. Add a stream's rows in the order of their numbers."""

    def __init__(self, memory: Memory, without_runs: frozenset[int] = frozenset()) -> None:
        self._memory, self._without_runs = memory, without_runs
        self._sums: dict[int, dict[Row, list[float]]] = {}
        self._readings: dict[tuple[int, int, str], list[float]] = {}
        self._runs: dict[tuple[int, str], list[int]] = {}

    def add_trials(
        self, stream: int, seqs: Sequence[int], made: Sequence[int], parts: Iterable[Row]
    ) -> None:
        """Count trials, at least one: their numbers, when they were made, and their ``PARTS``."""
        session, frame, clip, track, truth, condition, severity, level, *seen = zip(
            *parts, strict=True
        )
        clean, sure, perturbed, still, flip = seen
        hours = [at - at % HOUR_MS for at in made]
        rows = list(zip(condition, severity, level, strict=True))
        keys = list(zip(hours, session, rows, strict=True))
        cells = self._sums.setdefault(stream, {})
        # A collector spends much of its time in these lines: they are plain for that.
        for key, known, one, other, sure_clean, sure_still, flipped in zip(
            keys, truth, clean, perturbed, sure, still, flip, strict=True
        ):
            cell = cells.get(key)
            if cell is None:
                cells[key] = cell = [0] * len(SUMS)
            cell[0] += 1
            if one:
                cell[1] += 1
            if other:
                cell[2] += 1
            if flipped:
                cell[3] += 1
            if known:
                cell[4] += 1
                if one:
                    cell[5] += 1
            if sure_clean is not None and sure_still is not None:
                cell[6] += 1
                cell[7] += sure_clean - sure_still
        for place in self._met(stream, zip(session, clip, track, frame, strict=True), rows):
            cell = cells[keys[place]]
            cell[8:] = cell[8] + 1, cell[9] + clean[place], cell[10] + flip[place]
        for name in set(session):
            own = [seq for seq, its in zip(seqs, session, strict=True) if its == name]
            run = self._runs.setdefault((stream, name), [own[0], own[-1], 0])
            run[:] = min(run[0], own[0]), max(run[1], own[-1]), run[2] + len(own)

    def recall(self, stream: int, parts: Sequence[Row]) -> None:
        """Take up the scenes of trials, as their ``PARTS``, that were counted before: one that goes
        on when another process stores is then the same."""
        if parts:
            session, frame, clip, track, _, condition, severity, level, *_ = zip(
                *parts, strict=True
            )
            views = zip(session, clip, track, frame, strict=True)
            self._met(stream, views, list(zip(condition, severity, level, strict=True)))

    def _met(self, stream: int, views: Iterable[Row], rows: Sequence[Row]) -> list[int]:
        """Where a scene meets a condition row for the first time."""
        scenes, first, place = self._memory.scenes(stream), list[int](), 0
        for (session, clip, track, frame), some in groupby(views):
            scene = scenes.get((session, clip, track))
            if scene is None or frame - scene.last > GONE:
                scene = _begun(scenes, (session, clip, track), frame)
            scene.last = max(scene.last, frame)
            for _ in some:
                if rows[place] not in scene.met:
                    scene.met.add(rows[place])
                    first.append(place)
                place += 1
        return first

    def add_health(self, stream: int, rows: Iterable[tuple[int, Mapping[str, float]]]) -> None:
        """Count readings, each row as (at_ms, readings)."""
        for at_ms, readings in rows:
            hour = at_ms - at_ms % HOUR_MS
            for name, value in readings.items():
                cell = self._readings.get((stream, hour, name))
                if cell is None:
                    self._readings[stream, hour, name] = [1, value, value, value]
                else:
                    cell[0], cell[1] = cell[0] + 1, cell[1] + value
                    cell[2], cell[3] = min(cell[2], value), max(cell[3], value)

    def take(self) -> dict[str, list[Row]]:
        """What is to be added to each table, as rows of its columns; then nothing is counted."""
        tables: dict[str, list[Row]] = {
            "hourly": [
                (stream, hour, session, kind, severity, NO_LEVEL if level is None else level, *sums)
                for stream, cells in sorted(self._sums.items())
                for (hour, session, (kind, severity, level)), sums in cells.items()
            ],
            "hourly_readings": [(*key, *cell) for key, cell in sorted(self._readings.items())],
            "runs": [
                (*key, *run)
                for key, run in sorted(self._runs.items())
                if key[0] not in self._without_runs
            ],
        }
        self._sums.clear()
        self._readings.clear()
        self._runs.clear()
        return tables

    def __len__(self) -> int:
        cells = sum(map(len, self._sums.values()))
        return cells + len(self._readings) + len(self._runs)


def _begun(scenes: _Scenes, key: tuple[str, str, str], frame: int) -> _Scene:
    scenes.pop(key, None)
    if len(scenes) >= MOST_SCENES:
        del scenes[next(iter(scenes))]
    scenes[key] = scene = _Scene(frame, set())
    return scene

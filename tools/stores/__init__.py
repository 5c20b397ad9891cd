"""Stores: each file is one kind, a place where collected rows are kept; a URL's scheme names it.

May import ``agent.record``; neither OpenCV nor TFLite. To add one: a file
``tools/stores/<scheme>.py`` with one public class that extends ``Store`` and gives it a
``Database``: all kinds share the tables, the queries and what is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import RLock
from types import TracebackType
from typing import Any

from agent.family import Family
from agent.record import Batch, Status
from tools.stores import (
    _alerts,
    _devices,
    _pictures,
    _pruning,
    _queries,
    _rebuild,
    _sums,
    _writing,
)
from tools.stores._database import Database
from tools.stores._hours import FRESH
from tools.stores._pictures import LOOKED_AT, NO_BANDS, Bands
from tools.stores._queries import ALL, Found
from tools.stores._rollups import Memory
from tools.stores._values import (
    HOUR_MS,
    Account,
    Contact,
    Letter,
    Place,
    Retention,
    Scope,
    Stored,
    Stream,
)

__all__ = [
    "HOUR_MS",
    "LOOKED_AT",
    "Account",
    "Contact",
    "Letter",
    "Place",
    "Retention",
    "Scope",
    "Store",
    "Stored",
    "Stream",
    "family",
    "open_store",
]


class Store:
    """Keeps rows once each, identified by (site, device, epoch, seq).

    What is stored is committed before the call returns. Raises ``StoreError`` where it cannot be
    reached or written now, ``PoisonError`` for rows that it will never take, and leaves nothing
    half done. It may be used from several threads at once.

    All times are ms since 1970 by the collector's clock. A row's ``at_ms`` is when it was made: the
    device's ``wall_ms`` where its clock is synchronised and that is neither later than the receipt
    nor over 400 days before it; else by the monotonic clock, where the row is of the sender's
    boot; else when it was received.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._memory = Memory()
        self._lock = RLock()

    def store_all(self, batches: Sequence[Batch], contacts: Sequence[Contact] = ()) -> list[Stored]:
        """Store batches in one transaction; one answer for each, in order.

        A batch was received when its device's contact says so, else now.
        """
        with self._written():
            return _writing.store(self._db, self._memory, batches, contacts)

    def store(self, batch: Batch) -> int:
        """Store one batch; the highest seq up to which all its stream's rows are settled."""
        return self.store_all([batch])[0].contiguous

    def highest_contiguous(self, stream: Stream) -> int:
        """The seq up to which all rows are stored or declared as never to come; 0 for none."""
        with self._written():
            return _writing.highest_contiguous(self._db, stream)

    def status(self, status: Status, contact: Contact | None = None) -> None:
        """Keep a device's status; an ``offline`` of an older session than the last is ignored."""
        with self._written():
            _writing.status(self._db, status, contact)

    def bury(self, letters: Sequence[Letter]) -> None:
        """Keep messages that cannot be used, bounded in size and number, in one transaction."""
        with self._written():
            _writing.bury(self._db, letters)

    # What was stored, row by row.

    def sessions(self, scope: Scope = ALL) -> Found:
        """Sessions in the order of their start: what was said at start and end, and
        ``trials_stored`` (those pruned since among them) beside the agent's own
        ``trials_counted`` (None while it runs). A scope's times are those of the start."""
        return _queries.sessions(self._db, scope)

    def trials(self, session: str, site: str = "", device: str = "") -> Found:
        """A session's trials in the order in which they were made; only what that device sent,
        where one is given: another could send rows under the same session."""
        return _queries.trials(self._db, Scope(site, device, session))

    def counts(self, session: str = "") -> Found:
        """Per (condition, severity, level): ``n``, ``clean_seen``, ``perturbed_seen``, ``flips``;
        of one session, or of all."""
        return _queries.counts(self._db, session)

    def rows(self, table: str, scope: Scope = ALL) -> Found:
        """Rows of ``trials``, ``phantoms``, ``health``, ``evidence``, ``gaps`` and
        ``unknown_rows``, with site and device of their sender, in a scope's site, device, session
        (where the table has one) and times; all of ``last_health``, the newest of each stream, of
        ``statuses``, ``contacts`` and ``dead_letters``."""
        return _queries.rows(self._db, table, scope)

    def accounts(self) -> Iterator[Account]:
        """One per stream, in the order of their beginning."""
        return _queries.accounts(self._db)

    def dead_letters(self) -> Found:
        """Per topic: how many ``letters``, and when the last came (``last_ms``) and ``why``."""
        return _queries.dead_letters(self._db)

    def letters(self, limit: int = 100, before: int | None = None) -> Found:
        """Dead letters, newest first: ``id``, ``at_ms``, ``topic``, ``why``, ``bytes`` (of the
        message) and ``payload`` (its first 16 KiB); below the id ``before`` where one is given."""
        return _queries.letters(self._db, limit, before)

    def health(self, site: str, device: str, since_ms: int = 0) -> Found:
        """A device's health from ``since_ms`` on, oldest first: ``at_ms``, ``session`` and
        ``readings``, a dict of name to value."""
        return _devices.health(self._db, site, device, since_ms)

    def gaps(self, scope: Scope = ALL, limit: int = 1000) -> Found:
        """Declared losses, newest first: ``site``, ``device``, ``at_ms``, ``epoch``, ``first``,
        ``last``, ``rows``, ``trials``, ``why``. Of the scope, site, device and times count."""
        return _queries.gaps(self._db, scope, limit)

    def evidence(
        self,
        scope: Scope = ALL,
        severity: float | None = None,
        limit: int = 60,
        before: Place | None = None,
        target: str = "",
        bands: Bands = NO_BANDS,
    ) -> Found:
        """Evidence, newest first, without the pictures; of one target's label where it is given.

        ``bands`` restrict the trial's ``size_px`` (the target's width in the clean frame) and
        ``distance_m``, each from a value (included) to another (excluded); then only the newest
        ``LOOKED_AT`` are looked through, and ``evidence_looked_to`` tells where to go on.

        Of each: ``stream``, ``seq``, ``site``, ``device``,
        ``at_ms``, ``session``, ``frame``, ``clip``, ``target``, ``number``, ``condition``,
        ``severity``, ``width_px``, ``height_px``, ``clean_box``, ``perturbed_box``,
        ``target_box`` (lists of x0, y0, x1, y1 as shares of the picture), ``model_name``,
        ``model_sha256``; and of the trial that it belongs to ``clean_seen``, ``clean_label``,
        ``clean_confidence``, ``perturbed_seen``, ``perturbed_label``, ``perturbed_confidence``,
        ``iou``, ``flip``, ``size_px``, ``distance_m``. None where it is not stored.

        To go on below a row give ``before=Place(row["at_ms"], row["stream"], row["seq"])``.
        """
        return _pictures.evidence(self._db, scope, severity, limit, before, target, bands)

    def evidence_looked_to(
        self,
        scope: Scope = ALL,
        severity: float | None = None,
        before: Place | None = None,
        target: str = "",
    ) -> Place | None:
        """The last row that ``evidence`` with ``bands`` looks at; None where that is the end."""
        return _pictures.looked_to(self._db, scope, severity, before, target)

    def picture(self, stream: int, seq: int) -> dict[str, bytes] | None:
        """The pictures of evidence, as JPEG: ``clean`` and ``perturbed``; None for none."""
        return _pictures.picture(self._db, stream, seq)

    # Sums, from the rollups: their time does not grow with the number of trials.

    def sums(self, scope: Scope = ALL, by: Sequence[str] = ()) -> Found:
        """Sums over trials, one dict per combination of ``by``, ordered by it.

        ``by`` may name ``hour`` (ms of its start), ``site``, ``device``, ``session``, ``model``
        (SHA-256, None where its session is not known), ``condition``, ``severity``, ``level``;
        without any there is one dict, or none where nothing is in the scope. With these: ``n``
        trials, ``clean_seen``, ``perturbed_seen``, ``flips``; ``truth``, those with a known truth,
        and ``truth_seen``, of these the ones seen clean; ``drops``, those with both confidences,
        and ``drop_sum``, the sum of clean less perturbed; and ``scenes``, ``scenes_seen``,
        ``scene_flips``.

        A scene is the unit of evidence: one (stream, session, clip, track), begun anew when the
        track was away for more than 30 frames. Under each condition row its first trial alone is
        counted: ``scenes`` by one, ``scenes_seen`` by whether it was seen clean, ``scene_flips``
        by whether it flipped. Which scenes run is known to the process that stores them, which
        looks back at its start; one that two of them store parts of counts twice.

        Raises ``UsageError`` for another name in ``by``.
        """
        return _sums.sums(self._db, scope, by)

    def readings(self, scope: Scope = ALL) -> Found:
        """Health by the hour, oldest first: ``hour``, ``name``, ``n``, ``total``, ``low``,
        ``high``. Of the scope, site, device and times count."""
        return _sums.readings(self._db, scope)

    def devices(self) -> Found:
        """One per (site, device), in that order: ``site``, ``device``; its last word: ``state``
        (online, offline, stopped), ``session``, ``version``, ``status_ms``; ``seen_ms``,
        ``skew_ms``, ``synced`` as in ``Contact``; of its newest session ``model_name``,
        ``model_sha256``, ``model_runtime``, ``profile``, ``suite``, ``camera``, ``started_ms``;
        of its newest health ``readings`` (a dict) and ``readings_ms``; declared ``lost_rows`` and
        ``lost_trials``. None where unknown; nothing lost is 0, no readings an empty dict.

        ``session`` is the status's, or the newest one that began where there is no status.
        """
        return _devices.devices(self._db)

    def changes(self) -> object:
        """A cheap value that differs after anything was stored; to be compared with one that the
        same ``Store`` gave before, and for nothing else."""
        return self._db.changes()

    def ready(self) -> None:
        """Return where the store can be read and written now; raise ``StoreError`` otherwise.
        It takes at most about two seconds."""
        self._db.ready()

    # Alerts.

    def open_alert(
        self,
        rule: str,
        subject: str,
        severity: str,
        summary: str,
        details: Mapping[str, Any],
        at_ms: int,
    ) -> int:
        """Open an alert; its id. While one of (rule, subject) is open, that one's: it keeps its
        beginning and gets the new ``last_ms``, severity, summary and details."""
        words = {"rule": rule, "subject": subject, "severity": severity, "summary": summary}
        with self._written():
            return _alerts.open_alert(self._db, {**words, "at_ms": at_ms}, details)

    def resolve_alert(self, number: int, at_ms: int) -> bool:
        """An alert is over; whether it was not before."""
        with self._written():
            return _alerts.resolve(self._db, number, at_ms)

    def acknowledge_alert(self, number: int, by: str, at_ms: int) -> bool:
        """Somebody has seen an alert; whether it was open. The first one's name is kept."""
        with self._written():
            return _alerts.acknowledge(self._db, number, by, at_ms)

    def alerts(self, state: str = "", limit: int = 100, before: int | None = None) -> Found:
        """Alerts, newest first: ``id``, ``rule``, ``subject``, ``severity``, ``opened_ms``,
        ``last_ms``, ``resolved_ms``, ``acknowledged_ms``, ``acknowledged_by``, ``summary``,
        ``details`` (a dict) and ``state``: ``open``, ``acknowledged`` or ``resolved``. One state's
        where one is given; below the id ``before``. Raises ``UsageError`` for another state."""
        return _alerts.alerts(self._db, state, limit, before)

    def recall(self, rule: str) -> dict[str, dict[str, Any]]:
        """What was remembered of a rule: subject -> state."""
        return _alerts.recall(self._db, rule)

    def remember(self, rule: str, states: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep states, which can be written as JSON, in one transaction; an empty one is
        forgotten, subjects that are not named keep theirs."""
        with self._written():
            _alerts.remember(self._db, rule, states)

    # Keeping it in order.

    def prune(self, retention: Retention) -> dict[str, int]:
        """Take out what is older; how many rows went, by table.

        ``trials_days`` is for trials, phantoms and rows of unknown kinds, ``rollups_days`` for
        ``sums`` and ``readings``, of which two whole days go together. Sessions, gaps and accounts
        stay. A row that is sent again after it was pruned counts as a duplicate.
        """
        return _pruning.prune(self._db, self._written, retention)

    def rebuild(self) -> None:
        """Make all rollups anew from the rows that are there, in one transaction."""
        with self._written():
            _rebuild.rebuild(self._db)
            self._memory.swept = True

    def close(self) -> None:
        """Let go of the store. May be called twice."""
        self._db.close()

    @contextmanager
    def _written(self) -> Iterator[None]:
        """A transaction; where it fails, what was remembered in it is forgotten."""
        with self._lock:
            try:
                with self._db.transaction():
                    yield
            except BaseException:
                self._memory.undo()
                raise
            self._memory.keep()
            if self._memory.swept:
                self._memory.swept = False
                self._db.sweep(FRESH)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


family = Family("store", __name__, Store)


def open_store(url: str, *, create: bool = True) -> Store:
    """Open ``sqlite:///path`` (absolute: four slashes), a bare path, or
    ``postgresql://user@host/database``.

    ``create`` makes a store that is not there yet. Raises ``UnknownKind`` for another scheme,
    ``DataError`` where there is none and none is to be made, ``StoreError`` for a place that
    cannot be used, ``MissingExtra`` where its driver is not installed.
    """
    scheme, found, _ = url.partition("://")
    if not found:
        scheme, url = "sqlite", f"sqlite:///{url}"
    store: type[Any] = family.load(scheme)
    opened: Store = store(url, create=create)
    return opened

"""What a vehicle makes of a sign over a whole approach: when it is sure, and whether it can stop.

A single frame that misses a sign harms nobody; a system remembers. These figures stand beside the
per-frame ones. An approach is one sign's track in one clip, under one condition, its frames in
order of time. A track is counted as one piece of work; outcomes of tracks merge in any order.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median_low
from typing import Final, NamedTuple

from agent.statistics.intervals import CensoredMedian, Interval, censored_median, wilson

KMH: Final = 1 / 3.6
"""Metres per second in a kilometre per hour."""


class Look(NamedTuple):
    """One frame of a track: time in s, distance to the sign in m (None: not known), seen or not."""

    time_s: float
    distance_m: float | None
    seen: bool


@dataclass(frozen=True, slots=True)
class Voting:
    """A sign is confirmed in the first frame by which ``k`` of the last ``n`` frames saw it.

    Frames are those in which the sign is there to be seen; fewer than ``n`` of them may do, as
    soon as ``k`` saw it. ``k`` = ``n`` = 1 confirms at first sight. Raises ``ValueError`` unless
    1 <= k <= n.
    """

    k: int = 3
    n: int = 5

    def __post_init__(self) -> None:
        if not 1 <= self.k <= self.n:
            raise ValueError(f"voting needs 1 <= k <= n, got {self.k} of {self.n}")

    def __str__(self) -> str:
        return f"{self.k} of {self.n}"


@dataclass(frozen=True, slots=True)
class Braking:
    """How a vehicle stops: ``reaction_s`` at full speed, then a constant ``deceleration``, m/s2.

    ``reaction_s`` runs from the confirming frame to full braking: inference, decision and
    brake build-up, or the driver. Defaults are those of road design for a driver who is surprised,
    2.5 s and 3.4 m/s2 (AASHTO, A Policy on Geometric Design of Highways and Streets, 2018,
    section 3.2.2). An emergency brake reacts sooner and reaches 5 m/s2 or more (UN Regulation
    152, 5.2.1.2), but a stop sign is no emergency. The road is level and grips. Raises
    ``ValueError`` unless reaction_s >= 0 and deceleration > 0, both finite.
    """

    reaction_s: float = 2.5
    deceleration: float = 3.4

    def __post_init__(self) -> None:
        finite = math.isfinite(self.reaction_s) and math.isfinite(self.deceleration)
        if not finite or self.reaction_s < 0 or self.deceleration <= 0:
            raise ValueError(
                f"braking needs a reaction of 0 s or more and a deceleration above 0, "
                f"got {self.reaction_s} s and {self.deceleration} m/s2"
            )

    def distance_m(self, speed: float) -> float:
        """Metres from confirmation to standstill at a speed in m/s: v t + v^2 / (2 a).

        >>> round(Braking().distance_m(50 * KMH), 1)
        63.1
        """
        if speed < 0:
            raise ValueError(f"a speed is not negative, got {speed}")
        return speed * self.reaction_s + speed * speed / (2 * self.deceleration)

    def fastest(self, distance_m: float) -> float:
        """The greatest speed in m/s from which the vehicle stops within a distance (>= 0, m)."""
        if distance_m < 0:
            raise ValueError(f"a distance is not negative, got {distance_m}")
        lost = self.deceleration * self.reaction_s
        return math.sqrt(lost * lost + 2 * self.deceleration * distance_m) - lost


class Moment(NamedTuple):
    """``after_s`` seconds after the track's first frame, ``distance_m`` before the sign."""

    after_s: float
    distance_m: float | None


@dataclass(frozen=True, slots=True)
class Approach:
    """What became of one approach; None for a moment that never came.

    ``frames`` and ``seen_frames`` count the looks. ``first`` is the first frame that saw the
    sign, ``confirmed`` the first by which the voting was won, ``soonest`` the one by which it
    would have been won had every frame seen the sign. ``measured``: some distance is known.
    """

    frames: int
    seen_frames: int
    first: Moment | None
    confirmed: Moment | None
    soonest: Moment | None
    measured: bool

    @property
    def missed(self) -> bool:
        """No frame saw the sign."""
        return self.first is None

    def margin_m(self, speed: float, braking: Braking) -> float | None:
        """Metres left before the sign after braking from confirmation on, at a speed in m/s.

        Below 0 the vehicle stops that far beyond the sign. -inf for a sign that is never
        confirmed; None where the distance at confirmation is not known.
        """
        if self.confirmed is None:
            return -math.inf
        if self.confirmed.distance_m is None:
            return None
        return self.confirmed.distance_m - braking.distance_m(speed)

    def gives_room(self, speed: float, braking: Braking) -> bool:
        """Whether a model that sees every frame would stop before the sign, as far as known."""
        if self.soonest is None or self.soonest.distance_m is None:
            return False
        return self.soonest.distance_m >= braking.distance_m(speed)


class Watch:
    """Follows one approach, look by look, in memory that does not grow with it."""

    def __init__(self, voting: Voting) -> None:
        self._voting = voting
        self._last: deque[bool] = deque(maxlen=voting.n)
        self._start = self._before = 0.0
        self._frames = self._seen = 0
        self._first: Moment | None = None
        self._confirmed: Moment | None = None
        self._soonest: Moment | None = None
        self._measured = False

    def look(self, look: Look) -> None:
        """Take the next frame. Raises ``ValueError`` where time goes back."""
        if not self._frames:
            self._start = look.time_s
        elif look.time_s < self._before:
            raise ValueError("an approach's frames come in order of time")
        self._before = look.time_s
        self._frames, self._seen = self._frames + 1, self._seen + look.seen
        self._last.append(look.seen)
        self._measured |= look.distance_m is not None
        now = Moment(look.time_s - self._start, look.distance_m)
        if look.seen and self._first is None:
            self._first = now
        if self._confirmed is None and sum(self._last) >= self._voting.k:
            self._confirmed = now
        if self._frames == self._voting.k:
            self._soonest = now

    def approach(self) -> Approach:
        """What became of it so far. Raises ``ValueError`` before the first look."""
        if not self._frames:
            raise ValueError("an approach needs at least one frame")
        return Approach(
            frames=self._frames,
            seen_frames=self._seen,
            first=self._first,
            confirmed=self._confirmed,
            soonest=self._soonest,
            measured=self._measured,
        )


def approach_of(looks: Sequence[Look], voting: Voting) -> Approach:
    """The approach that the looks make, in order of time.

    Raises ``ValueError`` where there are none, or where time goes back.
    """
    watch = Watch(voting)
    for look in looks:
        watch.look(look)
    return watch.approach()


class Share(NamedTuple):
    """``k`` of ``n`` approaches, with Wilson's 95 % interval; approaches count as independent."""

    k: int
    n: int
    interval: Interval


@dataclass
class Approaches:
    """Outcomes of many approaches under one condition, voting and model.

    Every figure is a count or an order statistic, so the order of merging makes no difference.
    """

    outcomes: list[Approach] = field(default_factory=list)

    def add(self, approach: Approach) -> None:
        self.outcomes.append(approach)

    def merge(self, other: Approaches) -> None:
        """Add another's outcomes, which are of other tracks."""
        self.outcomes.extend(other.outcomes)

    def missed(self) -> Share:
        """Approaches on which no frame saw the sign."""
        return self._share([a.missed for a in self.outcomes])

    def unconfirmed(self) -> Share:
        """Approaches on which the voting was never won, the missed ones among them."""
        return self._share([a.confirmed is None for a in self.outcomes])

    def stops(self, speed: float, braking: Braking) -> Share:
        """Approaches on which the vehicle stops before the sign, at a speed in m/s.

        Only approaches count that begin far enough away: those on which a model that sees every
        frame would stop, so that what is lost is the model's. A confirmation at an unknown
        distance does not count either.
        """
        fair = [a for a in self.outcomes if a.gives_room(speed, braking)]
        margins = [a.margin_m(speed, braking) for a in fair]
        return self._share([margin >= 0 for margin in margins if margin is not None])

    def margin_m(self, speed: float, braking: Braking) -> float | None:
        """Median metres left after braking from confirmation, on the approaches of ``stops``.

        Below 0 the vehicle stops that far beyond the sign, -inf where half of the signs are never
        confirmed; None where no approach gives room. Of an even number the lesser middle one.
        """
        fair = [a for a in self.outcomes if a.gives_room(speed, braking)]
        margins = [m for a in fair if (m := a.margin_m(speed, braking)) is not None]
        return median_low(margins) if margins else None

    def first_after_s(self) -> CensoredMedian | None:
        """Median time from the track's first frame to the first sight; None without approaches.

        Within it None stands for a sign that is missed: later than the track lasts.
        """
        return _median([None if a.first is None else a.first.after_s for a in self.outcomes])

    def confirmed_after_s(self) -> CensoredMedian | None:
        """Median time to confirmation, as ``first_after_s``."""
        moments = [a.confirmed for a in self.outcomes]
        return _median([None if moment is None else moment.after_s for moment in moments])

    def first_distance_m(self) -> CensoredMedian | None:
        """Median distance at first sight, 0 for a sign that is missed.

        Tracks without distances are left out; None where there are no others.
        """
        return _distances([a.first for a in self.outcomes if a.measured])

    def confirmed_distance_m(self) -> CensoredMedian | None:
        """Median distance at confirmation, 0 for a sign that is never confirmed; as above."""
        return _distances([a.confirmed for a in self.outcomes if a.measured])

    @staticmethod
    def _share(flags: Sequence[bool]) -> Share:
        return Share(sum(flags), len(flags), wilson(sum(flags), len(flags)))


def _median(values: Sequence[float | None]) -> CensoredMedian | None:
    return censored_median(values) if values else None


def _distances(moments: Sequence[Moment | None]) -> CensoredMedian | None:
    values = [0.0 if moment is None else moment.distance_m for moment in moments]
    return _median([value for value in values if value is not None])

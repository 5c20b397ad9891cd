"""Watchers: each looks at one sort of metric and says of which subjects its rule is true now.

They read the store and remember; they open no alert (see ``tools.alerts.lifecycle``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from tools.alerts.rules import Rule
from tools.stores import Scope, Store

Own = dict[str, Any]
"""What a watcher remembers of one subject; it can be written as JSON."""

WHOLE = "fleet"
"""The subject of a rule that has but one, and of what a rule remembers of all together."""


class Finding(NamedTuple):
    """Whether a rule is true of a subject now; None: not known, all stays as it is.

    ``details`` hold ``site`` and ``device`` where there is one.
    """

    subject: str
    active: bool | None
    summary: str = ""
    details: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Look:
    """What all rules of one evaluation share. ``now_ms`` is ms since 1970.

    ``open`` and ``acknowledged`` are the subjects of the rule's alerts that are not resolved;
    those acknowledged are in both. ``every_s`` is the time between two looks. ``read`` holds what
    was asked of the store: rules that watch the same are told the same.
    """

    store: Store
    now_ms: int
    devices: Sequence[Mapping[str, Any]]
    every_s: float = 30.0
    open: Set[str] = field(default_factory=frozenset)
    acknowledged: Set[str] = field(default_factory=frozenset)
    read: dict[tuple[Scope, tuple[str, ...]], list[dict[str, Any]]] = field(default_factory=dict)

    def sums(
        self, scope: Scope, keys: tuple[str, ...], *, again: bool = False
    ) -> list[dict[str, Any]]:
        """The store's sums; ``again``: as they are now, and not as they were read before."""
        if again or (scope, keys) not in self.read:
            self.read[scope, keys] = list(self.store.sums(scope, keys))
        return self.read[scope, keys]


class Watcher(ABC):
    """Watches for one rule. ``kinds`` are the classes of rules that it is for."""

    kinds: ClassVar[tuple[type[Rule], ...]]

    @abstractmethod
    def __init__(self, rule: Any) -> None: ...

    @abstractmethod
    def look(self, look: Look, own: dict[str, Own]) -> list[Finding]:
        """What is true now. ``own``: subject -> what this watcher remembers; it changes it."""

    def fingerprint(self) -> str:
        """What, when it changes in the rule, makes all that is remembered worthless."""
        return ""


def mine(look: Look, rule: Rule) -> list[Mapping[str, Any]]:
    """The devices in a rule's scope."""
    return [
        row
        for row in look.devices
        if rule.scope.has_device(row["site"], row["device"])
        and rule.scope.has_model(row["model_sha256"])
    ]


def name_of(row: Mapping[str, Any]) -> str:
    """``site/device``: the subject of what is of one device."""
    return f"{row['site']}/{row['device']}"


def of_device(row: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Details of what is of one device."""
    return {"site": row["site"], "device": row["device"], **more}

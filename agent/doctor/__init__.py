"""What is wrong with this device's set-up, and the line that mends it. One file is one check.

A check may look at anything that the agent uses - packages, model, camera, broker -, so this room
stands above all others, and below the command line alone. It must speak where they cannot: nothing
here imports more than the standard library, ``agent.errors``, ``agent.family`` and
``agent.probes`` before a check runs, and each check runs in a process of its own
(``_examine.py``), which may crash or hang.

To add one: a file ``agent/doctor/<kind>.py`` with one public class that extends ``Check``, its
imports inside its functions, and its test on faked files of the system.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from agent.family import Family, kind_of

OK = "ok"
WARNING = "warning"
FAILURE = "failure"
NOT_CHECKED = "not checked"

INTERNAL = 70
MODEL = 65
CAMERA = 69
STATE = 73
BROKER = 75
SETUP = 78


@dataclass(frozen=True)
class Host:
    """Where the machine tells about itself; tests lay out their own."""

    sys: Path = Path("/sys")
    proc: Path = Path("/proc")
    dev: Path = Path("/dev")
    run: Path = Path("/run")


@dataclass(frozen=True)
class Plan:
    """What is to be examined, as plain text: what is empty is not. ``config`` is a file of the
    settings of ``run``, which fill in what is empty here.
    """

    config: str = ""
    profile: str = ""
    model: str = ""
    camera: str = ""
    broker: str = ""
    state: str = ""
    site: str = ""
    device: str = ""
    ack: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    password_file: str = ""


@dataclass(frozen=True)
class Finding:
    """One line: ``name`` says of what, ``mend`` is the command or the deed that mends it.

    ``code`` is the exit code of a failure. ``facts`` are figures for programs, and for the checks
    that come later.
    """

    verdict: str
    name: str
    text: str
    mend: str = ""
    code: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    check: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Check(ABC):
    """A look at one part of the set-up.

    Checks run in the order of ``place``, what others depend on first. One that ``needs`` something
    - the name of a finding - is not made after that has failed. It has ``seconds`` for all of it;
    what it has yielded by then counts. Where it crashes or hangs, ``code`` is the exit code, and
    ``crashed`` or ``late`` says what to do.
    """

    place: ClassVar[int]
    needs: ClassVar[tuple[str, ...]] = ()
    seconds: ClassVar[float] = 3.0
    code: ClassVar[int] = SETUP
    crashed: ClassVar[str] = "This is a fault of Fieldproof's own: report it with this line."
    late: ClassVar[str] = "On a slow device give it more time: --timeout 60"

    def absent(self, plan: Plan) -> str:
        """How to give what the check is about, where the plan has none of it; else empty."""
        return ""

    @abstractmethod
    def examine(self, plan: Plan, host: Host, facts: Mapping[str, Any]) -> Iterator[Finding]:
        """Findings in the order in which they are made.

        ``facts``: those of the findings before and their ``verdict``, by their names.
        """

    def ok(self, name: str, text: str, **facts: Any) -> Finding:
        return self._found(OK, name, text, facts=facts)

    def warning(self, name: str, text: str, mend: str, **facts: Any) -> Finding:
        return self._found(WARNING, name, text, mend, facts=facts)

    def failure(self, name: str, text: str, mend: str, code: int = 0) -> Finding:
        return self._found(FAILURE, name, text, mend, code=code or self.code)

    def not_checked(self, name: str, text: str, mend: str = "", **facts: Any) -> Finding:
        return self._found(NOT_CHECKED, name, text, mend, facts=facts)

    def _found(
        self,
        verdict: str,
        name: str,
        text: str,
        mend: str = "",
        code: int = 0,
        facts: Mapping[str, Any] | None = None,
    ) -> Finding:
        return Finding(verdict, name, text, mend, code, facts or {}, kind_of(type(self)))


family = Family("check", __name__, Check)  # type: ignore[type-abstract]

"""The error tree. Each leaf knows the exit code that a command ends with.

::

    FieldproofError        70  internal
    |-- UsageError          2  the command line asks for something that cannot be
    |   `-- UnknownKind     2  no such camera, model, perturbation, ... kind
    |-- DataError          65  images, labels or annotations that cannot be used
    |   `-- PayloadError   65  bytes that are no message of ours (agent.record)
    |-- ModelError         65  a model file or card that cannot be used
    |-- CameraError        69  no frames are to be had
    |-- OutputError        73  results cannot be written
    |   `-- OutboxError    73  records cannot be kept on disk
    |-- BudgetError        75  the device's budget is used up; a new start may help
    |-- BrokerError        75  the broker or store cannot be reached now; try again
    |   `-- StoreError     75  the collector's store (tools.stores)
    `-- ConfigError        78  a profile, suite or policy that cannot be used
        `-- MissingExtra   78  an optional dependency is not installed

A message says what was wrong and where; ``remedy`` says what to do about it.
The codes follow ``sysexits.h``.
"""

from __future__ import annotations


class FieldproofError(Exception):
    """Root of all errors that a user may see: one sentence, and what to do."""

    exit_code = 70

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def __reduce__(self) -> tuple[object, ...]:
        return (_restore, (type(self), self.message, self.remedy))


def _restore(kind: type[FieldproofError], message: str, remedy: str) -> FieldproofError:
    """Rebuild an error on the other side of a process boundary."""
    error = kind.__new__(kind)
    FieldproofError.__init__(error, message, remedy=remedy)
    return error


class UsageError(FieldproofError):
    """The command line asks for something that cannot be."""

    exit_code = 2


class UnknownKind(UsageError):
    """A family has no member of that name."""


class DataError(FieldproofError):
    """Images, labels or annotations that cannot be used."""

    exit_code = 65


class ModelError(FieldproofError):
    """A model file or card that cannot be used."""

    exit_code = 65


class CameraError(FieldproofError):
    """No frames are to be had from the camera."""

    exit_code = 69


class OutputError(FieldproofError):
    """Results cannot be written where they should be."""

    exit_code = 73


class OutboxError(OutputError):
    """Records cannot be kept on disk."""


class BudgetError(FieldproofError):
    """A budget of the device's is used up, and pausing has not helped; a new start may."""

    exit_code = 75


class BrokerError(FieldproofError):
    """The broker or the store cannot be reached now; trying again may help."""

    exit_code = 75


class ConfigError(FieldproofError):
    """A profile, suite or policy that cannot be used."""

    exit_code = 78


class MissingExtra(ConfigError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed.",
            remedy=f"In Fieldproof's checkout: pip install '.[{extra}]'",
        )

"""What can go wrong with a store."""

from __future__ import annotations

from agent.errors import BrokerError, DataError


class StoreError(BrokerError):
    """The store cannot be reached or written now; trying again may help (exit code 75)."""


class PoisonError(DataError):
    """The store works but will not take these rows; trying again does not help."""

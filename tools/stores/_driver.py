"""PostgreSQL's driver, which the extra ``server`` installs."""

from __future__ import annotations

from agent.errors import MissingExtra

try:
    import psycopg
    import psycopg_pool
except ImportError as error:
    missing = (error.name or "psycopg").partition(".")[0]
    raise MissingExtra(missing, "server", "A store in PostgreSQL") from None

__all__ = ["psycopg", "psycopg_pool"]

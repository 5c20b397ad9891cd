"""The wire contract for others: JSON Schemas and an AsyncAPI 3 document, made from the models.

Imports ``agent.record``. What is made is kept under ``agent/record/schema`` and ships; a test
fails where the two differ, and ``fieldproof schema --out agent/record/schema`` makes it anew.
"""

from __future__ import annotations

from tools.schema._documents import documents, write_documents

__all__ = ["documents", "write_documents"]

"""Whether a device runs the model that it is known to run."""

from __future__ import annotations

from typing import Any

from tools.alerts.rules import ModelRule
from tools.alerts.watchers import Finding, Look, Own, Watcher, mine, name_of, of_device
from tools.alerts.words import plain


class ModelChanged(Watcher):
    """The SHA-256 of a device's newest session against the last one that was accepted.

    The first model is accepted, and those that are announced. It is over when the device runs
    that model again, when the new one is announced, or when an operator acknowledges the alert:
    the new one is then accepted.
    """

    kinds = (ModelRule,)

    def __init__(self, rule: ModelRule) -> None:
        self._rule = rule

    def look(self, look: Look, own: dict[str, Own]) -> list[Finding]:
        findings = []
        for row in mine(look, self._rule):
            subject, model = name_of(row), row["model_sha256"]
            if not model:
                continue
            memory = own.setdefault(subject, {"model": model, "name": row["model_name"]})
            announced = any(model.startswith(start) for start in self._rule.announced)
            if announced or subject in look.acknowledged:
                memory.update(model=model, name=row["model_name"])
            findings.append(self._finding(subject, row, memory))
        return findings

    def _finding(self, subject: str, row: Any, memory: Own) -> Finding:
        model, known = row["model_sha256"], memory["model"]
        summary = (
            f"{plain(subject)} runs {plain(row['model_name'] or '')} ({model[:12]}) in place of "
            f"{plain(memory['name'] or '')} ({known[:12]}), which nobody announced."
        )
        details = of_device(row, model=model, before=known, session=row["session"])
        return Finding(subject, model != known, summary, details)

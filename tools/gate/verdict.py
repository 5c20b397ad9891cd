"""The whole answer of a gate: a ruling for each rule, and whether the policy is kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from tools.gate.judge import Judge, Ruling
from tools.gate.policy import load_policy
from tools.gate.read import read_results

SCHEMA: Final = "fieldproof.gate/1"


@dataclass(frozen=True)
class Verdict:
    """``strict``: too little evidence breaks the policy. What is missing always does."""

    policy: str
    model: str
    source: str
    strict: bool
    rulings: tuple[Ruling, ...]

    @property
    def kept(self) -> bool:
        return not any(self.breaks(ruling) for ruling in self.rulings)

    def breaks(self, ruling: Ruling) -> bool:
        """Whether this ruling breaks the policy."""
        return ruling.answer in ("fail", "missing") or (self.strict and ruling.answer == "unsure")

    def to_json(self) -> dict[str, Any]:
        """Plain data, schema ``fieldproof.gate/1``."""
        return {
            "schema": SCHEMA,
            "policy": self.policy,
            "model": self.model,
            "data": self.source,
            "kept": self.kept,
            "strict": self.strict,
            "rules": [{**asdict(r), "breaks": self.breaks(r)} for r in self.rulings],
        }


def gate(policy: str, where: Path, baseline: Path | None = None) -> Verdict:
    """Judge the results in ``where`` by a policy's name or path.

    Raises ``ConfigError`` for a policy that cannot be used, ``DataError`` for results that cannot.
    """
    wanted, folder = load_policy(policy)
    results = read_results(where)
    judge = Judge(results, folder, baseline)
    return Verdict(
        policy=wanted.name,
        model=results.model.name,
        source=results.data.source,
        strict=wanted.unsure == "fail",
        rulings=tuple(judge.rule_on(rule) for rule in wanted.rules),
    )

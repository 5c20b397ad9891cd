"""What a model file is, and which cards fit it, as tables on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.syntax import Syntax
from rich.table import Table

from tools.model.inspect import ModelFacts, TensorFacts
from tools.model.probe import Candidate

SHOWN: Final = 6
"""Candidates listed, the best among them."""

FEW: Final = 30
"""Signs or frames below which the order of the candidates is mostly chance."""


def print_facts(console: Console, facts: ModelFacts) -> None:
    """A model file's facts, and how to go on."""
    table = Table(show_header=False, title=escape(facts.file), title_justify="left")
    table.add_row("size", f"{facts.size:,} bytes")
    table.add_row("sha256", facts.sha256)
    table.add_row("tried with", facts.runtime)
    for name, tensors in (("input", facts.inputs), ("output", facts.outputs)):
        for tensor in tensors:
            table.add_row(name, escape(_said(tensor)))
    table.add_row("signatures", escape(", ".join(facts.signatures)) or "none")
    table.add_row("operators", ", ".join(f"{k} {n}x" for k, n in facts.operators.items()))
    table.add_row("labels inside", str(facts.embedded_labels) if facts.embedded_labels else "none")
    for key, value in facts.metadata.items():
        table.add_row(escape(key), escape(value))
    table.add_row("kind", f"{facts.kind or 'unknown'}: {escape(facts.reason)}")
    console.print(table)
    if facts.refusal:
        console.print(f"[bold red]cannot be used:[/] {escape(facts.refusal)}")
    else:
        console.print(
            "Next: fieldproof model probe with labelled photos finds how it wants to be fed."
        )


def print_candidates(console: Console, found: Sequence[Candidate], written: Sequence[Path]) -> None:
    """The best card in full, and how the others fared."""
    best = found[0]
    unit = "signs" if best.false or best.frames != best.n else "frames"
    table = Table("colour", "resize", "scale", "equalise", "label order", "right", "share", "false")
    for candidate in found[:SHOWN]:
        given = candidate.card.input
        table.add_row(
            given.colour,
            given.resize,
            given.scale,
            "yes" if given.equalise else "no",
            candidate.order,
            f"{candidate.correct} of {candidate.n}",
            f"{candidate.accuracy:.1%}",
            str(candidate.false),
        )
    console.print(table)
    console.print(
        f"Of {len(found)} ways, the first in the table was taken: {best.correct} of {best.n} "
        f"{unit} right ({best.accuracy:.1%}) on {best.frames} frames."
    )
    if best.tied:
        console.print(f"As good within chance: {best.tied} more; the most usual of them was taken.")
    if best.n < FEW:
        console.print(
            f"[yellow]note:[/] {best.n} {unit} are too few to tell ways apart; "
            f"give at least {FEW} before you rely on this card."
        )
    if best.note:
        console.print(f"[yellow]note:[/] {escape(best.note)}")
    console.print(Syntax(best.card.to_toml(), "toml", background_color="default"))
    for path in written:
        console.print(f"  wrote {escape(str(path))}", soft_wrap=True)


def candidates_json(found: Sequence[Candidate]) -> list[dict[str, Any]]:
    """All candidates as plain data, best first."""
    return [
        {
            "card": c.card.model_dump(mode="json", by_alias=True),
            "order": c.order,
            "correct": c.correct,
            "n": c.n,
            "frames": c.frames,
            "note": c.note,
            "accuracy": c.accuracy,
            "false": c.false,
            "tied": c.tied,
        }
        for c in found
    ]


def _said(tensor: TensorFacts) -> str:
    shape = "x".join(map(str, tensor.shape))
    text = f"{tensor.name}: {tensor.dtype} {shape}"
    if tensor.scale is None:
        return text
    return f"{text}, real = {tensor.scale:.6g} * (stored - {tensor.zero_point})"

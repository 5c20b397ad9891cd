"""What the command's parts share: the terminal, options that several take, JSON output."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

console = Console()
complaints = Console(stderr=True)

ModelOption = Annotated[Path, typer.Option("--model", help="Model card (TOML) of the model.")]
SuiteOption = Annotated[
    str, typer.Option("--suite", help="Suite of conditions: a shipped one's name or a TOML file.")
]
SeedOption = Annotated[int, typer.Option("--seed", help="All randomness follows from it.")]
AliasOption = Annotated[
    list[str] | None,
    typer.Option(
        "--alias", help='Joins a data label to a model label: stop="stop sign". Repeatable.'
    ),
]
NamesOption = Annotated[
    Path | None, typer.Option("--data-labels", help="File that names the data's numeric ids.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
DataOption = Annotated[
    str, typer.Option("--data", help="Folder, CSV, COCO json, video, image, or drive_by:...")
]
LimitOption = Annotated[int | None, typer.Option("--limit", min=1, help="Use so many frames.")]


def print_json(value: Any) -> None:
    """Plain JSON on standard output, without colours or wrapping."""
    print(json.dumps(value, indent=1))

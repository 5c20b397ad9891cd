"""``report.html``: one self-contained page from results, trials and pictures."""

from __future__ import annotations

import importlib
import shlex
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from agent import __version__
from agent.errors import MissingExtra
from tools.evaluate.results import Results
from tools.evaluate.trials import TrialRow
from tools.report import wording
from tools.report.approaching import approach_rows, speeds_of
from tools.report.breaking import breaking_rows, conditions_by_kind
from tools.report.exhibit import Exhibit
from tools.report.gallery import hang
from tools.report.instead import instead_rows
from tools.report.slicing import property_tables
from tools.report.verdict import cautions, pronounce

CONTENT_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'"
)


def write_report(
    results: Results,
    trials: Sequence[TrialRow],
    exhibits: Sequence[Exhibit],
    out: Path,
    *,
    title: str = "",
    notes: Sequence[str] = (),
    command: str = "",
) -> None:
    """Write a report that opens offline, without scripts, in under 5 MB.

    ``trials`` and ``exhibits`` may be empty; ``notes`` are sentences beneath the verdict;
    ``command`` repeats the run (default: what the results tell of it). Raises ``MissingExtra``
    where matplotlib or Jinja are not installed, before anything is written.
    """
    page = render(results, trials, exhibits, title=title, notes=notes, command=command)
    part = out.with_name(f"{out.name}.part")
    part.write_text(page, encoding="utf-8")
    part.replace(out)  # a page that bears the name is whole


def render(
    results: Results,
    trials: Sequence[TrialRow],
    exhibits: Sequence[Exhibit],
    *,
    title: str = "",
    notes: Sequence[str] = (),
    command: str = "",
) -> str:
    """The page as text; see ``write_report``."""
    jinja2, figures = _extra("jinja2"), _extra("matplotlib", "tools.report.figures")
    # Strict and escaped: file names and labels come from outside, and none may become markup.
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tools.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=wording.percent,
        percent_range=wording.percent_range,
        severity=wording.severity,
        readable=wording.readable,
    )
    rows = breaking_rows(results)
    page = environment.get_template("page.html.j2").render(
        title=title or f"How {results.model.name} stands up to the world",
        policy=CONTENT_POLICY,
        results=results,
        verdict=pronounce(results, rows),
        cautions=cautions(results, trials),
        notes=notes,
        rows=rows,
        stages=figures.stage_figures(results),
        distances=figures.distance_figures(trials),
        groups=hang(exhibits),
        exhibits=len(exhibits),
        kinds=conditions_by_kind(results),
        approaches=approach_rows(results.system),
        speeds=speeds_of(results.system),
        reliability=figures.reliability_figure(results),
        instead=instead_rows(results),
        slices=property_tables(results.slices),
        facts=_provenance(results),
        command=command or _command(results),
    )
    return str(page)


def _extra(package: str, module: str = "") -> ModuleType:
    """A package of the extra ``report``, or our module that draws with it."""
    try:
        importlib.import_module(package)
    except ModuleNotFoundError:
        raise MissingExtra(package, "report", "The HTML report") from None
    return importlib.import_module(module or package)


def _command(results: Results) -> str:
    words = ["fieldproof", "evaluate", "--model", results.model.name, "--data", results.data.source]
    words += ["--suite", results.suite, "--seed", str(results.seed)]
    return shlex.join(words)


def _provenance(results: Results) -> list[tuple[str, list[tuple[str, Any]]]]:
    """Headed lists of (name, value) that say what was run, on what and by what."""
    model, data = results.model, results.data
    facts: list[tuple[str, list[tuple[str, Any]]]] = [
        (
            "Model",
            [
                ("name", model.name),
                ("kind", model.kind),
                ("SHA-256", model.sha256),
                ("targets", _shortened(model.targets)),
            ],
        ),
        (
            "Data and suite",
            [
                ("source", data.source),
                ("frames", data.frames),
                ("targets", data.targets),
                ("suite", results.suite),
                ("seed", results.seed),
                ("results", results.schema_),
                ("report by", f"fieldproof {__version__}"),
            ],
        ),
    ]
    if results.environment:
        facts.append(("Environment", list(results.environment.items())))
    if results.timing:
        times = [(name.replace("_", " "), f"{value:.4g}") for name, value in results.timing.items()]
        facts.append(("Timing", times))
    return facts


def _shortened(names: Sequence[str], most: int = 10) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")

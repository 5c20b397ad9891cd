"""``fieldproof bench``: speed, faithfulness and accuracy, measured here."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from tools.options import (
    AliasOption,
    DataOption,
    JsonOption,
    LimitOption,
    ModelOption,
    NamesOption,
    SeedOption,
    SuiteOption,
    complaints,
    console,
    print_json,
)

bench_app = typer.Typer(no_args_is_help=True, help="Speed and faithfulness, measured here.")


@bench_app.command("perturbations", epilog="Example: fieldproof bench perturbations fog sticker")
def bench_perturbations(
    kinds: Annotated[list[str] | None, typer.Argument(help="These only.", metavar="KIND")] = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="TFLite file that times are told against.")
    ] = None,
    imagecorruptions: Annotated[
        str,
        typer.Option(
            "--imagecorruptions",
            help="Compare with that package: a Python that has it, or the word install.",
        ),
    ] = "",
    speed: Annotated[bool, typer.Option(help="Time the kinds.")] = True,
    fidelity: Annotated[bool, typer.Option(help="Compare with exact operations.")] = True,
    accuracy: Annotated[
        Path | None,
        typer.Option("--accuracy", help="Card of a classifier: its accuracy in two columns."),
    ] = None,
    data: Annotated[str, typer.Option("--data", help="Labelled pictures for --accuracy.")] = "",
    data_labels: NamesOption = None,
    limit: LimitOption = 200,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where a goal is missed.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Time perturbations against references measured in the same run; check their faithfulness."""
    from tools.bench.command import Plan, bench, show
    from tools.evaluate.data import DataSpec
    from tools.progress import frames_bar

    spec = DataSpec(data, data_labels, limit) if data else None
    plan = Plan(tuple(kinds or ()), model, imagecorruptions, speed, fidelity, accuracy, spec)
    measured = bench(plan, lambda what: frames_bar(complaints, what, "steps"))
    print_json(measured.to_json()) if as_json else show(console, measured)
    if strict and not measured.met:
        raise typer.Exit(1)


@bench_app.command("evaluate", epilog="Example: fieldproof bench evaluate --model model.tflite")
def bench_evaluate(
    model: Annotated[Path, typer.Option("--model", help="Card, or the bare file of a classifier.")],
    data: Annotated[str, typer.Option("--data", help="Pictures; default: drawn ones.")] = "",
    suite: SuiteOption = "quick",
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where a goal is missed.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure how many pairs a second an evaluation makes, against what bare inference allows."""
    from tools.bench.throughput import measure, show
    from tools.evaluate.data import DataSpec
    from tools.progress import frames_bar

    spec = DataSpec(data) if data else None
    measured = measure(model, spec, lambda what: frames_bar(complaints, what), suite=suite)
    print_json(measured.to_json()) if as_json else show(console, measured)
    if strict and not measured.met:
        raise typer.Exit(1)


@bench_app.command(
    "search", epilog="Example: fieldproof bench search --model card.toml --data photos"
)
def bench_search(
    model: ModelOption,
    data: DataOption,
    suite: SuiteOption = "quick",
    seed: SeedOption = 0,
    limit: LimitOption = None,
    alias: AliasOption = None,
    data_labels: NamesOption = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where a goal is missed.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Hold searched breaking points against a grid of 41 severities; takes long."""
    from agent.assembly import Examiner
    from agent.vocabulary import parse_aliases
    from tools.bench.search import measure, show
    from tools.evaluate.data import DataSpec
    from tools.progress import frames_bar

    examiner = Examiner(model, suite, seed=seed, aliases=parse_aliases(alias or ()))
    with frames_bar(complaints, "Searching") as progress:
        measured = measure(examiner, DataSpec(data, data_labels, limit, seed), progress)
    print_json(measured.to_json()) if as_json else show(console, measured)
    if strict and not measured.met:
        raise typer.Exit(1)


@bench_app.command("telemetry", epilog="Example: fieldproof bench telemetry --model model.tflite")
def bench_telemetry(
    model: Annotated[
        Path, typer.Option("--model", help="TFLite file that CPU time is told against.")
    ],
    records: Annotated[
        int,
        typer.Option("--records", min=0, max=10_000_000, help="Trials sent for memory; 0: none."),
    ] = 1_000_000,
    offline: Annotated[
        int,
        typer.Option("--offline", min=0, max=10_000_000, help="Trials while the broker is away."),
    ] = 0,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where a goal is missed.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure what records cost from the outbox to the collector's store, and their memory."""
    from tools.bench.telemetry import measure, show
    from tools.progress import frames_bar

    bar = partial(frames_bar, complaints, unit="steps")
    measured = measure(model, bar, records=records, away=offline)
    print_json(measured.to_json()) if as_json else show(console, measured)
    if strict and not measured.met:
        raise typer.Exit(1)


@bench_app.command("agent", epilog="Example: fieldproof bench agent --model model.tflite")
def bench_agent(
    model: Annotated[Path, typer.Option("--model", help="Card, or the bare file of a classifier.")],
    budget: Annotated[
        float, typer.Option("--budget", min=0.01, max=1.0, help="Share of all cores to keep to.")
    ] = 0.25,
    seconds: Annotated[
        float, typer.Option("--seconds", min=10.0, help="How long to watch the budget.")
    ] = 120.0,
    frames: Annotated[
        int, typer.Option("--frames", min=0, help="Frames for growth of memory; 0: none.")
    ] = 10_000,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where a goal is missed.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure what the agent costs a device: import, memory, processor, disk, growth."""
    from tools.bench.agent import measure, show
    from tools.progress import frames_bar

    bar = partial(frames_bar, complaints, unit="steps")
    measured = measure(model, bar, budget=budget, seconds=seconds, frames=frames)
    print_json(measured.to_json()) if as_json else show(console, measured)
    if strict and not measured.met:
        raise typer.Exit(1)


@bench_app.command("corners", epilog="Example: fieldproof bench corners")
def bench_corners(
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Drives of each weather.")] = 3,
    as_json: JsonOption = False,
) -> None:
    """Measure how well a sign's corners are found, against distance and yaw, on drawn drives."""
    from dataclasses import asdict

    from tools.bench.corners import corners, show_corners
    from tools.bench.timing import one_thread

    with one_thread():
        rows = corners(seeds)
    print_json([asdict(row) for row in rows]) if as_json else show_corners(rows, console)


@bench_app.command("pages", epilog="Example: fieldproof bench pages --url http://127.0.0.1:8080")
def bench_pages(
    url: Annotated[str, typer.Option("--url", help="A dashboard that lets everybody in.")],
    requests: Annotated[int, typer.Option("--requests", min=1, help="For each sort of page.")] = 50,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where a goal is missed.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure how long a dashboard takes for each sort of its pages; goals 300 ms, p95 1 s."""
    from tools.bench.pages import measure, show
    from tools.progress import frames_bar

    with frames_bar(complaints, "Asking", "rounds") as progress:
        measured = measure(url, requests, progress)
    print_json(measured.to_json()) if as_json else show(console, measured)
    if strict and not measured.met:
        raise typer.Exit(1)


@bench_app.command("alerts", epilog="Example: fieldproof bench alerts --runs 200 --seeds 20")
def bench_alerts(
    runs: Annotated[int, typer.Option("--runs", min=10, help="Changes of each way.")] = 200,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Times 100,000 scenes.")] = 20,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where a goal is missed.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure how soon alerts tell of a fall of robustness, and how often wrongly; simulated."""
    from tools.bench.alerts import measure, show, to_json

    measured = measure(runs, seeds, lambda name: complaints.print(f"measuring: {name}"))
    print_json(to_json(measured)) if as_json else show(console, measured)
    if strict and not measured.met:
        raise typer.Exit(1)

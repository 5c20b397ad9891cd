"""The ``fieldproof`` command. What a command needs is imported when it is called."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from agent.errors import FieldproofError, OutputError, UsageError
from tools.alerts.app import alerts_app
from tools.archive.app import store_app
from tools.bench.app import bench_app
from tools.dashboard.command import dashboard_app
from tools.deploy.app import deploy_app
from tools.device.app import profiles_app
from tools.fleet.app import fleet_app
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

app = typer.Typer(
    name="fieldproof",
    help="Tells where a vision model on an edge device stops seeing what it must see.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
model_app = typer.Typer(no_args_is_help=True, help="What a model file is, and which card fits it.")
app.add_typer(model_app, name="model")
perturbations_app = typer.Typer(help="The catalogue of perturbations, and pictures of them.")
app.add_typer(perturbations_app, name="perturbations")
app.add_typer(alerts_app, name="alerts")
app.add_typer(bench_app, name="bench")
app.add_typer(dashboard_app, name="dashboard")
app.add_typer(deploy_app, name="deploy")
app.add_typer(profiles_app, name="profiles")
app.add_typer(store_app, name="store")
app.add_typer(fleet_app)


def main() -> None:
    """Run the command; a user's mistake ends with one sentence and its exit code.

    Anything else is a fault of Fieldproof's own: it is shown whole and ends with 70.
    """
    try:
        app()
    except FieldproofError as error:
        complaints.print(f"[bold red]error:[/] {escape(error.message)}", soft_wrap=True)
        if error.remedy:
            complaints.print(f"[bold]  try:[/] {escape(error.remedy)}", soft_wrap=True)
        sys.exit(error.exit_code)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        complaints.print(f"[bold red]error:[/] {escape(f'{error.strerror or error}{where}')}")
        complaints.print("[bold]  try:[/] Check that there is space, and that you may write there.")
        sys.exit(OutputError.exit_code)
    except KeyboardInterrupt:
        complaints.print("stopped")
        sys.exit(130)
    except Exception:
        complaints.print_exception()
        complaints.print("[bold red]This is a fault in Fieldproof itself, not in what you did.[/]")
        sys.exit(FieldproofError.exit_code)


def _version(wanted: bool) -> None:
    if wanted:
        from agent import __version__

        print(f"fieldproof {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print and end.")
    ] = False,
) -> None:
    """Options of all commands."""


@app.command(epilog="Example: fieldproof evaluate --model card.toml --data photos --suite quick")
def evaluate(
    model: ModelOption,
    data: DataOption,
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.")] = Path(
        "fieldproof-out"
    ),
    suite: SuiteOption = "quick",
    seed: SeedOption = 0,
    limit: LimitOption = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", min=1, max=256, help="Processes (default: this machine's profile's)."
        ),
    ] = None,
    threads: Annotated[int, typer.Option("--threads", min=1, help="TFLite threads each.")] = 1,
    strategy: Annotated[
        str,
        typer.Option(
            "--strategy",
            help="grid, breaking_point, sequential:claim=flip_rate<0.10@0.4, coverage:budget=2000",
        ),
    ] = "grid",
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start anew where an interrupted one could go on.")
    ] = False,
    vote: Annotated[
        str, typer.Option("--vote", help="Frames of a video that confirm a sign: K/N, such as 3/5.")
    ] = "3/5",
    speed: Annotated[
        list[float] | None,
        typer.Option("--speed", help="Stop in time at this many km/h? Repeatable."),
    ] = None,
    alias: AliasOption = None,
    data_labels: NamesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Evaluate a model on recorded, labelled data, clean and under a suite of conditions."""
    from agent.assembly import Examiner
    from agent.vocabulary import parse_aliases
    from tools.device.profiles import usual_workers
    from tools.evaluate.data import DataSpec
    from tools.evaluate.evaluation import evaluate as run
    from tools.evaluate.tables import print_outcome
    from tools.evaluate.vehicle import parse_vehicle
    from tools.progress import frames_bar

    examiner = Examiner(
        model, suite, strategy, seed=seed, aliases=parse_aliases(alias or ()), threads=threads
    )
    spec = DataSpec(data, data_labels, limit, seed)
    with frames_bar(complaints, "Evaluating") as progress:
        outcome = run(
            examiner,
            spec,
            out,
            workers=workers or usual_workers(),
            command=this_command(),
            progress=progress,
            fresh=fresh,
            vehicle=parse_vehicle(vote, speed),
            say=lambda text: complaints.print(escape(text)),
        )
    if as_json:
        from tools.evaluate.results import to_json

        print_json(to_json(outcome.results))
    else:
        print_outcome(console, outcome)


@model_app.command("inspect", epilog="Example: fieldproof model inspect model.tflite")
def model_inspect(file: Path, as_json: JsonOption = False) -> None:
    """Print what a model file is: inputs, outputs, quantisation, labels, and its likely kind."""
    from tools.model.inspect import inspect
    from tools.model.tables import print_facts

    facts = inspect(file)
    print_json(facts.model_dump(mode="json")) if as_json else print_facts(console, facts)


@model_app.command("probe", epilog="Example: fieldproof model probe model.tflite --data photos")
def model_probe(
    file: Path,
    data: DataOption,
    labels: Annotated[
        Path | None, typer.Option("--labels", help="The model's labels, one per line.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Overrules the guess from the outputs.")
    ] = None,
    target: Annotated[
        list[str] | None, typer.Option("--target", help="Label of interest. Repeatable.")
    ] = None,
    alias: AliasOption = None,
    data_labels: NamesOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Use so many frames.")] = 400,
    seed: SeedOption = 0,
    out: Annotated[Path | None, typer.Option("--out", help="Write the best card here.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Try colour orders, scales, resizes and label orders; print the card that fits best."""
    from agent.vocabulary import parse_aliases
    from tools.evaluate.data import DataSpec
    from tools.model.probe import probe
    from tools.model.sample import shuffled
    from tools.model.tables import candidates_json, print_candidates
    from tools.progress import frames_bar

    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
    with frames_bar(complaints, "Probing") as progress:
        found = probe(
            file,
            shuffled(DataSpec(data, data_labels, None, seed).open(), seed),
            labels=labels,
            kind=kind,
            targets=target or (),
            aliases=parse_aliases(alias or ()),
            limit=limit,
            progress=progress,
        )
    written = found[0].write(out) if out else ()
    if as_json:
        print_json(candidates_json(found))
    else:
        print_candidates(console, found, written)


@perturbations_app.callback(invoke_without_command=True)
def perturbations(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the perturbations: stage, kind, and what their severities mean in units."""
    from tools.preview.command import print_catalogue

    if context.invoked_subcommand is None:
        print_catalogue(console, as_json)


@perturbations_app.command(
    "preview", epilog="Example: fieldproof perturbations preview fog --image photo.png"
)
def preview(
    what: Annotated[str, typer.Argument(metavar="KIND|SUITE")],
    image: Annotated[
        str, typer.Option("--image", help="A photo, labelled ones, or a camera: draws a sheet.")
    ] = "",
    video: Annotated[
        str, typer.Option("--video", help="A video, or drive_by: makes a clip, clean beside it.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write: sheet.png or clip.mp4.")
    ] = None,
    severity: Annotated[
        list[float] | None, typer.Option("--severity", help="Column. Repeatable.")
    ] = None,
    region: Annotated[
        str | None,
        typer.Option("--region", help="The sign in the photo, px: left,top,right,bottom."),
    ] = None,
    seed: SeedOption = 0,
    limit: LimitOption = None,
) -> None:
    """Draw a contact sheet of a kind, or of a suite's kinds, over severities; or make a clip."""
    from tools.preview.command import parse_region, write_sheet, write_video
    from tools.progress import frames_bar

    if bool(image) == bool(video):
        raise UsageError(
            "A preview is drawn on one picture or on one video.",
            remedy="Give either --image photo.png or --video clip.mp4 (drive_by works for both).",
        )
    box = parse_region(region) if region else None
    if image:
        columns = severity or [0.25, 0.5, 0.75, 1.0]
        made = write_sheet(what, image, out or Path("sheet.png"), columns, seed, box)
    else:
        with frames_bar(complaints, "Drawing") as progress:
            strength, clip = (severity or [0.7])[0], out or Path("clip.mp4")
            made = write_video(what, video, clip, strength, seed, box, limit, progress)
    console.print(f"wrote {escape(str(made))}")


# The device's and the server's commands keep their own parsers, because they also run where Typer
# is not installed; their options are declared there and nowhere else.
AS_IT_IS = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command(context_settings=AS_IT_IS, add_help_option=False)
def run(context: typer.Context) -> None:
    """Run the agent on a camera and send what it finds; `fieldproof run --help` for options."""
    from agent.__main__ import main as device

    raise typer.Exit(device(["run", *context.args], prog="fieldproof"))


@app.command("install-service", context_settings=AS_IT_IS, add_help_option=False)
def install_service(context: typer.Context) -> None:
    """Write a systemd unit for the agent; `fieldproof install-service --help` for options."""
    from agent.__main__ import main as device

    raise typer.Exit(device(["install-service", *context.args], prog="fieldproof"))


@app.command(context_settings=AS_IT_IS, add_help_option=False)
def health(context: typer.Context) -> None:
    """Whether the agent on this machine gets on; `fieldproof health --help` for options."""
    from agent.service.health import main as look

    raise typer.Exit(look(context.args, prog="fieldproof health"))


@app.command(
    epilog="Example: fieldproof command lab/pi-1 suite --suite weather --broker mqtt://127.0.0.1"
)
def command(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="SITE/DEVICE, or DEVICE alone.")],
    name: Annotated[str, typer.Argument(help="pause, resume, suite, budget, evidence, report")],
    broker: Annotated[str, typer.Option("--broker", help="mqtt://host:1883 or mqtts://...:8883")],
    suite: Annotated[str | None, typer.Option("--suite", help="For suite: a shipped one.")] = None,
    cpu_share: Annotated[
        float | None, typer.Option("--cpu-share", help="For budget: of all cores, 0 to 1.")
    ] = None,
    wait: Annotated[
        float, typer.Option("--wait", min=1, max=3600, help="s for the reply; then it expires.")
    ] = 30.0,
    ca_file: Annotated[Path | None, typer.Option("--ca-file")] = None,
    cert_file: Annotated[Path | None, typer.Option("--cert-file")] = None,
    key_file: Annotated[Path | None, typer.Option("--key-file")] = None,
    password_file: Annotated[Path | None, typer.Option("--password-file")] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell a device to do something, and wait for its reply; 1 where it does not do it."""
    from agent.telemetry.link import Address
    from tools.command import make_command, print_reply, send

    address = Address.parse(
        broker,
        ca_file=ca_file,
        cert_file=cert_file,
        key_file=key_file,
        password_file=password_file,
    )
    site, asked = make_command(device, name, wait, suite=suite, cpu_share=cpu_share)
    reply = send(address, site, asked, wait)
    print_reply(console, reply, as_json)
    raise typer.Exit(int(reply.outcome != "done"))


@app.command(context_settings=AS_IT_IS, add_help_option=False)
def doctor(context: typer.Context) -> None:
    """Say what is wrong with this device's set-up; `fieldproof doctor --help` for options."""
    from agent.doctor._command import main as look

    raise typer.Exit(look(context.args, "fieldproof doctor"))


@app.command(context_settings=AS_IT_IS, add_help_option=False)
def collect(context: typer.Context) -> None:
    """Receive and store records; `fieldproof collect --help` for options."""
    from tools.collector.__main__ import main as collector

    raise typer.Exit(collector(context.args, prog="fieldproof collect"))


@app.command(epilog="Example: fieldproof status --store sqlite:///fieldproof.db")
def status(
    store: Annotated[str, typer.Option("--store", help="sqlite:///path or postgresql://...")],
    as_json: JsonOption = False,
) -> None:
    """List the devices of a store: last seen, rows, gaps declared and not, clocks."""
    from tools.status.command import print_status, status_json

    print_json(status_json(store)) if as_json else print_status(console, store)


@app.command(epilog="Example: fieldproof schema --out schema")
def schema(
    out: Annotated[Path, typer.Option("--out", help="Folder for the documents.")] = Path("schema"),
) -> None:
    """Write the wire contract: JSON Schemas of messages and records, and an AsyncAPI document."""
    from tools.schema import write_documents

    console.print(f"wrote {len(write_documents(out))} documents to {escape(str(out))}")


@app.command(epilog="Example: fieldproof report --store sqlite:///fieldproof.db")
def report(
    store: Annotated[str, typer.Option("--store", help="sqlite:///path or postgresql://...")],
    session: Annotated[
        str | None,
        typer.Option("--session", help="Its id or a beginning of it; default: the last."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The page to write.")] = Path("report.html"),
) -> None:
    """Make a report of a stored session."""
    from tools.report.stored import report_session

    results = report_session(store, session, out, this_command())
    console.print(
        f"{escape(results.model.name)}: {results.data.frames} frames, wrote {escape(str(out))}"
    )


@app.command(epilog="Example: fieldproof demo --out fieldproof-out/demo")
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for store and report.")] = Path(
        "fieldproof-out/demo"
    ),
    seed: SeedOption = 7,
    embedded_broker: Annotated[
        bool, typer.Option("--embedded-broker", help="Even where mosquitto is installed.")
    ] = False,
) -> None:
    """Show the whole thing on one machine, from a synthetic drive to the report."""
    from tools.demo.drive import demonstrate

    demonstrate(console, out, seed, embedded=embedded_broker)


@app.command(epilog="Example: fieldproof compare a.toml b.toml --data photos --suite quick")
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="Model card of the reference.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Model card that is compared with it.")],
    data: DataOption,
    out: Annotated[Path, typer.Option("--out", help="Folder for the comparison.")] = Path(
        "fieldproof-out/compare"
    ),
    suite: SuiteOption = "quick",
    seed: SeedOption = 0,
    limit: LimitOption = None,
    threads: Annotated[int, typer.Option("--threads", min=1, help="TFLite threads each.")] = 1,
    alias: AliasOption = None,
    data_labels: NamesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two models on the same frames, conditions and seeds, target by target."""
    from agent.assembly import Examiner
    from agent.vocabulary import parse_aliases
    from tools.compare.command import compare as run
    from tools.compare.comparison import to_json
    from tools.compare.tables import print_outcome
    from tools.evaluate.data import DataSpec
    from tools.progress import frames_bar

    aliases = parse_aliases(alias or ())
    first, second = (
        Examiner(card, suite, seed=seed, aliases=aliases, threads=threads) for card in (a, b)
    )
    spec = DataSpec(data, data_labels, limit, seed)
    with frames_bar(complaints, "Comparing") as progress:
        outcome = run(first, second, spec, out, command=this_command(), progress=progress)
    print_json(to_json(outcome.comparison)) if as_json else print_outcome(console, outcome)


@app.command(epilog="Example: fieldproof gate --policy stop_sign fieldproof-out --junit gate.xml")
def gate(
    results: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with results.json.")],
    policy: Annotated[
        str, typer.Option("--policy", help="A shipped policy's name or a TOML file.")
    ],
    baseline: Annotated[
        Path | None, typer.Option("--baseline", help="Results that regressions are told from.")
    ] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML here.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Judge results by a policy: exit 0 where it is kept, 1 where it is broken."""
    from tools.gate.junit import write_junit
    from tools.gate.tables import print_verdict
    from tools.gate.verdict import gate as judge

    verdict = judge(policy, results, baseline)
    if junit:
        write_junit(verdict, junit)
    print_json(verdict.to_json()) if as_json else print_verdict(console, verdict)
    if not verdict.kept:
        raise typer.Exit(1)


def this_command() -> str:
    """The command line that repeats this run."""
    return shlex.join(["fieldproof", *sys.argv[1:]])


if __name__ == "__main__":
    main()

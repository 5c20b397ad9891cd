"""``fieldproof demo``: camera, model, perturbations, MQTT, collector, store and report at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from agent.assembly import Examiner
from agent.cameras._open import open_camera
from agent.errors import FieldproofError
from agent.profile import detect, load_profile
from agent.run import Run, RunPlan
from agent.session import Examination
from agent.telemetry.link import Address
from agent.values import Frame
from tools.broker import local_broker
from tools.evaluate.evaluation import make_folder, write_json
from tools.evaluate.gallery import Gallery, exhibit
from tools.evaluate.results import Results
from tools.evaluate.tables import severity_table
from tools.report.exhibit import Exhibit
from tools.report.stored import choose, write_stored
from tools.stores import open_store

CARD: Final = Path(__file__).parent / "model" / "stop_sign.toml"
CAMERA: Final = "drive_by:distance=40,fps=12"
SUITE: Final = "demo"
COLLECTOR_S: Final = 20.0


def demonstrate(console: Console, out: Path, seed: int, *, embedded: bool = False) -> Results:
    """Drive towards a stop sign and report. Writes store, results and report into ``out``.

    ``embedded`` takes the broker in Python even where mosquitto is installed. Raises
    ``MissingExtra`` where there is no broker or no chart library.
    """
    make_folder(out)
    place = f"sqlite:///{out / 'fieldproof.db'}"
    with local_broker(kind="amqtt" if embedded else "") as broker:
        console.print(f"broker     {broker.name} at {broker.url}")
        with _collector(broker.url, place, out / "collector.log"):
            console.print(f"collector  a process of its own, storing into {escape(place)}")
            run, gallery = _run(console, broker.url, out, seed)
    with open_store(place) as store:
        session = choose(list(store.sessions()), run.session_id, place)
        results = write_stored(
            store, session, out / "report.html", "fieldproof demo", _exhibits(gallery, run)
        )
    write_json(out / "results.json", results)
    _print(console, results, session["trials_counted"], session["trials_stored"], out)
    return results


@contextmanager
def _collector(broker: str, store: str, log: Path) -> Iterator[None]:
    """The collector as a process of its own, as on a server; what it says goes into ``log``."""
    command = [sys.executable, "-m", "tools.collector", "--broker", broker, "--store", store]
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(COLLECTOR_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _run(console: Console, broker: str, out: Path, seed: int) -> tuple[Run, Gallery]:
    profile = load_profile(detect())
    # Nobody waits for a device's own work here.
    budgets = profile.budgets.model_copy(update={"cpu_share": 1.0, "max_fps": 0.0})
    profile = profile.model_copy(update={"budgets": budgets})
    run = Run(
        RunPlan(
            Examiner(CARD, SUITE, seed=seed, sensor=profile.sensor.value()),
            profile,
            CAMERA,
            Address.parse(broker),
            out / "state",
            site="demo",
        )
    )
    gallery = Gallery()
    with open_camera(CAMERA) as camera:
        count = len(camera)
    console.print(f"agent      {CARD.stem} on a drive of {count} frames towards a stop sign")
    columns = (
        TextColumn("           {task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} frames"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("driving", total=count)

        def watch(run: Run, frame: Frame, seen: Examination) -> None:
            gallery.add(frame.index, seen)
            bar.update(task, advance=1, description=_distance(frame))

        report = run.go(watch)
    if report.waiting:
        raise FieldproofError(
            f"{report.waiting} records have not reached the store: {report.trouble}",
            remedy=f"See {out / 'collector.log'}.",
        )
    return run, gallery


def _distance(frame: Frame) -> str:
    things = frame.truth.objects if frame.truth else ()
    if not things or things[0].distance_m is None:
        return "driving"
    return f"{things[0].distance_m:4.0f} m to go"


def _exhibits(gallery: Gallery, run: Run) -> list[Exhibit]:
    with open_camera(CAMERA) as camera:
        frames = {frame.index: frame for frame in camera.frames()}
    choices = gallery.choices()
    return [exhibit(frames[c.position], c, run.session) for c in choices]


def _print(console: Console, results: Results, counted: int, stored: int, out: Path) -> None:
    clean = results.clean
    console.print(severity_table(results))
    console.print(
        f"On clean frames the sign is seen in {clean.correct} of {clean.n} frames.\n"
        f"The agent counted {counted} trials; {stored} are in the store, each once.\n"
        f"Report: [bold]{escape(str((out / 'report.html').resolve()))}[/]\n"
        f"Dashboard: {escape(f'fieldproof dashboard --store sqlite:///{out}/fieldproof.db')}",
        soft_wrap=True,
    )

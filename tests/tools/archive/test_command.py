"""A store's tables are exported as they are, harmlessly, and the command prunes and rebuilds."""

from __future__ import annotations

import base64
import csv
import json
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from agent.errors import DataError, FieldproofError, UsageError
from agent.record import EvidenceRecord, GapRecord, HealthRecord, Record
from tests.tools.stores.rows import PI, batch, end, start, trial
from tools.archive import files
from tools.archive.command import export_table, moment
from tools.archive.tables import TABLES
from tools.cli import app
from tools.stores import open_store

CONSOLE = Console(quiet=True)
HOSTILE = '=HYPERLINK("http://x","y")'


@pytest.fixture
def filled(store_url: str) -> str:
    """A store with each kind of row, and hostile text in it."""
    picture = base64.b64encode(b"jpeg").decode()
    shown = EvidenceRecord(
        session="s1",
        frame=0,
        clip=HOSTILE,
        target="stop sign",
        condition="fog",
        severity=0.5,
        width_px=3,
        height_px=2,
        clean=picture,
        perturbed=picture,
    )
    rows: dict[int, Record] = {
        1: start(),
        2: trial(0).model_copy(update={"clip": HOSTILE, "level": -3}),
        3: shown,
        4: HealthRecord(session="s1", readings={"fps": -9.5, "temperature_c": 40.0}),
        5: GapRecord(epoch="e0", first=1, last=9, rows=9, trials=8, why="@full"),
        6: end(1),
    }
    with open_store(store_url) as store:
        store.store(batch(rows))
        store.store(batch({1: trial(7, "s2")}, stream=PI._replace(site="road", device="car")))
    return store_url


def exported(url: str, table: str, out: Path, **given: str) -> list[dict[str, Any]]:
    count = export_table(CONSOLE, url, table, out, **given)
    if out.suffix == ".csv":
        with out.open(newline="", encoding="utf-8") as file:
            rows: list[dict[str, Any]] = list(csv.DictReader(file))
    else:
        rows = pytest.importorskip("pyarrow.parquet").read_table(out).to_pylist()
    assert len(rows) == count
    assert not list(out.parent.glob("*.part"))
    return rows


def test_parquet_holds_trials_as_they_are(filled: str, tmp_path: Path) -> None:
    first, second = exported(filled, "trials", tmp_path / "t.parquet")
    assert (first["site"], first["device"], first["epoch"], first["seq"]) == ("lab", "pi", "e1", 2)
    assert (first["clip"], first["level"], first["distance_m"]) == (HOSTILE, -3, None)
    assert (first["clean_seen"], first["flip"], first["severity"]) == (True, True, 0.5)
    assert json.loads(first["parts"]) == [["fog", 0.5], ["rain", 0.25]]
    assert abs(first["at_ms"] - time.time() * 1000) < 600_000
    assert (second["device"], second["frame"]) == ("car", 7)


def test_csv_holds_no_formula(filled: str, tmp_path: Path) -> None:
    first, _ = exported(filled, "trials", tmp_path / "t.csv")
    assert (first["clip"], first["level"], first["distance_m"]) == (f"'{HOSTILE}", "-3", "")
    (gap,) = exported(filled, "gaps", tmp_path / "g.csv")
    assert (gap["why"], gap["rows"], gap["epoch"]) == ("'@full", "9", "e0")
    fps, warm = exported(filled, "health", tmp_path / "h.csv")
    assert (fps["name"], fps["value"], warm["value"]) == ("fps", "-9.5", "40.0")


@pytest.mark.parametrize("table", sorted(TABLES))
@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_every_table_is_exported_with_all_its_columns(
    filled: str, tmp_path: Path, table: str, ending: str
) -> None:
    rows = exported(filled, table, tmp_path / f"out{ending}")
    assert list(rows[0]) == list(TABLES[table].columns)
    assert len(rows) == {"trials": 2, "sums": 2, "health": 2}.get(table, 1)


def test_sums_sessions_and_evidence_say_what_the_store_does(filled: str, tmp_path: Path) -> None:
    (_, car) = exported(filled, "sums", tmp_path / "s.parquet")
    assert (car["device"], car["n"], car["model"], car["level"]) == ("car", 1, None, None)
    (session,) = exported(filled, "sessions", tmp_path / "e.parquet")
    assert (session["trials_counted"], session["trials_stored"], session["why"]) == (1, 1, "done")
    (shown,) = exported(filled, "evidence", tmp_path / "v.parquet")
    assert (shown["clean_label"], shown["flip"], shown["model_sha256"]) == ("stop sign", True, "ab")


def test_an_export_is_restricted_by_sender_and_time(filled: str, tmp_path: Path) -> None:
    out = tmp_path / "t.csv"
    assert [row["device"] for row in exported(filled, "trials", out, site="road")] == ["car"]
    assert exported(filled, "trials", out, site="lab", device="x") == []
    assert len(exported(filled, "trials", out, since="2h")) == 2
    assert exported(filled, "trials", out, until="2h") == []


def test_what_cannot_be_exported_is_told_and_leaves_no_file(
    filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for table, out, given in (
        ("colours", "t.csv", {}),
        ("trials", "t.xlsx", {}),
        ("trials", "t.csv", {"since": "yesterday"}),
        ("trials", "t.csv", {"device": "pi"}),
    ):
        with pytest.raises(UsageError):
            export_table(CONSOLE, filled, table, tmp_path / out, **given)
    with pytest.raises(FieldproofError) as missing:
        export_table(CONSOLE, f"{tmp_path}/none.db", "trials", tmp_path / "t.csv")
    assert isinstance(missing.value, DataError)

    def broken(value: Any, kind: Any) -> Any:
        raise OSError("disk full")

    monkeypatch.setattr(files, "_plain", broken)
    with pytest.raises(OSError, match="disk full"):
        export_table(CONSOLE, filled, "trials", tmp_path / "t.csv")
    assert not list(tmp_path.glob("t.*"))


def test_times_are_iso_or_ages_and_utc() -> None:
    assert moment("") is None
    assert moment("1970-01-02") == 86_400_000
    assert moment("1970-01-01T02:00") == moment("1970-01-01T03:00+01:00") == 7_200_000
    assert abs((moment("7d") or 0) - (time.time() - 7 * 86_400) * 1000) < 60_000


def run(*words: str) -> str:
    done = CliRunner().invoke(app, ["store", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_exports_prunes_and_rebuilds(filled: str, tmp_path: Path) -> None:
    out = tmp_path / "h.csv"
    assert "2 rows of health" in run(
        "export", "--store", filled, "--table", "health", "--out", str(out)
    )
    assert out.is_file()
    pruned = json.loads(run("prune", "--store", filled, "--health-days", "0", "--json"))
    assert pruned == {"health": 1}
    assert "none" in run("prune", "--store", filled, "--evidence-days", "5")
    assert "anew" in run("rebuild", "--store", filled)
    with pytest.raises(UsageError, match="Nothing"):
        run("prune", "--store", filled)

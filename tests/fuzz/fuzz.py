"""``make fuzz``: bytes guided by coverage (atheris) against every parser, one after another.

``python tests/fuzz/fuzz.py --runs 150000 [--target batch] [--out FOLDER]`` prints a table: inputs,
seconds, edges covered, memory at the start and at its peak. Exit 1 where a parser raised what it
should not, hung for more than 10 s, or took more than 1 GB; the input is then kept in the folder.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

HANG_S = 10
MEMORY_MB = 1024


def feed(name: str, runs: int, folder: Path, seed: int) -> None:
    """Fuzz one target in this process, which libFuzzer ends."""
    import atheris

    with atheris.instrument_imports(include=["agent", "tools.gate", "tomllib", "tomli", "json"]):
        from targets import TARGETS, read

    target = TARGETS[name]
    corpus = folder / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, good in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(good)
    longest = max(target.max_len, *(path.stat().st_size for path in corpus.iterdir()))
    words = folder / "words.txt"
    words.write_text(_dictionary(target.seeds()))
    options = [
        f"-runs={runs}", f"-seed={seed}", f"-max_len={longest}", f"-timeout={HANG_S}",
        f"-rss_limit_mb={MEMORY_MB}", f"-dict={words}", f"-artifact_prefix={folder}/{name}-",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(corpus)], lambda data: void(read(target, data)))
    atheris.Fuzz()


def void(_: object) -> None:
    """libFuzzer takes anything but None for a wish to drop the input."""


def _dictionary(seeds: list[bytes]) -> str:
    """The words of the seeds, as libFuzzer reads them."""
    words = {word for seed in seeds for word in re.findall(rb"[A-Za-z_][A-Za-z_./0-9]{1,30}", seed)}
    marks = [b'"', b"[[", b"]]", b"{", b"}", b"NaN", b"nan", b"inf", b"1e999", b"\\ud800"]
    shown = [json.dumps(word.decode("ascii"))[1:-1] for word in sorted(words | set(marks))]
    return "".join(f'"{word}"\n' for word in shown)


def outcome(name: str, runs: int, folder: Path, seed: int) -> dict[str, object]:
    """Fuzz one target in a child process; the figures that libFuzzer tells."""
    command = [sys.executable, __file__, "--child", name, "--runs", str(runs), "--seed", str(seed)]
    start = time.monotonic()
    command += ["--out", str(folder)]
    with (folder / f"{name}.log").open("wb") as log:
        done = subprocess.run(command, stdout=log, stderr=log, check=False)
    said = (folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
    memory = [int(size) for size in re.findall(r"rss: (\d+)Mb", said)] or [0]
    covered = [int(edges) for edges in re.findall(r" cov: (\d+) ", said)] or [0]
    ran = re.findall(r"^(?:Done |#)(\d+)\b", said, flags=re.MULTILINE) or ["0"]
    return {
        "target": name,
        "inputs": int(ran[-1]),
        "seconds": round(time.monotonic() - start, 1),
        "edges": covered[-1],
        "rss_first_mb": memory[0],
        "rss_peak_mb": max(memory),
        "finding": done.returncode != 0,
    }


def main() -> int:
    """Fuzz the targets asked for, one at a time; 1 where there is a finding."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=150_000, help="inputs per target")
    options.add_argument("--target", action="append", default=[], help="default: all. Repeatable.")
    options.add_argument("--out", type=Path, help="keep corpus, logs and findings here")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--child", default="", help=argparse.SUPPRESS)
    given = options.parse_args()
    folder = given.out or Path(tempfile.mkdtemp(prefix="fieldproof-fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    if given.child:
        feed(given.child, given.runs, folder, given.seed)
    from targets import TARGETS

    found = False
    for name in given.target or TARGETS:
        figures = outcome(name, given.runs, folder, given.seed)
        found = found or bool(figures["finding"])
        print(json.dumps(figures), flush=True)
    print(f"corpus, logs and findings: {folder}")
    return int(found)


if __name__ == "__main__":
    sys.exit(main())

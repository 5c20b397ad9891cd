"""A Python is judged by what its packages have wheels for."""

from __future__ import annotations

import pytest

from agent.doctor import Host, Plan
from agent.doctor.python import Python, libc


def test_the_python_that_runs_this_is_fine(host: Host) -> None:
    (finding,) = Python().examine(Plan(), host, {})
    assert finding.verdict == "ok"
    assert libc() >= (2, 17)


@pytest.mark.parametrize(
    ("version", "machine", "bits", "glibc", "verdict", "said"),
    [
        ((3, 11), "aarch64", 64, (2, 36), "ok", "64 bit"),
        ((3, 9), "aarch64", 64, (2, 36), "failure", "3.9 is not among 3.10 to 3.13"),
        ((3, 14), "x86_64", 64, (2, 36), "failure", "3.14 is not among"),
        ((3, 11), "aarch64", 64, (2, 31), "failure", "glibc 2.34"),
        ((3, 11), "x86_64", 64, (2, 31), "ok", "glibc 2.31"),
        ((3, 11), "x86_64", 64, (), "failure", "need glibc"),
        ((3, 11), "aarch64", 32, (2, 36), "warning", "32 bits on a 64-bit kernel"),
        ((3, 12), "armv7l", 32, (2, 36), "failure", "no TFLite runtime"),
    ],
)
def test_versions_machines_and_c_libraries(
    version: tuple[int, int],
    machine: str,
    bits: int,
    glibc: tuple[int, ...],
    verdict: str,
    said: str,
) -> None:
    finding = Python().judge(version, machine, bits, glibc)
    assert (finding.verdict, said in finding.text) == (verdict, True), finding.text
    assert bool(finding.mend) == (verdict != "ok")
    assert finding.code == (78 if verdict == "failure" else 0)

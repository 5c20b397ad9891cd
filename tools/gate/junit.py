"""A verdict as JUnit XML, in the form that GitLab's and Jenkins' readers agree on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from tools.gate.judge import Ruling
from tools.gate.tables import explanation
from tools.gate.verdict import Verdict

# What XML 1.0 (section 2.2) has no way to write.
_UNWRITABLE: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(verdict: Verdict, path: Path) -> None:
    """Write a test case per rule: failed where it breaks the policy, skipped where it is unsure
    and that is allowed. ``OSError`` where the file cannot be written.
    """
    path.write_bytes(junit(verdict))


def junit(verdict: Verdict) -> bytes:
    """The XML, UTF-8."""
    counts = {
        "tests": str(len(verdict.rulings)),
        "failures": str(sum(map(verdict.breaks, verdict.rulings))),
        "errors": "0",
        "skipped": str(sum(_skipped(verdict, ruling) for ruling in verdict.rulings)),
        "time": "0",
    }
    top = ElementTree.Element("testsuites", {"name": "fieldproof gate", **counts})
    suite = ElementTree.SubElement(top, "testsuite", {"name": _plain(verdict.policy), **counts})
    for number, ruling in enumerate(verdict.rulings, 1):
        _case(suite, verdict, ruling, number)
    ElementTree.indent(top)
    return bytes(ElementTree.tostring(top, encoding="utf-8", xml_declaration=True)) + b"\n"


def _case(suite: ElementTree.Element, verdict: Verdict, ruling: Ruling, number: int) -> None:
    """One rule. Numbered: readers take cases of one name for one case."""
    name = f"{number}. {ruling.rule}: {ruling.demand}"
    named = {"classname": f"fieldproof.gate.{verdict.policy}", "name": name, "time": "0"}
    case = ElementTree.SubElement(suite, "testcase", {k: _plain(v) for k, v in named.items()})
    said = _plain(explanation(ruling))
    if verdict.breaks(ruling):
        found = ElementTree.SubElement(case, "failure", {"type": ruling.answer, "message": said})
        found.text = _plain(f"{ruling.demand}: {said}")
    elif _skipped(verdict, ruling):
        ElementTree.SubElement(case, "skipped", {"message": said})
    else:
        ElementTree.SubElement(case, "system-out").text = said


def _skipped(verdict: Verdict, ruling: Ruling) -> bool:
    return ruling.answer == "unsure" and not verdict.breaks(ruling)


def _plain(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)

"""Bad combinations are told from the installed packages' records alone."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import pytest

from agent.doctor.packages import LITERT, VARIABLE, Packages, installed, parts, used
from agent.models import _runtime

GOOD = {
    "numpy": "1.26.4",
    "opencv-python": "4.11.0.86",
    "paho-mqtt": "2.1.0",
    "pydantic": "2.8.2",
    "tflite-runtime": "2.14.0",
    "tomli": "2.0.1",
}


def verdicts(found: Mapping[str, str], forced: str = "") -> list[tuple[str, str]]:
    return [(f.verdict, f.name) for f in Packages().judge(found, forced)]


def test_what_is_installed_here_goes_together() -> None:
    assert verdicts(installed()) == [("ok", "packages")]


def test_a_good_set_is_said_with_the_runtime_in_use() -> None:
    (finding,) = Packages().judge(GOOD)
    assert "models run on tflite-runtime 2.14.0" in finding.text
    (finding,) = Packages().judge({**GOOD, LITERT: "2.0.2"})
    assert "models run on ai-edge-litert 2.0.2" in finding.text, "two runtimes are fine"
    assert used({**GOOD, LITERT: "2.0.2"}, "tflite") == "tflite-runtime 2.14.0"


@pytest.mark.parametrize(
    ("change", "expected", "mend"),
    [
        ({"numpy": "2.2.6"}, ("failure", "runtime"), "'numpy<2' 'opencv-python<4.12'"),
        (
            {"opencv-python-headless": "4.11.0.86"},
            ("warning", "opencv"),
            "uninstall -y opencv-python opencv-python-headless && ",
        ),
        ({"pydantic": "1.10.2"}, ("failure", "pydantic"), "--upgrade 'pydantic>=2.8'"),
        ({"paho-mqtt": "1.6.1"}, ("failure", "paho-mqtt"), "--upgrade 'paho-mqtt>=2.1'"),
        ({"opencv-python": "4.12.0.88"}, ("warning", "opencv"), "'opencv-python<4.12'"),
    ],
    ids=["numpy 2 beside tflite-runtime", "two OpenCVs", "pydantic 1", "paho 1", "OpenCV 4.12"],
)
def test_known_bad_combinations_and_what_mends_them(
    change: dict[str, str], expected: tuple[str, str], mend: str
) -> None:
    (finding,) = Packages().judge({**GOOD, **change})
    assert (finding.verdict, finding.name) == expected
    assert mend in finding.mend


def test_numpy_2_is_fine_where_litert_runs_the_models() -> None:
    both = {**GOOD, "numpy": "2.2.6", LITERT: "2.0.2"}
    assert verdicts(both) == [("ok", "packages")]
    assert verdicts(both, "tflite") == [("failure", "runtime")], "it is forced to the other one"
    assert verdicts(GOOD, "onnx") == [("failure", "runtime")]


@pytest.mark.parametrize("gone", ["numpy", "opencv-python", "paho-mqtt", "pydantic"])
def test_what_is_missing_is_named_with_its_installation(gone: str) -> None:
    (finding,) = Packages().judge({k: v for k, v in GOOD.items() if k != gone})
    assert finding.verdict == "failure"
    assert "is not installed" in finding.text
    assert f"{sys.executable} -m pip install" in finding.mend


def test_a_module_without_a_record_counts_as_installed() -> None:
    """Debian's own OpenCV, and builds by hand."""
    assert verdicts({**GOOD, "opencv-python": ""}) == [("ok", "packages")]


def test_the_runtimes_are_chosen_as_the_models_choose_them() -> None:
    assert VARIABLE == _runtime.VARIABLE
    assert LITERT in str(_runtime._PACKAGES)


def test_versions_are_compared_by_their_numbers() -> None:
    assert parts("4.11.0.86") < parts("4.12") < parts("5.0rc1")
    assert parts("") == ()

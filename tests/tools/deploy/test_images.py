"""What the images install is what the package asks for, each version named, nothing left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from agent.toml import tomllib

ROOT = Path(__file__).resolve().parents[3]
IMAGE = {"python_version": "3.11", "platform_machine": "aarch64", "extra": ""}
COLLECTORS = {"paho-mqtt", "pydantic"}
SERVERS = {"psycopg", "psycopg-binary", "psycopg-pool", "prometheus-client"}
"""PostgreSQL's driver and Prometheus' client: the collector's image alone has them."""


def listed(name: str) -> dict[str, str]:
    """The versions in an image's list."""
    lines = (ROOT / "tools" / "deploy" / name).read_text().splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(package): version for package, version in pins}


def asked() -> Iterator[Requirement]:
    """What pyproject.toml asks for in an image, with OpenCV's build for machines without libGL."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for words in table["project"]["dependencies"]:
        required = Requirement(words.replace("opencv-python", "opencv-python-headless"))
        if required.marker is None or required.marker.evaluate(IMAGE):
            yield required


def test_the_agents_image_has_all_that_the_package_asks_for() -> None:
    pins = listed("agent.txt")
    for required in asked():
        assert required.specifier.contains(pins[required.name]), required


def test_the_collectors_image_has_what_a_collector_imports_and_no_more() -> None:
    pins, agents = listed("collector.txt"), listed("agent.txt")
    common = {package: version for package, version in pins.items() if package not in SERVERS}
    assert common.items() <= agents.items()
    assert pins.keys() - common.keys() == SERVERS
    assert not pins.keys() & {"numpy", "opencv-python-headless", "tflite-runtime", "typer"}
    for required in asked():
        if required.name in COLLECTORS:
            assert required.specifier.contains(pins[required.name]), required


def test_the_dashboards_image_has_what_its_extra_asks_for_and_no_runtime_of_models() -> None:
    pins = listed("dashboard.txt")
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = table["project"]["optional-dependencies"]
    for words in [*extras["dashboard"], *extras["report"]]:
        required = Requirement(words)
        if required.name != "fieldproof":
            assert required.specifier.contains(pins[canonicalize_name(required.name)]), required
    assert not pins.keys() & {"tflite-runtime", "ai-edge-litert", "opencv-python"}
    others = {**listed("agent.txt"), **listed("collector.txt")}
    assert all(pins[name] == others[name] for name in pins.keys() & others.keys())


def _installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


@pytest.mark.parametrize("name", ["agent.txt", "collector.txt", "dashboard.txt"])
def test_what_a_listed_package_needs_is_listed_too(name: str) -> None:
    pins = listed(name)
    same = [package for package in pins if _installed(package) == pins[package]]
    if not same:
        pytest.skip("this environment has other versions, which may need other packages")
    for package in same:
        for words in metadata.requires(package) or ():
            required = Requirement(words)
            if required.marker is None or required.marker.evaluate(IMAGE):
                assert canonicalize_name(required.name) in pins, f"{package} needs {words}"


def test_no_step_of_the_dockerfile_names_an_architecture() -> None:
    text = (ROOT / "Dockerfile").read_text()
    steps = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    assert not re.search(r"amd64|arm64|x86_64|aarch64|--platform", steps)

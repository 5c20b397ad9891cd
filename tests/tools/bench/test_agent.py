"""What the agent costs: the goals, growth, and a short run of a real agent watched from outside."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from agent import session
from agent.errors import ConfigError
from agent.profile import load_profile
from agent.values import Condition
from tools.bench.agent import Growth, Lightness, Spent, per_pair, sloped
from tools.bench.agent_runs import (
    Sample,
    Watched,
    agent,
    live_camera,
    watch,
    write_profile,
)
from tools.bench.timing import Inference
from tools.broker import LocalBroker

CARD = Path(__file__).parents[3] / "tools" / "demo" / "model" / "stop_sign.toml"


def watched(
    cores: float, mb: float = 100.0, written_mb: float = 1.0, stop_s: float = 1.0
) -> Watched:
    samples = tuple(
        Sample(at / 2, mb, 40.0, cores * at / 2, written_mb * at / 240) for at in range(241)
    )
    return Watched(samples, stop_s)


def lightness(
    live: Watched, *, import_ms: float = 250.0, rest_ms: float = 1.0, growth: Growth | None = None
) -> Lightness:
    budget = 0.5 / (os.cpu_count() or 1)
    spent = Spent(100, 1.0, 20.0, 1.0, rest_ms)
    timed = Inference("m", "litert", 9.0)
    return Lightness(timed, "p", {"agent": import_ms}, spent, budget, live, 100.0, growth)


def test_goals_are_held_against_what_was_measured() -> None:
    assert lightness(watched(0.5)).met
    assert lightness(watched(0.54)).met
    assert not lightness(watched(0.56)).met
    assert not lightness(watched(0.44)).met, "an agent that does less than it may is off as well"
    assert not lightness(watched(0.5, mb=121)).met
    start = (Sample(0.0, 150.0, 40.0, 0.0, 0.0), *watched(0.5).samples[1:])
    assert lightness(Watched(start, 1.0)).met, "what loading takes is given back"
    assert not lightness(watched(0.5, written_mb=4)).met, "120 MB an hour"
    assert not lightness(watched(0.5, stop_s=5.1)).met
    assert not lightness(watched(0.5), import_ms=301).met
    assert not lightness(watched(0.5), rest_ms=1.8).met, "15 % of 18 ms are 2.7 ms"


def test_a_pair_is_told_apart_by_what_took_its_time() -> None:
    one = session.Inference(Condition(()), (), 0)
    seen = [
        (0.0, session.Examination(0, "", (), (), 0, (one,) * 7, perturb_s=9.0, predict_s=9.0)),
        (1.0, session.Examination(1, "", (), (), 0, (one,) * 2, perturb_s=0.2, predict_s=0.6)),
        (1.5, session.Examination(2, "", (), (), 0, (one,) * 2, perturb_s=0.1, predict_s=0.2)),
    ]
    spent = per_pair(seen, 0.02)
    assert spent.pairs == 4, "the first frame's end is when the clock begins"
    assert spent.capture_ms == pytest.approx(10.0)
    assert spent.predict_ms == pytest.approx(200.0)
    assert spent.perturb_ms == pytest.approx(75.0)
    assert spent.rest_ms == pytest.approx(1500 / 4 - 10 - 200 - 75)
    assert spent.beyond_ms == pytest.approx(75 + spent.rest_ms)


def test_memory_that_grows_with_frames_is_told_per_hundred_thousand() -> None:
    def run(leak_mb: float) -> Growth:
        samples = [
            Sample(at, 100 + min(at, 10) + leak_mb * at / 200, 0.0, 0.0, 0.0) for at in range(201)
        ]
        return sloped(50_000, Watched(tuple(samples), 0.0))

    assert run(0.0).slope_mb == pytest.approx(0.0, abs=1e-6)
    assert run(3.0).slope_mb == pytest.approx(6.0)
    assert lightness(watched(0.5), growth=run(0.0)).met
    assert not lightness(watched(0.5), growth=run(3.0)).met


def test_without_gstreamer_the_packages_to_install_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError) as caught:
        live_camera(tmp_path / "scenes", 160, 120, 15)
    assert "apt install gstreamer1.0-tools" in caught.value.remedy


def test_a_real_agent_is_watched_till_it_stops(mosquitto: LocalBroker, tmp_path: Path) -> None:
    if shutil.which("gst-launch-1.0") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("GStreamer's tools are not installed: apt install gstreamer1.0-tools")
        pytest.skip("GStreamer's tools are not installed on this machine")
    camera = live_camera(tmp_path / "scenes", 160, 120, 20)
    settings = write_profile(load_profile("generic-x86-64"), tmp_path / "p.toml", cpu_share=1.0)
    with agent(mosquitto, tmp_path, CARD, camera, settings) as child:
        seen = watch(child, tmp_path, 3.0, lambda at_s: None)
    assert 2.0 < seen.seconds < 10.0
    assert seen.most(lambda sample: sample.agent_mb) > 50
    assert seen.most(lambda sample: sample.capture_mb) > 10, "the capture is a process of its own"
    assert seen.cores > 0.02
    assert seen.stop_s > 0

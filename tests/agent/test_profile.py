"""Profiles: all that ship are valid; the device tree chooses; unknown keys are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.__main__ import parser
from agent.errors import ConfigError
from agent.plan import plan_of
from agent.profile import EvidenceTable, detect, fit, load_profile, shipped


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_profile_is_valid_and_named_as_its_file(name: str) -> None:
    assert load_profile(name).name == name


@pytest.mark.parametrize("name", shipped())
def test_every_table_of_a_shipped_profile_is_written_out_and_has_a_source(name: str) -> None:
    profile = load_profile(name)
    assert profile.source
    for table in ("camera", "sensor", "runtime", "thermal", "budgets"):
        assert getattr(profile, table).source, f"{name}: [{table}] says no source"
    for table in ("camera", "thermal", "budgets", "telemetry"):
        written = getattr(profile, table)
        assert written.model_fields_set == set(type(written).model_fields), f"{name}: [{table}]"


def test_the_promised_devices_have_a_profile() -> None:
    promised = (
        "raspberry-pi-zero-2-w raspberry-pi-3b-plus raspberry-pi-4b raspberry-pi-5 jetson-nano "
        "jetson-orin-nano coral-dev-board generic-x86-64 generic-aarch64"
    )
    assert set(shipped()) == set(promised.split())


STRINGS = [(name, text) for name in shipped() for text in load_profile(name).compatible]


def test_a_compatible_string_belongs_to_one_profile() -> None:
    strings = [text for _, text in STRINGS]
    assert len(strings) == len(set(strings))
    assert {name for name, _ in STRINGS} == {n for n in shipped() if not n.startswith("generic")}


@pytest.mark.parametrize(("name", "compatible"), STRINGS)
def test_every_compatible_string_leads_to_its_profile_and_is_the_reason(
    tmp_path: Path, name: str, compatible: str
) -> None:
    tree = tmp_path / "compatible"
    tree.write_bytes(compatible.encode() + b"\0acme,chip\0")
    found = fit(tree, "aarch64")
    assert found.name == name
    assert compatible in found.why


@pytest.mark.parametrize(
    ("compatible", "expected"),
    [
        (b"raspberrypi,model-zero-2-w\0brcm,bcm2837\0", "raspberry-pi-zero-2-w"),
        (b"raspberrypi,3-model-b-plus\0brcm,bcm2837\0", "raspberry-pi-3b-plus"),
        (b"raspberrypi,4-model-b\0brcm,bcm2711\0", "raspberry-pi-4b"),
        (b"raspberrypi,5-model-b\0brcm,bcm2712\0", "raspberry-pi-5"),
        (b"nvidia,p3541-0000\0nvidia,p3450-0000\0nvidia,tegra210\0", "jetson-nano"),
        (b"nvidia,p3768-0000+p3767-0005\0nvidia,p3767-0005\0", "jetson-orin-nano"),
        (b"nvidia,p3768-0000+p3767-0005-super\0nvidia,tegra234\0", "jetson-orin-nano"),
        (b"google,imx8mq-phanbell\0fsl,imx8mq\0", "coral-dev-board"),
        (b"acme,board\0", "generic-aarch64"),
        (b"\xff\xfe\0\0", "generic-aarch64"),
        (b"", "generic-aarch64"),
    ],
)
def test_the_device_tree_chooses_the_profile(
    tmp_path: Path, compatible: bytes, expected: str
) -> None:
    tree = tmp_path / "compatible"
    tree.write_bytes(compatible)
    assert detect(tree, "aarch64") == expected


def test_a_board_that_no_profile_knows_is_named_in_the_reason(tmp_path: Path) -> None:
    tree = tmp_path / "compatible"
    tree.write_bytes(b"acme,board\0")
    assert fit(tree, "aarch64").why == "The machine is aarch64, and no profile is for acme,board."


def test_without_a_device_tree_the_machine_chooses(tmp_path: Path) -> None:
    assert detect(tmp_path / "none", "x86_64") == "generic-x86-64"
    with pytest.raises(ConfigError, match="riscv64"):
        detect(tmp_path / "none", "riscv64")


def test_a_misspelt_key_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'schema = "fieldproof.profile/1"\nname = "x"\nsummary = "x"\nmachine = "x86_64"\n'
        "[budgets]\noutbox_byte = 5\n"
    )
    with pytest.raises(ConfigError, match=r"mine\.toml.*budgets\.outbox_byte: no such key"):
        load_profile(str(path))


MINE = 'schema = "fieldproof.profile/1"\nname = "x"\nsummary = "x"\nmachine = "x86_64"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[thermal]\npause_c = 60\nresume_c = 60", r"resume_c \(60\) must be below pause_c \(60\)"),
        ('[runtime]\ndelegate = "edgetpu"', "edgetpu needs delegate_library"),
        ("[budgets]\ncpu_share = 0", r"budgets\.cpu_share: .*greater than 0"),
        ("[budgets]\ncpu_share = 1.5", r"budgets\.cpu_share: .*less than or equal to 1"),
        ('python = "3"', "python: "),
    ],
)
def test_limits_that_cannot_be_are_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text((text + "\n" + MINE) if text.startswith("python") else MINE + text)
    with pytest.raises(ConfigError, match=said):
        load_profile(str(path))


def test_the_range_of_pythons_is_read_as_numbers(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(MINE + 'python = "3.9 - 3.11"')
    assert load_profile(str(path)).python_range() == ((3, 9), (3, 11))


def test_an_unknown_profile_is_refused_with_the_list() -> None:
    with pytest.raises(ConfigError, match=r"'pi9'.*raspberry-pi-5"):
        load_profile("pi9")


def test_pictures_are_off_in_every_shipped_profile_and_a_user_may_ask_for_some(
    tmp_path: Path,
) -> None:
    assert {load_profile(name).evidence.per_hour for name in shipped()} == {0}
    path = tmp_path / "mine.toml"
    path.write_text(
        'schema = "fieldproof.profile/1"\nname = "x"\nsummary = "x"\nmachine = "x86_64"\n'
        "[evidence]\nper_hour = 6\nmax_bytes = 20000\nmax_px = 320\n[budgets]\noutbox_days = 7\n"
    )
    profile = load_profile(str(path))
    assert profile.evidence == EvidenceTable(per_hour=6, max_bytes=20_000, max_px=320)
    assert profile.budgets.outbox_days == 7
    options = ["run", "--model", "m", "--broker", "mqtt://h", "--profile", str(path)]
    assert plan_of(parser().parse_args(options)).profile == profile
    given = plan_of(parser().parse_args([*options, "--evidence", "0"])).profile
    assert given.evidence == EvidenceTable(per_hour=0, max_bytes=20_000, max_px=320)
    with pytest.raises(SystemExit):
        parser().parse_args([*options, "--evidence", "-1"])

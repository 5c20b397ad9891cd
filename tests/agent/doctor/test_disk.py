"""Room, speed and wear of the disk, from faked tables of the kernel and the real disk."""

from __future__ import annotations

from pathlib import Path

from agent.doctor import Finding, Host, Plan
from agent.doctor.disk import LEAST_BYTES, Disk, mount_of, wear_of


def found(plan: Plan, host: Host, budget: int = 0) -> dict[str, Finding]:
    facts = {"profile": {"outbox_bytes": budget}}
    return {finding.name: finding for finding in Disk().examine(plan, host, facts)}


def test_room_and_speed_are_measured_and_nothing_is_left(host: Host, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    findings = found(Plan(state=str(state)), host, budget=1 << 20)
    assert findings["room"].verdict == "ok"
    assert findings["write speed"].facts["sync_ms"] > 0
    assert list(state.iterdir()) == []


def test_too_little_room_for_the_outbox_is_warned_of_and_for_any_is_a_failure(
    tmp_path: Path,
) -> None:
    disk = Disk()
    assert disk._room(tmp_path, 100 << 20, 200 << 20).verdict == "warning"
    assert disk._room(tmp_path, 100 << 20, 90 << 20).verdict == "ok"
    full = disk._room(tmp_path, LEAST_BYTES - 1, 0)
    assert (full.verdict, full.code) == ("failure", 73)


def test_what_the_outbox_has_already_counts_as_room(tmp_path: Path) -> None:
    (tmp_path / "outbox").mkdir()
    (tmp_path / "outbox" / "outbox.db").write_bytes(bytes(2 << 20))
    assert Disk()._room(tmp_path, 99 << 20, 100 << 20).verdict == "ok"


def test_a_read_only_disk_is_a_failure_and_a_read_only_root_is_not(
    host: Host, tmp_path: Path
) -> None:
    mounts = host.proc / "mounts"
    root = "/dev/mmcblk0p2 / ext4 ro,relatime 0 0\n"
    mounts.write_text(root)
    closed = found(Plan(state=str(tmp_path)), host)["mount"]
    assert (closed.verdict, closed.code) == ("failure", 73)
    assert "remount,rw" in closed.mend
    mounts.write_text(f"{root}/dev/sda1 {tmp_path.resolve()} ext4 rw,noatime 0 0\n")
    assert found(Plan(state=str(tmp_path)), host)["mount"].verdict == "ok"
    mounts.write_text(f"{root}tmpfs {tmp_path.resolve()} tmpfs rw 0 0\n")
    assert "lost with the power" in found(Plan(state=str(tmp_path)), host)["mount"].text


def test_the_deepest_and_last_mount_is_the_one_that_counts(tmp_path: Path) -> None:
    table = tmp_path / "mounts"
    table.write_text("a / ext4 rw 0 0\nb /tmp ext4 rw 0 0\nc /tmp tmpfs rw 0 0\nd /tm ext4 rw 0 0")
    found = mount_of(Path("/tmp"), table)
    assert found is not None
    assert found.device == "c"
    assert mount_of(Path("/tmp"), tmp_path / "none") is None


def emmc(host: Host, name: str, life: str, end: str) -> None:
    device = host.sys / "block" / name / "device"
    device.mkdir(parents=True)
    (device / "life_time").write_text(life)
    (device / "pre_eol_info").write_text(end)


def test_an_emmcs_wear_is_its_own_word_and_sd_cards_have_none(host: Host) -> None:
    emmc(host, "mmcblk0", "0x02 0x03\n", "0x01\n")
    emmc(host, "mmcblk1", "0x0a 0x01\n", "0x02\n")
    (host.sys / "block" / "mmcblk2" / "device").mkdir(parents=True)
    findings = found(Plan(), host)
    assert findings["wear of mmcblk0"].text == "mmcblk0: 30 % used up, spare blocks are plenty"
    assert findings["wear of mmcblk1"].verdict == "warning"
    assert "wear of mmcblk2" not in findings
    assert wear_of(host.sys / "block" / "mmcblk2" / "device") == (None, None)

"""``python -m tests.arm64.userland [RELEASE ...]``: prepare Debian's arm64 user spaces.

Each lies in ``.cache/arm64-RELEASE`` in the checkout and is made once: it is made anew only when
what it consists of changes. Needs no root: packages are unpacked, not installed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

from agent.toml import tomllib

CHECKOUT: Final = Path(__file__).resolve().parents[2]
QEMU: Final = "qemu-aarch64"
CPU: Final = "cortex-a72"
"""A Raspberry Pi 4's."""
MIRROR: Final = "http://deb.debian.org/debian"
KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
LIBRARIES: Final = ("libstdc++6",)
"""What the wheels expect of a system beside Python's own libraries."""

EMULATOR: Final = ("trixie", "qemu-user")
"""Where qemu is taken from, for this machine: under Bookworm's qemu 7.2 LiteRT 2.3 crashes."""

TOOLS: Final = ("apt-get", "dpkg")


class NotPrepared(Exception):
    """Says in one sentence why there is no arm64 user space, and what to do."""


@dataclass(frozen=True)
class Release:
    """A Debian release: its name, its Python, and the newest glibc that it satisfies (2.x)."""

    name: str
    python: str
    glibc: int

    @property
    def folder(self) -> Path:
        return CHECKOUT / ".cache" / f"arm64-{self.name}"

    @property
    def command(self) -> Path:
        """Its Python, emulated; a program like any other, children of which are emulated too."""
        return self.folder / f"python{self.python}"


RELEASES: Final = {
    release.name: release
    for release in (Release("bookworm", "3.11", 36), Release("trixie", "3.13", 41))
}


def prepare(release: Release) -> Path:
    """The command that runs the release's Python. Raises ``NotPrepared`` where it cannot be had."""
    _need_tools()
    wanted = _requirements(release)
    recipe = hashlib.sha256(json.dumps([wanted, _recipe()]).encode()).hexdigest()
    stamp = release.folder / "recipe"
    if release.command.is_file() and stamp.is_file() and stamp.read_text() == recipe:
        _say(release, "is in the cache")
        return release.command
    shutil.rmtree(release.folder, ignore_errors=True)
    root = release.folder / "root"
    root.mkdir(parents=True)
    _unpack_packages(release, root)
    _unpack_emulator(release)
    _unpack_wheels(release, wanted)
    _write_command(release, root)
    stamp.write_text(recipe)
    _say(release, "is ready")
    return release.command


def _need_tools() -> None:
    for tool in TOOLS:
        if shutil.which(tool) is None:
            raise NotPrepared(f"The arm64 tests need a Debian system: there is no {tool} here.")
    if not KEYRING.is_file():
        raise NotPrepared(
            f"The arm64 tests check Debian's packages with {KEYRING}, which is missing: "
            "sudo apt install debian-archive-keyring"
        )


def _recipe() -> str:
    return Path(__file__).read_text(encoding="utf-8")


def _requirements(release: Release) -> list[str]:
    """The device's install as pyproject.toml names it, in this environment's versions.

    OpenCV comes without windows: there is no libGL in a root as small as this one.
    """
    table = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    there = {"python_version": release.python, "platform_machine": "aarch64"}
    same = release.python == "{}.{}".format(*sys.version_info)
    found = []
    for words in table["project"]["dependencies"]:
        required = Requirement(words)
        if required.marker is None or required.marker.evaluate(there):
            name = required.name.replace("opencv-python", "opencv-python-headless")
            here = (_installed(required.name) or _installed(name)) if same else None
            found.append(f"{name}=={here}" if here else f"{name}{required.specifier}")
    return found


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _unpack_packages(release: Release, root: Path) -> None:
    packages = [f"python{release.python}", *LIBRARIES]
    _say(release, f"downloading {' and '.join(packages)} with what they need")
    apt = _Apt(release, release.name, "arm64")
    apt.get("install", "--download-only", "-y", *packages)
    apt.unpack(root)
    if not (root / "lib").exists():  # releases after Bookworm leave this link to the installer
        (root / "lib").symlink_to("usr/lib")


def _unpack_emulator(release: Release) -> None:
    suite, package = EMULATOR
    _say(release, f"downloading {package} of {suite}")
    here = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True)
    apt = _Apt(release, suite, here.stdout.strip())
    apt.get("download", package)
    every = release.folder / "qemu-all"
    apt.unpack(every)
    (every / "usr" / "bin" / QEMU).rename(release.folder / QEMU)
    shutil.rmtree(every)  # the emulators of thirty other processors


class _Apt:
    """apt with a state of its own, in which nothing is installed: it touches nothing outside."""

    def __init__(self, release: Release, suite: str, architecture: str) -> None:
        self._release, self._folder = release, release.folder / f"apt-{architecture}"
        self._archives = self._folder / "cache" / "archives"
        for folder in ("etc/preferences.d", "state/lists/partial", "cache/archives/partial"):
            (self._folder / folder).mkdir(parents=True)
        (self._folder / "status").touch()
        sources = self._folder / "sources.list"
        sources.write_text(f"deb [signed-by={KEYRING}] {MIRROR} {suite} main\n")
        settings = {
            "Dir::Etc": self._folder / "etc",
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State": self._folder / "state",
            "Dir::State::status": self._folder / "status",
            "Dir::Cache": self._folder / "cache",
            "APT::Architecture": architecture,
            "APT::Architectures::": architecture,
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "root",  # as root, apt's own user could not write here
            "Acquire::Languages": "none",
        }
        self._options = [w for name, value in settings.items() for w in ("-o", f"{name}={value}")]
        self.get("update")

    def get(self, *words: str) -> None:
        _run(self._release, ["apt-get", *self._options, "-qq", *words], self._archives)

    def unpack(self, root: Path) -> None:
        """Unpack all that was downloaded, and forget it."""
        archives = sorted(self._archives.glob("*.deb"))
        _say(self._release, f"unpacking {len(archives)} packages")
        for archive in archives:
            _run(self._release, ["dpkg", "-x", str(archive), str(root)])
        shutil.rmtree(self._folder)


def _unpack_wheels(release: Release, wanted: Sequence[str]) -> None:
    _say(release, f"unpacking the aarch64 wheels of {', '.join(wanted)}")
    version = release.python.replace(".", "")
    platforms = [f"manylinux_2_{minor}_aarch64" for minor in range(17, release.glibc + 1)]
    words = ["--target", str(release.folder / "wheels"), "--only-binary", ":all:", "--no-compile"]
    for platform in (*platforms, "manylinux2014_aarch64"):
        words += ["--platform", platform]
    for abi in (f"cp{version}", "abi3", "none"):
        words += ["--abi", abi]
    words += ["--implementation", "cp", "--python-version", release.python]
    _run(release, [sys.executable, "-m", "pip", "install", "--quiet", *words, *wanted])


def _write_command(release: Release, root: Path) -> None:
    """A shell script in Python's place, so that ``sys.executable`` starts emulated children."""
    program = root / "usr" / "bin" / f"python{release.python}"
    emulator = release.folder / QEMU
    home, wheels, qemu, there, real = (
        shlex.quote(str(path))
        for path in (root / "usr", release.folder / "wheels", emulator, root, program)
    )
    release.command.write_text(
        "#!/bin/sh\n"
        f'export PYTHONHOME={home} PYTHONPATH={wheels}"${{PYTHONPATH:+:$PYTHONPATH}}"\n'
        f'exec {qemu} -cpu {CPU} -L {there} -0 "$0" {real} "$@"\n'
    )
    release.command.chmod(0o755)


def _run(release: Release, words: Sequence[str], cwd: Path | None = None) -> None:
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        shown = next((word for word in ("pip", "dpkg", "apt-get") if word in words), words[0])
        raise NotPrepared(f"No arm64 {release.name}: {shown} failed: {said[0]}")


def _say(release: Release, what: str) -> None:
    print(f"arm64 {release.name}: {what}", flush=True)


def main(names: Sequence[str]) -> int:
    """Prepare the releases named, or all; 1 where one cannot be had."""
    unknown = sorted(set(names) - set(RELEASES))
    if unknown:
        print(f"There is no arm64 {unknown[0]}: known are {', '.join(RELEASES)}.", file=sys.stderr)
        return 2
    try:
        for name in names or RELEASES:
            prepare(RELEASES[name])
    except NotPrepared as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    os.environ.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    sys.exit(main(sys.argv[1:]))

"""``install-service``: writes the agent's systemd unit, and says what to do next."""

from __future__ import annotations

import argparse
import os
import pwd
import shlex
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agent.errors import OutputError, UsageError
from agent.places import INSTALLED_STATE
from agent.service.unit import NAME, Service, text_of

GROUPS: Final = ("video", "render", "plugdev", "apex")
_HOMES: Final = (Path("/home"), Path("/root"), Path("/run/user"))
_OWN_TMP: Final = (Path("/tmp"), Path("/var/tmp"))


@dataclass(frozen=True)
class Told:
    """What ``run`` would make of its options, variables and file of settings.

    ``options`` are the words that say the same to a service, ``credentials`` the files that systemd
    is to read for it, ``files`` those that it reads itself; ``secret`` is a file of settings with a
    password in it, ``lacking`` are variables that are no settings, which it goes without.
    """

    memory_mb: int
    camera: str
    options: tuple[str, ...] = ()
    credentials: Mapping[str, Path] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    secret: Path | None = None
    lacking: tuple[str, ...] = ()


def main(words: Sequence[str], told: Callable[[Sequence[str], Path], Told], prog: str) -> int:
    """Write or show the unit; the exit code. ``told`` reads the options of ``run`` for a root, and
    ends as ``run`` would where they cannot be.

    Raises ``UsageError``, and ``OutputError`` where another file is there or none can be written.
    """
    options, rest = _parser(prog).parse_known_args(list(words))
    root = options.root.absolute()
    facts = told(rest, root)
    service = service_of(facts, _program(options.python, root), options.user, root)
    text = text_of(service)
    if options.show:
        print(text, end="")
    else:
        file = root / f"etc/systemd/system/{NAME}.service"
        print(f"{_written(file, text, options.force)} {file}:\n\n{text}")
    for line in advice(service, facts, root):
        print(line, file=sys.stderr)
    return 0


def service_of(told: Told, python: Path, user: str, root: Path = Path("/")) -> Service:
    """The service that runs the agent so."""
    command = (str(python), "-m", "agent", "run", *told.options, "--state", str(INSTALLED_STATE))
    paths = [Path(word.rpartition("=")[2]) for word in command]
    return Service(
        command=command,
        memory_mb=told.memory_mb,
        user=user,
        groups=tuple(name for name in GROUPS if name in _groups(root / "etc/group")),
        credentials=told.credentials,
        in_home=any(home in path.parents for path in (*paths, *told.files) for home in _HOMES),
        argus="nvargus" in told.camera,
    )


def advice(service: Service, told: Told, root: Path = Path("/")) -> Iterator[str]:
    """What to look at, and the next commands."""
    if root != Path("/"):
        yield f"next: systemctl --root {root} enable {NAME}"
        return
    for path in dict.fromkeys((Path(service.command[0]), *told.files)):
        if any(tmp in path.parents for tmp in _OWN_TMP):
            yield f"warning: the service has a /tmp of its own, without {path}: move it, as to /opt"
    for path in dict.fromkeys(_closed((Path(service.command[0]), *told.files), service.user)):
        mend = f"sudo chmod o+{'x' if path.is_dir() else 'r'} {shlex.quote(str(path))}"
        yield f"warning: the service's user cannot read {path}: move it, as to /opt, or: {mend}"
    if told.secret is not None and told.secret.stat().st_mode & stat.S_IROTH:
        mend = f"sudo chmod 600 {shlex.quote(str(told.secret))}"
        yield f"warning: all can read the camera's password in {told.secret}: {mend}"
    for name in told.lacking:
        yield f"warning: ${name} is no setting, and the service goes without it"
    if service.user:
        yield f"next: sudo useradd --system --no-create-home {service.user}"
    yield "next: sudo systemctl daemon-reload"
    yield f"next: sudo systemctl enable --now {NAME}"
    yield f"then: systemctl status {NAME}; journalctl -u {NAME} -f"


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        allow_abbrev=False,
        description="Write a systemd unit that runs the agent with the options of `run`.",
        epilog=f"example: sudo {prog} --model /opt/models/model.toml --broker mqtts://broker.lan "
        "--ca-file ca.pem --cert-file device.pem --key-file device.key",
    )
    parser.add_argument("--print", action="store_true", dest="show", help="show it, write nothing")
    parser.add_argument("--root", type=Path, default=Path("/"), help="of an image that is made")
    parser.add_argument("--force", action="store_true", help="overwrite a unit that is different")
    parser.add_argument("--user", default="", help="an own user (default: a dynamic one)")
    parser.add_argument(
        "--python", type=Path, default=Path(sys.executable), help="default: this one"
    )
    return parser


def _written(file: Path, text: str, force: bool) -> str:
    """Write the unit where nothing is lost by it; what was done."""
    try:
        there = file.read_text(encoding="utf-8") if file.exists() else None
        if there == text:
            return "unchanged:"
        if there is not None and not force:
            raise OutputError(
                f"{file} is there, and is another.",
                remedy="Compare them (--print shows the new one), then overwrite it with --force.",
            )
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.new")
        draft.write_text(text, encoding="utf-8")
        draft.chmod(0o644)
        draft.replace(file)
    except OSError as error:
        raise OutputError(
            f"{file} cannot be written: {error.strerror}.",
            remedy="Run it with sudo, or give --root, or --print.",
        ) from None
    return "wrote"


def _program(python: Path, root: Path) -> Path:
    """The whole path of a Python, as the unit needs it. Raises ``UsageError`` for none."""
    if root != Path("/"):
        if python.is_absolute():
            return python
        raise UsageError(
            f"--python {python} is seen from this folder.",
            remedy="Give the whole path that it will have in the image.",
        )
    whole = python.absolute()  # not what it links to: that would be outside of its environment
    if not os.access(whole, os.X_OK) or whole.is_dir():
        raise UsageError(
            f"There is no Python {whole} that could be run.",
            remedy=f"Give its whole path, such as {sys.executable}, or leave --python out.",
        )
    return whole


def _groups(file: Path) -> set[str]:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return {line.partition(":")[0] for line in lines}


def _closed(paths: Sequence[Path], user: str) -> Iterator[Path]:
    """Files, and folders on the way to them, that the service's user cannot read or enter."""
    who = _ids(user)
    for path in paths:
        for step in (path, *path.parents):
            if path.exists() and not _may(os.stat(step), step.is_dir(), *who):
                yield step


def _ids(user: str) -> tuple[int, set[int]]:
    """A user's number and its groups'; of one that is not there yet, none."""
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return -1, set()
    return entry.pw_uid, set(os.getgrouplist(user, entry.pw_gid))


def _may(facts: os.stat_result, is_folder: bool, user: int, groups: set[int]) -> bool:
    need = stat.S_IXOTH if is_folder else stat.S_IROTH
    if facts.st_uid == user:
        need <<= 6
    elif facts.st_gid in groups:
        need <<= 3
    return bool(facts.st_mode & need)

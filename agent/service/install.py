"""``install-service``: writes the agent's systemd unit, and says what to do next."""

from __future__ import annotations

import argparse
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.errors import OutputError, UsageError
from agent.service.unit import NAME, Service, text_of

GROUPS: Final = ("video", "render", "plugdev", "apex")
SECRETS: Final = {
    "--ca-file": "broker-ca",
    "--cert-file": "broker-cert",
    "--key-file": "broker-key",
    "--password-file": "broker-password",
}
PATHS: Final = frozenset(
    {"--model", "--camera", "--suite", "--profile", "--config", "--data-labels", *SECRETS}
)
_HOMES: Final = (Path("/home"), Path("/root"), Path("/run/user"))


@dataclass(frozen=True)
class Told:
    """What ``run`` would make of its options: the profile's memory budget and the camera's text."""

    memory_mb: int
    camera: str


def main(words: Sequence[str], told: Callable[[Sequence[str]], Told], prog: str) -> int:
    """Write or show the unit; the exit code. ``told`` reads the options of ``run``, and ends as
    ``run`` would where they cannot be.

    Raises ``UsageError``, and ``OutputError`` where another file is there or none can be written.
    """
    options, rest = _parser(prog).parse_known_args(list(words))
    rest = _absolute(rest)
    # What an image will hold is not here yet: only options without files of their own are tried.
    facts = told(rest if options.root == Path("/") else _parted(rest)[0])
    service = service_of(rest, facts, options.python, options.user, options.root)
    text = text_of(service)
    if options.show:
        print(text, end="")
    else:
        file = options.root / f"etc/systemd/system/{NAME}.service"
        print(f"{_written(file, text, options.force)} {file}:\n\n{text}")
    for line in advice(service, options.root):
        print(line, file=sys.stderr)
    return 0


def service_of(
    rest: Sequence[str], facts: Told, python: Path, user: str, root: Path = Path("/")
) -> Service:
    """The service that runs the agent with these options. Raises ``UsageError``."""
    options, credentials = _parted(rest)
    for option in options:
        if option.partition("=")[0] in ("--state", "--heartbeat"):
            raise UsageError(
                f"A service has its own place for {option.partition('=')[0]}.",
                remedy=f"Leave it out: /var/lib/{NAME}, and /run/{NAME}.",
            )
    command = (str(python), "-m", "agent", "run", *options)
    paths = [Path(word.rpartition("=")[2]) for word in command]
    return Service(
        command=(*command, "--state", f"/var/lib/{NAME}"),
        memory_mb=facts.memory_mb,
        user=user,
        groups=tuple(name for name in GROUPS if name in _groups(root / "etc/group")),
        credentials=credentials,
        in_home=any(home in path.parents for path in paths for home in _HOMES),
        argus="nvargus" in facts.camera,
    )


def advice(service: Service, root: Path = Path("/")) -> Iterator[str]:
    """What to look at, and the next commands."""
    for path in dict.fromkeys(_closed(service.command)):
        yield f"warning: the service's user cannot read {path}: move it, as to /opt, or open it"
    if root != Path("/"):
        yield f"next: systemctl --root {root} enable {NAME}"
        return
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


def _absolute(rest: Sequence[str]) -> list[str]:
    """The options, those that name a file here with its whole path: a service stands elsewhere."""
    words: list[str] = []
    option = ""
    for word in rest:
        name, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
        option = name or option
        place = Path(value)
        if (
            value
            and option in PATHS
            and (place.is_file() or (option == "--camera" and place.is_dir()))
        ):
            value = str(place.absolute())
        words.append(f"{name}{equals}{value}")
    return words


def _parted(rest: Sequence[str]) -> tuple[list[str], dict[str, Path]]:
    """The options without those of secrets, and the secrets' files by their credential's name."""
    options: list[str] = []
    credentials: dict[str, Path] = {}
    words = iter(rest)
    for word in words:
        name, equals, value = word.partition("=")
        if name in SECRETS:
            path = value if equals else next(words, "")
            if not path:
                raise UsageError(f"{name} is given no file.", remedy=f"Write {name} FILE.")
            credentials[SECRETS[name]] = Path(path)
        else:
            options.append(word)
    return options, credentials


def _groups(file: Path) -> set[str]:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return {line.partition(":")[0] for line in lines}


def _closed(command: Sequence[str]) -> Iterator[Path]:
    """Files and folders on the way to the command's own that other users cannot read or enter."""
    for word in command:
        path = Path(word.rpartition("=")[2])
        if not path.is_absolute() or not path.exists() or path.is_relative_to(f"/var/lib/{NAME}"):
            continue
        for step in (path, *path.parents):
            need = stat.S_IXOTH if step.is_dir() else stat.S_IROTH
            if not os.stat(step).st_mode & need:
                yield step

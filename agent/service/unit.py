"""The agent's systemd unit, each line with its reason. Text only; ``install`` writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

NAME: Final = "fieldproof"
STOP_S: Final = 10
WATCHDOG_S: Final = 120
SPARE: Final = 1.5
"""The kernel's memory limit over the agent's own budget, which is kept by pausing first."""


@dataclass(frozen=True)
class Service:
    """What a unit is made of. ``command`` is the agent's own; ``user`` empty for a dynamic one.

    ``memory_mb`` is the profile's budget in MB of 10^6 bytes; ``groups`` are those that there are;
    ``credentials`` are files that systemd reads as root, by the names under which the agent finds
    them; ``in_home`` says that something it needs lies in a home folder; ``argus`` that NVIDIA's
    camera daemon is used.
    """

    command: tuple[str, ...]
    memory_mb: int
    user: str = ""
    groups: tuple[str, ...] = ()
    credentials: Mapping[str, Path] = field(default_factory=dict)
    in_home: bool = False
    argus: bool = False


class Line(NamedTuple):
    """Assignments that share a reason."""

    why: str
    words: tuple[str, ...]


def text_of(service: Service) -> str:
    """The unit file, the reasons as comments above their lines."""
    said = ["# Fieldproof's agent. Made by `fieldproof install-service`; made again by it too."]
    for title, lines in _sections(service):
        said += ["", f"[{title}]"]
        for line in lines:
            said += [f"# {line.why}", *line.words]
    return "\n".join(said) + "\n"


def _sections(service: Service) -> Iterator[tuple[str, tuple[Line, ...]]]:
    yield (
        "Unit",
        (
            Line(
                "Shown by systemctl.", ("Description=Fieldproof: robustness of the camera's model",)
            ),
            Line(
                "Records wait on disk while there is no network: it is not waited for.",
                ("After=network.target",),
            ),
            Line("Tried again for ever: nobody comes to start it.", ("StartLimitIntervalSec=0",)),
        ),
    )
    yield "Service", (*_life(service), *_rights(service), *_place(), *_walls(service))
    yield "Install", (Line("Started with the machine.", ("WantedBy=multi-user.target",)),)


def _life(service: Service) -> tuple[Line, ...]:
    return (
        Line(
            "The agent says when model, camera and outbox are open. Its capture process may not.",
            ("Type=notify", "NotifyAccess=main", "TimeoutStartSec=180"),
        ),
        Line("What is run.", (f"ExecStart={' '.join(map(quoted, service.command))}",)),
        Line(
            "Killed when loop, outbox or publisher hang for so long. A new start mends neither a "
            "black camera nor a full disk: those are told.",
            (f"WatchdogSec={WATCHDOG_S}",),
        ),
        Line(
            "Started again after a failure, but not for what only a person can mend: the command "
            "line (2), the model (65), the configuration (78).",
            ("Restart=on-failure", "RestartSec=15", "RestartPreventExitStatus=2 65 78"),
        ),
        Line(
            "SIGTERM goes to the agent, which ends its capture process; what is left is killed. "
            "The agent needs 5 s at most.",
            ("KillMode=mixed", f"TimeoutStopSec={STOP_S}"),
        ),
        Line("A killed agent leaves no memory dump on the card.", ("LimitCORE=0",)),
    )


def _rights(service: Service) -> tuple[Line, ...]:
    lines = []
    if service.user:
        lines.append(Line("Its own user.", (f"User={service.user}",)))
    else:
        lines.append(
            Line(
                "A user that exists while it runs. Where /var/lib/fieldproof is a partition of its "
                "own, install with --user instead.",
                ("DynamicUser=yes",),
            )
        )
    if service.groups:
        lines.append(
            Line(
                "Cameras, and what computes the model, are open to these groups.",
                (f"SupplementaryGroups={' '.join(service.groups)}",),
            )
        )
    if service.credentials:
        lines.append(
            Line(
                "Read as root and shown to the agent alone.",
                tuple(
                    f"LoadCredential={name}:{escaped(str(file))}"
                    for name, file in service.credentials.items()
                ),
            )
        )
    memory = round(SPARE * service.memory_mb * 1e6 / 2**20)
    lines += [
        Line(
            "The device's own job goes first: processor, disk, and when memory is short.",
            (
                "Nice=10",
                "CPUWeight=20",
                "IOSchedulingClass=best-effort",
                "IOSchedulingPriority=7",
                "OOMScoreAdjust=500",
            ),
        ),
        Line(
            f"{SPARE:g} times the profile's {service.memory_mb} MB, which the agent keeps to by "
            "pausing.",
            (f"MemoryMax={memory}M",),
        ),
        Line("Threads and processes; it has about 20.", ("TasksMax=128",)),
    ]
    return tuple(lines)


def _place() -> tuple[Line, ...]:
    return (
        Line(
            "The outbox, /var/lib/fieldproof: all that it writes to disk.",
            (f"StateDirectory={NAME}", "StateDirectoryMode=0700"),
        ),
        Line(
            "The heartbeat, in memory: `python -m agent health` reads it.",
            (f"RuntimeDirectory={NAME}",),
        ),
        Line(
            "Where it stands; files it makes are its own.",
            (f"WorkingDirectory=%S/{NAME}", "UMask=0077"),
        ),
    )


def _walls(service: Service) -> tuple[Line, ...]:
    home = Line("Nothing of anyone's home.", ("ProtectHome=yes",))
    if service.in_home:
        home = Line(
            "The program or the model lies in a home folder: that can be read, and not written.",
            ("ProtectHome=read-only",),
        )
    return (
        Line(
            "All else is read-only; a read-only root file system is enough.",
            ("ProtectSystem=strict",),
        ),
        home,
        Line("A /tmp of its own.", ("PrivateTmp=yes", *_argus(service))),
        Line(
            "Nothing that it starts may gain rights.",
            ("NoNewPrivileges=yes", "RestrictSUIDSGID=yes"),
        ),
        Line(
            "It is no root, and has no part of root's rights.",
            ("CapabilityBoundingSet=", "AmbientCapabilities="),
        ),
        _devices(service),
        Line(
            "The kernel, its settings and its logs are not its business.",
            (
                "ProtectKernelTunables=yes",
                "ProtectKernelModules=yes",
                "ProtectKernelLogs=yes",
                "ProtectControlGroups=yes",
                "ProtectHostname=yes",
                "ProtectProc=invisible",
            ),
        ),
        Line(
            "The broker, the journal, and names of devices.",
            ("RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",),
        ),
        Line(
            "What a service needs to call, of its own architecture, and whether the clock is "
            "synchronised (so no ProtectClock; to set it takes a right that it lacks). Memory that "
            "is written and run stays allowed: TFLite's delegates may make code.",
            (
                "SystemCallFilter=@system-service adjtimex clock_adjtime",
                "SystemCallErrorNumber=EPERM",
                "SystemCallArchitectures=native",
                "RestrictNamespaces=yes",
                "RestrictRealtime=yes",
                "LockPersonality=yes",
                "RemoveIPC=yes",
            ),
        ),
    )


def _argus(service: Service) -> tuple[str, ...]:
    """NVIDIA's camera daemon listens in /tmp."""
    return ("BindPaths=-/tmp/argus_socket",) if service.argus else ()


def _devices(service: Service) -> Line:
    if service.argus:
        return Line(
            "Devices are kept by their groups: a Jetson's camera needs many of NVIDIA's own.",
            ("DevicePolicy=auto",),
        )
    kinds = ("video4linux", "media", "dma_heap", "drm", "usb_device", "apex", "vcio")
    return Line(
        "Of all devices: cameras (with libcamera's), graphics, USB and PCIe Edge TPUs, and a "
        "Raspberry Pi's word on throttling. Those that are not there do no harm.",
        ("DevicePolicy=closed", *(f"DeviceAllow=char-{kind} rw" for kind in kinds)),
    )


def quoted(word: str) -> str:
    """A word of ``ExecStart``: as it is where that is plain, else in quotes."""
    plain = escaped(word).replace("$", "$$")
    if plain.startswith("%S/") or re.fullmatch(r"[\w@%+=:,./$#<>{}\[\]|!?*~^&()-]+", plain):
        return plain
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def escaped(text: str) -> str:
    """Without systemd's own meaning of %."""
    return text.replace("%", "%%")

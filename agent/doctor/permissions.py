"""What this user may open: cameras, the graphics processor, the state folder."""

from __future__ import annotations

import grp
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from agent.doctor import STATE, Check, Finding, Host, Plan
from agent.doctor._lines import as_root, user


class Permissions(Check):
    """Device nodes with their groups, and the folder of the outbox."""

    place: ClassVar[int] = 50

    def examine(self, plan: Plan, host: Host, facts: Mapping[str, Any]) -> Iterator[Finding]:
        yield from self._nodes("video", host.dev.glob("video*"), "cameras")
        yield from self._nodes("render", (host.dev / "dri").glob("render*"), "graphics processors")
        if plan.state:
            yield self._state(Path(plan.state))
        else:
            mend = "--state /var/lib/fieldproof, the folder that the agent is given"
            yield self.not_checked("state folder", "not given", mend)

    def _nodes(self, group: str, nodes: Iterator[Path], what: str) -> Iterator[Finding]:
        """Whether the nodes of a group may be read and written."""
        paths = sorted(nodes)
        closed = [path for path in paths if not os.access(path, os.R_OK | os.W_OK)]
        if closed:
            yield self.lacking(group, closed, os.getgroups())
        elif paths:
            yield self.ok(group, f"{user()} may use {', '.join(map(str, paths))}")
        else:
            yield self.not_checked(group, f"there are no {what}")

    def lacking(self, group: str, closed: list[Path], mine: list[int]) -> Finding:
        """What to do about nodes that are closed to a member of the groups ``mine``."""
        number = closed[0].stat().st_gid
        try:
            name = grp.getgrgid(number).gr_name
        except KeyError:
            name = str(number)
        text = f"{user()} may not use {', '.join(map(str, closed))} (group {name})"
        if number in mine:
            mend = as_root(f"chmod g+rw {' '.join(map(str, closed))}")
        elif name.isdigit():
            mend = f"Give the container the group: --group-add {name}"
        elif user() in _members(name):
            mend = "Log in anew, or restart the service: this session is older than the membership"
        else:
            mend = f"{as_root(f'usermod -aG {name} {user()}')}; then log in anew"
        return self.warning(group, text, mend)

    def _state(self, folder: Path) -> Finding:
        nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        mend = as_root(f"install -d -o {user()} {folder}")
        if not nearest.is_dir():
            return self.failure("state folder", f"{nearest} is no folder", f"rm {nearest}", STATE)
        if os.statvfs(nearest).f_flag & os.ST_RDONLY:
            return self.not_checked("state folder", f"{nearest} is on a disk that is read-only")
        if not os.access(nearest, os.W_OK | os.X_OK):
            text = f"{user()} may not write to {nearest}"
            return self.failure("state folder", text, mend, STATE)
        if nearest != folder:
            return self.ok("state folder", f"{folder} will be made in {nearest}")
        return self.ok("state folder", f"{user()} may write to {folder}")


def _members(group: str) -> list[str]:
    try:
        return grp.getgrnam(group).gr_mem
    except KeyError:
        return []

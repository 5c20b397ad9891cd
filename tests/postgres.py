"""A real PostgreSQL for tests: in a folder of its own, on loopback, ended by its process id."""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

ADVICE = "PostgreSQL is not installed: apt install postgresql"
# Nothing is lost when the process is killed; only what a power cut would take is not waited for.
FAST = ("fsync=off", "full_page_writes=off", "max_wal_size=2GB")

_CLEAR = r"""
DO $$ DECLARE name text; BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        IF name ~ '^trials_\d{8}$' THEN
            EXECUTE 'DROP TABLE ' || name;
        ELSIF name <> 'schema_version' THEN
            EXECUTE 'DELETE FROM ' || name;
        END IF;
    END LOOP;
END $$
"""


def find_postgres() -> Path | None:
    """The folder of ``initdb`` and ``postgres``: on the PATH, or where Debian has them."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "postgres").is_file()), None)


class Server:
    """One server. It refuses to run as root: then it is the user ``postgres``, or ``nobody``."""

    def __init__(self, folder: Path, port: int, programs: Path) -> None:
        self.folder, self.port, self.programs = folder, port, programs

    @classmethod
    def create(cls, *settings: str) -> Server:
        """Make a server that does not run yet."""
        programs = find_postgres()
        assert programs is not None, ADVICE
        folder = Path(tempfile.mkdtemp(prefix="fieldproof-pg-"))
        server = cls(folder, _free_port(), programs)
        if os.geteuid() == 0:
            account = _account()
            os.chown(folder, account.pw_uid, account.pw_gid)
        words = ["--username=fieldproof", "--auth=trust", "--encoding=UTF8", "--no-locale"]
        server._run("initdb", f"--pgdata={folder / 'data'}", "--no-sync", *words)
        with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            own = (f"port={server.port}", f"unix_socket_directories='{folder}'")
            file.write("\n".join((*own, "max_connections=200", *settings, "")))
        return server

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        self._run("pg_ctl", "start", f"--pgdata={self.folder / 'data'}", "--wait", self._log)

    def stop(self, mode: str = "fast") -> None:
        """Stop it; ``immediate`` is as good as a crash."""
        self._run("pg_ctl", "stop", f"--pgdata={self.folder / 'data'}", "--wait", f"--mode={mode}")

    @property
    def _log(self) -> str:
        return f"--log={self.folder / 'log'}"

    @property
    def pid(self) -> int | None:
        with suppress(OSError, ValueError, IndexError):
            return int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        return None

    def remove(self) -> None:
        """End it by its process id, and take its folder away."""
        pid = self.pid
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
            _wait_for_end(pid)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        return f"postgresql://fieldproof@127.0.0.1:{self.port}/{database}"

    def execute(self, *statements: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as db:
            for statement in statements:
                db.execute(statement.encode())

    @contextmanager
    def database(self, name: str, template: str = "template1") -> Iterator[str]:
        """The URL of a database that is gone afterwards."""
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def clear(self, database: str) -> None:
        """Empty a database's tables: that is quicker than to make another."""
        with psycopg.connect(self.url(database), autocommit=True) as db:
            db.execute(_CLEAR.encode())

    def _run(self, program: str, *words: str) -> None:
        own: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = _account()
            own = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        done = subprocess.run(
            [self.programs / program, *words],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            **own,
        )
        assert done.returncode == 0, f"{program} failed: {done.stderr!r}"


@contextmanager
def shared_server(folder: Path) -> Iterator[Server]:
    """The one server of several processes that name the same folder; the last to leave ends it."""
    with _locked(folder) as state:
        if not state:
            server = Server.create(*FAST)
            server.start()
            state |= {"folder": str(server.folder), "port": server.port, "users": []}
        state["users"] = [*filter(_runs, state["users"]), os.getpid()]
    programs = find_postgres()
    assert programs is not None
    server = Server(Path(state["folder"]), state["port"], programs)
    try:
        yield server
    finally:
        with _locked(folder) as state:
            state["users"].remove(os.getpid())
            if not any(map(_runs, state["users"])):
                server.remove()
                state.clear()


@contextmanager
def _locked(folder: Path) -> Iterator[dict[str, Any]]:
    """What the processes know in common, held alone."""
    file = folder / "postgres.json"
    with (folder / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        yield state
        file.write_text(json.dumps(state))


def _runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _wait_for_end(pid: int, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while _runs(pid) and time.monotonic() < end:
        time.sleep(0.02)


def _account() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise AssertionError("there is no user postgres or nobody")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

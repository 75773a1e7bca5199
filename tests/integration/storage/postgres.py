"""A private PostgreSQL cluster on a free port, for one test process."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.processes import free_port


def binaries() -> Path | None:
    """The folder with initdb and pg_ctl of the newest version installed; None without one."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@contextlib.contextmanager
def cluster(bin_folder: Path) -> Iterator[str]:
    """The URL of a running server's database `postgres`, without durability: it lives for the tests only."""
    user = _server_user()
    folder = Path(tempfile.mkdtemp(prefix="bta-pg-"))
    data = folder / "data"
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    port = free_port()
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off "
        "-c synchronous_commit=off -c full_page_writes=off -c max_connections=50 -c shared_buffers=16MB"
    )
    control = [str(bin_folder / "pg_ctl"), "-D", str(data), "-w", "-t", "60"]
    _run(user, [str(bin_folder / "initdb"), "-D", str(data), "-U", "tester", "-A", "trust", "-E", "UTF8"])
    _run(user, [*control, "-l", str(folder / "log"), "-o", options, "start"])
    try:
        yield f"postgresql://tester@127.0.0.1:{port}/postgres"
    finally:
        _run(user, [*control, "-m", "immediate", "stop"])
        shutil.rmtree(folder)


@contextlib.contextmanager
def fresh_database(server_url: str, name: str, template: str = "template0") -> Iterator[str]:
    """The URL of a new database of the server: empty, or a copy of `template`."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    try:
        yield server_url.rsplit("/", 1)[0] + f"/{name}"
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _server_user() -> pwd.struct_passwd | None:
    """Whom the server runs as: it refuses root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _run(user: pwd.struct_passwd | None, command: list[str]) -> None:
    identity = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    result = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        # a pipe would be inherited by the server and never be closed
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        timeout=120,
        **identity,
    )
    assert result.returncode == 0, f"{command} ended with {result.returncode}"

"""What must be true before supervisord starts, and what it is started with."""

import os
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from binance_trade_agent.bootstrap.books import bring_up_to_date
from binance_trade_agent.bootstrap.launched_book import note_launched_book
from binance_trade_agent.bootstrap.secrets import mcp_token_file
from binance_trade_agent.bootstrap.sign_in_link import SignInLink
from binance_trade_agent.bootstrap.strategies import settings_strategies
from binance_trade_agent.bootstrap.supervisor_rpc import SOCKET_NAME, SupervisorClient
from binance_trade_agent.domain.errors import (
    ConfigurationError,
    DatabaseTooNew,
    DatabaseUnwritable,
    StorageError,
)
from binance_trade_agent.settings import Settings

CONFIGURATION = Path(__file__).resolve().parents[2] / "supervisord.conf"

#: glibc keeps what is freed in a heap for each thread, and soon treats even buffers of 16 MB (scrypt's) so. Two
#: heaps, and a fixed size from which memory goes straight back, hold the dashboard 40 MB smaller. Other systems ignore it.
_MALLOC = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "1048576"}

#: sun_path of Linux holds 108 bytes with the closing zero; supervisord binds `<socket>.<pid>` first.
_SOCKET_PATH_BYTES = 107 - len(".4194304")


@dataclass(frozen=True, slots=True)
class Launch:
    """How to become supervisord, and the addresses its programs will listen on, each with its name."""

    command: tuple[str, ...]
    environment: dict[str, str]
    addresses: tuple[tuple[str, str], ...]


def prepare_launch(settings: Settings) -> Launch:
    """Check everything that would keep the programs from working, and make the folders.

    Raises:
        ConfigurationError: with every problem found.
    """
    problems = [*_folder_problems(settings), *_strategy_problems(settings)]
    if not problems:
        problems += _database_problems(settings)
    running = SupervisorClient(settings.run_dir).pid()
    if running is not None:
        problems.append(f"DATA_DIR={settings.data_dir} is in use: supervisord runs there (pid {running})")
    else:
        problems += port_problems(settings)
    if not CONFIGURATION.is_file():
        problems.append(f"{CONFIGURATION} is missing: run from a checkout of the project")
    if problems:
        raise ConfigurationError(*problems)
    try:
        addresses = tuple(_addresses(settings))
    except OSError as error:
        raise ConfigurationError(
            f"{SignInLink(settings).path} cannot be written: {error.strerror}"
        ) from error
    try:
        _write_control_file(settings)
        note_launched_book(settings)
    except OSError as error:
        raise ConfigurationError(f"{settings.run_dir} cannot be written: {error.strerror}") from error
    return Launch(
        command=(sys.executable, "-m", "supervisor.supervisord", "-n", "-s", "-c", str(CONFIGURATION)),
        environment={
            "BTA_PYTHON": sys.executable,
            "BTA_RUN_DIR": str(settings.run_dir),
            "BTA_LOG_DIR": str(settings.log_dir),
            "BTA_SIMULATOR": str(settings.uses_simulator).lower(),
            **{name: os.environ.get(name, value) for name, value in _MALLOC.items()},
        },
        addresses=addresses,
    )


def stop_supervisor(settings: Settings, timeout_s: float = 60.0) -> bool:
    """Stop supervisord and all its programs and wait until it is gone; False when none runs.

    Raises:
        SupervisionError: it refused.
        TimeoutError: it still runs after `timeout_s`.
    """
    client = SupervisorClient(settings.run_dir)
    pid = client.pid()
    if pid is None:
        return False
    client.shut_down()
    end = time.monotonic() + timeout_s
    files = (client.socket, settings.run_dir / "supervisord.pid")  # it removes them last
    while any(file.exists() for file in files) and _is_alive(pid):
        if time.monotonic() > end:
            raise TimeoutError(f"supervisord (pid {pid}) still runs after {timeout_s:.0f} s")
        time.sleep(0.1)
    return True


def _strategy_problems(settings: Settings) -> tuple[str, ...]:
    try:
        settings_strategies(settings)
    except ConfigurationError as error:
        return error.problems
    return ()


def _database_problems(settings: Settings) -> tuple[str, ...]:
    """Brings the database up to date, here and now: Alembic's memory is gone with this process."""
    try:
        bring_up_to_date(settings.database_url)
    except ConfigurationError as error:
        return error.problems
    except (DatabaseTooNew, DatabaseUnwritable) as error:
        return (str(error),)
    except StorageError:
        return ()  # a server that is not up yet: the programs wait for it, and say so
    return ()


def _folder_problems(settings: Settings) -> Iterator[str]:
    for folder in (settings.data_dir, settings.run_dir, settings.log_dir):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = folder / f".writable.{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            yield f"DATA_DIR={settings.data_dir}: {folder} cannot be written ({error.strerror})"
            return
    yield from socket_problems(settings)


def socket_problems(settings: Settings) -> Iterator[str]:
    """Whether the path of supervisord's socket is too long for the system."""
    path = settings.run_dir / SOCKET_NAME
    if len(os.fsencode(path)) > _SOCKET_PATH_BYTES:
        yield (
            f"DATA_DIR={settings.data_dir} is too long: the socket {path} would have"
            f" {len(os.fsencode(path))} bytes, and the system allows {_SOCKET_PATH_BYTES}"
        )


def _services(settings: Settings) -> list[tuple[str, str, str, int]]:
    services = [
        ("dashboard", "DASHBOARD", settings.dashboard_host, settings.dashboard_port),
        ("MCP server", "MCP", settings.mcp_host, settings.mcp_port),
        ("metrics", "METRICS", settings.metrics_host, settings.metrics_port),
    ]
    if settings.uses_simulator:
        services.append(("simulator", "SIMULATOR", settings.simulator_host, settings.simulator_port))
    return [service for service in services if service[3]]


def port_problems(settings: Settings) -> Iterator[str]:
    """The ports that something else holds, each with what to set."""
    for title, prefix, host, port in _services(settings):
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
        except OSError as error:
            yield (
                f"{prefix}_PORT={port}: the {title} cannot listen on {host}:{port} ({error.strerror});"
                f" end what uses it or set {prefix}_PORT or {prefix}_HOST"
            )


def _addresses(settings: Settings) -> Iterator[tuple[str, str]]:
    # a password of the operator's own is known to them, and does not belong on a screen or into a log
    link = "" if settings.dashboard_password else f"?token={SignInLink(settings).draw()}"
    paths = {
        "dashboard": f"/login{link}",
        "MCP server": "/mcp",
        "metrics": "/metrics",
        "simulator": "",
    }
    for title, _, host, port in _services(settings):
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
        origin = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
        if title == "dashboard":
            origin = settings.dashboard_tls_origin or origin
        yield title, f"{origin}{paths[title]}"
    if settings.mcp_token is None:
        yield "MCP token", str(mcp_token_file(settings))
    yield "data", str(settings.data_dir)


def _write_control_file(settings: Settings) -> None:
    """What `supervisorctl -c` needs for a DATA_DIR elsewhere."""
    url = f"unix://{settings.run_dir / SOCKET_NAME}".replace("%", "%%")
    text = f"[supervisorctl]\nserverurl={url}\n"
    (settings.run_dir / "supervisorctl.conf").write_text(text, encoding="utf-8")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

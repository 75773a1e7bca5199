"""The MCP server and the dashboard as processes: a fresh start, a taken port, a database that is none."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.processes import free_port

MCP = "binance_trade_agent.interfaces.mcp_server"
DASHBOARD = "binance_trade_agent.interfaces.dashboard"
PORT_SETTINGS = {MCP: "MCP_PORT", DASHBOARD: "DASHBOARD_PORT"}
BAD_CONFIGURATION = 78
START_LIMIT_S = 60.0


@dataclass(frozen=True)
class Program:
    process: subprocess.Popen[str]
    url: str


def environment(module: str, port: int, data_dir: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "TRADING_MODE": "simulated", "DATA_DIR": str(data_dir), PORT_SETTINGS[module]: str(port)}


@contextmanager
def started(module: str, data_dir: Path, **more: str) -> Iterator[Program]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        env=environment(module, port, data_dir) | more,
        cwd=data_dir,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_for_port(process, port)
        yield Program(process, f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.communicate()


def wait_for_port(process: subprocess.Popen[str], port: int) -> None:
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end:
        assert process.poll() is None, "the program ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("the program did not listen in time")


@pytest.mark.parametrize("module", [MCP, DASHBOARD])
def test_a_taken_port_is_said_plainly_and_ends_with_78(module: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-m", module],
            env=environment(module, port, tmp_path),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=START_LIMIT_S,
            check=False,
        )

    assert ended.returncode == BAD_CONFIGURATION
    assert f"{PORT_SETTINGS[module]}={port}" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("module", [MCP, DASHBOARD])
def test_a_first_start_answers_keeps_its_secret_to_itself_and_stops_when_told(
    module: str, tmp_path: Path
) -> None:
    with started(module, tmp_path) as program:
        health = httpx.get(f"{program.url}/health", timeout=START_LIMIT_S)
        kept = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()}
        program.process.send_signal(signal.SIGTERM)
        output, _ = program.process.communicate(timeout=START_LIMIT_S)

    assert (health.status_code, health.json()["condition"]) == (503, "never started")
    assert set(kept.values()) == {0o600}
    for secret in (tmp_path / "secrets").iterdir():
        assert secret.read_text() not in output


def test_the_generated_password_opens_the_dashboard(tmp_path: Path) -> None:
    with (
        started(DASHBOARD, tmp_path) as program,
        httpx.Client(base_url=program.url, timeout=START_LIMIT_S) as client,
    ):
        assert client.get("/_dash-layout").status_code == 401
        password = (tmp_path / "secrets" / "dashboard_password").read_text()
        assert client.post("/login", data={"password": password}).status_code == 303
        assert client.get("/_dash-layout").status_code == 200


@pytest.mark.parametrize("proxy", ["127.0.0.1", "127.0.0.2", ""])
def test_only_the_proxy_that_is_named_tells_who_asks(tmp_path: Path, proxy: str) -> None:
    def attempt(client: httpx.Client, address: str, password: str) -> httpx.Response:
        # a proxy appends whom it was asked by; what stands before may be made up
        headers = {"X-Forwarded-For": f"10.9.9.9, {address}"}
        return client.post("/login", data={"password": password}, headers=headers)

    with (
        started(DASHBOARD, tmp_path, DASHBOARD_TLS_PROXY=proxy) as program,
        httpx.Client(base_url=program.url, timeout=START_LIMIT_S) as client,
    ):
        right = (tmp_path / "secrets" / "dashboard_password").read_text()
        cookie = attempt(client, "10.0.0.2", right).headers["Set-Cookie"]
        assert ("Secure" in cookie) is bool(proxy)
        assert [attempt(client, "10.0.0.1", "guess").status_code for _ in range(6)] == [401] * 5 + [429]
        is_named = proxy == "127.0.0.1"
        assert attempt(client, "10.0.0.2", "guess").status_code == (401 if is_named else 429)


@pytest.mark.parametrize("module", [MCP, DASHBOARD])
def test_a_file_that_is_no_database_is_said_and_the_program_stays(module: str, tmp_path: Path) -> None:
    (tmp_path / "portfolio.db").write_text("this is not a database " * 100)
    with started(module, tmp_path) as program:
        answers = [httpx.get(f"{program.url}/health", timeout=START_LIMIT_S) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [503, 503]
        assert answers[1].json()["condition"] == "unreadable"
        assert str(tmp_path) not in answers[1].text
        assert program.process.poll() is None

"""What people and programs read of a one-year database, while a trader writes to it.

Every figure is the p95 of one kind of read. The writer is a process of its own.
"""

import asyncio
import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

from bench.figures import Figure
from bench.mcp import resident_mb
from bench.one_year import OneYear, one_year
from bench.year_pages import SETTINGS, cpu_ms, pages_of_one_year
from bench.year_reads import reads_of
from tests.mcp_calls import bearer
from tests.processes import ROOT, Installation, eventually, installation, mcp_server, running

_TARGET_MS = 100.0
_MEMORY_TARGET_MB = 110.0
#: Its migrations hold up the first start of a new version.
_MIGRATION_TARGET_S = 120.0
_WARM, _TIMES, _WITHIN_S = 1, 20, 6.0

_TOOL_CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("get_status", {}),
    ("get_portfolio", {}),
    ("get_decisions", {"limit": 100}),
    ("get_orders", {"limit": 100}),
    ("get_fills", {"limit": 100}),
    ("get_risk_state", {}),
    ("get_audit", {}),
    ("explain", {"since": "24h"}),
    ("explain", {"since": "7d"}),
    ("explain", {"since": "30d"}),
    ("explain", {"since": "365d"}),
)


def reading_one_year(folder: Path) -> list[Figure]:
    """p95 of every read of people and programs: in process, over MCP, and by each page of the dashboard."""
    year = one_year()
    sys.stderr.write(f"one-year database: {year.size_gb:.1f} GB\n")
    place = installation(folder, {"DATABASE_URL": year.url, "MCP_CALLS_PER_MINUTE": "100000", **SETTINGS})
    with running(place.start(sys.executable, "-m", "bench.year_writer", PYTHONPATH=str(ROOT))) as writer:
        eventually(lambda: _has_written(place, writer), within_s=30, what="the writer writes")
        with place.desk() as desk:
            figures = [_figure(name, _times_ms(read)) for name, read in reads_of(desk)]
        with mcp_server(place) as server:
            called = asyncio.run(_calls_ms(place, server.pid))
            figures += [_figure(f"MCP {name}", times) for name, times in called.items()]
            memory_mb = resident_mb(server.pid)
        figures.append(Figure("MCP server: memory after it all", memory_mb, "MB", _MEMORY_TARGET_MB))
        figures += pages_of_one_year(place)
    return [*figures, *_of_database(year)]


def _has_written(place: Installation, writer: subprocess.Popen[bytes]) -> bool:
    if writer.poll() is not None:
        raise AssertionError(place.output)
    return "cycle written" in place.output


def _times_ms(read: Callable[[], object]) -> list[tuple[float, float]]:
    """Wall and CPU milliseconds of each call after the first."""
    times = []
    until = time.monotonic() + _WITHIN_S
    for turn in range(_WARM + _TIMES):
        wall, cpu = time.perf_counter(), time.process_time()
        read()
        times.append(((time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000))
        if turn >= _WARM + 2 and time.monotonic() > until:
            break
    return times[_WARM:]


def _figure(name: str, times: list[tuple[float, float]]) -> Figure:
    walls, cpus = sorted(wall for wall, _ in times), [cpu for _, cpu in times]
    p95 = walls[math.ceil(len(walls) * 0.95) - 1]
    note = f"median {median(walls):,.1f} ms, CPU {median(cpus):,.1f} ms"
    return Figure(f"one year: {name}, p95", p95, "ms", _TARGET_MS, note=note)


async def _calls_ms(place: Installation, pid: int) -> dict[str, list[tuple[float, float]]]:
    token = (place.settings.data_dir / "secrets" / "mcp_token").read_text().strip()
    url = f"http://127.0.0.1:{place.environment['MCP_PORT']}/mcp"
    called: dict[str, list[tuple[float, float]]] = {}
    async with (
        create_mcp_http_client(headers=bearer(token)) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        for tool, arguments in _TOOL_CALLS:
            times = [await _took_ms(client, pid, tool, arguments) for _ in range(_WARM + _TIMES)]
            called[" ".join([tool, *map(str, arguments.values())])] = times[_WARM:]
    return called


async def _took_ms(client: Client, pid: int, tool: str, arguments: dict[str, Any]) -> tuple[float, float]:
    """Wall milliseconds, and those of the server's processor time."""
    cpu, began = cpu_ms(pid), time.perf_counter()
    result = await client.call_tool(tool, arguments)
    took_ms = (time.perf_counter() - began) * 1000
    if result.is_error:
        raise AssertionError(result.content)
    return took_ms, cpu_ms(pid) - cpu


def _of_database(year: OneYear) -> list[Figure]:
    note = f"{year.size_gb:.1f} GB, CPU {year.migrated_cpu_s:.0f} s"
    what = "migrating a one-year database from schema 0005"
    return [Figure(what, year.migrated_s, "s", _MIGRATION_TARGET_S, note=note)]

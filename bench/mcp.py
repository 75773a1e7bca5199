"""The MCP server: what a reading tool takes beyond the SDK's own time, and idle memory."""

import asyncio
import socket
import sys
import time
from pathlib import Path
from statistics import median

from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

from bench.figures import Figure
from tests.mcp_calls import bearer
from tests.processes import (
    ROOT,
    Installation,
    eventually,
    free_port,
    installation,
    mcp_server,
    running,
    simulator,
)

_CALLS = 200
_BEYOND_TARGET_MS = 15.0
_MEMORY_TARGET_MB = 110.0


def reading_over_mcp(folder: Path) -> list[Figure]:
    """Median round trips of `get_status` and of a tool that does nothing, called in turn on loopback."""
    place = installation(folder, {"MCP_CALLS_PER_MINUTE": "100000"})
    port = free_port()
    with simulator(place), mcp_server(place) as server, running(place.trader()):
        with place.desk() as desk:
            eventually(lambda: desk.watch.status().cycles >= 5, within_s=120, what="cycles")
        idle_mb = resident_mb(server.pid)
        with running(place.start(sys.executable, "-m", "bench.plain_mcp", str(port), PYTHONPATH=str(ROOT))):
            eventually(lambda: _listens(port), within_s=60, what="the SDK's server listens")
            ours_ms, plain_ms = asyncio.run(_round_trips_ms(place, port))
    return [
        Figure(
            "get_status over MCP beyond the SDK's own tool, median",
            ours_ms - plain_ms,
            "ms",
            _BEYOND_TARGET_MS,
        ),
        Figure("resident memory of binance_agent, idle", idle_mb, "MB", _MEMORY_TARGET_MB),
    ]


async def _round_trips_ms(place: Installation, plain_port: int) -> tuple[float, float]:
    token = (place.settings.data_dir / "secrets" / "mcp_token").read_text().strip()
    url = f"http://127.0.0.1:{place.environment['MCP_PORT']}/mcp"
    async with (
        create_mcp_http_client(headers=bearer(token)) as http,
        create_mcp_http_client() as plain_http,
        Client(streamable_http_client(url, http_client=http)) as ours,
        Client(streamable_http_client(f"http://127.0.0.1:{plain_port}/mcp", http_client=plain_http)) as plain,
    ):
        times = [(await _took_ms(ours, "get_status"), await _took_ms(plain, "ping")) for _ in range(_CALLS)]
    return median(own for own, _ in times), median(other for _, other in times)


async def _took_ms(client: Client, tool: str) -> float:
    began = time.perf_counter()
    result = await client.call_tool(tool, {})
    took_ms = (time.perf_counter() - began) * 1000
    if result.is_error:
        raise AssertionError(result.content)
    return took_ms


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def resident_mb(pid: int) -> float:
    """What a process holds in memory now."""
    (line,) = [
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")
    ]
    return int(line.split()[1]) / 1024

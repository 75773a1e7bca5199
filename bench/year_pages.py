"""The dashboard on a one-year database: its callbacks over HTTP, what its pages take to show numbers, its memory.

Chromium opens each page and tells which callbacks the page makes; the same requests are then sent by a plain client,
one at a time. Before every third page the pulse is asked for, as a browser does at each update: what parts of a page
share is read anew then. Which pages those are changes from round to round.
"""

import json
import math
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import BrowserContext, Page, Request

from bench.figures import Figure
from bench.mcp import resident_mb
from binance_trade_agent.interfaces.dashboard.registry import all_pages
from tests.browser.real import PASSWORD, dashboard
from tests.browser.visits import SCREEN, WAIT_MS, chromium
from tests.processes import Installation

SETTINGS = {"DASHBOARD_PASSWORD": PASSWORD}
_CALLBACK_MS, _PAINT_S, _MEMORY_MB = 100.0, 2.5, 160.0
_ROUNDS, _PAINTS = 60, 5
#: Beats of the pulse are shared for half a second; so many pages follow one, or the rounds would take a quarter of an hour.
_BEAT_S, _PAGES_A_BEAT = 0.55, 3
_LOG_LINES = 20_000
#: Beside each page without a choice: the longest time, and the most rows, that it offers.
_WIDEST = (
    "/?span=365d",
    "/?span=all",
    "/decisions?since=30d",
    "/decisions?since=30d&symbol=BTCUSDT&outcome=refused",
    "/market?symbol=LINKUSDT&interval=4h",
    "/orders?since=30d",
    "/trades?since=365d&by=week",
    "/trades?since=all",
    "/performance?period=365d&by=symbol",
    "/performance?period=all",
    "/audit?rows=more",
)
#: Nothing is being read any more, and there are rows or numbers, and curves in the charts.
_PAINTED = """() => {
  const page = document.querySelector('#page .page');
  if (!page || page.querySelector('.loading')) return false;
  const charts = [...page.querySelectorAll('.chart')].filter((chart) => chart.offsetParent);
  if (!charts.every((chart) => chart.querySelector('.mlayer .trace'))) return false;
  const shown = [...page.querySelectorAll('[data-value], tbody td, .log li, dd')];
  return shown.some((element) => /\\d/.test(element.textContent)) && performance.now();
}"""


@dataclass
class _Seen:
    """A page as the browser opened it: the bodies of its callbacks' requests by what they fill, and its paints in ms."""

    bodies: dict[str, str] = field(default_factory=dict)
    paints_ms: list[float] = field(default_factory=list)


@dataclass
class _Calls:
    """Milliseconds of each call of one callback, by the clock and of the server's processor time."""

    walls: list[float] = field(default_factory=list)
    cpus: list[float] = field(default_factory=list)


def pages_of_one_year(
    place: Installation, paths: Sequence[str] = (), rounds: int = _ROUNDS
) -> Iterator[Figure]:
    """Of every page with its usual and its widest choice: the slowest callback, the paint; at last the memory."""
    _write_log(place)
    with dashboard(place) as server:
        url = f"http://127.0.0.1:{place.environment['DASHBOARD_PORT']}"
        idle_mb = resident_mb(server.pid)
        seen = _visited(url, paths or (*(page.path for page in all_pages()), *_WIDEST))
        visited_mb = resident_mb(server.pid)
        called = _called(url, seen, server, rounds)
        after_mb = resident_mb(server.pid)
    pulse = called.pop("pulse")["pulse"]
    yield Figure("dashboard: the pulse, p95", _p95(pulse.walls), "ms", _CALLBACK_MS, note=_told(pulse))
    for path, parts in called.items():
        slowest = max(parts, key=lambda name: _p95(parts[name].walls))
        whole = sum(median(calls.walls) for calls in parts.values())
        note = f"{slowest}: {_told(parts[slowest])}; all {len(parts)} parts {whole:,.0f} ms"
        what = f"dashboard {path}: slowest callback, p95"
        yield Figure(what, _p95(parts[slowest].walls), "ms", _CALLBACK_MS, note=note)
    for path, page in seen.items():
        note = f"median {median(page.paints_ms) / 1000:.2f} s"
        yield Figure(
            f"dashboard {path}: shows its numbers, worst of {_PAINTS}",
            max(page.paints_ms) / 1000,
            "s",
            _PAINT_S,
            note=note,
        )
    note = f"before the first page {idle_mb:.0f} MB, after {rounds} rounds of all callbacks {after_mb:.0f} MB"
    yield Figure("dashboard: memory after every page", max(visited_mb, after_mb), "MB", _MEMORY_MB, note=note)


def _write_log(place: Installation) -> None:
    """A trader's log as long as one gets before it is rotated."""
    line = {"event": "cycle", "level": "info", "logger": "autonomous_trader", "decisions": 10, "own_ms": 24.5}
    lines = (
        json.dumps({"timestamp": f"2026-11-23T08:00:{number % 60:02}Z", "number": number, **line})
        for number in range(_LOG_LINES)
    )
    place.settings.log_dir.mkdir(parents=True, exist_ok=True)
    (place.settings.log_dir / "autonomous_trader.log").write_text("\n".join(lines) + "\n")


def _visited(url: str, paths: Sequence[str]) -> dict[str, _Seen]:
    """Each page opened once to warm up, then a few times."""
    with chromium() as browser:
        context = browser.new_context(viewport=SCREEN)  # type: ignore[arg-type]  # a plain dictionary will do
        page = _signed_in(context, url)
        return {path: _seen(page, url + path) for path in paths}


def _signed_in(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{url}/login")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{url}/")
    return page


def _seen(page: Page, address: str) -> _Seen:
    seen = _Seen()

    def take(request: Request) -> None:
        if urlsplit(request.url).path == "/_dash-update-component" and request.post_data:
            seen.bodies[json.loads(request.post_data)["output"]] = request.post_data

    _paint_ms(page, address)
    page.on("request", take)
    seen.paints_ms = [_paint_ms(page, address) for _ in range(_PAINTS)]
    page.remove_listener("request", take)
    return seen


def _paint_ms(page: Page, address: str) -> float:
    """From the beginning of the navigation on."""
    page.goto(address, wait_until="commit")
    return float(page.wait_for_function(_PAINTED, polling=20).json_value())


def _called(
    url: str, seen: dict[str, _Seen], server: subprocess.Popen[bytes], rounds: int
) -> dict[str, dict[str, _Calls]]:
    """Page -> callback -> its calls; the pulse is told as a page of that name."""
    called = {path: {name: _Calls() for name in page.bodies} for path, page in seen.items()}
    pulse = called["pulse"] = {"pulse": _Calls()}
    with httpx.Client(base_url=url, timeout=30, follow_redirects=True) as client:
        client.post("/login", data={"password": PASSWORD}).raise_for_status()
        for turn in range(rounds):
            for place, (path, page) in enumerate(seen.items()):
                if (turn + place) % _PAGES_A_BEAT == 0:
                    time.sleep(_BEAT_S)
                    with _timed(pulse["pulse"], server.pid):
                        client.get("/live").raise_for_status()
                for name, body in page.bodies.items():
                    with _timed(called[path][name], server.pid):
                        _send(client, body)
    return called


def _send(client: httpx.Client, body: str) -> None:
    answer = client.post(
        "/_dash-update-component", content=body, headers={"Content-Type": "application/json"}
    )
    answer.raise_for_status()


class _timed:  # noqa: N801 - reads as a function
    """Adds what the block takes."""

    def __init__(self, calls: _Calls, pid: int) -> None:
        self._calls, self._pid = calls, pid

    def __enter__(self) -> None:
        self._cpu, self._wall = cpu_ms(self._pid), time.perf_counter()

    def __exit__(self, *_: Any) -> None:
        self._calls.walls.append((time.perf_counter() - self._wall) * 1000)
        self._calls.cpus.append(cpu_ms(self._pid) - self._cpu)


def cpu_ms(pid: int) -> float:
    """What all threads of a process have run so far (proc_pid_schedstat: the first number, in ns)."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


def _p95(times: Sequence[float]) -> float:
    return sorted(times)[math.ceil(len(times) * 0.95) - 1]


def _told(calls: _Calls) -> str:
    return f"median {median(calls.walls):,.1f} ms, CPU {median(calls.cpus):,.1f} ms"

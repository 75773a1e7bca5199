"""Start, memory and recovery of the processes."""

import os
import signal
import time
from pathlib import Path

from bench.figures import Figure
from tests.processes import CLI, Installation, eventually, installation, running, simulator

_MEMORY_TARGETS_MB = {
    "autonomous_trader": 190.0,
    "binance_agent": 110.0,
    "dash_ui": 160.0,
    "exchange_simulator": 120.0,
}
_RUNS = 5


def start_to_first_order(folder: Path) -> list[Figure]:
    """From the spawn of the trader to its exit after one filled order (test mode), median of five."""
    times = []
    for run in range(_RUNS):
        (folder / str(run)).mkdir()
        place = installation(folder / str(run), {"SIGNAL_AGENT_TEST_MODE": "true"})
        with simulator(place):
            began = time.monotonic()
            with running(place.trader()) as trader:
                if trader.wait(60) != 0:
                    raise AssertionError(place.output)
            times.append(time.monotonic() - began)
    return [
        Figure(
            "trader's start to its first filled order and exit",
            sorted(times)[_RUNS // 2],
            "s",
            3.0,
            "freqtrade: 5.1 s",
        )
    ]


def memory_of_processes(folder: Path) -> list[Figure]:
    """Peak resident memory of each program after a minute of 1 s cycles, under supervisord."""
    place = installation(folder)
    with running(place.start(CLI, "supervise")), place.desk() as desk:
        eventually(lambda: desk.watch.status().cycles >= 60, within_s=180, what="60 cycles")
        pids = _pids(place)
        peaks = {name: _peak_mb(pids[name]) for name in _MEMORY_TARGETS_MB}
    peer = "freqtrade, one pair: 323 MB"
    return [
        Figure(
            f"peak memory of {name}", peak, "MB", _MEMORY_TARGETS_MB[name], peer if "trader" in name else ""
        )
        for name, peak in peaks.items()
    ]


def recovery_after_kill(folder: Path) -> list[Figure]:
    """From `kill -9` of the trader to its next completed cycle under supervisord, worst of five."""
    place = installation(folder)
    times = []
    with running(place.start(CLI, "supervise")), place.desk() as desk:
        eventually(lambda: desk.watch.status().cycles >= 3, within_s=120, what="cycles")
        for _ in range(_RUNS):
            eventually(lambda: desk.watch.status().health.healthy, within_s=60, what="healthy")
            os.kill(_pids(place)["autonomous_trader"], signal.SIGKILL)
            before, began = _completed(desk), time.monotonic()
            eventually(lambda b=before: _completed(desk) > b, within_s=60, what="a cycle after the kill")
            times.append(time.monotonic() - began)
    return [Figure("kill -9 of the trader to the next completed cycle, worst of 5", max(times), "s", 6.0)]


def _completed(desk: object) -> int:
    rows = desk.watch.cycles(limit=100_000)  # type: ignore[attr-defined]
    return sum(1 for row in rows if row.finished_at is not None)


def _pids(place: Installation) -> dict[str, int]:
    answer = place.run(
        CLI.with_name("supervisorctl"), "-c", place.settings.run_dir / "supervisorctl.conf", "status"
    )
    rows = (line.split() for line in answer.stdout.splitlines())
    return {row[0]: int(row[row.index("pid") + 1].rstrip(",")) for row in rows if "pid" in row}


def _peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024

"""Own time of a cycle: the real trader process against the simulator in a process of its own."""

import math
from pathlib import Path

from bench.figures import Figure
from tests.processes import eventually, installation, running, simulator

_TARGETS_MS = {2: 25.0, 100: 250.0, 500: 1000.0}
_CYCLES = {2: 100, 100: 30, 500: 10}
#: Each cycle finds new candles, and the weight stays under what market data may use of Binance's 6,000 a minute.
_INTERVALS_S = {2: "0.5", 100: "4", 500: "16"}


def own_time_of_cycles(folder: Path) -> list[Figure]:
    """p99 over the cycles after the first, which fills the candle windows."""
    return [_measure(folder / str(count), count) for count in _TARGETS_MS]


def _measure(folder: Path, count: int) -> Figure:
    folder.mkdir()
    symbols = ["BTCUSDT", "ETHUSDT", *(f"SYM{n}USDT" for n in range(count - 2))]
    place = installation(
        folder,
        {
            "TRADING_SYMBOLS": ",".join(symbols),
            "TRADING_INTERVAL_SECONDS": _INTERVALS_S[count],
            "CANDLE_INTERVAL": "1s",
            "RISK_ORDER_SHARE": "0.01",
        },
    )
    wanted = _CYCLES[count]
    with simulator(place), running(place.trader()), place.desk() as desk:
        eventually(lambda: desk.watch.status().cycles > wanted, within_s=600, what=f"{wanted} cycles")
        rows = [row for row in desk.watch.cycles(limit=wanted + 1) if row.number > 1]
    own = sorted(row.own_ms for row in rows if row.own_ms is not None)
    p99 = own[min(len(own) - 1, math.ceil(len(own) * 0.99) - 1)]
    return Figure(f"own time of a cycle, {count} symbols, p99", p99, "ms", _TARGETS_MS[count])

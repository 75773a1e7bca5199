"""Candles to try strategies on: a generated market, or a file."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.symbol_names import is_symbol, quote_of
from binance_trade_agent.exchange.simulator.market.candles import Column, Table
from binance_trade_agent.exchange.simulator.market.generated import SteppedGeneratedMarket
from binance_trade_agent.exchange.simulator.market.recording import BadCandleFile
from binance_trade_agent.exchange.simulator.market.replay import read_recording
from binance_trade_agent.strategies.base import Candles
from binance_trade_agent.strategies.probing import Market

_INTERVAL = "1m"
_INTERVAL_MS = 60_000
# 2026-01-05, a Monday, 00:00 UTC
_ANCHOR_MS = 1_767_571_200_000
_SEEDS = {"BTCUSDT": 1, "DOGEUSDT": 2}
_A_REPLY = 1000


def generated_markets(count: int) -> tuple[Market, ...]:
    """`count` one-minute candles of two generated symbols, the same each time."""
    return tuple(
        Market(f"generated {symbol} {_INTERVAL}", _generated(symbol, seed, count))
        for symbol, seed in _SEEDS.items()
    )


def file_market(path: Path, newest: int) -> Market:
    """The `newest` candles of a Parquet or CSV file.

    Raises:
        ConfigurationError: it cannot be read as candles.
    """
    try:
        recording = read_recording(path, _symbol_of(path))
    except (BadCandleFile, OSError) as error:
        raise ConfigurationError(f"candle file: {error}") from error
    table, scale = recording.table[-newest:], recording.scale
    decimals = (scale.price_decimals, scale.quantity_decimals)
    return Market(path.name, _candles(table, decimals, recording.interval_ms))


def _generated(symbol: str, seed: int, count: int) -> Candles:
    market = SteppedGeneratedMarket((symbol,), seed=seed, anchor_ms=_ANCHOR_MS, base_interval=_INTERVAL)
    first_ms = _ANCHOR_MS - count * _INTERVAL_MS
    klines = [
        kline
        for start in range(0, count, _A_REPLY)
        for kline in market.klines(
            symbol,
            _INTERVAL,
            start_ms=first_ms + start * _INTERVAL_MS,
            end_ms=first_ms + min(start + _A_REPLY, count) * _INTERVAL_MS - 1,
            limit=_A_REPLY,
        )
    ]

    def column(name: str) -> npt.NDArray[np.float64]:
        return np.array([getattr(kline, name) for kline in klines], dtype=np.float64)

    return Candles.from_arrays(
        open=column("open"),
        high=column("high"),
        low=column("low"),
        close=column("close"),
        volume=column("volume"),
        opened_s=column("open_ms") / 1000,
        closed_s=(column("close_ms") + 1) / 1000,
    )


def _candles(table: Table, decimals: tuple[int, int], interval_ms: int) -> Candles:
    def column(place: Column, digits: int) -> npt.NDArray[np.float64]:
        numbers: npt.NDArray[np.float64] = table[:, place] / 10.0**digits
        return numbers

    price, quantity = decimals
    opened_s = column(Column.OPEN_MS, 3)
    return Candles.from_arrays(
        open=column(Column.OPEN, price),
        high=column(Column.HIGH, price),
        low=column(Column.LOW, price),
        close=column(Column.CLOSE, price),
        volume=column(Column.VOLUME, quantity),
        opened_s=opened_s,
        closed_s=opened_s + interval_ms / 1000,
    )


def _symbol_of(path: Path) -> str:
    """The symbol that the file's name begins with; its price and quantity steps are those of the file."""
    name = path.name.partition("-")[0].partition(".")[0].partition("_")[0].upper()
    try:
        return name if is_symbol(name) and quote_of(name) else "BTCUSDT"
    except ValueError:
        return "BTCUSDT"

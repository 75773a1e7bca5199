"""Signal and risk alone, in this process: 100 symbols, windows of 1,000 candles, one more candle each time."""

import math
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import numpy as np

from bench.figures import Figure
from binance_trade_agent.agents.risk import RiskContext, RiskLimits, RiskManagementAgent
from binance_trade_agent.agents.signal import SignalAgent
from binance_trade_agent.domain.decisions import SignalAction
from binance_trade_agent.domain.loss_limits import LossMarks
from binance_trade_agent.domain.market import BookTop, Candle, CandleInterval, MarketSnapshot
from binance_trade_agent.strategies.base import Advice, Bar, Strategy
from binance_trade_agent.strategies.combined_default import CombinedDefault
from tests.trading_views import OPENED, RULES, account_of, control_of, portfolio_of, position_of

_SYMBOLS = [f"SYM{number}USDT" for number in range(100)]
_HELD = _SYMBOLS[:5]
_CANDLES = 1000
_REPEATS = 20
_TARGET_MS = 150.0
#: The first cycle turns all windows into arrays.
_COLD_TARGET_MS = 1000.0


class _AlwaysBuys(CombinedDefault):
    """`combined_default` with all its work, and BUY whatever comes of it."""

    name: ClassVar[str] = "always_buys"
    adds: ClassVar[bool] = True

    def decide(self, bar: Bar) -> Advice:
        super().decide(bar)
        return Advice.buy(1.0, "bench", "bought for the measurement")


def own_time_of_decisions(_: Path) -> list[Figure]:
    """Median and p99 of 20 cycles that find one new candle of each symbol, and the cycle before them."""
    histories = {symbol: _history(number) for number, symbol in enumerate(_SYMBOLS)}
    cycles = [_cycle(histories, index) for index in range(_REPEATS + 1)]
    figures: list[Figure] = []
    for strategy, what in ((CombinedDefault(), "combined_default"), (_AlwaysBuys(), "every symbol BUY")):
        cold, *warm = _times_ms(strategy, cycles)
        p99 = sorted(warm)[math.ceil(len(warm) * 0.99) - 1]
        figures += [
            Figure(f"signal and risk, 100 × 1,000 candles, {what}, {name}", value, "ms", target)
            for name, value, target in (
                ("median", statistics.median(warm), _TARGET_MS),
                ("p99", p99, _TARGET_MS),
                ("first", cold, _COLD_TARGET_MS),
            )
        ]
    return figures


def _times_ms(strategy: Strategy, cycles: list[dict[str, MarketSnapshot]]) -> Iterator[float]:
    signals = SignalAgent(lambda _: strategy, max_signal_age=timedelta(minutes=7))
    risk = RiskManagementAgent(RiskLimits())
    for snapshots in cycles:
        began = time.perf_counter()
        _decide(signals, risk, snapshots)
        yield (time.perf_counter() - began) * 1000


def _decide(signals: SignalAgent, risk: RiskManagementAgent, snapshots: dict[str, MarketSnapshot]) -> None:
    portfolio = portfolio_of(10_000, *(position_of(1, symbol, cost=100) for symbol in _HELD))
    context = RiskContext(
        account_of(USDT=10_000),
        CandleInterval.M1,
        marks=LossMarks(OPENED.date(), Decimal(0), Decimal(10_500), Decimal(0), OPENED),
        candles={symbol: snapshots[symbol].candles for symbol in _HELD},
    )
    control = control_of()
    for symbol, snapshot in snapshots.items():
        settled = replace(context, warmup_candles=signals.warmup_candles(symbol))
        signal = signals.evaluate(snapshot, portfolio.position(symbol))
        if signal.action is not SignalAction.HOLD:
            risk.assess(signal, snapshot, portfolio, control=control, context=settled)


def _cycle(histories: dict[str, list[Candle]], index: int) -> dict[str, MarketSnapshot]:
    """What the cycle sees that finds candle `_CANDLES + index` closed."""
    found = {}
    for symbol, history in histories.items():
        window = tuple(history[index : index + _CANDLES])
        price = window[-1].close
        found[symbol] = MarketSnapshot(
            symbol=symbol,
            interval=CandleInterval.M1,
            candles=window,
            new_candles=1,
            book=BookTop(symbol, price, Decimal(10), price + Decimal("0.01"), Decimal(10)),
            rules=replace(RULES, symbol=symbol, base=symbol.removesuffix("USDT")),
            observed_at=window[-1].close_time + timedelta(seconds=1),
        )
    return found


def _history(seed: int) -> list[Candle]:
    rng = np.random.default_rng(seed)
    closes = 100 * np.exp(np.cumsum(rng.normal(0, 0.002, _CANDLES + _REPEATS)))
    prices = [Decimal(f"{close:.2f}") for close in closes]
    minute, room = CandleInterval.M1.duration, Decimal("0.10")
    return [
        Candle(
            OPENED + index * minute,
            OPENED + (index + 1) * minute,
            was,
            max(was, price) + room,
            min(was, price) - room,
            price,
            Decimal(5),
        )
        for index, (was, price) in enumerate(zip([prices[0], *prices], prices, strict=False))
    ]

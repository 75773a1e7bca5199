"""`python -m bench.year_writer`: writes a cycle of ten decisions each second, as a trader does, until it is ended."""

import sys
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bench.year_rows import SYMBOLS
from binance_trade_agent.bootstrap.books import open_settings_book
from binance_trade_agent.domain.decisions import (
    ControlSnapshot,
    CycleKind,
    CycleOutcome,
    CycleReport,
    CycleStart,
    Decision,
    Miss,
    Outcome,
    Reason,
    Signal,
    SignalAction,
    TradingState,
)
from binance_trade_agent.domain.portfolio import Equity
from binance_trade_agent.settings import load_settings
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.read_models import SqlReadModels

_PAUSE_S = 1.0


def main() -> None:
    """Write until SIGTERM."""
    database, book = open_settings_book(load_settings())
    log = SqlDecisionLog(database, book)
    reads = SqlReadModels(database, book)
    equity = reads.equity(limit=1)[0]
    prices = {symbol: reads.last_price(symbol) for symbol in SYMBOLS}
    contributed = equity.contributed or Decimal(0)
    number = 1_000_000
    while True:
        number += 1
        at = datetime.now(tz=UTC)
        start = CycleStart(uuid.uuid4().hex, number, CycleKind.SCHEDULED, at, at, SYMBOLS)
        log.open_cycle(start, "year")
        worth = Equity(
            at,
            book.quote,
            equity.cash,
            equity.positions_value,
            equity.realised,
            equity.unrealised,
            contributed,
        )
        log.close_cycle(_report(start, at, worth, prices), {})
        sys.stdout.write("cycle written\n")
        sys.stdout.flush()
        time.sleep(_PAUSE_S)


def _report(
    start: CycleStart, at: datetime, worth: Equity, prices: Mapping[str, Decimal | None]
) -> CycleReport:
    control = ControlSnapshot(TradingState.RUNNING, "initial", "system", at)
    decisions = tuple(_decision(symbol, at, prices[symbol]) for symbol in SYMBOLS)
    return CycleReport(
        start=start,
        outcome=CycleOutcome.COMPLETED,
        control=control,
        decisions=decisions,
        executions=(),
        equity=worth,
        finished_at=at + timedelta(milliseconds=25),
        duration_s=0.025,
        own_ms=25.0,
        unresolved=0,
    )


def _decision(symbol: str, at: datetime, price: Decimal | None) -> Decision:
    miss = Miss("RSI14 12.0 above the entry", 0.12)
    reason = Reason("hold", "RSI14 42.0: nothing to do")
    values = {"rsi": 42.0, "close": 1.0}
    signal = Signal(symbol, "combined_default", SignalAction.HOLD, 0.0, (reason,), values, at, miss)
    return Decision(
        uuid.uuid4().hex, symbol, at, Outcome.HELD, reason, signal=signal, nearest_miss=miss, price=price
    )


if __name__ == "__main__":
    main()

"""Real candles through simulator, adapter, agents and database, the crash of 5 August 2024 included."""

import itertools
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from binance_trade_agent.domain.decisions import CycleOutcome
from binance_trade_agent.exchange.simulator.market.factory import MarketConfig, MarketKind, market_from
from tests.floor import OPENING, Floor, trading_floor
from tests.recorded import recorded

CYCLES = 320
#: BTC fell to 49,000 at 06:16 UTC
START = datetime(2024, 8, 5, 2, 0, tzinfo=UTC)
SYMBOLS = ("BTCUSDT", "ETHUSDT")
#: Simulated mode rests for hours of these candles after each exit, to lose slowly in a generated market.
BUSY = {"RISK_COOLDOWN_CANDLES": "3", "RISK_LOSS_COOLDOWN_CANDLES": "3", "RISK_MAX_LOSING_STREAK": "0"}


async def test_every_candle_is_decided_once_and_the_books_agree_to_the_last_digit(tmp_path: Path) -> None:
    files = {symbol: recorded(f"{symbol}-1m-20240726-20240825.parquet") for symbol in SYMBOLS}
    market = market_from(
        MarketConfig(
            MarketKind.REPLAY,
            SYMBOLS,
            anchor_ms=0,
            base_interval="1m",
            files=files,
            start_offset=START,
            stepped=True,
        )
    )
    async with trading_floor(tmp_path, market, BUSY) as floor:
        reports = []
        for _ in range(CYCLES):
            reports.append(await floor.cycle())
            await floor.step()
        assert len(reports) == CYCLES
        assert {report.outcome for report in reports} == {CycleOutcome.COMPLETED}
        check_records(floor)
        check_candles(floor)
        # the last step may have traded protection
        await floor.orchestrator.resolve_orders()
        check_books(floor)


def check_records(floor: Floor) -> None:
    reads = floor.trader.store.reads
    assert reads.status().cycles == CYCLES
    assert reads.status().decisions == CYCLES * len(SYMBOLS)
    decisions = reads.decisions(limit=CYCLES * len(SYMBOLS) + 1)
    per_cycle = Counter((decision.cycle_id, decision.symbol) for decision in decisions)
    assert len(per_cycle) == CYCLES * len(SYMBOLS)
    assert set(per_cycle.values()) == {1}
    assert all(decision.reason for decision in decisions)


def check_candles(floor: Floor) -> None:
    decisions = floor.trader.store.reads.decisions(limit=CYCLES * len(SYMBOLS) + 1)
    for symbol in SYMBOLS:
        seen = sorted(
            (d.first_candle, d.last_candle, d.candles_seen)
            for d in decisions
            if d.symbol == symbol and d.candles_seen
        )
        assert len(seen) == CYCLES
        for (_, last, _), (following, _, count) in itertools.pairwise(seen):
            assert last is not None
            assert following is not None
            assert (following - last).total_seconds() == 60
            assert count == 1
    lowest = min(
        candle.low
        for candle in floor.trader.store.decisions.stored_candles(
            "BTCUSDT", floor.trader.settings.candle_interval, CYCLES
        )
    )
    assert lowest == Decimal(49000)


def check_books(floor: Floor) -> None:
    reads = floor.trader.store.reads
    orders = reads.orders(limit=1000)
    fills = reads.fills(limit=10_000)
    at_exchange = {o.client_order_id: o.status for o in floor.simulator.exchange.storage.all_orders()}
    statuses = {o.client_order_id: o.status.replace("OPEN", "NEW") for o in orders if o.status != "REJECTED"}
    assert statuses == at_exchange
    assert {order.purpose for order in orders if order.executed} >= {"entry", "exit", "stop"}
    held = {asset: amount for asset, amount in floor.exchange_balances().items() if amount}
    booked = {asset: amount for asset, amount in floor.trader.store.ledger.balances().items() if amount}
    assert booked == held
    truth = floor.simulator.exchange.storage.all_fills()
    assert len(fills) == len(truth)
    bought = {symbol: Decimal(0) for symbol in SYMBOLS}
    cash = OPENING
    for fill in fills:
        sign = 1 if fill.side == "BUY" else -1
        bought[fill.symbol] += sign * fill.quantity
        cash -= sign * fill.quote_quantity
        if fill.commission_asset == "USDT":
            cash -= fill.commission
        else:
            bought[fill.symbol] -= fill.commission
    assert cash == held["USDT"]
    for position in reads.positions():
        assert position.quantity == bought[position.symbol] == held.get(position.base, Decimal(0))

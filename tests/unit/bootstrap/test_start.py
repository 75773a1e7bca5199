"""What a start does where the exchange forgot the book."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from binance_trade_agent.bootstrap.start import check_for_reset
from binance_trade_agent.bootstrap.trader import Trader
from binance_trade_agent.control.projections import Projector
from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.orchestrator import OrderRequest
from binance_trade_agent.settings import load_settings
from tests.desk import DeskUnderTest, Marked, OneStrategy, make_desk

LIVE = {
    "TRADING_MODE": "live",
    "LIVE_TRADING_ACK": "I-understand-real-money-is-at-risk",
    "BINANCE_API_KEY": "k" * 64,
    "BINANCE_API_SECRET": "s" * 64,
}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[DeskUnderTest]:
    """It has traded; long ago by now."""
    desk = make_desk(tmp_path)
    request = OrderRequest(side=Side.BUY, quantity=Decimal("0.5"))
    await desk.orchestrator.execute_trading_workflow(desk.next_number, "BTCUSDT", request=request)
    desk.exchange.time += timedelta(days=1)
    yield desk
    desk.store.database.close()


@pytest.fixture
def trader(desk: DeskUnderTest, tmp_path: Path) -> Trader:
    """One with real money."""
    settings = load_settings(LIVE | {"DATA_DIR": str(tmp_path)}, tmp_path)
    store, strategies = desk.store, OneStrategy(Marked())
    projector = Projector(store.outbox, store.control, stop_entries_on_difference=True)
    parts = (store, desk.exchange, strategies, projector, desk.stream, desk.user_data)
    return Trader(settings, desk.clock, *parts)  # type: ignore[arg-type]


def forget(desk: DeskUnderTest) -> dict[Any, Any]:
    """Let the exchange forget the orders; returns what it knew."""
    known, desk.exchange.orders = desk.exchange.orders, {}
    desk.exchange.balances = dict.fromkeys(desk.exchange.balances, Decimal(1000))
    return known


def told(trader: Trader) -> list[tuple[str, str]]:
    return [(topic, text) for _, topic, text in trader.store.outbox.unsent(10)]


async def test_with_real_money_a_reset_halts_entries_and_is_told_at_each_halt(
    trader: Trader, desk: DeskUnderTest
) -> None:
    store = trader.store
    forget(desk)
    for _ in range(2):
        await check_for_reset(trader)
        desk.exchange.time += timedelta(minutes=1)
    assert store.control.read().state is TradingState.ENTRIES_HALTED
    text = (
        "the exchange knows none of this book's orders any more, and its balances differ;"
        " entries are halted until somebody resumes, exits go on"
    )
    assert told(trader) == [("incident", text)]

    store.control.write(TradingState.RUNNING, reason="back", actor="ann", at=trader.clock.now())
    await check_for_reset(trader)
    assert told(trader) == [("incident", text)] * 2
    assert [incident.key for incident in store.reads.incidents()] == ["exchange_reset"]


async def test_a_reset_that_is_none_any_more_is_cleared_by_the_next_start(
    trader: Trader, desk: DeskUnderTest
) -> None:
    store, known = trader.store, forget(desk)
    await check_for_reset(trader)
    assert len(store.reads.incidents()) == 1
    desk.exchange.orders |= known
    await check_for_reset(trader)
    assert store.reads.incidents() == ()

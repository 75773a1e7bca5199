"""What a start does where the exchange forgot the book."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from binance_trade_agent.bootstrap.start import check_for_reset
from binance_trade_agent.bootstrap.trader import Trader
from binance_trade_agent.control.projections import Projector
from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.orchestrator import OrderRequest
from binance_trade_agent.settings import load_settings
from tests.desk import Marked, OneStrategy, make_desk

LIVE = {
    "TRADING_MODE": "live",
    "LIVE_TRADING_ACK": "I-understand-real-money-is-at-risk",
    "BINANCE_API_KEY": "k" * 64,
    "BINANCE_API_SECRET": "s" * 64,
}


@pytest.mark.parametrize("tells", [True, False])
async def test_with_real_money_a_reset_halts_entries_and_is_told_once(tmp_path: Path, *, tells: bool) -> None:
    desk = make_desk(tmp_path)
    request = OrderRequest(side=Side.BUY, quantity=Decimal("0.5"))
    await desk.orchestrator.execute_trading_workflow(desk.next_number, "BTCUSDT", request=request)
    desk.exchange.time += timedelta(days=1)
    desk.exchange.orders.clear()
    desk.exchange.balances = dict.fromkeys(desk.exchange.balances, Decimal(1000))

    named = {"NOTIFY_URLS": "json://127.0.0.1:9"} if tells else {}
    settings = load_settings(LIVE | named | {"DATA_DIR": str(tmp_path)}, tmp_path)
    store, strategies = desk.store, OneStrategy(Marked())
    projector = Projector(store.outbox, store.control, stop_entries_on_difference=True)
    parts = (store, desk.exchange, strategies, projector, desk.stream, desk.user_data)
    trader = Trader(settings, desk.clock, *parts)  # type: ignore[arg-type]
    for _ in range(2):
        await check_for_reset(trader)

    assert store.control.read().state is TradingState.ENTRIES_HALTED
    text = (
        "the exchange knows none of this book's orders any more, and its balances differ;"
        " entries are halted until somebody resumes, exits go on"
    )
    told = [(topic, message) for _, topic, message in store.outbox.unsent(10)]
    assert told == ([("incident", text)] if tells else [])
    store.database.close()

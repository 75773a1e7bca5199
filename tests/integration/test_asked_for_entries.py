"""Entries that someone asks for between two cycles meet the same limits, with the same knowledge."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.orchestrator import OrderRequest
from tests.desk import UNRESTRAINED, DeskUnderTest, make_desk
from tests.fake_exchange import FakeExchange

BUY = OrderRequest(side=Side.BUY)
CORRELATED = replace(UNRESTRAINED, max_correlated_share=Decimal("0.1"), correlation_candles=30)


@pytest.fixture
def exchange() -> FakeExchange:
    """An exchange of two symbols with the same prices, which move."""
    exchange = FakeExchange(("ETHUSDT", "BTCUSDT"))
    exchange.closes = [Decimal(100 + index % 3) for index in range(60)]
    return exchange


@pytest.fixture
def desk(tmp_path: Path, exchange: FakeExchange) -> Iterator[DeskUnderTest]:
    made = make_desk(tmp_path, exchange, CORRELATED)
    yield made
    made.store.database.close()


async def buy(desk: DeskUnderTest, symbol: str) -> None:
    await desk.orchestrator.execute_trading_workflow(desk.next_number, symbol, request=BUY)


async def test_what_is_held_is_compared_although_nothing_is_decided_on_it(desk: DeskUnderTest) -> None:
    await buy(desk, "ETHUSDT")
    assert desk.decisions[0].outcome == "placed"
    await buy(desk, "BTCUSDT")
    row = desk.decisions[0]
    assert (row.symbol, row.blocking_gate) == ("BTCUSDT", "correlation")
    assert [order.symbol for order in desk.orders] == ["ETHUSDT"]


async def test_the_candles_that_were_compared_are_stored_with_the_decision(
    tmp_path: Path, desk: DeskUnderTest, exchange: FakeExchange
) -> None:
    await buy(desk, "ETHUSDT")
    exchange.close_candle(101)
    again = make_desk(tmp_path, exchange, replace(CORRELATED, max_correlated_share=Decimal("0.5")))
    await buy(again, "BTCUSDT")
    assessment = again.decisions[0].inputs.assessment  # type: ignore[union-attr]
    newest, count = assessment.windows["ETHUSDT"]  # type: ignore[union-attr]
    stored = again.store.decisions.stored_candles("ETHUSDT", CandleInterval.M1, 1000)
    assert (stored[-1].open_time, len(stored) >= count) == (newest, True)
    again.store.database.close()

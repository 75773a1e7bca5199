import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from binance_trade_agent.domain.orders import (
    ExchangeOrder,
    Fill,
    JournalOrder,
    OrderIntent,
    OrderStatus,
    OrderType,
    Purpose,
    RequestStamp,
    Side,
    new_client_order_id,
)

T0 = datetime(2024, 8, 5, 0, 0, tzinfo=UTC)
INTENT = OrderIntent(
    "bta-1",
    "BTCUSDT",
    Side.BUY,
    OrderType.MARKET,
    Decimal("1"),
    Purpose.ENTRY,
    RequestStamp(1722816000000, 5000),
    Decimal("50000"),
    T0,
)
ROW = JournalOrder(INTENT, "d1", OrderStatus.UNKNOWN, None, Decimal(0), Decimal(0), "", T0)


def test_states_are_unresolved_unfinished_or_terminal():
    unresolved = {status for status in OrderStatus if status.is_unresolved}
    terminal = {status for status in OrderStatus if status.is_terminal}
    assert unresolved == {OrderStatus.INTENT, OrderStatus.UNKNOWN}
    assert terminal == set(OrderStatus) - unresolved - {OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED}


def test_a_buy_reserves_what_it_may_still_cost_and_a_sell_what_it_may_still_take():
    assert (ROW.reserved_quote, ROW.reserved_base) == (50000, 0)
    unbooked = replace(ROW, status=OrderStatus.OPEN, executed=Decimal("1"))
    assert unbooked.reserved_quote == 50000, "what was executed is not in the ledger before its fills are"
    partly = replace(ROW, status=OrderStatus.PARTIALLY_FILLED, executed=Decimal("0.7"), booked=Decimal("0.4"))
    assert partly.reserved_quote == 30000
    sell = replace(partly, intent=replace(INTENT, side=Side.SELL))
    assert (sell.reserved_quote, sell.reserved_base) == (0, Decimal("0.6"))


@pytest.mark.parametrize("status", [status for status in OrderStatus if status.is_terminal])
@pytest.mark.parametrize("side", Side)
def test_a_finished_order_reserves_nothing(status, side):
    row = replace(ROW, status=status, intent=replace(INTENT, side=side))
    assert (row.reserved_quote, row.reserved_base) == (0, 0)


def test_the_average_price_is_of_what_was_executed():
    assert ROW.average_price is None
    assert replace(ROW, executed=Decimal("0.5"), quote_executed=Decimal("25001")).average_price == 50002


def test_a_request_can_land_until_its_window_and_the_grace_are_over():
    assert ROW.last_possible_landing(timedelta(seconds=60)) == T0 + timedelta(seconds=65)


def test_an_order_is_complete_when_its_fills_add_up():
    order = ExchangeOrder(
        "BTCUSDT", "bta-1", 7, Side.BUY, OrderStatus.FILLED, Decimal(1), Decimal(1), Decimal(50000), T0
    )
    half = Fill(
        "BTCUSDT",
        1,
        7,
        Side.BUY,
        Decimal(50000),
        Decimal("0.5"),
        Decimal(25000),
        Decimal(0),
        "BTC",
        T0,
        False,
    )
    assert not order.is_complete
    assert not replace(order, fills=(half,)).is_complete
    assert replace(order, fills=(half, replace(half, trade_id=2))).is_complete


def test_client_order_ids_are_of_the_exchanges_form_and_never_the_same():
    ids = {new_client_order_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"bta-[a-zA-Z0-9-_]{1,32}", made) for made in ids)

"""The comparison of exchange and books names each kind of difference, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from binance_trade_agent.domain.orders import OrderStatus
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.records import FillRow, OrderRow
from proof.comparison import Books, compare
from proof.exchange import TrueFill, TrueOrder, Truth

AT = datetime(2026, 1, 1, tzinfo=UTC)
ORDER = TrueOrder("BTCUSDT", 1, "bta-1", "BUY", "FILLED", Decimal(2))
FILL = TrueFill("BTCUSDT", 10, 1, True, Decimal(100), Decimal(2), Decimal(200), Decimal("0.002"), "BTC")
TRUTH = Truth((ORDER,), (FILL,), {"BTC": Decimal("1.998"), "USDT": Decimal(800)})
ROW = OrderRow(
    client_order_id="bta-1",
    exchange_order_id=1,
    symbol="BTCUSDT",
    side="BUY",
    order_type="MARKET",
    purpose="entry",
    quantity=Decimal(2),
    executed=Decimal(2),
    quote_executed=Decimal(200),
    average_price=Decimal(100),
    status="FILLED",
    reason="",
    decision_id="d1",
    created_at=AT,
    updated_at=AT,
)
BOOKED = FillRow(
    "BTCUSDT", 10, "bta-1", "BUY", Decimal(100), Decimal(2), Decimal(200), Decimal("0.002"), "BTC", AT
)
POSITION = Position("BTCUSDT", "BTC", "USDT", quantity=Decimal("1.998"))
BOOKS = Books((ROW,), (BOOKED,), TRUTH.balances, (POSITION,))
BEFORE = {"BTC": Decimal(0), "USDT": Decimal(1000)}


def test_equal_books_have_no_difference() -> None:
    found = compare(TRUTH, BOOKS)
    assert found.faults == {}
    assert found.pending == ()


def test_an_order_that_the_journal_does_not_hold_is_lost_with_its_fills() -> None:
    found = compare(TRUTH, Books((), (), BEFORE, ()))
    assert set(found.faults) == {"orders_lost", "fills_lost", "balances"}


@pytest.mark.parametrize("status", [OrderStatus.NOT_PLACED, OrderStatus.REJECTED])
def test_an_order_that_was_given_up_is_lost(status: OrderStatus) -> None:
    given_up = replace(ROW, status=status.value, executed=Decimal(0))
    found = compare(TRUTH, Books((given_up,), (), BEFORE, ()))
    assert {"orders_lost", "fills_lost", "balances"} <= set(found.faults)


@pytest.mark.parametrize("status", [OrderStatus.INTENT, OrderStatus.UNKNOWN])
def test_an_order_whose_fate_is_honestly_not_known_is_pending(status: OrderStatus) -> None:
    unknown = replace(ROW, status=status.value, executed=Decimal(0), exchange_order_id=None)
    found = compare(TRUTH, Books((unknown,), (), BEFORE, ()))
    assert found.faults == {}
    assert len(found.pending) == 1


def test_a_pending_order_does_not_hide_a_wrong_balance() -> None:
    unknown = replace(ROW, status="UNKNOWN", executed=Decimal(0))
    found = compare(TRUTH, Books((unknown,), (), BEFORE | {"USDT": Decimal("1000.00000001")}, ()))
    assert set(found.faults) == {"balances"}


def test_an_id_twice_at_the_exchange_is_doubled() -> None:
    twice = replace(TRUTH, orders=(ORDER, replace(ORDER, order_id=2)))
    assert "orders_doubled" in compare(twice, BOOKS).faults


def test_two_orders_of_one_decision_and_purpose_are_doubled() -> None:
    second = replace(ORDER, order_id=2, client_order_id="bta-2", executed=Decimal(0), status="EXPIRED")
    row = replace(ROW, client_order_id="bta-2", executed=Decimal(0), status="EXPIRED")
    found = compare(replace(TRUTH, orders=(ORDER, second)), replace(BOOKS, orders=(ROW, row)))
    assert set(found.faults) == {"orders_doubled"}
    other = replace(row, decision_id="d2")
    assert compare(replace(TRUTH, orders=(ORDER, second)), replace(BOOKS, orders=(ROW, other))).faults == {}


def test_an_order_that_only_the_journal_holds_and_another_final_state_are_wrong() -> None:
    assert "orders_wrong" in compare(replace(TRUTH, orders=(), fills=()), BOOKS).faults
    canceled = replace(BOOKS, orders=(replace(ROW, status="CANCELED"),))
    assert set(compare(TRUTH, canceled).faults) == {"orders_wrong"}


def test_a_fill_twice_and_a_fill_with_other_figures_are_told() -> None:
    assert "fills_doubled" in compare(TRUTH, replace(BOOKS, fills=(BOOKED, BOOKED))).faults
    dearer = replace(BOOKED, price=Decimal(101))
    assert set(compare(TRUTH, replace(BOOKS, fills=(dearer,))).faults) == {"fills_wrong"}


def test_a_position_that_others_took_from_is_what_the_account_holds() -> None:
    (position,) = BOOKS.positions
    less = replace(position, quantity=position.quantity / 2)
    left = {**BOOKS.balances, position.base: less.quantity}
    assert "positions" not in compare(TRUTH, replace(BOOKS, positions=(less,), balances=left)).faults
    assert "positions" in compare(TRUTH, replace(BOOKS, positions=(less,))).faults


def test_a_position_that_its_fills_do_not_make_is_told() -> None:
    wrong = replace(POSITION, quantity=Decimal(2))
    assert set(compare(TRUTH, replace(BOOKS, positions=(wrong,))).faults) == {"positions"}


def test_what_nothing_explains_counts_though_the_balances_agree() -> None:
    assert set(compare(TRUTH, replace(BOOKS, unexplained=("+1 USDT",))).faults) == {"balances"}


def test_orders_and_trades_of_others_are_not_ours_to_hold() -> None:
    foreign = replace(ORDER, order_id=9, client_order_id="web_1")
    fill = replace(FILL, trade_id=11, order_id=9)
    truth = replace(TRUTH, orders=(ORDER, foreign), fills=(FILL, fill))
    assert compare(truth, BOOKS).faults == {}

"""Which fills an order gets."""

from dataclasses import replace
from decimal import Decimal

import pytest

from binance_trade_agent.domain.orders import Side
from binance_trade_agent.exchange.matching import (
    Match,
    Order,
    OrderStatus,
    OrderType,
    TimeInForce,
    WouldTake,
    commission_of,
    executed,
    locked_amount,
    match_resting,
    take,
)

STEP = Decimal("0.01")


def levels(*pairs: tuple[str, str]) -> list[Match]:
    return [Match(Decimal(price), Decimal(quantity)) for price, quantity in pairs]


def order(
    kind: OrderType = OrderType.LIMIT,
    side: Side = Side.BUY,
    quantity: str = "3",
    price: str = "100",
    tif: TimeInForce = TimeInForce.GTC,
    quote: str = "0",
    order_id: int = 1,
) -> Order:
    return Order(
        order_id=order_id,
        account_id=1,
        symbol="BTCUSDT",
        client_order_id=f"c{order_id}",
        side=side,
        type=kind,
        time_in_force=tif,
        price=Decimal(0) if kind is OrderType.MARKET else Decimal(price),
        quantity=Decimal(quantity),
        quote_quantity=Decimal(quote),
        time_ms=0,
        update_ms=0,
    )


ASKS = levels(("100", "1"), ("101", "1.005"), ("102", "1"))


class TestTaking:
    def test_market_order_walks_the_levels_in_whole_steps(self) -> None:
        taken = take(order(OrderType.MARKET, quantity="2.5"), ASKS, STEP)
        assert taken.matches == tuple(levels(("100", "1"), ("101", "1"), ("102", "0.5")))
        assert taken.status is OrderStatus.FILLED

    def test_market_order_expires_with_what_an_exhausted_book_gave(self) -> None:
        taken = take(order(OrderType.MARKET, quantity="9"), ASKS, STEP)
        assert sum(match.quantity for match in taken.matches) == Decimal("3.00")
        assert (taken.status, taken.expiry_reason) == (OrderStatus.EXPIRED, "INSUFFICIENT_LIQUIDITY")

    def test_market_order_for_an_empty_book_expires_unfilled(self) -> None:
        taken = take(order(OrderType.MARKET), [], STEP)
        assert (taken.matches, taken.status) == ((), OrderStatus.EXPIRED)

    def test_quote_quantity_buys_whole_steps_and_keeps_the_change(self) -> None:
        taken = take(order(OrderType.MARKET, quantity="0", quote="150.7"), ASKS, STEP)
        assert taken.matches == tuple(levels(("100", "1"), ("101", "0.50")))
        assert (taken.quantity, taken.status) == (Decimal("1.50"), OrderStatus.FILLED)

    def test_quote_quantity_beyond_the_book_expires(self) -> None:
        taken = take(order(OrderType.MARKET, quantity="0", quote="5000"), ASKS, STEP)
        assert (taken.quantity, taken.status) == (Decimal("3.00"), OrderStatus.EXPIRED)

    def test_limit_takes_up_to_its_price_and_rests(self) -> None:
        taken = take(order(price="101"), ASKS, STEP)
        assert [match.price for match in taken.matches] == [Decimal(100), Decimal(101)]
        assert taken.status is OrderStatus.PARTIALLY_FILLED

    @pytest.mark.parametrize(
        ("tif", "price", "fills", "status"),
        [
            (TimeInForce.IOC, "101", 2, OrderStatus.EXPIRED),
            (TimeInForce.IOC, "99", 0, OrderStatus.EXPIRED),
            (TimeInForce.FOK, "101", 0, OrderStatus.EXPIRED),
            (TimeInForce.FOK, "102", 3, OrderStatus.FILLED),
            (TimeInForce.GTC, "99", 0, OrderStatus.NEW),
        ],
    )
    def test_time_in_force(self, tif: TimeInForce, price: str, fills: int, status: OrderStatus) -> None:
        taken = take(order(price=price, tif=tif, quantity="3"), ASKS, STEP)
        assert (len(taken.matches), taken.status) == (fills, status)

    def test_sell_takes_bids_at_or_above_its_price(self) -> None:
        taken = take(order(side=Side.SELL, price="99", quantity="2"), levels(("100", "1"), ("98", "5")), STEP)
        assert taken.matches == tuple(levels(("100", "1")))

    def test_limit_maker_never_takes(self) -> None:
        with pytest.raises(WouldTake):
            take(order(OrderType.LIMIT_MAKER, price="100"), ASKS, STEP)
        assert take(order(OrderType.LIMIT_MAKER, price="99"), ASKS, STEP).status is OrderStatus.NEW


class TestResting:
    def test_a_trade_at_the_price_fills_nothing_one_through_it_does(self) -> None:
        resting = order(price="100", quantity="1")
        assert match_resting([resting], levels(("100", "5")), STEP) == []
        assert match_resting([resting], levels(("99.99", "5")), STEP) == [
            (resting, Match(Decimal(100), Decimal(1)))
        ]

    def test_a_sell_fills_at_its_own_price(self) -> None:
        resting = order(side=Side.SELL, price="100", quantity="1")
        assert match_resting([resting], levels(("103", "5")), STEP) == [
            (resting, Match(Decimal(100), Decimal(1)))
        ]

    def test_a_trade_fills_no_more_than_its_quantity_best_price_then_oldest_first(self) -> None:
        worse = order(price="99", quantity="1", order_id=1)
        first = order(price="100", quantity="1", order_id=2)
        second = order(price="100", quantity="1", order_id=3)
        fills = match_resting([worse, second, first], levels(("98", "1.509")), STEP)
        assert [(filled.order_id, match.quantity) for filled, match in fills] == [
            (2, Decimal(1)),
            (3, Decimal("0.50")),
        ]

    def test_several_trades_add_up_to_the_order_and_no_further(self) -> None:
        resting = order(price="100", quantity="1")
        fills = match_resting([resting], levels(("98", "0.6"), ("98", "0.6"), ("98", "0.6")), STEP)
        assert [match.quantity for _, match in fills] == [Decimal("0.6"), Decimal("0.4")]


def test_executed_adds_up_and_ends_filled() -> None:
    half = executed(order(quantity="2"), Match(Decimal(100), Decimal(1)), 7)
    assert (half.status, half.executed_quote, half.update_ms) == (
        OrderStatus.PARTIALLY_FILLED,
        Decimal(100),
        7,
    )
    assert executed(half, Match(Decimal(90), Decimal(1)), 8).status is OrderStatus.FILLED


def test_locked_amount_is_what_remains() -> None:
    assert locked_amount(order(quantity="2", price="100")) == Decimal(200)
    half = executed(order(quantity="2"), Match(Decimal(100), Decimal(1)), 7)
    assert locked_amount(half) == Decimal(100)
    assert locked_amount(order(side=Side.SELL, quantity="2")) == Decimal(2)
    assert locked_amount(replace(half, status=OrderStatus.CANCELED)) == 0


def test_amounts_are_cut_to_eight_decimals() -> None:
    assert Match(Decimal("0.00001"), Decimal("0.12345")).quote == Decimal("0.00000123")
    assert commission_of(Decimal("0.00001999"), Decimal("0.001")) == Decimal("0.00000001")

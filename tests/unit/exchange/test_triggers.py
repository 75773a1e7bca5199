"""When stop orders trigger: sides, trailing, and Binance's own trailing examples."""

from dataclasses import replace
from decimal import Decimal

import pytest

from binance_trade_agent.domain.orders import Side
from binance_trade_agent.exchange.matching import Order, OrderType, TimeInForce
from binance_trade_agent.exchange.triggers import begin, meet, triggers_above, would_trigger

ZERO = Decimal(0)


def stop(kind: OrderType, side: Side, stop_price: str = "0", delta: int = 0) -> Order:
    return Order(
        order_id=1,
        account_id=1,
        symbol="BTCUSDT",
        client_order_id="c",
        side=side,
        type=kind,
        time_in_force=TimeInForce.GTC,
        price=ZERO,
        quantity=Decimal(1),
        quote_quantity=ZERO,
        time_ms=1,
        update_ms=1,
        stop_price=Decimal(stop_price),
        trailing_delta=delta,
    )


def first_trigger(order: Order, prices: list[int | str]) -> int | None:
    """Which of the trades at `prices` triggers."""
    for index, price in enumerate(prices):
        order, triggers = meet(order, Decimal(price), index)
        if triggers:
            return index
    return None


@pytest.mark.parametrize(
    ("kind", "side", "above"),
    [
        (OrderType.STOP_LOSS, Side.BUY, True),
        (OrderType.STOP_LOSS_LIMIT, Side.SELL, False),
        (OrderType.TAKE_PROFIT, Side.SELL, True),
        (OrderType.TAKE_PROFIT_LIMIT, Side.BUY, False),
    ],
)
def test_which_side_of_the_market(kind: OrderType, side: Side, above: bool) -> None:
    order = stop(kind, side, "100")
    assert triggers_above(kind, side) is above
    assert would_trigger(order, Decimal(101)) is above
    assert would_trigger(order, Decimal(99)) is not above
    assert would_trigger(order, Decimal(100))
    assert first_trigger(order, [99] if above else [101]) is None
    assert first_trigger(order, [99, 100, 101] if above else [101, 100, 99]) == 1


@pytest.mark.parametrize(
    ("kind", "side", "stop_price", "delta", "prices"),
    [
        # The scenarios A to D of Binance's trailing stop FAQ: the last trade triggers, none before.
        (OrderType.STOP_LOSS_LIMIT, Side.BUY, "44000", 500, [40000, 37000, 44000, 46000, 42000, 44100]),
        (OrderType.STOP_LOSS_LIMIT, Side.SELL, "39000", 1000, [41500, 39000, 37000, 41000, 36900]),
        (OrderType.TAKE_PROFIT_LIMIT, Side.BUY, "38000", 850, [42000, 38000, 37000, 39000, 38000, 40145]),
        (
            OrderType.TAKE_PROFIT_LIMIT,
            Side.SELL,
            "42000",
            750,
            [41500, 39000, 42000, 45000, 44000, 46500, "43012.5"],
        ),
    ],
)
def test_trailing_from_a_stop_price(
    kind: OrderType, side: Side, stop_price: str, delta: int, prices: list[int | str]
) -> None:
    assert first_trigger(stop(kind, side, stop_price, delta), prices) == len(prices) - 1


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("kind", [OrderType.STOP_LOSS, OrderType.TAKE_PROFIT_LIMIT])
def test_without_a_stop_price_no_side_is_wrong(kind: OrderType, side: Side) -> None:
    assert not would_trigger(stop(kind, side, delta=700), Decimal(40000))


def test_trailing_without_a_stop_price_tracks_at_once() -> None:
    order = stop(OrderType.STOP_LOSS_LIMIT, Side.SELL, delta=700)
    begun = begin(order, Decimal(40000), 5)
    assert (begun.extreme, begun.trailing_ms) == (Decimal(40000), 5)
    assert first_trigger(begun, [42000, 39500, 45500, "42315.01", 42315]) == 4


def test_tracking_remembers_when_it_began() -> None:
    order = stop(OrderType.STOP_LOSS, Side.SELL, "39000", 100)
    assert begin(order, Decimal(40000), 5) == order
    tracked, triggers = meet(order, Decimal(38500), 7)
    assert (tracked, triggers) == (replace(order, extreme=Decimal(38500), trailing_ms=7), False)

"""The adapter against the exchange simulator: the one exchange of the modes `simulated` and `paper`."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from binance_trade_agent.domain.errors import ConfigurationError, Refused
from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.domain.orders import (
    CancelIntent,
    ExchangeOrder,
    OrderIntent,
    OrderListIntent,
    OrderStatus,
    OrderType,
    Purpose,
    Side,
    new_client_order_id,
)
from binance_trade_agent.exchange.binance.adapter import BinanceExchange
from binance_trade_agent.exchange.binance.config import BinanceConfig
from binance_trade_agent.exchange.simulator.server import AccountSpec, SimulatorServer
from tests.fake_exchange_wire import ManualClock, MemoryBans, MemoryWeights
from tests.markets import ScriptedMarket

KEY, SECRET = "k" * 64, "s" * 64
MINUTE_MS = 60_000


@pytest.fixture
def market() -> ScriptedMarket:
    return ScriptedMarket(("BTCUSDT", "ETHUSDT"))


@pytest.fixture
async def simulator(market: ScriptedMarket, tmp_path: Path) -> AsyncIterator[SimulatorServer]:
    balances = {"USDT": Decimal(10_000), "BTC": Decimal(1)}
    server = SimulatorServer(market, [AccountSpec(KEY, SECRET, balances)], tmp_path / "exchange.db")
    await server.start()
    yield server
    await server.close()


@pytest.fixture
async def venue(simulator: SimulatorServer) -> AsyncIterator[BinanceExchange]:
    config = BinanceConfig(
        simulator.rest_url, simulator.stream_url, f"{simulator.stream_url}/ws-api/v3", KEY, SECRET
    )
    adapter = BinanceExchange(config, ManualClock(), MemoryBans(), MemoryWeights())
    await adapter.connect()
    yield adapter
    await adapter.close()


def intent(venue: BinanceExchange, side: Side = Side.BUY, quantity: str = "0.01") -> OrderIntent:
    return OrderIntent(
        client_order_id=new_client_order_id(),
        symbol="BTCUSDT",
        side=side,
        order_type=OrderType.MARKET,
        quantity=Decimal(quantity),
        purpose=Purpose.ENTRY,
        stamp=venue.stamp(),
        reference_price=Decimal(50_000),
        created_at=venue.now(),
    )


def cancel_of(venue: BinanceExchange, order: OrderIntent, replaced_by: str | None = None) -> CancelIntent:
    return CancelIntent(
        cancel_id=new_client_order_id(),
        symbol=order.symbol,
        client_order_id=order.client_order_id,
        client_list_id=order.client_list_id if replaced_by is None else None,
        replaced_by=replaced_by,
        stamp=venue.stamp(),
        reason="test",
        created_at=venue.now(),
    )


async def test_a_market_order_fills_and_is_found_again_the_same(venue: BinanceExchange) -> None:
    order = intent(venue)

    placed = await venue.place(order)
    found = await venue.find_order("BTCUSDT", order.client_order_id)

    assert placed.status is OrderStatus.FILLED
    assert placed.is_complete
    assert placed.executed == Decimal("0.01")
    assert found is not None
    assert [replace(fill, traded_at=placed.updated_at) for fill in found.fills] == list(placed.fills)
    assert _without_fills(found) == _without_fills(placed)


async def test_the_account_moves_by_exactly_the_fills(venue: BinanceExchange) -> None:
    before = await venue.account()
    order = await venue.place(intent(venue))
    after = await venue.account()

    commission = sum((fill.commission for fill in order.fills), Decimal(0))
    assert {fill.commission_asset for fill in order.fills} == {"BTC"}
    assert after.free("USDT") == before.free("USDT") - order.quote_executed
    assert after.free("BTC") == before.free("BTC") + order.executed - commission
    assert after.can_trade


async def test_lists_since_hold_what_was_traded(venue: BinanceExchange) -> None:
    since = venue.now() - timedelta(days=3)
    bought = await venue.place(intent(venue))
    sold = await venue.place(intent(venue, Side.SELL, "0.005"))

    orders = await venue.orders_since("BTCUSDT", since)
    fills = await venue.fills_since("BTCUSDT", since)

    assert [order.exchange_order_id for order in orders] == [bought.exchange_order_id, sold.exchange_order_id]
    assert {fill.trade_id for fill in fills} == {fill.trade_id for fill in (*bought.fills, *sold.fills)}
    assert await venue.orders_since("ETHUSDT", since) == ()


async def test_a_resting_order_is_listed_and_cancelled(venue: BinanceExchange) -> None:
    resting = replace(intent(venue), order_type=OrderType.LIMIT, price=Decimal("40000.50"))

    placed = await venue.place(resting)
    listed = await venue.open_orders("BTCUSDT")
    await venue.cancel(cancel_of(venue, resting))
    found = await venue.find_order("BTCUSDT", resting.client_order_id)

    assert (placed.status, placed.price, placed.fills) == (OrderStatus.OPEN, Decimal("40000.5"), ())
    assert [order.client_order_id for order in listed] == [resting.client_order_id]
    assert found is not None
    assert (found.client_order_id, found.status) == (resting.client_order_id, OrderStatus.CANCELED)
    assert await venue.open_orders("BTCUSDT") == ()
    with pytest.raises(Refused) as caught:
        await venue.cancel(cancel_of(venue, resting))
    assert caught.value.code == -2011


def protection(venue: BinanceExchange, stop_price: str = "40000", price: str = "60000") -> OrderListIntent:
    list_id, stamp = new_client_order_id(), venue.stamp()
    leg = replace(intent(venue, Side.SELL), stamp=stamp, client_list_id=list_id)
    stop = replace(
        leg,
        client_order_id=new_client_order_id(),
        order_type=OrderType.STOP_LOSS,
        purpose=Purpose.STOP,
        stop_price=Decimal(stop_price),
    )
    target = replace(
        leg,
        client_order_id=new_client_order_id(),
        order_type=OrderType.LIMIT_MAKER,
        purpose=Purpose.TARGET,
        price=Decimal(price),
    )
    return OrderListIntent(list_id, "BTCUSDT", stop, target, stamp, venue.now())


async def test_a_list_rests_as_two_legs_and_is_cancelled_as_one(venue: BinanceExchange) -> None:
    oco = protection(venue)

    stop, target = await venue.place_list(oco)
    listed = await venue.open_orders()
    await venue.cancel(cancel_of(venue, oco.target))

    assert (stop.client_order_id, stop.status) == (oco.stop.client_order_id, OrderStatus.OPEN)
    assert (stop.order_type, stop.stop_price, stop.price) == (
        OrderType.STOP_LOSS,
        Decimal(40_000),
        Decimal(0),
    )
    assert (target.client_order_id, target.status) == (oco.target.client_order_id, OrderStatus.OPEN)
    assert (target.order_type, target.price) == (OrderType.LIMIT_MAKER, Decimal(60_000))
    assert {order.client_order_id for order in listed} == {leg.client_order_id for leg in oco.legs}
    assert await venue.open_orders("BTCUSDT") == ()
    for leg in oco.legs:
        found = await venue.find_order("BTCUSDT", leg.client_order_id)
        assert found is not None
        assert (found.status, found.executed) == (OrderStatus.CANCELED, Decimal(0))


async def test_a_stop_with_a_limit_rests_in_a_list_too(venue: BinanceExchange) -> None:
    oco = protection(venue)
    limited = replace(oco.stop, order_type=OrderType.STOP_LOSS_LIMIT, price=Decimal("39900.50"))

    stop, _ = await venue.place_list(replace(oco, stop=limited))

    assert (stop.order_type, stop.price) == (OrderType.STOP_LOSS_LIMIT, Decimal("39900.5"))


async def test_a_list_on_the_wrong_side_of_the_price_is_refused(venue: BinanceExchange) -> None:
    with pytest.raises(Refused):
        await venue.place_list(protection(venue, stop_price="60000", price="61000"))

    assert await venue.open_orders() == ()


async def test_a_leg_is_replaced_by_an_exit_and_the_list_ends(venue: BinanceExchange) -> None:
    oco = protection(venue)
    await venue.place_list(oco)
    leaving = replace(intent(venue, Side.SELL), purpose=Purpose.EXIT)
    cancel = replace(cancel_of(venue, oco.stop, leaving.client_order_id), stamp=leaving.stamp)

    replacement = await venue.replace(cancel, leaving)

    assert replacement.order is not None
    assert (replacement.order.status, replacement.order.is_complete) == (OrderStatus.FILLED, True)
    assert replacement.order.client_order_id == leaving.client_order_id
    assert await venue.open_orders() == ()
    target = await venue.find_order("BTCUSDT", oco.target.client_order_id)
    assert target is not None
    assert target.status in {OrderStatus.CANCELED, OrderStatus.EXPIRED}


async def test_a_list_is_replaced_by_a_higher_stop(venue: BinanceExchange) -> None:
    oco = protection(venue)
    await venue.place_list(oco)
    higher = replace(
        oco.stop, client_order_id=new_client_order_id(), stop_price=Decimal(45_000), client_list_id=None
    )
    cancel = replace(cancel_of(venue, oco.stop, higher.client_order_id), stamp=higher.stamp)

    replacement = await venue.replace(cancel, higher)

    assert replacement.order is not None
    assert (replacement.order.status, replacement.order.stop_price) == (OrderStatus.OPEN, Decimal(45_000))
    (resting,) = await venue.open_orders("BTCUSDT")
    assert resting.client_order_id == higher.client_order_id


async def test_a_replacement_of_what_is_not_open_does_nothing(venue: BinanceExchange) -> None:
    before = await venue.account()
    oco, leaving = protection(venue), intent(venue, Side.SELL)
    cancel = replace(cancel_of(venue, oco.stop, leaving.client_order_id), stamp=leaving.stamp)

    with pytest.raises(Refused) as caught:
        await venue.replace(cancel, leaving)

    assert caught.value.code == -2011
    assert (await venue.account()).balances == before.balances
    assert await venue.find_order("BTCUSDT", leaving.client_order_id) is None


async def test_a_replacement_that_only_cancelled_says_why(venue: BinanceExchange) -> None:
    oco = protection(venue)
    await venue.place_list(oco)
    # more than the account holds
    leaving = intent(venue, Side.SELL, "5")
    cancel = replace(cancel_of(venue, oco.stop, leaving.client_order_id), stamp=leaving.stamp)

    replacement = await venue.replace(cancel, leaving)

    assert replacement.order is None
    assert "insufficient balance" in replacement.refusal
    assert await venue.open_orders() == ()


async def test_an_order_it_does_not_have_is_none(venue: BinanceExchange) -> None:
    assert await venue.find_order("BTCUSDT", "bta-nothing") is None


async def test_an_order_it_cannot_pay_is_refused(venue: BinanceExchange) -> None:
    with pytest.raises(Refused) as caught:
        await venue.place(intent(venue, quantity="1"))

    assert caught.value.code == -2010


async def test_an_order_older_than_its_window_is_refused(
    venue: BinanceExchange, market: ScriptedMarket
) -> None:
    late = intent(venue)
    market.advance_time(5001)

    with pytest.raises(Refused) as caught:
        await venue.place(late)

    assert caught.value.code == -1021
    assert (await venue.place(intent(venue))).status is OrderStatus.FILLED


async def test_candles_books_and_rules(venue: BinanceExchange, market: ScriptedMarket) -> None:
    market.advance_time(MINUTE_MS // 2)
    await venue.connect()

    candles = await venue.candles("BTCUSDT", CandleInterval.M1, limit=10)
    tops = await venue.book_tops(["BTCUSDT", "ETHUSDT"])
    rules = await venue.rules(["BTCUSDT", "ETHUSDT"])

    assert len(candles) == 10
    assert candles[-1].close_time <= venue.now() < candles[-1].close_time + timedelta(minutes=1)
    assert tops["BTCUSDT"].bid < tops["BTCUSDT"].ask
    assert rules["BTCUSDT"].min_notional == Decimal(5)
    assert rules["BTCUSDT"].min_notional_for_market
    assert {OrderType.STOP_LOSS, OrderType.LIMIT_MAKER} <= rules["BTCUSDT"].order_types
    assert rules["BTCUSDT"].oco_allowed
    assert rules["BTCUSDT"].cancel_replace_allowed
    assert venue.used_weight > 0


async def test_a_misspelt_symbol_is_named(venue: BinanceExchange) -> None:
    with pytest.raises(ConfigurationError, match="'BTCUSDX' is not known to the exchange; nearest: BTCUSDT"):
        await venue.rules(["ETHUSDT", "BTCUSDX"])


def _without_fills(order: ExchangeOrder) -> ExchangeOrder:
    return replace(order, fills=())


async def test_what_can_be_traded_is_listed_with_its_day(
    venue: BinanceExchange, market: ScriptedMarket
) -> None:
    market.set_price("ETHUSDT", "3000", "4")
    bitcoin, ether = await venue.listings()
    assert (bitcoin.symbol, bitcoin.base, bitcoin.quote) == ("BTCUSDT", "BTC", "USDT")
    assert (bitcoin.price, bitcoin.bid, bitcoin.ask) == (50_000, Decimal("49999.99"), 50_000)
    assert (ether.symbol, ether.price, ether.bid) == ("ETHUSDT", 3000, Decimal("2999.99"))
    assert ether.quote_volume - bitcoin.quote_volume == 12_000
    # and one for the clock
    assert venue.used_weight == 101
    market.status = "BREAK"
    assert await venue.listings() == ()

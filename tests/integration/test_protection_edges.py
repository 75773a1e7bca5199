"""Protection and resting entries where the account, the exchange or a person does something else than expected."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import pytest

from binance_trade_agent.domain.decisions import Outcome, TradingState
from binance_trade_agent.domain.errors import OutcomeUnknown, Refused, Unavailable
from binance_trade_agent.domain.orders import ExchangeOrder, Fill, OrderStatus, OrderType, Purpose, Side
from binance_trade_agent.domain.protection import ProtectionPlan
from binance_trade_agent.domain.user_events import OrderReported, StreamOpened
from binance_trade_agent.orchestrator import OrderRequest
from tests.desk import UNRESTRAINED, DeskUnderTest, Marked, booked_equals_held, make_desk
from tests.fake_exchange import FakeExchange

PLAN = ProtectionPlan(stop_share=Decimal("0.05"), target_share=Decimal("0.10"))
LIMIT_ENTRIES = replace(
    UNRESTRAINED,
    entry_type=OrderType.LIMIT,
    entry_offset_bps=Decimal(100),
    entry_time_limit=timedelta(seconds=30),
)


class Grasping(Marked):
    """Buys more of what it holds."""

    name: ClassVar[str] = "grasping"
    adds: ClassVar[bool] = True


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskUnderTest]:
    made = make_desk(tmp_path, protection=PLAN)
    yield made
    made.store.database.close()


@pytest.fixture
def bidder(tmp_path: Path) -> Iterator[DeskUnderTest]:
    """A desk whose entries are limit orders."""
    made = make_desk(tmp_path, limits=LIMIT_ENTRIES, protection=PLAN)
    yield made
    made.store.database.close()


async def bought(desk: DeskUnderTest) -> None:
    await desk.cycle()
    desk.exchange.close_candle(101)
    await desk.cycle()


async def requested(desk: DeskUnderTest, side: Side, quantity: str | None = None) -> None:
    request = OrderRequest(side=side, quantity=Decimal(quantity) if quantity else None)
    await desk.orchestrator.execute_trading_workflow(desk.next_number, "BTCUSDT", request=request)


def resting(desk: DeskUnderTest) -> list[ExchangeOrder]:
    return [order for order in desk.exchange.orders.values() if not order.status.is_terminal]


def held(desk: DeskUnderTest) -> Decimal:
    return desk.store.ledger.positions()["BTCUSDT"].quantity


def by_purpose(desk: DeskUnderTest, purpose: Purpose) -> list[str]:
    return [order.status for order in desk.orders if order.purpose == purpose.value]


async def drive(desk: DeskUnderTest, most: int = 10) -> int:
    """Take turns as the loop does between two ticks, without time passing; how many it took."""
    for turns in range(most):
        symbol = desk.orchestrator.wants_turn()
        if symbol is None:
            return turns
        await desk.orchestrator.run_turn(desk.next_number, symbol)
    return most


# selling no more than was bought -------------------------------------------------------------


async def test_a_cover_that_trades_while_an_exit_clears_it_is_not_sold_twice(desk: DeskUnderTest) -> None:
    desk.exchange.balances["BTC"] = Decimal(5)
    await desk.cycle()
    await requested(desk, Side.BUY, "0.5")
    await requested(desk, Side.BUY, "0.3")
    assert len(desk.exchange.sent_lists) == 2

    class Racing(FakeExchange):
        async def cancel(self, cancel):  # type: ignore[no-untyped-def]
            # its target trades just before the cancel arrives
            self.execute(cancel.client_order_id)
            await super().cancel(cancel)

    desk.exchange.__class__ = Racing
    await requested(desk, Side.SELL)
    assert desk.exchange.balances["BTC"] >= 5
    desk.exchange.__class__ = FakeExchange
    await requested(desk, Side.SELL)
    assert 0 <= desk.exchange.balances["BTC"] - 5 < Decimal("0.00003")
    assert booked_equals_held(desk)


async def test_a_cover_that_trades_in_part_as_an_exit_is_on_its_way_is_not_sold_twice(
    desk: DeskUnderTest,
) -> None:
    desk.exchange.balances["BTC"] = Decimal(5)
    await desk.cycle()
    await requested(desk, Side.BUY, "0.5")

    class Racing(FakeExchange):
        async def replace(self, cancel, intent):  # type: ignore[no-untyped-def]
            self.execute(cancel.client_order_id, Decimal("0.2"))
            return await super().replace(cancel, intent)

    desk.exchange.__class__ = Racing
    await requested(desk, Side.SELL)
    assert desk.exchange.balances["BTC"] >= 5
    desk.exchange.__class__ = FakeExchange
    await requested(desk, Side.SELL)
    assert 0 <= desk.exchange.balances["BTC"] - 5 < Decimal("0.00003")
    assert booked_equals_held(desk)


async def test_a_symbol_without_replacements_has_its_protection_cancelled_for_an_exit(
    desk: DeskUnderTest,
) -> None:
    class WithoutReplacements(FakeExchange):
        async def rules(self, symbols):  # type: ignore[no-untyped-def]
            known = await super().rules(symbols)
            return {symbol: replace(rules, cancel_replace_allowed=False) for symbol, rules in known.items()}

    desk.exchange.__class__ = WithoutReplacements
    await bought(desk)
    desk.exchange.close_candle(99)
    await desk.cycle()
    assert "replace" not in desk.exchange.calls
    assert by_purpose(desk, Purpose.EXIT) == ["FILLED"]
    assert resting(desk) == []
    assert booked_equals_held(desk)


# positions of which the account holds less ---------------------------------------------------


async def test_a_refusal_of_what_the_stream_told_of_ends_nothing(desk: DeskUnderTest) -> None:
    class Contradicting(FakeExchange):
        async def place(self, intent):  # type: ignore[no-untyped-def]
            desk.user_data.deliver(OrderReported(await super().place(intent)))
            raise Refused(-2010, "Account has insufficient balance for requested action.")

    await desk.cycle()
    desk.exchange.__class__ = Contradicting
    desk.exchange.close_candle(101)
    await desk.cycle()
    entry = next(order for order in desk.orders if order.purpose == "entry")
    assert entry.status == "FILLED"
    assert booked_equals_held(desk)


async def test_what_the_account_no_longer_holds_is_not_covered(desk: DeskUnderTest) -> None:
    await bought(desk)
    whole = held(desk)
    for order in resting(desk):
        desk.exchange.orders[order.client_order_id] = replace(order, status=OrderStatus.CANCELED)
    desk.exchange.balances["BTC"] -= Decimal("0.2")
    for _ in range(4):
        desk.exchange.close_candle(100)
        desk.clock.elapsed_s += 60
        report = await desk.cycle()
    stop, target = resting(desk)
    assert stop.quantity == target.quantity
    assert whole - Decimal("0.2") - stop.quantity < Decimal("0.00001")
    assert report.alarms == {}
    assert held(desk) == whole - Decimal("0.2")
    sent = len(desk.exchange.sent_lists)
    desk.exchange.close_candle(100)
    desk.clock.elapsed_s += 600
    await desk.cycle()
    assert len(desk.exchange.sent_lists) == sent


async def test_an_old_order_of_a_person_that_trades_does_not_hold_a_lost_one_for_ever(
    desk: DeskUnderTest,
) -> None:
    await desk.cycle()
    desk.exchange.errors["place"] = OutcomeUnknown("reset before it arrived")
    desk.exchange.close_candle(101)
    await desk.cycle()
    desk.exchange.errors.clear()
    theirs = Fill(
        symbol="BTCUSDT",
        trade_id=77,
        exchange_order_id=55,
        side=Side.BUY,
        price=Decimal(100),
        quantity=Decimal("0.1"),
        quote_quantity=Decimal(10),
        commission=Decimal(0),
        commission_asset="USDT",
        traded_at=desk.exchange.time + timedelta(seconds=10),
        is_maker=True,
    )

    class WithOldOrder(FakeExchange):
        async def fills_since(self, symbol, since):  # type: ignore[no-untyped-def]
            # its order was placed days ago: the orders since then do not list it
            return (*await super().fills_since(symbol, since), theirs)

    desk.exchange.__class__ = WithOldOrder
    desk.exchange.balances |= {"BTC": Decimal("0.1"), "USDT": Decimal(990)}
    for _ in range(3):
        desk.exchange.close_candle(100)
        await desk.cycle()
    assert by_purpose(desk, Purpose.ENTRY) == ["NOT_PLACED"]
    assert [flow.kind for flow in desk.store.reads.flows(limit=2)] == ["foreign", "foreign"]
    assert booked_equals_held(desk)


async def test_a_delisted_symbol_does_not_keep_the_account_from_being_compared(
    desk: DeskUnderTest, tmp_path: Path
) -> None:
    class Delisted(FakeExchange):
        async def find_order(self, symbol, client_order_id):  # type: ignore[no-untyped-def]
            raise Refused(-1121, "Invalid symbol.")

    await bought(desk)
    desk.exchange.__class__ = Delisted
    desk.exchange.symbols = ("ETHUSDT",)
    again = make_desk(tmp_path, desk.exchange, protection=PLAN, symbols=("ETHUSDT",))
    desk.exchange.balances["USDT"] += 50
    for _ in range(4):
        desk.exchange.close_candle(100)
        await again.cycle()
    assert again.store.ledger.contributed() == Decimal(1050)
    assert booked_equals_held(again)
    again.store.database.close()


# turns between two ticks ---------------------------------------------------------------------


async def test_an_overdue_entry_that_cannot_be_cancelled_waits_for_the_next_tick(
    bidder: DeskUnderTest,
) -> None:
    await bought(bidder)
    bidder.exchange.errors["cancel"] = Unavailable("no route")
    bidder.exchange.time += timedelta(seconds=31)
    assert await drive(bidder) == 1
    assert by_purpose(bidder, Purpose.ENTRY) == ["OPEN"]
    bidder.exchange.errors.clear()
    await bidder.cycle()
    assert by_purpose(bidder, Purpose.ENTRY) == ["CANCELED"]


async def test_protection_that_the_exchange_ends_at_once_is_not_put_back_without_a_pause(
    desk: DeskUnderTest,
) -> None:
    desk.user_data.deliver(StreamOpened())

    class Expiring(FakeExchange):
        async def place_list(self, order_list):  # type: ignore[no-untyped-def]
            legs = await super().place_list(order_list)
            for leg in legs:
                self.orders[leg.client_order_id] = replace(leg, status=OrderStatus.EXPIRED)
            return legs

    desk.exchange.__class__ = Expiring
    await desk.cycle()
    desk.exchange.close_candle(101)
    await desk.cycle()

    def tell() -> None:
        for order in desk.exchange.orders.values():
            desk.user_data.deliver(OrderReported(order))

    turns = 0
    for _ in range(10):
        tell()
        symbol = desk.orchestrator.wants_turn()
        if symbol is not None:
            await desk.orchestrator.run_turn(desk.next_number, symbol)
            turns += 1
    assert turns <= 1
    desk.exchange.__class__ = FakeExchange
    tell()
    desk.clock.elapsed_s += 60
    assert await drive(desk) == 1
    assert len(resting(desk)) == 2


async def test_what_an_entry_has_bought_so_far_is_covered_at_once_and_stays_so_when_a_person_cancels_it(
    bidder: DeskUnderTest,
) -> None:
    bidder.user_data.deliver(StreamOpened())
    await bought(bidder)
    (entry,) = resting(bidder)
    bidder.user_data.deliver(OrderReported(bidder.exchange.execute(entry.client_order_id, Decimal("0.5"))))
    assert await drive(bidder) == 1
    assert [order.quantity for order in resting(bidder)] == [entry.quantity, *[Decimal("0.4995")] * 2]
    ended = replace(bidder.exchange.orders[entry.client_order_id], status=OrderStatus.CANCELED, fills=())
    bidder.exchange.orders[entry.client_order_id] = replace(
        bidder.exchange.orders[entry.client_order_id], status=OrderStatus.CANCELED
    )
    bidder.user_data.deliver(OrderReported(ended))
    assert await drive(bidder) == 0
    assert [order.quantity for order in resting(bidder)] == [Decimal("0.4995")] * 2


async def test_a_turn_that_could_not_see_the_account_is_taken_again(bidder: DeskUnderTest) -> None:
    bidder.user_data.deliver(StreamOpened())
    await bought(bidder)
    (entry,) = resting(bidder)
    bidder.user_data.deliver(OrderReported(bidder.exchange.execute(entry.client_order_id)))
    bidder.exchange.errors["account"] = Unavailable("no route")
    assert await drive(bidder) == 1
    bidder.exchange.errors.clear()
    assert await drive(bidder) == 0
    bidder.clock.elapsed_s += 6
    assert await drive(bidder) == 1
    assert len(resting(bidder)) == 2


# what nobody guards is told ------------------------------------------------------------------


async def test_a_halt_that_leaves_a_position_without_protection_is_told(desk: DeskUnderTest) -> None:
    await bought(desk)
    desk.store.control.write(TradingState.HALTED, reason="stop", actor="me", at=desk.clock.now())
    assert (await desk.cycle()).alarms == {}
    for order in resting(desk):
        desk.exchange.orders[order.client_order_id] = replace(order, status=OrderStatus.CANCELED)
    report = await desk.cycle()
    assert "unprotected:BTCUSDT" in report.alarms


async def test_a_passed_stop_that_is_not_sold_is_told(desk: DeskUnderTest) -> None:
    await desk.cycle()
    desk.exchange.errors["place_list"] = Unavailable("no route")
    desk.exchange.close_candle(101)
    await desk.cycle()
    desk.exchange.errors["place"] = Refused(-2010, "This symbol is not permitted for this account.")
    desk.exchange.close_candle(90)
    report = await desk.cycle()
    assert by_purpose(desk, Purpose.EXIT) == ["REJECTED"]
    assert "unprotected:BTCUSDT" in report.alarms


async def test_a_position_that_is_not_traded_any_more_is_decided_on_protected_and_may_only_be_sold(
    desk: DeskUnderTest, tmp_path: Path
) -> None:
    await bought(desk)
    desk.exchange.symbols = ("ETHUSDT", "BTCUSDT")
    again = make_desk(tmp_path, desk.exchange, protection=PLAN, symbols=("ETHUSDT",), strategy=Grasping())
    for order in resting(desk):
        desk.exchange.orders[order.client_order_id] = replace(order, status=OrderStatus.CANCELED)
    desk.exchange.close_candle(101)
    report = await again.cycle()
    assert [decision.symbol for decision in report.decisions] == ["ETHUSDT", "BTCUSDT"]
    assert report.decisions[1].blocking_gate == "not_traded"
    assert len([order for order in resting(again) if order.symbol == "BTCUSDT"]) == 2
    desk.exchange.close_candle(99)
    sold = (await again.cycle()).decisions[1]
    assert (sold.symbol, sold.outcome) == ("BTCUSDT", Outcome.PLACED)
    desk.exchange.close_candle(101)
    assert [decision.symbol for decision in (await again.cycle()).decisions] == ["ETHUSDT"]
    again.store.database.close()


# the end -------------------------------------------------------------------------------------


async def test_what_a_withdrawn_entry_bought_is_covered_before_the_end(bidder: DeskUnderTest) -> None:
    await bought(bidder)
    (entry,) = resting(bidder)
    bidder.exchange.time += timedelta(seconds=1)
    bidder.exchange.execute(entry.client_order_id, Decimal("0.5"))
    withdrawn = await bidder.orchestrator.withdraw_entries()
    assert withdrawn == ("BTCUSDT",)
    bidder.orchestrator.stop()
    for symbol in withdrawn:
        await bidder.orchestrator.run_turn(bidder.next_number, symbol)
    assert [order.quantity for order in resting(bidder)] == [Decimal("0.4995")] * 2

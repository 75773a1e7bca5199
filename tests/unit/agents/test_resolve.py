from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from binance_trade_agent.agents.execution.resolve import OrderResolver
from binance_trade_agent.domain.errors import ConfigurationError, Refused, Throttled, Unavailable
from binance_trade_agent.domain.orders import (
    CancelIntent,
    CancelStatus,
    OrderIntent,
    OrderStatus,
    OrderType,
    Purpose,
    Side,
)
from tests.unit.agents.account_in_memory import QUOTE, MemoryJournal, MemoryLedger, TravelExchange

ONE = Decimal(1)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


class Desk:
    """An account with 1000 of everything, open books that agree with it, and the resolver under test."""

    def __init__(self) -> None:
        self.exchange = TravelExchange()
        self.ledger = MemoryLedger()
        self.journal = MemoryJournal(self.ledger)
        self.resolver = OrderResolver(self.exchange, self.journal, self.ledger)
        self.ledger.held, self.ledger.is_open = dict(self.exchange.balances), True
        self.ledger.agreed(self.exchange.time)
        self.exchange.pass_time(SECOND)

    def intent(
        self,
        cid: str,
        *,
        symbol: str = "BTCUSDT",
        purpose: Purpose = Purpose.ENTRY,
        in_list: str | None = None,
    ) -> OrderIntent:
        side = Side.SELL if purpose.is_protective else Side.BUY
        now = self.exchange.now()
        return OrderIntent(
            cid,
            symbol,
            side,
            OrderType.LIMIT,
            ONE,
            purpose,
            self.exchange.stamp(),
            Decimal(100),
            now,
            client_list_id=in_list,
        )

    def cancel(self, cid: str, *, in_list: str | None = None, replaced_by: str | None = None) -> CancelIntent:
        intent = CancelIntent(
            f"cancel-{cid}",
            "BTCUSDT",
            cid,
            in_list,
            replaced_by,
            self.exchange.stamp(),
            "",
            self.exchange.now(),
        )
        self.journal.write_cancel(intent)
        return intent

    def rest(self, cid: str, purpose: Purpose = Purpose.STOP, in_list: str | None = None) -> None:
        """An order that the exchange holds and the journal knows of."""
        intent = self.intent(cid, purpose=purpose, in_list=in_list)
        self.journal.write(intent)
        self.exchange.send(intent, rests=True)
        self.journal.record(cid, self.exchange.orders[cid])

    def status(self, cid: str) -> OrderStatus:
        return self.journal.get(cid).status

    def fate(self, cid: str) -> CancelStatus:
        return self.journal.cancels[f"cancel-{cid}"].status

    def lose(self, cid: str, symbol: str = "BTCUSDT") -> None:
        """An order that never arrives, by now past its window and the grace."""
        self.journal.write(self.intent(cid, symbol=symbol))
        self.exchange.pass_time(66 * SECOND)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_an_order_that_was_placed_is_adopted_with_its_fills(desk: Desk) -> None:
    intent = desk.intent("bta-1")
    desk.journal.write(intent)
    desk.exchange.send(intent, pieces=2)
    assert await desk.resolver.resolve_all() == ()
    assert desk.status("bta-1") is OrderStatus.FILLED
    assert desk.ledger.held == desk.exchange.balances


async def test_an_order_that_never_arrived_is_given_up_after_window_and_grace_only(desk: Desk) -> None:
    desk.journal.write(desk.intent("bta-1"))
    desk.exchange.pass_time(65 * SECOND)
    (row,) = await desk.resolver.resolve_all()
    assert row.status is OrderStatus.UNKNOWN
    desk.exchange.pass_time(timedelta(milliseconds=1))
    assert await desk.resolver.resolve_all() == ()
    assert desk.status("bta-1") is OrderStatus.NOT_PLACED


@pytest.mark.parametrize(("asset", "amount"), [("BTC", 5), ("BTC", -5), (QUOTE, 5), (QUOTE, -5)])
async def test_a_transfer_does_not_keep_a_lost_order_unresolved(desk: Desk, asset: str, amount: int) -> None:
    desk.lose("bta-1")
    desk.exchange.transfer(asset, Decimal(amount))
    assert await desk.resolver.resolve_all() == ()


async def test_a_trade_of_others_like_the_order_does_not_keep_it_unresolved(desk: Desk) -> None:
    desk.exchange.trade_by_hand("BTCUSDT", Side.BUY, ONE)
    desk.exchange.pass_time(100 * SECOND)
    desk.lose("bta-1")
    desk.exchange.trade_by_hand("BTCUSDT", Side.BUY, ONE)
    assert await desk.resolver.resolve_all() == ()
    assert len(desk.ledger.foreign) == 2
    assert desk.ledger.held == desk.exchange.balances


async def test_what_executed_but_shows_nowhere_is_waited_for(desk: Desk) -> None:
    intent = desk.intent("bta-1")
    desk.journal.write(intent)
    desk.exchange.send(intent, visible_after=600 * SECOND)
    desk.exchange.pass_time(300 * SECOND)
    (row,) = await desk.resolver.resolve_all()
    assert row.status is OrderStatus.UNKNOWN
    desk.exchange.pass_time(300 * SECOND)
    assert await desk.resolver.resolve_all() == ()
    assert desk.status("bta-1") is OrderStatus.FILLED


async def test_a_trade_that_no_listed_order_explains_may_be_the_orders_own(desk: Desk) -> None:
    class OnlyTrades(TravelExchange):
        async def find_order(self, symbol, client_order_id):  # type: ignore[no-untyped-def]
            return None

        async def orders_since(self, symbol, since):  # type: ignore[no-untyped-def]
            return ()

    exchange = OnlyTrades()
    intent = desk.intent("bta-1")
    desk.journal.write(intent)
    exchange.pass_time(SECOND)
    exchange.send(intent)
    exchange.balances = dict(desk.ledger.held)
    exchange.pass_time(100 * SECOND)
    (row,) = await OrderResolver(exchange, desk.journal, desk.ledger).resolve_all()
    assert row.status is OrderStatus.UNKNOWN


async def test_a_second_unresolved_order_makes_the_base_asset_decide(desk: Desk) -> None:
    desk.journal.write(replace(desk.intent("bta-sell", symbol="ETHUSDT"), side=Side.SELL))
    desk.lose("bta-1")
    desk.exchange.balances["BTC"] += 1
    desk.exchange.balances[QUOTE] += 50
    desk.exchange.balances["ETH"] -= 2
    assert len(await desk.resolver.resolve_all()) == 2
    desk.exchange.balances["ETH"] += 2
    await desk.resolver.resolve_all()
    assert await desk.resolver.resolve_all() == ()


async def test_an_archived_order_ended_with_nothing_executed(desk: Desk) -> None:
    desk.rest("bta-1")
    desk.journal.write(desk.intent("bta-2"))
    desk.exchange.errors["find_order"] = Refused(-2026, "Order was canceled or expired")
    desk.exchange.pass_time(89 * DAY)
    assert len(await desk.resolver.resolve_all()) == 2, "an order of 89 days cannot be archived"
    desk.exchange.pass_time(DAY)
    assert await desk.resolver.resolve_all() == ()
    assert (desk.status("bta-1"), desk.status("bta-2")) == (OrderStatus.CANCELED, OrderStatus.NOT_PLACED)


@pytest.mark.parametrize(
    "error",
    [Refused(-1121, "Invalid symbol."), Unavailable("down"), Throttled(5, "429"), ConfigurationError("x")],
)
async def test_a_row_that_cannot_be_looked_up_hinders_no_other(desk: Desk, error: Exception) -> None:
    class Picky(TravelExchange):
        async def find_order(self, symbol, client_order_id):  # type: ignore[no-untyped-def]
            if symbol == "ETHUSDT":
                raise error
            return await super().find_order(symbol, client_order_id)

    exchange = Picky()
    exchange.pass_time(SECOND)
    for cid, symbol in (("bta-1", "ETHUSDT"), ("bta-2", "BTCUSDT")):
        intent = desk.intent(cid, symbol=symbol)
        desk.journal.write(intent)
        exchange.send(intent)
    (left,) = await OrderResolver(exchange, desk.journal, desk.ledger).resolve_all()
    assert left.intent.client_order_id == "bta-1"
    assert desk.status("bta-2") is OrderStatus.FILLED


async def test_protection_at_rest_is_looked_up_only_when_all_are(desk: Desk) -> None:
    desk.rest("bta-1")
    desk.exchange.end("bta-1")
    assert len(await desk.resolver.resolve_all(thorough=False)) == 1
    assert desk.exchange.calls == []
    assert await desk.resolver.resolve_all(thorough=True) == ()


async def test_a_look_up_that_failed_is_repeated_even_of_protection_at_rest(desk: Desk) -> None:
    desk.rest("bta-1")
    desk.exchange.end("bta-1")
    desk.exchange.errors["find_order"] = Unavailable("down")
    await desk.resolver.resolve_all(thorough=True)
    desk.exchange.errors.clear()
    assert await desk.resolver.resolve_all(thorough=False) == ()
    await desk.resolver.resolve_all(thorough=False)
    assert desk.exchange.calls.count("find_order") == 2


async def test_protection_with_fills_missing_is_looked_up_always(desk: Desk) -> None:
    desk.rest("bta-1")
    order = desk.exchange.execute("bta-1", ONE / 2)
    desk.journal.record("bta-1", replace(order, fills=()))
    (row,) = await desk.resolver.resolve_all(thorough=False)
    assert (row.booked, row.executed) == (ONE / 2, ONE / 2)


async def test_an_order_accepted_and_then_unknown_stays_an_incident(desk: Desk) -> None:
    desk.rest("bta-1")
    desk.exchange.orders.clear()
    desk.exchange.pass_time(timedelta(days=1))
    (row,) = await desk.resolver.resolve_all()
    assert row.status is OrderStatus.OPEN


async def test_a_cancel_that_took_effect_is_done(desk: Desk) -> None:
    desk.rest("bta-1")
    desk.exchange.send(desk.cancel("bta-1"))
    assert await desk.resolver.resolve_all(thorough=False) == ()
    assert (desk.status("bta-1"), desk.fate("bta-1")) == (OrderStatus.CANCELED, CancelStatus.DONE)


async def test_a_cancel_that_never_arrived_is_given_up_after_window_and_grace_only(desk: Desk) -> None:
    desk.rest("bta-1")
    desk.cancel("bta-1")
    desk.exchange.pass_time(65 * SECOND)
    await desk.resolver.resolve_all(thorough=False)
    assert desk.fate("bta-1") is CancelStatus.UNKNOWN
    desk.exchange.pass_time(SECOND)
    await desk.resolver.resolve_all(thorough=False)
    assert (desk.status("bta-1"), desk.fate("bta-1")) == (OrderStatus.OPEN, CancelStatus.NOT_PLACED)


async def test_a_cancel_waits_while_its_order_cannot_be_asked_for(desk: Desk) -> None:
    desk.rest("bta-1")
    desk.exchange.send(desk.cancel("bta-1"))
    desk.exchange.pass_time(100 * SECOND)
    desk.exchange.errors["find_order"] = Unavailable("down")
    await desk.resolver.resolve_all(thorough=False)
    assert desk.fate("bta-1") is CancelStatus.UNKNOWN


async def test_the_cancel_of_a_list_is_done_only_when_both_legs_have_ended(desk: Desk) -> None:
    desk.rest("bta-stop", Purpose.STOP, in_list="list")
    desk.rest("bta-target", Purpose.TARGET, in_list="list")
    desk.cancel("bta-stop", in_list="list")
    desk.exchange.end("bta-stop", OrderStatus.EXPIRED)
    await desk.resolver.resolve_all(thorough=False)
    assert desk.fate("bta-stop") is CancelStatus.UNKNOWN
    desk.exchange.end("bta-target")
    await desk.resolver.resolve_all(thorough=False)
    assert desk.fate("bta-stop") is CancelStatus.DONE


async def test_both_halves_of_a_replacement_are_resolved_by_themselves(desk: Desk) -> None:
    desk.rest("bta-stop")
    exit_ = desk.intent("bta-exit", purpose=Purpose.STOP)
    desk.journal.write(exit_)
    cancel = desk.cancel("bta-stop", replaced_by="bta-exit")
    desk.exchange.send(cancel)
    desk.exchange.send(exit_)
    assert await desk.resolver.resolve_all(thorough=False) == ()
    assert desk.fate("bta-stop") is CancelStatus.DONE
    assert (desk.status("bta-stop"), desk.status("bta-exit")) == (OrderStatus.CANCELED, OrderStatus.FILLED)


async def test_a_replacement_that_never_arrived_leaves_the_old_order(desk: Desk) -> None:
    desk.rest("bta-stop")
    desk.journal.write(desk.intent("bta-exit", purpose=Purpose.STOP))
    desk.cancel("bta-stop", replaced_by="bta-exit")
    desk.exchange.pass_time(66 * SECOND)
    await desk.resolver.resolve_all(thorough=False)
    assert desk.fate("bta-stop") is CancelStatus.NOT_PLACED
    assert (desk.status("bta-stop"), desk.status("bta-exit")) == (OrderStatus.OPEN, OrderStatus.NOT_PLACED)


async def test_an_order_at_rest_that_traded_meanwhile_does_not_hide_a_lost_one(desk: Desk) -> None:
    sell = replace(desk.intent("bta-sell", symbol="ETHUSDT"), side=Side.SELL)
    desk.journal.write(sell)
    desk.exchange.send(sell, rests=True)
    desk.journal.record("bta-sell", desk.exchange.orders["bta-sell"])
    intent = desk.intent("bta-1")
    desk.journal.write(intent)
    desk.exchange.send(intent, visible_after=600 * SECOND)
    desk.exchange.pass_time(100 * SECOND)
    desk.exchange.price *= 2
    desk.exchange.execute("bta-sell", ONE)
    await desk.resolver.resolve_all()
    assert desk.status("bta-1") is OrderStatus.UNKNOWN


async def test_not_all_is_known_while_an_order_is_not_found_or_cannot_be_asked_for(desk: Desk) -> None:
    desk.rest("bta-1")
    await desk.resolver.resolve_all()
    assert desk.resolver.knows_all
    order = desk.exchange.orders.pop("bta-1")
    await desk.resolver.resolve_all()
    assert not desk.resolver.knows_all
    desk.exchange.orders["bta-1"] = order
    desk.exchange.errors["find_order"] = Unavailable("down")
    await desk.resolver.resolve_all(thorough=False)
    assert not desk.resolver.knows_all
    desk.exchange.errors.clear()
    await desk.resolver.resolve_all(thorough=False)
    assert desk.resolver.knows_all

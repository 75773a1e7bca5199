from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from binance_trade_agent.agents.reconciliation import AccountReconciler, Comparison, detect_wipe
from binance_trade_agent.domain.errors import Refused, Unavailable
from binance_trade_agent.domain.orders import OrderIntent, OrderStatus, OrderType, Purpose, Side
from tests.fakes import FakeClock
from tests.unit.agents.account_in_memory import QUOTE, MemoryJournal, MemoryLedger, TravelExchange

ONE = Decimal(1)
SECOND = timedelta(seconds=1)


class Desk:
    """An account with 1000 of everything, open books that agree with it, and the reconciler under test."""

    def __init__(self, symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT")) -> None:
        self.exchange = TravelExchange(symbols)
        self.ledger = MemoryLedger()
        self.journal = MemoryJournal(self.ledger)
        self.clock = FakeClock()
        self.reconciler = AccountReconciler(
            self.exchange, self.journal, self.ledger, self.clock, symbols=symbols, quote=QUOTE
        )
        self.ledger.held, self.ledger.is_open = dict(self.exchange.balances), True
        self.ledger.agreed(self.exchange.time)
        self.exchange.pass_time(SECOND)

    async def compare(self, *, thorough: bool = True, all_found: bool = True) -> Comparison:
        account = await self.exchange.account()
        return await self.reconciler.compare(
            account, self.journal.unfinished(), thorough=thorough, all_found=all_found
        )

    async def settle(self) -> Comparison:
        """See a difference, and see it again."""
        assert not (await self.compare()).compared
        self.exchange.pass_time(5 * SECOND)
        return await self.compare()

    def order(self, cid: str, *, purpose: Purpose = Purpose.ENTRY, rests: bool = False) -> None:
        side = Side.SELL if purpose.is_protective else Side.BUY
        intent = OrderIntent(
            cid,
            "BTCUSDT",
            side,
            OrderType.LIMIT,
            ONE,
            purpose,
            self.exchange.stamp(),
            Decimal(100),
            self.exchange.now(),
        )
        self.journal.write(intent)
        self.exchange.send(intent, rests=rests)

    def know(self, cid: str) -> None:
        self.journal.record(cid, self.exchange.orders[cid])


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_books_that_agree_are_noted_once_a_minute(desk: Desk) -> None:
    first = desk.exchange.time
    assert (await desk.compare()).compared
    assert desk.ledger.agreed_at == first
    desk.exchange.pass_time(59 * SECOND)
    assert (await desk.compare()).compared
    assert desk.ledger.agreed_at == first
    desk.exchange.pass_time(SECOND)
    await desk.compare()
    assert desk.ledger.agreed_at == first + 60 * SECOND


async def test_a_deposit_nobody_told_of_is_booked_and_reported_once(desk: Desk) -> None:
    desk.exchange.transfer(QUOTE, Decimal(500))
    comparison = await desk.settle()
    assert (comparison.compared, comparison.differences) == (True, {QUOTE: 500})
    assert comparison.booked == ("+500 USDT that nothing explains",)
    assert desk.ledger.differences == [(QUOTE, Decimal(500))]
    assert await desk.compare() == Comparison(True)


async def test_a_difference_seen_once_or_too_soon_or_without_looking_at_orders_does_not_count(
    desk: Desk,
) -> None:
    desk.exchange.transfer("BTC", Decimal(-2))
    assert not (await desk.compare()).compared
    assert desk.reconciler.is_in_doubt
    desk.exchange.pass_time(4 * SECOND)
    assert not (await desk.compare()).compared
    desk.exchange.pass_time(SECOND)
    assert not (await desk.compare(thorough=False)).compared
    assert not (await desk.compare(all_found=False)).compared
    assert desk.ledger.differences == []
    assert (await desk.compare()).differences == {"BTC": -2}
    assert not desk.reconciler.is_in_doubt


async def test_a_difference_that_changes_or_goes_away_starts_anew(desk: Desk) -> None:
    desk.exchange.transfer("BTC", ONE)
    await desk.compare()
    desk.exchange.pass_time(10 * SECOND)
    desk.exchange.transfer("BTC", ONE)
    assert not (await desk.compare()).compared
    desk.exchange.transfer("BTC", Decimal(-2))
    assert await desk.compare() == Comparison(True)
    desk.exchange.pass_time(10 * SECOND)
    desk.exchange.transfer("BTC", ONE)
    assert not (await desk.compare()).compared
    assert desk.ledger.differences == []


async def test_trades_of_others_are_booked_as_theirs(desk: Desk) -> None:
    desk.exchange.trade_by_hand("BTCUSDT", Side.BUY, ONE)
    desk.exchange.trade_by_hand("ETHUSDT", Side.SELL, Decimal(2))
    comparison = await desk.settle()
    assert (comparison.compared, comparison.differences) == (True, {})
    assert comparison.booked == ("1 trades of others in BTCUSDT", "1 trades of others in ETHUSDT")
    assert desk.ledger.held == desk.exchange.balances
    assert desk.ledger.position_rows == {}


async def test_a_coin_that_was_never_traded_here_is_looked_for_by_its_name() -> None:
    desk = Desk(("BTCUSDT",))
    desk.exchange.symbols = ("BTCUSDT", "BNBUSDT")
    desk.exchange.trade_by_hand("BNBUSDT", Side.BUY, ONE)
    comparison = await desk.settle()
    assert (comparison.differences, len(desk.ledger.foreign)) == ({}, 1)


async def test_a_coin_that_no_symbol_trades_is_a_difference() -> None:
    desk = Desk(("BTCUSDT",))
    desk.exchange.transfer("BNB", ONE)
    assert (await desk.settle()).differences == {"BNB": 1}


async def test_a_coin_bought_and_sold_again_is_found_by_the_quote_currency(desk: Desk) -> None:
    desk.exchange.trade_by_hand("ETHUSDT", Side.BUY, ONE)
    desk.exchange.price += 10
    desk.exchange.trade_by_hand("ETHUSDT", Side.SELL, ONE)
    comparison = await desk.settle()
    assert (comparison.differences, len(desk.ledger.foreign)) == ({}, 2)


async def test_a_deposit_and_a_trade_are_told_apart(desk: Desk) -> None:
    desk.exchange.trade_by_hand("BTCUSDT", Side.BUY, ONE)
    desk.exchange.transfer(QUOTE, Decimal(700))
    comparison = await desk.settle()
    assert comparison.differences == {QUOTE: 700}
    assert len(desk.ledger.foreign) == 1


async def test_a_trade_the_opening_balances_hold_is_not_booked_for_a_later_difference(desk: Desk) -> None:
    desk.exchange.trade_by_hand("BTCUSDT", Side.BUY, ONE)
    desk.ledger.held = dict(desk.exchange.balances)
    desk.exchange.pass_time(SECOND)
    await desk.compare()
    desk.ledger.agreed(desk.exchange.time)
    desk.exchange.transfer("ETH", ONE)
    comparison = await desk.settle()
    assert (comparison.differences, desk.ledger.foreign) == ({"ETH": 1}, {})


async def test_a_trade_that_an_agreement_just_missed_is_found(desk: Desk) -> None:
    desk.exchange.trade_by_hand("BTCUSDT", Side.BUY, ONE)
    desk.exchange.pass_time(SECOND)
    # the balances lagged when they were compared
    desk.ledger.agreed(desk.exchange.time)
    comparison = await desk.settle()
    assert (comparison.differences, len(desk.ledger.foreign)) == ({}, 1)


async def test_nothing_is_compared_while_an_order_is_unresolved_or_fills_are_missing(desk: Desk) -> None:
    async def look_twice() -> None:
        for _ in range(2):
            assert not (await desk.compare()).compared
            assert not desk.reconciler.is_in_doubt
            desk.exchange.pass_time(10 * SECOND)

    desk.order("bta-1")
    await look_twice()
    desk.journal.record("bta-1", replace(desk.exchange.orders["bta-1"], fills=()))
    await look_twice()
    desk.know("bta-1")
    assert await desk.compare() == Comparison(True)
    assert (desk.ledger.differences, desk.ledger.foreign) == ([], {})


async def test_what_moves_while_a_difference_is_looked_into_is_not_settled_with_it(desk: Desk) -> None:
    class Moving(TravelExchange):
        async def fills_since(self, symbol, since):  # type: ignore[no-untyped-def]
            self.balances[QUOTE] += 1
            return await super().fills_since(symbol, since)

    exchange = Moving()
    exchange.pass_time(SECOND)
    exchange.transfer("BTC", ONE)
    reconciler = AccountReconciler(
        exchange, desk.journal, desk.ledger, desk.clock, symbols=("BTCUSDT",), quote=QUOTE
    )
    for _ in range(2):
        comparison = await reconciler.compare(await exchange.account(), (), thorough=True, all_found=True)
        assert not comparison.compared
        exchange.pass_time(10 * SECOND)
    assert desk.ledger.differences == []
    assert reconciler.is_in_doubt


async def test_orders_at_rest_do_not_hinder_the_comparison(desk: Desk) -> None:
    desk.order("bta-1", purpose=Purpose.STOP, rests=True)
    desk.know("bta-1")
    assert await desk.compare() == Comparison(True)
    # its trade, not yet in the books, is no difference
    desk.exchange.execute("bta-1", ONE)
    assert not (await desk.compare()).compared
    desk.know("bta-1")
    assert await desk.compare() == Comparison(True)
    assert desk.ledger.differences == []


async def test_without_the_account_nothing_is_compared(desk: Desk) -> None:
    comparison = await desk.reconciler.compare(None, (), thorough=True, all_found=True)
    assert not comparison.compared


async def test_a_difference_is_kept_until_the_exchange_can_be_asked(desk: Desk) -> None:
    desk.exchange.trade_by_hand("BTCUSDT", Side.BUY, ONE)
    await desk.compare()
    desk.exchange.pass_time(10 * SECOND)
    desk.exchange.errors["fills_since"] = Unavailable("down")
    assert not (await desk.compare()).compared
    desk.exchange.errors.clear()
    assert (await desk.compare()).differences == {}
    assert len(desk.ledger.foreign) == 1


async def test_an_order_that_was_given_up_is_taken_over_with_its_fills(desk: Desk) -> None:
    desk.order("bta-1")
    desk.journal.mark_not_placed("bta-1", "wrongly")
    comparison = await desk.settle()
    assert (comparison.compared, comparison.differences) == (True, {})
    assert desk.journal.get("bta-1").status is OrderStatus.FILLED
    assert desk.ledger.held == desk.exchange.balances
    assert desk.ledger.position_rows["BTCUSDT"].quantity == 1


async def test_what_is_withdrawn_of_a_position_leaves_it(desk: Desk) -> None:
    desk.order("bta-1")
    desk.know("bta-1")
    desk.exchange.transfer("BTC", Decimal("-1000.4"))
    comparison = await desk.settle()
    assert comparison.differences == {"BTC": Decimal("-1000.4")}
    assert list(comparison.alarms) == ["moved_away:BTCUSDT"]
    assert "0.4 that someone else sold or withdrew" in comparison.alarms["moved_away:BTCUSDT"]
    assert desk.ledger.position_rows["BTCUSDT"].quantity == Decimal("0.6")
    # coins that come later are a person's own
    desk.exchange.transfer("BTC", ONE)
    assert (await desk.settle()).alarms == {}
    assert desk.ledger.position_rows["BTCUSDT"].quantity == Decimal("0.6")


async def test_a_position_that_is_short_is_an_incident_until_every_order_is_looked_up(desk: Desk) -> None:
    desk.order("bta-1")
    desk.know("bta-1")
    desk.exchange.transfer("BTC", Decimal("-1000.4"))
    desk.ledger.book_transfer("BTC", Decimal("-1000.4"), desk.exchange.now(), "told by the stream")
    comparison = await desk.compare(thorough=False)
    assert list(comparison.alarms) == ["position_short:BTCUSDT"]
    assert desk.reconciler.is_in_doubt
    assert list((await desk.compare()).alarms) == ["moved_away:BTCUSDT"]
    assert not desk.reconciler.is_in_doubt


async def test_open_orders_are_read_at_start_after_gaps_and_every_ten_minutes(desk: Desk) -> None:
    def read() -> int:
        count = sum(call.startswith("open_orders") for call in desk.exchange.calls)
        desk.exchange.calls.clear()
        return count

    await desk.compare(thorough=False)
    assert read() == 2, "one call a symbol"
    await desk.compare(thorough=True)
    assert read() == 0
    desk.clock.advance(60)
    await desk.compare(thorough=False)
    assert read() == 0
    await desk.compare(thorough=True)
    assert read() == 2
    desk.clock.advance(600)
    await desk.compare(thorough=False)
    assert read() == 2


async def test_with_many_symbols_all_open_orders_are_read_at_once_if_there_can_be_any() -> None:
    desk = Desk(tuple(f"C{number}USDT" for number in range(14)))
    await desk.compare()
    assert [call for call in desk.exchange.calls if "open" in call] == [], "nothing is locked"
    desk.exchange.locked["BNB"] = ONE
    desk.clock.advance(600)
    await desk.compare()
    assert [call for call in desk.exchange.calls if "open" in call] == ["open_orders None"]


async def test_open_orders_that_cannot_be_read_are_read_in_the_next_cycle(desk: Desk) -> None:
    desk.exchange.rest_by_hand("BTCUSDT", "web_1")
    desk.exchange.errors["open_orders"] = Unavailable("down")
    assert (await desk.compare()).compared
    desk.exchange.errors.clear()
    await desk.compare(thorough=False)
    assert [order.client_order_id for order in desk.ledger.foreign_orders] == ["web_1"]


async def test_a_symbol_that_is_gone_hides_no_open_orders_of_others(desk: Desk) -> None:
    desk.exchange.symbols = ("ETHUSDT",)
    desk.exchange.rest_by_hand("ETHUSDT", "web_1")
    await desk.compare()
    assert [order.client_order_id for order in desk.ledger.foreign_orders] == ["web_1"]


async def test_open_orders_of_others_are_shown_and_those_with_our_prefix_are_incidents(desk: Desk) -> None:
    desk.order("bta-1", purpose=Purpose.STOP, rests=True)
    desk.know("bta-1")
    desk.exchange.rest_by_hand("BTCUSDT", "web_1")
    desk.exchange.rest_by_hand("ETHUSDT", "bta-lost")
    comparison = await desk.compare()
    assert [order.client_order_id for order in desk.ledger.foreign_orders] == ["bta-lost", "web_1"]
    assert list(comparison.alarms) == ["stray_order:bta-lost"]
    assert list(comparison.strays) == ["ETHUSDT"]
    desk.exchange.end("bta-lost")
    desk.clock.advance(600)
    comparison = await desk.compare()
    assert (comparison.alarms, comparison.strays) == ({}, {})


async def test_a_given_up_order_among_the_open_ones_is_taken_over(desk: Desk) -> None:
    desk.order("bta-1", rests=True)
    desk.journal.mark_not_placed("bta-1", "wrongly")
    await desk.compare()
    assert desk.journal.get("bta-1").status is OrderStatus.OPEN


class TestWipe:
    """An exchange that was set back has new balances and knows nothing."""

    @pytest.fixture
    def desk(self) -> Desk:
        desk = Desk()
        desk.order("bta-1")
        desk.know("bta-1")
        desk.order("bta-2", purpose=Purpose.STOP, rests=True)
        desk.know("bta-2")
        desk.exchange.pass_time(timedelta(days=1))
        return desk

    async def wiped(self, desk: Desk) -> bool:
        return await detect_wipe(desk.exchange, desk.journal, desk.ledger)

    async def test_is_seen_when_every_order_is_gone_and_balances_differ(self, desk: Desk) -> None:
        assert not await self.wiped(desk)
        desk.exchange.orders.clear()
        assert not await self.wiped(desk), "the balances are as before"
        desk.exchange.balances = dict.fromkeys(desk.exchange.balances, Decimal(1000))
        assert await self.wiped(desk)

    @pytest.mark.parametrize("cid", ["bta-1", "bta-2"])
    async def test_is_none_while_one_order_is_known(self, desk: Desk, cid: str) -> None:
        del desk.exchange.orders[cid]
        desk.exchange.balances["BTC"] += 7
        assert not await self.wiped(desk)

    async def test_is_none_for_an_order_so_young_that_it_may_not_show_yet(self) -> None:
        desk = Desk()
        desk.order("bta-1")
        desk.know("bta-1")
        desk.exchange.orders.clear()
        desk.exchange.balances["BTC"] += 7
        desk.exchange.pass_time(35 * SECOND)
        assert not await self.wiped(desk)

    async def test_is_none_without_orders(self) -> None:
        desk = Desk()
        desk.exchange.balances["BTC"] += 7
        assert not await self.wiped(desk)

    async def test_is_none_if_an_order_is_archived(self, desk: Desk) -> None:
        desk.exchange.balances["BTC"] += 7
        desk.exchange.errors["find_order"] = Refused(-2026, "archived")
        assert not await self.wiped(desk)

    async def test_cannot_be_told_when_the_exchange_does_not_answer(self, desk: Desk) -> None:
        desk.exchange.errors["find_order"] = Unavailable("down")
        with pytest.raises(Unavailable):
            await self.wiped(desk)

"""Cycles on a real database: one decision a symbol with its reason, whatever the exchange does."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from binance_trade_agent.control.watching import Watch, WatchPlan
from binance_trade_agent.domain.decisions import CycleOutcome, Outcome, TradingState
from binance_trade_agent.domain.errors import OutcomeUnknown, Refused, Throttled, Unavailable
from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.domain.user_events import Transferred
from binance_trade_agent.orchestrator import OrderRequest
from tests.desk import UNRESTRAINED, DeskUnderTest, booked_equals_held, make_desk
from tests.fake_exchange import MINUTE, FakeExchange

AFTER_THE_GRACE = timedelta(seconds=66)


async def bought(desk: DeskUnderTest) -> None:
    await desk.cycle()
    desk.exchange.close_candle(101)
    await desk.cycle()


async def test_a_quiet_cycle_records_one_held_decision_with_its_reason(desk: DeskUnderTest) -> None:
    report = await desk.cycle()
    assert report.outcome is CycleOutcome.COMPLETED
    (decision,) = desk.decisions
    assert (decision.outcome, decision.reason) == ("held", "nothing to do")
    assert decision.candles_seen == 1
    assert desk.store.reads.equity()[-1].total == Decimal(1000)


async def test_profit_counts_from_what_was_put_in_and_a_withdrawal_is_no_loss(desk: DeskUnderTest) -> None:
    desk.exchange.close_candle(101)
    await desk.cycle()
    assert desk.store.reads.status().contributed == Decimal(1000)
    desk.store.ledger.book_difference("USDT", Decimal(-100), "withdrawal", desk.clock.now())
    status = desk.store.reads.status()
    assert status.contributed == Decimal(900)


async def test_buy_then_sell_leave_books_equal_to_the_exchange(desk: DeskUnderTest) -> None:
    await bought(desk)
    desk.exchange.close_candle(99)
    await desk.cycle()
    assert [(order.side, order.status) for order in desk.orders] == [("SELL", "FILLED"), ("BUY", "FILLED")]
    assert booked_equals_held(desk)
    (position,) = desk.store.reads.positions()
    assert position.realised < 0
    assert desk.store.reads.equity()[-1].total == desk.exchange.balances["USDT"] + position.quantity * 99


async def test_each_candle_belongs_to_one_decision_also_after_a_pause(desk: DeskUnderTest) -> None:
    await desk.cycle()
    for _ in range(3):
        desk.exchange.close_candle(100)
    await desk.cycle()
    await desk.cycle()
    third, second, first = desk.decisions
    assert (first.candles_seen, second.candles_seen, third.candles_seen) == (1, 3, 0)
    assert second.first_candle is not None
    assert first.last_candle is not None
    assert second.first_candle - first.last_candle == MINUTE
    assert third.reason_code == "no_new_candle"


async def test_a_cycle_without_market_data_sees_no_candle_and_the_next_sees_them_all(
    desk: DeskUnderTest,
) -> None:
    await desk.cycle()
    desk.exchange.close_candle(101)
    desk.exchange.errors["candles"] = Unavailable("no route")
    report = await desk.cycle()
    assert report.outcome is CycleOutcome.DEGRADED
    assert (desk.decisions[0].outcome, desk.decisions[0].reason) == ("no_data", "no route")
    assert desk.decisions[0].candles_seen == 0
    desk.exchange.errors.clear()
    await desk.cycle()
    assert desk.decisions[0].outcome == "placed"


@pytest.mark.parametrize("method", ["rules", "book_tops", "account", "candles"])
async def test_any_failed_read_is_a_reason_never_a_crash(desk: DeskUnderTest, method: str) -> None:
    desk.exchange.errors[method] = Throttled(30, "too many requests")
    await desk.cycle()
    (decision,) = desk.decisions
    assert decision.outcome == "no_data"
    assert "too many requests" in decision.reason


async def test_a_lost_answer_locks_the_symbol_until_the_order_is_adopted(desk: DeskUnderTest) -> None:
    desk.exchange.lost_answer = OutcomeUnknown("timeout")
    desk.exchange.invisible = True
    await bought(desk)
    assert (desk.orders[0].status, desk.decisions[0].outcome) == ("UNKNOWN", "unknown")
    desk.exchange.close_candle(101)
    await desk.cycle()
    assert desk.decisions[0].reason_code == "unresolved_order"
    assert len(desk.exchange.sent) == 1
    desk.exchange.invisible = False
    desk.exchange.close_candle(101)
    await desk.cycle()
    assert desk.orders[0].status == "FILLED"
    assert len(desk.exchange.sent) == 1
    assert booked_equals_held(desk)
    assert {decision.outcome for decision in desk.decisions} == {"held", "placed", "unresolved_order"}


async def test_an_exit_that_met_a_lock_is_decided_on_again_once_it_is_gone(desk: DeskUnderTest) -> None:
    await bought(desk)
    desk.exchange.lost_answer, desk.exchange.invisible = OutcomeUnknown("timeout"), True
    more = OrderRequest(side=Side.BUY, quantity=Decimal("0.1"))
    await desk.orchestrator.execute_trading_workflow(desk.next_number, "BTCUSDT", request=more)
    desk.exchange.lost_answer = None
    desk.exchange.close_candle(99)
    await desk.cycle()
    assert (desk.decisions[0].reason_code, desk.decisions[0].candles_seen) == ("unresolved_order", 0)
    desk.exchange.invisible = False
    await desk.cycle()
    assert (desk.decisions[0].outcome, desk.decisions[0].candles_seen) == ("placed", 1)
    assert [order.side for order in desk.orders] == ["SELL", "BUY", "BUY"]
    assert booked_equals_held(desk)


async def test_an_order_that_never_arrived_is_not_placed_only_after_window_and_grace(
    desk: DeskUnderTest,
) -> None:
    class Swallowing(FakeExchange):
        def _take(self, intent):  # type: ignore[no-untyped-def]
            raise OutcomeUnknown("reset before it arrived")

    desk.exchange.__class__ = Swallowing
    await bought(desk)
    await desk.cycle()
    assert desk.orders[0].status == "UNKNOWN"
    desk.exchange.time += AFTER_THE_GRACE
    await desk.cycle()
    assert desk.orders[0].status == "NOT_PLACED"
    assert booked_equals_held(desk)


async def test_an_order_missing_by_id_but_visible_in_the_balances_stays_unresolved(
    desk: DeskUnderTest,
) -> None:
    desk.exchange.lost_answer = OutcomeUnknown("timeout")
    desk.exchange.invisible = True
    await bought(desk)
    desk.exchange.orders.clear()
    desk.exchange.time += AFTER_THE_GRACE
    await desk.cycle()
    assert desk.orders[0].status == "UNKNOWN"
    assert desk.decisions[0].outcome == "unresolved_order"


async def test_a_failed_look_up_changes_nothing(desk: DeskUnderTest) -> None:
    desk.exchange.lost_answer = OutcomeUnknown("timeout")
    await bought(desk)
    desk.exchange.errors["find_order"] = Unavailable("gone")
    desk.exchange.time += AFTER_THE_GRACE
    await desk.cycle()
    assert desk.orders[0].status == "UNKNOWN"


@pytest.mark.parametrize(
    "error",
    [Refused(-2010, "Account has insufficient balance"), Unavailable("refused"), Throttled(5, "slow")],
)
async def test_a_definite_no_is_rejected_and_locks_nothing(desk: DeskUnderTest, error: Exception) -> None:
    desk.exchange.errors["place"] = error
    await bought(desk)
    assert (desk.orders[0].status, desk.decisions[0].outcome) == ("REJECTED", "rejected")
    desk.exchange.errors.clear()
    desk.exchange.close_candle(101)
    await desk.cycle()
    assert desk.decisions[0].outcome == "placed"


async def test_an_intent_left_by_a_killed_process_is_adopted_at_the_next_start(
    new_desk: Callable[..., DeskUnderTest],
) -> None:
    first = new_desk()
    first.exchange.lost_answer = OutcomeUnknown("timeout")
    await bought(first)
    restarted = new_desk(exchange=first.exchange)
    first.exchange.lost_answer = None
    await restarted.cycle()
    assert len(first.exchange.sent) == 1
    assert restarted.orders[0].status == "FILLED"
    assert booked_equals_held(restarted)


async def test_a_restart_decides_on_no_candle_twice(new_desk: Callable[..., DeskUnderTest]) -> None:
    first = new_desk()
    await bought(first)
    restarted = new_desk(exchange=first.exchange)
    await restarted.cycle()
    assert restarted.decisions[0].candles_seen == 0
    assert len(first.exchange.sent) == 1


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (TradingState.PAUSED, "refused"),
        (TradingState.ENTRIES_HALTED, "refused"),
        (TradingState.HALTED, "halted"),
    ],
)
async def test_a_stopped_book_enters_nothing_and_says_why(
    desk: DeskUnderTest, state: TradingState, outcome: str
) -> None:
    desk.store.control.write(state, reason="by hand", actor="me", at=desk.clock.now())
    await bought(desk)
    assert desk.decisions[0].outcome == outcome
    assert "by hand" in desk.decisions[0].reason
    assert not desk.exchange.sent


async def test_exits_go_on_while_paused_and_stop_when_halted(desk: DeskUnderTest) -> None:
    await bought(desk)
    desk.store.control.write(TradingState.HALTED, reason="stop", actor="me", at=desk.clock.now())
    desk.exchange.close_candle(99)
    await desk.cycle()
    assert desk.decisions[0].outcome == "halted"
    desk.store.control.write(TradingState.PAUSED, reason="slow", actor="me", at=desk.clock.now())
    desk.exchange.close_candle(99)
    await desk.cycle()
    assert [order.side for order in desk.orders] == ["SELL", "BUY"]


async def test_halting_between_risk_and_sending_sends_nothing(desk: DeskUnderTest) -> None:
    await desk.cycle()
    desk.exchange.close_candle(101)
    account = desk.exchange.account

    async def halt_meanwhile():  # type: ignore[no-untyped-def]
        desk.store.control.write(TradingState.HALTED, reason="now", actor="me", at=desk.clock.now())
        return await account()

    desk.exchange.account = halt_meanwhile  # type: ignore[method-assign]
    await desk.cycle()
    assert (desk.decisions[0].outcome, desk.exchange.sent, desk.orders) == ("halted", [], ())


async def test_a_person_may_name_the_side_and_a_quantity_over_a_limit_is_refused_not_shrunk(
    desk: DeskUnderTest,
) -> None:
    await desk.cycle()
    request = OrderRequest(side=Side.BUY, quantity=Decimal("9.5"))
    report = await desk.orchestrator.execute_trading_workflow(desk.next_number, "BTCUSDT", request=request)
    assert report.decisions[0].outcome is Outcome.REFUSED
    report = await desk.orchestrator.execute_trading_workflow(
        desk.next_number, "BTCUSDT", request=replace(request, quantity=Decimal("0.5"))
    )
    assert report.decisions[0].outcome is Outcome.PLACED
    assert report.decisions[0].candles_seen == 0
    assert desk.orders[0].executed == Decimal("0.5")


async def test_a_workflow_for_a_symbol_the_exchange_does_not_know_is_an_answer(desk: DeskUnderTest) -> None:
    report = await desk.orchestrator.execute_trading_workflow(desk.next_number, "NOPEUSDT")
    assert report.decisions[0].outcome is Outcome.NO_DATA
    assert "NOPEUSDT" in report.decisions[0].reason.text


async def test_a_broken_strategy_is_reported_and_other_symbols_go_on(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    await desk.cycle()
    desk.exchange.close_candle(666)
    await desk.cycle()
    assert desk.decisions[0].outcome == "failed"
    assert "the plug-in is broken" in desk.decisions[0].reason
    desk.exchange.close_candle(100)
    await desk.cycle()
    assert desk.decisions[0].outcome == "held"
    desk.store.database.close()


async def test_once_told_to_stop_the_cycle_gives_the_rest_their_reason(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, FakeExchange(("BTCUSDT", "ETHUSDT")))
    desk.orchestrator.stop()
    await desk.cycle()
    assert {(d.symbol, d.outcome) for d in desk.decisions} == {
        ("BTCUSDT", "interrupted"),
        ("ETHUSDT", "interrupted"),
    }
    desk.store.database.close()


async def test_a_difference_to_the_exchange_is_reported(desk: DeskUnderTest) -> None:
    await desk.cycle()
    desk.exchange.balances["USDT"] -= Decimal("12.5")
    # once may be a fill on its way into the books
    assert not (await desk.cycle()).differences
    desk.exchange.time += timedelta(seconds=30)
    report = await desk.cycle()
    assert report.differences == {"USDT": Decimal("-12.5")}
    assert booked_equals_held(desk)


async def test_risk_sees_capital_shrink_from_symbol_to_symbol(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, FakeExchange(("BTCUSDT", "ETHUSDT", "SOLUSDT")))
    await bought(desk)
    assert len(desk.exchange.sent) == 3
    spent = sum(order.quote_executed for order in desk.orders)
    assert spent <= Decimal(1000) * Decimal("0.8")
    assert booked_equals_held(desk)
    desk.store.database.close()


async def test_a_symbol_the_exchange_dropped_stops_no_other(tmp_path: Path) -> None:
    class Dropping(FakeExchange):
        async def book_tops(self, symbols):  # type: ignore[no-untyped-def]
            if "ETHUSDT" in symbols:
                raise Refused(-1121, "Invalid symbol.")
            return await super().book_tops(symbols)

    desk = make_desk(tmp_path, FakeExchange(("BTCUSDT", "ETHUSDT")))
    desk.exchange.__class__ = Dropping
    await bought(desk)
    assert {(d.symbol, d.outcome) for d in desk.decisions[:2]} == {
        ("BTCUSDT", "placed"),
        ("ETHUSDT", "no_data"),
    }
    desk.exchange.__class__ = FakeExchange
    desk.exchange.symbols = ("BTCUSDT",)
    report = await desk.cycle()
    assert {(d.symbol, d.reason.code) for d in report.decisions} == {
        ("BTCUSDT", "no_new_candle"),
        ("ETHUSDT", "unknown_symbol"),
    }
    desk.store.database.close()


async def test_an_unresolved_order_of_a_dropped_symbol_does_not_end_the_trader(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, FakeExchange(("BTCUSDT", "ETHUSDT")))
    desk.exchange.lost_answer = OutcomeUnknown("timeout")
    await bought(desk)
    desk.exchange.lost_answer = None
    desk.exchange.invisible = True
    desk.exchange.orders.clear()
    desk.exchange.symbols = ("BTCUSDT",)
    desk.exchange.time += AFTER_THE_GRACE
    report = await desk.cycle()
    assert {d.symbol for d in report.decisions} == {"BTCUSDT", "ETHUSDT"}
    assert {order.status for order in desk.orders} == {"UNKNOWN"}
    desk.store.database.close()


async def test_unresolved_orders_are_looked_up_together(tmp_path: Path) -> None:
    class Slow(FakeExchange):
        looking, most = 0, 0

        async def find_order(self, symbol, client_order_id):  # type: ignore[no-untyped-def]
            self.looking += 1
            self.most = max(self.most, self.looking)
            await asyncio.sleep(0)
            self.looking -= 1
            raise Unavailable("no answer")

    exchange = Slow(("BTCUSDT", "ETHUSDT", "SOLUSDT"))
    desk = make_desk(tmp_path, exchange)
    exchange.lost_answer = OutcomeUnknown("timeout")
    await bought(desk)
    await desk.cycle()
    assert len(exchange.sent) == exchange.most == 3
    desk.store.database.close()


async def test_an_order_whose_fills_are_not_known_yet_still_holds_its_stake_back(tmp_path: Path) -> None:
    class WithoutFills(FakeExchange):
        async def place(self, intent):  # type: ignore[no-untyped-def]
            return replace(await super().place(intent), fills=())

    limits = replace(UNRESTRAINED, order_share=Decimal("0.5"), max_symbol_share=Decimal(1))
    desk = make_desk(tmp_path, WithoutFills(("BTCUSDT", "ETHUSDT", "SOLUSDT")), limits)
    await bought(desk)
    spent = sum(order.quote_executed for order in desk.orders)
    assert 0 < spent <= Decimal(1000) * limits.max_total_share
    await desk.cycle()
    assert booked_equals_held(desk)
    desk.store.database.close()


async def test_a_decision_can_be_recomputed_also_when_the_process_died_in_its_order(
    new_desk: Callable[..., DeskUnderTest],
) -> None:
    class Dying(FakeExchange):
        async def place(self, intent):  # type: ignore[no-untyped-def]
            raise KeyboardInterrupt

    first = new_desk()
    await first.cycle()
    window = first.store.decisions.stored_candles("BTCUSDT", CandleInterval.M1, 1000)
    assert len(window) == 50, "the first decision saw a whole window"
    first.exchange.__class__ = Dying
    first.exchange.close_candle(101)
    with pytest.raises(KeyboardInterrupt):
        await first.cycle()
    assert first.orders[0].status == "INTENT"
    stored = first.store.decisions.stored_candles("BTCUSDT", CandleInterval.M1, 1000)
    assert (len(stored), stored[-1].close) == (51, 101)


async def test_equity_values_a_position_the_cycle_does_not_decide_on_at_its_price(tmp_path: Path) -> None:
    exchange = FakeExchange(("BTCUSDT", "ETHUSDT"))
    before = make_desk(tmp_path, exchange)
    await bought(before)
    exchange.close_candle(150)
    before.store.database.close()
    # another process, which has not seen a price yet, runs one workflow
    after = make_desk(tmp_path, exchange)
    report = await after.orchestrator.execute_trading_workflow(after.next_number, "ETHUSDT")
    held = sum(exchange.balances[asset] for asset in ("BTC", "ETH"))
    assert report.equity is not None
    assert report.equity.total == exchange.balances["USDT"] + held * 150
    exchange.errors["book_tops"] = Unavailable("no route")
    report = await after.orchestrator.execute_trading_workflow(after.next_number, "ETHUSDT")
    assert report.equity is not None
    assert report.equity.positions_value == held * 150, "the last known prices"
    after.store.database.close()


async def test_an_order_the_lists_hold_stays_unresolved_even_if_the_balances_agree(
    desk: DeskUnderTest,
) -> None:
    class Listing(FakeExchange):
        async def find_order(self, symbol, client_order_id):  # type: ignore[no-untyped-def]
            return None

    desk.exchange.lost_answer = OutcomeUnknown("timeout")
    desk.exchange.__class__ = Listing
    await bought(desk)
    desk.exchange.balances = dict(desk.store.ledger.balances())
    desk.exchange.time += AFTER_THE_GRACE
    await desk.cycle()
    assert desk.orders[0].status == "UNKNOWN"


async def test_the_strategy_acts_once_on_a_candle_whoever_asks_it(desk: DeskUnderTest) -> None:
    await bought(desk)
    workflow = desk.orchestrator.execute_trading_workflow
    await workflow(desk.next_number, "BTCUSDT", request=OrderRequest(side=Side.SELL))
    report = await workflow(desk.next_number, "BTCUSDT")
    assert report.decisions[0].reason.code == "one_action_per_candle"
    assert len(desk.exchange.sent) == 2


async def test_an_order_cancelled_while_its_answer_is_due_is_unknown(desk: DeskUnderTest) -> None:
    class Silent(FakeExchange):
        async def place(self, intent):  # type: ignore[no-untyped-def]
            waiting.set()
            await asyncio.Event().wait()

    waiting = asyncio.Event()
    await desk.cycle()
    desk.exchange.__class__ = Silent
    desk.exchange.close_candle(101)
    cycle = asyncio.create_task(desk.cycle())
    await asyncio.wait_for(waiting.wait(), 60)
    cycle.cancel()
    await asyncio.wait({cycle})
    assert (desk.orders[0].status, desk.orders[0].reason) == (
        "UNKNOWN",
        "stopped while waiting for the answer",
    )


async def test_profit_is_told_of_one_moment(desk: DeskUnderTest) -> None:
    await desk.cycle()
    watch = Watch(desk.store.reads, desk.clock, WatchPlan("simulated", "", ("BTCUSDT",), "marked", MINUTE))
    assert watch.status().profit == 0
    desk.exchange.balances["USDT"] += 500
    desk.user_data.deliver(Transferred("USDT", Decimal(500), desk.exchange.time, "deposit 1"))
    # the newest equity does not hold it yet, so neither does what it is compared with
    assert watch.status().profit == 0
    report = await desk.cycle()
    assert watch.status().profit == 0
    assert report.equity is not None
    assert report.equity.contributed == Decimal(1500)


async def test_entries_of_the_same_cycle_count_for_how_many_may_be_begun(tmp_path: Path) -> None:
    symbols = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")
    desk = make_desk(tmp_path, FakeExchange(symbols), replace(UNRESTRAINED, max_orders_per_minute=2))
    await bought(desk)
    newest = sorted(desk.decisions[:4], key=lambda row: row.symbol)
    assert [row.outcome for row in newest] == ["placed", "placed", "refused", "refused"]
    assert {row.blocking_gate for row in newest[2:]} == {"order_rate_minute"}
    desk.store.database.close()

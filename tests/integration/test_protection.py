"""Protection of positions on a real database and an exchange in memory: placed, found missing, moved, replaced by exits."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from binance_trade_agent.domain.decisions import CycleKind, TradingState
from binance_trade_agent.domain.errors import OutcomeUnknown, Refused, Unavailable
from binance_trade_agent.domain.orders import ExchangeOrder, OrderType, Purpose, Side
from binance_trade_agent.domain.protection import ProtectionPlan
from binance_trade_agent.domain.user_events import OrderReported, StreamOpened
from binance_trade_agent.orchestrator import OrderRequest
from tests.desk import UNRESTRAINED, DeskUnderTest, booked_equals_held, make_desk
from tests.fake_exchange import FakeExchange

PLAN = ProtectionPlan(stop_share=Decimal("0.05"), target_share=Decimal("0.10"))
AFTER_THE_GRACE = timedelta(seconds=66)
LIMIT_ENTRIES = replace(
    UNRESTRAINED,
    entry_type=OrderType.LIMIT,
    entry_offset_bps=Decimal(100),
    entry_time_limit=timedelta(minutes=2),
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskUnderTest]:
    made = make_desk(tmp_path, protection=PLAN)
    yield made
    made.store.database.close()


def restarted(desk: DeskUnderTest, folder: Path) -> DeskUnderTest:
    return make_desk(folder, desk.exchange, protection=PLAN)


async def bought(desk: DeskUnderTest) -> None:
    await desk.cycle()
    desk.exchange.close_candle(101)
    await desk.cycle()


def open_at_exchange(desk: DeskUnderTest) -> list[ExchangeOrder]:
    return [order for order in desk.exchange.orders.values() if not order.status.is_terminal]


def held(desk: DeskUnderTest) -> Decimal:
    return desk.store.ledger.positions()["BTCUSDT"].quantity


def by_purpose(desk: DeskUnderTest, purpose: Purpose) -> list[str]:
    return [order.status for order in desk.orders if order.purpose == purpose.value]


async def test_an_entry_is_covered_in_its_own_cycle_for_what_was_received(desk: DeskUnderTest) -> None:
    await bought(desk)
    stop, target = open_at_exchange(desk)
    assert stop.quantity == target.quantity
    # the fee was taken in the coin; what the lot size leaves over is dust
    assert Decimal(0) <= held(desk) - stop.quantity < Decimal("0.00001")
    assert (stop.order_type, target.order_type) == (OrderType.STOP_LOSS, OrderType.LIMIT_MAKER)
    paid = desk.store.ledger.positions()["BTCUSDT"].average_price
    assert paid is not None
    assert stop.stop_price < paid * Decimal("0.951")
    assert target.price >= paid * Decimal("1.1")
    (entry,) = desk.decisions[:1]
    assert {order.decision_id for order in desk.orders} == {entry.id}
    assert entry.outcome == "placed"
    assert desk.exchange.orders[entry.client_order_id or ""].side is Side.BUY


async def test_covered_positions_are_left_alone(desk: DeskUnderTest) -> None:
    await bought(desk)
    for _ in range(3):
        desk.exchange.close_candle(100)
        await desk.cycle()
    assert len(desk.exchange.sent_lists) == 1
    assert desk.decisions[0].outcome == "held"


async def test_a_target_that_trades_ends_the_position_and_its_stop(desk: DeskUnderTest) -> None:
    await bought(desk)
    desk.exchange.move_to(120)
    desk.exchange.close_candle(120)
    await desk.cycle()
    assert held(desk) < Decimal("0.00001")
    assert by_purpose(desk, Purpose.TARGET) == ["FILLED"]
    assert by_purpose(desk, Purpose.STOP) == ["EXPIRED"]
    assert booked_equals_held(desk)
    assert len(desk.exchange.sent_lists) == 1


async def test_an_exit_replaces_the_protection_in_one_request(desk: DeskUnderTest) -> None:
    await bought(desk)
    desk.exchange.close_candle(99)
    await desk.cycle()
    assert desk.exchange.calls.count("replace") == 1
    assert desk.exchange.calls.count("place") == 1
    assert by_purpose(desk, Purpose.EXIT) == ["FILLED"]
    assert by_purpose(desk, Purpose.STOP) == by_purpose(desk, Purpose.TARGET) == ["CANCELED"]
    (cancel,) = desk.store.reads.cancels()
    assert cancel.status == "DONE"
    assert open_at_exchange(desk) == []
    assert booked_equals_held(desk)


async def test_an_exit_whose_protection_has_just_traded_sells_nothing_twice(desk: DeskUnderTest) -> None:
    await bought(desk)

    class Racing(FakeExchange):
        async def replace(self, cancel, intent):  # type: ignore[no-untyped-def]
            self.execute(cancel.client_order_id)
            return await super().replace(cancel, intent)

    desk.exchange.__class__ = Racing
    desk.exchange.close_candle(99)
    await desk.cycle()
    assert by_purpose(desk, Purpose.EXIT) == ["REJECTED"]
    assert {*by_purpose(desk, Purpose.STOP), *by_purpose(desk, Purpose.TARGET)} == {"FILLED", "EXPIRED"}
    assert held(desk) < Decimal("0.00001")
    assert booked_equals_held(desk)


async def test_an_exit_refused_after_its_cancel_has_its_protection_put_back(desk: DeskUnderTest) -> None:
    await bought(desk)
    desk.exchange.refused_half = Refused(-2010, "Market is closed.")
    desk.exchange.close_candle(99)
    await desk.cycle()
    assert by_purpose(desk, Purpose.EXIT) == ["REJECTED"]
    assert len(open_at_exchange(desk)) == 2
    assert len(desk.exchange.sent_lists) == 2
    assert desk.store.reads.cancels()[0].status == "DONE"


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_lost_answer_to_the_oco_never_makes_two(desk: DeskUnderTest, *, arrived: bool) -> None:
    await desk.cycle()
    if arrived:

        class Losing(FakeExchange):
            async def place_list(self, order_list):  # type: ignore[no-untyped-def]
                await super().place_list(order_list)
                raise OutcomeUnknown("timeout")

        desk.exchange.__class__ = Losing
    else:
        desk.exchange.errors["place_list"] = OutcomeUnknown("reset before it arrived")
    desk.exchange.close_candle(101)
    await desk.cycle()
    assert by_purpose(desk, Purpose.STOP) == ["UNKNOWN"]
    desk.exchange.errors.clear()
    desk.exchange.__class__ = FakeExchange
    desk.exchange.close_candle(100)
    await desk.cycle()
    if arrived:
        assert by_purpose(desk, Purpose.STOP) == ["OPEN"]
    else:
        assert desk.decisions[0].outcome == "unresolved_order"
        desk.exchange.time += AFTER_THE_GRACE
        desk.exchange.close_candle(100)
        await desk.cycle()
        assert by_purpose(desk, Purpose.STOP) == ["OPEN", "NOT_PLACED"]
    assert len(open_at_exchange(desk)) == 2


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_lost_answer_to_a_replacement_sells_once(desk: DeskUnderTest, *, arrived: bool) -> None:
    await bought(desk)
    if arrived:
        desk.exchange.lost_answer = OutcomeUnknown("timeout")
    else:
        desk.exchange.errors["replace"] = OutcomeUnknown("reset before it arrived")
    desk.exchange.close_candle(99)
    await desk.cycle()
    desk.exchange.errors.clear()
    desk.exchange.lost_answer = None
    assert by_purpose(desk, Purpose.EXIT) == ["UNKNOWN"]
    assert desk.store.reads.cancels()[0].status == "UNKNOWN"
    desk.exchange.close_candle(99)
    await desk.cycle()
    if not arrived:
        assert desk.decisions[0].outcome == "unresolved_order"
        desk.exchange.time += AFTER_THE_GRACE
        desk.exchange.close_candle(99)
        await desk.cycle()
        assert by_purpose(desk, Purpose.EXIT) == ["FILLED", "NOT_PLACED"]
    assert [o.side for o in desk.exchange.orders.values() if o.order_type is OrderType.MARKET] == [
        Side.BUY,
        Side.SELL,
    ]
    assert booked_equals_held(desk)
    assert {cancel.status for cancel in desk.store.reads.cancels()} <= {"DONE", "NOT_PLACED"}


async def test_missing_protection_is_found_at_start(desk: DeskUnderTest, tmp_path: Path) -> None:
    await bought(desk)
    for order in open_at_exchange(desk):
        # a person cancelled it in the exchange's app
        desk.exchange.orders[order.client_order_id] = replace(order, status=type(order.status).CANCELED)
    again = restarted(desk, tmp_path)
    await again.cycle()
    assert len(open_at_exchange(again)) == 2
    assert len(desk.exchange.sent_lists) == 2
    again.store.database.close()


async def test_a_refused_oco_raises_an_alarm_and_is_tried_again(desk: DeskUnderTest) -> None:
    await desk.cycle()
    desk.exchange.errors["place_list"] = Refused(-1013, "Filter failure: MAX_NUM_ALGO_ORDERS")
    desk.exchange.close_candle(101)
    report = await desk.cycle()
    assert "MAX_NUM_ALGO_ORDERS" in report.alarms["unprotected:BTCUSDT"]
    assert desk.decisions[0].outcome == "placed"
    desk.exchange.errors.clear()
    desk.exchange.close_candle(100)
    desk.clock.elapsed_s += 6
    report = await desk.cycle()
    assert report.alarms == {}
    assert len(open_at_exchange(desk)) == 2


async def test_a_fall_below_the_stop_while_nothing_rests_is_sold(desk: DeskUnderTest) -> None:
    await desk.cycle()
    desk.exchange.errors["place_list"] = Unavailable("no route")
    desk.exchange.close_candle(101)
    await desk.cycle()
    desk.exchange.errors.clear()
    desk.exchange.close_candle(90)
    await desk.cycle()
    assert desk.decisions[0].strategy == "protection"
    assert by_purpose(desk, Purpose.EXIT) == ["FILLED"]
    assert booked_equals_held(desk)


async def test_a_halted_trader_touches_no_protection(desk: DeskUnderTest) -> None:
    await bought(desk)
    desk.store.control.write(TradingState.HALTED, reason="stop", actor="me", at=desk.clock.now())
    for order in open_at_exchange(desk):
        desk.exchange.orders[order.client_order_id] = replace(order, status=type(order.status).CANCELED)
    sent = len(desk.exchange.sent), len(desk.exchange.sent_lists), len(desk.exchange.sent_cancels)
    desk.exchange.close_candle(99)
    await desk.cycle()
    assert sent == (len(desk.exchange.sent), len(desk.exchange.sent_lists), len(desk.exchange.sent_cancels))


async def test_a_test_purchase_is_one_order(desk: DeskUnderTest) -> None:
    request = OrderRequest(side=Side.BUY, reason="test_mode")
    await desk.orchestrator.execute_trading_workflow(1, "BTCUSDT", request=request, kind=CycleKind.TEST)
    assert len(desk.exchange.sent) == 1
    assert desk.exchange.sent_lists == []


async def test_a_trailing_stop_moves_by_replacing(tmp_path: Path) -> None:
    plan = replace(PLAN, trailing_share=Decimal("0.05"), target_share=Decimal(0))
    desk = make_desk(tmp_path, protection=plan)
    await bought(desk)
    (first,) = open_at_exchange(desk)
    desk.exchange.close_candle(110)
    await desk.cycle()
    (second,) = open_at_exchange(desk)
    assert second.stop_price == Decimal("104.50") > first.stop_price
    assert second.quantity == first.quantity
    assert by_purpose(desk, Purpose.STOP) == ["OPEN", "CANCELED"]
    desk.exchange.close_candle(107)
    await desk.cycle()
    assert open_at_exchange(desk) == [second]
    desk.store.database.close()


# limit entries -----------------------------------------------------------------------------


async def test_a_limit_entry_rests_below_the_ask_and_locks_its_symbol(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, limits=LIMIT_ENTRIES, protection=PLAN)
    await bought(desk)
    (entry,) = open_at_exchange(desk)
    assert (entry.order_type, entry.price) == (OrderType.LIMIT, Decimal("99.99"))
    desk.exchange.close_candle(101)
    await desk.cycle()
    assert (desk.decisions[0].outcome, desk.decisions[0].reason_code) == ("held", "entry_rests")
    assert "rests at 99.99 until" in desk.decisions[0].reason
    assert len(desk.exchange.sent) == 1
    asked = OrderRequest(side=Side.BUY, quantity=Decimal("0.1"))
    report = await desk.orchestrator.execute_trading_workflow(desk.next_number, "BTCUSDT", request=asked)
    assert report.decisions[0].outcome == "refused"
    assert len(desk.exchange.sent) == 1
    desk.store.database.close()


async def test_an_overdue_limit_entry_is_cancelled_and_what_it_bought_is_covered(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, limits=LIMIT_ENTRIES, protection=PLAN)
    await bought(desk)
    (entry,) = open_at_exchange(desk)
    desk.exchange.time += timedelta(seconds=1)
    desk.exchange.execute(entry.client_order_id, Decimal("0.5"))
    desk.exchange.time += timedelta(minutes=2)
    assert desk.orchestrator.wants_turn() == "BTCUSDT"
    await desk.orchestrator.run_turn(desk.next_number, "BTCUSDT")
    assert by_purpose(desk, Purpose.ENTRY) == ["CANCELED"]
    assert held(desk) == Decimal("0.4995")
    stop, target = open_at_exchange(desk)
    assert stop.quantity == target.quantity == Decimal("0.4995")
    assert desk.orchestrator.wants_turn() is None
    assert desk.decisions[0].reason_code == "looked_after"
    assert booked_equals_held(desk)
    desk.store.database.close()


async def test_a_pause_takes_a_resting_entry_back(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, limits=LIMIT_ENTRIES, protection=PLAN)
    await bought(desk)
    desk.store.control.write(TradingState.PAUSED, reason="lunch", actor="me", at=desk.clock.now())
    await desk.cycle()
    assert open_at_exchange(desk) == []
    assert by_purpose(desk, Purpose.ENTRY) == ["CANCELED"]
    desk.store.database.close()


async def test_an_exit_takes_back_what_still_rests_to_buy(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, limits=LIMIT_ENTRIES, protection=PLAN)
    await bought(desk)
    (entry,) = open_at_exchange(desk)
    desk.exchange.time += timedelta(seconds=1)
    desk.exchange.execute(entry.client_order_id, Decimal("0.5"))
    desk.exchange.close_candle(99)
    # the close at 99 fills nothing in this fake: it is below the entry's price, so the rest would have traded
    await desk.cycle()
    assert held(desk) < Decimal("0.00001")
    assert by_purpose(desk, Purpose.EXIT) == ["FILLED"]
    assert open_at_exchange(desk) == []
    assert booked_equals_held(desk)
    desk.store.database.close()


async def test_entries_that_rest_are_withdrawn_at_the_end(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, limits=LIMIT_ENTRIES, protection=PLAN)
    await bought(desk)
    await desk.orchestrator.withdraw_entries()
    assert open_at_exchange(desk) == []
    assert by_purpose(desk, Purpose.ENTRY) == ["CANCELED"]
    desk.store.database.close()


async def test_an_entry_whose_answer_was_lost_is_looked_up_and_withdrawn_at_the_end(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, limits=LIMIT_ENTRIES, protection=PLAN)
    desk.exchange.lost_answer = OutcomeUnknown("timeout")
    await bought(desk)
    desk.exchange.lost_answer = None
    assert by_purpose(desk, Purpose.ENTRY) == ["UNKNOWN"]
    assert len(open_at_exchange(desk)) == 1
    await desk.orchestrator.withdraw_entries()
    assert open_at_exchange(desk) == []
    assert by_purpose(desk, Purpose.ENTRY) == ["CANCELED"]
    desk.store.database.close()


async def test_what_an_entry_bought_whose_answer_was_lost_is_covered_before_the_end(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, protection=PLAN)
    desk.exchange.lost_answer = OutcomeUnknown("timeout")
    await bought(desk)
    desk.exchange.lost_answer = None
    assert (by_purpose(desk, Purpose.ENTRY), open_at_exchange(desk)) == (["UNKNOWN"], [])
    withdrawn = await desk.orchestrator.withdraw_entries()
    assert withdrawn == ("BTCUSDT",)
    assert by_purpose(desk, Purpose.ENTRY) == ["FILLED"]
    desk.orchestrator.stop()
    await desk.orchestrator.run_turn(desk.next_number, "BTCUSDT")
    assert len(open_at_exchange(desk)) == 2
    desk.store.database.close()


async def test_a_fill_told_by_the_stream_is_covered_before_the_next_tick(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, limits=LIMIT_ENTRIES, protection=PLAN)
    desk.user_data.deliver(StreamOpened())
    await bought(desk)
    (entry,) = open_at_exchange(desk)
    assert desk.orchestrator.wants_turn() is None
    desk.user_data.deliver(OrderReported(desk.exchange.execute(entry.client_order_id)))
    assert desk.orchestrator.wants_turn() == "BTCUSDT"
    await desk.orchestrator.run_turn(desk.next_number, "BTCUSDT")
    assert len(open_at_exchange(desk)) == 2
    assert desk.orchestrator.wants_turn() is None
    cycle = desk.store.reads.cycles()[0]
    assert (cycle.kind, cycle.outcome) == ("fill", "completed")
    desk.store.database.close()


async def test_a_refused_oco_is_tried_again_ever_more_seldom(desk: DeskUnderTest) -> None:
    await desk.cycle()
    desk.exchange.errors["place_list"] = Refused(-1013, "Filter failure: MAX_NUM_ALGO_ORDERS")
    desk.exchange.close_candle(101)
    for _ in range(5):
        report = await desk.cycle()
        assert "unprotected:BTCUSDT" in report.alarms
        desk.exchange.close_candle(100)
    assert desk.exchange.calls.count("place_list") == 1
    desk.clock.elapsed_s += 6
    await desk.cycle()
    await desk.cycle()
    assert desk.exchange.calls.count("place_list") == 2
    desk.clock.elapsed_s += 6
    await desk.cycle()
    assert desk.exchange.calls.count("place_list") == 2
    desk.clock.elapsed_s += 6
    desk.exchange.errors.clear()
    report = await desk.cycle()
    assert report.alarms == {}
    assert len(open_at_exchange(desk)) == 2


async def test_what_a_person_sells_of_a_position_leaves_it_at_cost(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, protection=PLAN)
    await bought(desk)
    before = desk.store.ledger.positions()["BTCUSDT"]
    put_in = desk.store.ledger.contributed()
    for order in open_at_exchange(desk):
        desk.exchange.orders[order.client_order_id] = replace(order, status=type(order.status).CANCELED)
    desk.exchange.balances["BTC"] -= Decimal("0.5")
    desk.exchange.balances["USDT"] += Decimal(60)
    for _ in range(4):
        desk.exchange.time += timedelta(seconds=20)
        report = await desk.cycle()
    after = desk.store.ledger.positions()["BTCUSDT"]
    assert after.quantity == desk.exchange.balances["BTC"] == before.quantity - Decimal("0.5")
    assert after.average_price is not None
    assert before.average_price is not None
    assert round(after.average_price, 8) == round(before.average_price, 8)
    assert after.realised == before.realised
    now_in = desk.store.ledger.contributed()
    assert put_in is not None
    assert now_in == put_in + 60 - (before.cost - after.cost)
    assert report.equity is not None
    assert report.equity.total == desk.exchange.balances["USDT"] + after.quantity * desk.exchange.price
    # what is left is covered, and the next purchase is told from it
    assert sum(order.quantity for order in open_at_exchange(desk)) <= 2 * after.quantity
    assert booked_equals_held(desk)
    desk.store.database.close()

"""Flatten, cancel and halt over a real database and an exchange in memory."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from binance_trade_agent.control.flattening import PATIENCE_S, UNREACHED_S
from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.errors import OutcomeUnknown, Refused, Unavailable
from binance_trade_agent.domain.orders import ExchangeOrder, OrderIntent, OrderType, Side
from binance_trade_agent.domain.protection import ProtectionPlan
from binance_trade_agent.domain.records import CommandStatus
from binance_trade_agent.orchestrator import OrderRequest
from tests.desk import UNRESTRAINED, booked_equals_held, make_desk
from tests.fake_exchange import FakeExchange
from tests.room import Room

SYMBOLS = ("BTCUSDT", "ETHUSDT")
PLAN = ProtectionPlan(stop_share=Decimal("0.05"), target_share=Decimal("0.10"))
LIMIT_ENTRIES = replace(
    UNRESTRAINED,
    entry_type=OrderType.LIMIT,
    entry_offset_bps=Decimal(100),
    entry_time_limit=timedelta(minutes=2),
)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = make_desk(tmp_path, FakeExchange(SYMBOLS), protection=PLAN)
    yield Room(made)
    made.store.database.close()


async def both_bought(room: Room) -> None:
    for symbol in SYMBOLS:
        await room.buy(symbol)
    assert len(room.resting()) == 4


async def an_entry_rests(room: Room) -> None:
    await room.desk.cycle()
    room.exchange.close_candle(101)
    await room.desk.cycle()
    assert [order.order_type for order in room.resting()] == [OrderType.LIMIT]


def held(room: Room) -> dict[str, Decimal]:
    return {s: p.quantity for s, p in room.desk.store.ledger.positions().items() if p.quantity}


async def test_flatten_sells_all_that_was_bought_with_its_protection_and_halts(room: Room) -> None:
    await both_bought(room)
    result = await room.carry_out(room.ask_to_flatten())
    assert result.status is CommandStatus.DONE, result.text
    assert [symbol for symbol, _ in room.sales] == list(SYMBOLS)
    assert set(result.details) >= {"sold:BTCUSDT", "sold:ETHUSDT"}
    assert result.text.endswith("trading is halted")
    assert room.resting() == []
    assert booked_equals_held(room.desk)
    assert room.state is TradingState.HALTED
    row = room.audit("flatten")
    assert (row.actor, row.channel, row.reason, row.before, row.after) == (
        "ann",
        "cli",
        "fire",
        "RUNNING",
        "HALTED",
    )
    assert (row.outcome, row.answer, row.idempotency_key) == ("done", result.text, "k")


async def test_the_same_key_flattens_once(room: Room) -> None:
    await both_bought(room)
    first = await room.carry_out(room.ask_to_flatten())
    room.steering.resume("go on", actor="ann")
    await room.buy()
    again = await room.carry_out(room.ask_to_flatten())
    assert (again, again.repeated) == (first, True)
    assert again.told.startswith("already done at ")
    assert len(room.sales) == 2
    assert held(room)


async def test_entries_are_stopped_when_it_is_asked_for_not_when_it_is_begun(room: Room) -> None:
    asked = room.ask_to_flatten()
    await asyncio.sleep(0)
    assert room.state is TradingState.PAUSED
    await room.buy()
    assert not room.exchange.sent
    await room.carry_out(asked)


async def test_a_halted_trader_sells_for_a_flatten_and_is_halted_after_it(room: Room) -> None:
    await both_bought(room)
    room.steering.halt("fire", actor="ann")
    result = await room.carry_out(room.ask_to_flatten())
    assert (result.status, held(room), room.state) == (CommandStatus.DONE, {}, TradingState.HALTED)
    assert room.audit("flatten").before == "HALTED"


@pytest.mark.parametrize(("act", "state"), [("halt", "HALTED"), ("resume", "RUNNING")])
async def test_a_later_halt_or_resume_withdraws_it(room: Room, act: str, state: str) -> None:
    await both_bought(room)
    asked = room.ask_to_flatten()
    await asyncio.sleep(0)
    assert await room.runner.run_next() is not None
    getattr(room.steering, act)("stop", actor="bob")
    result = await room.carry_out(asked)
    assert result.status is CommandStatus.REFUSED
    assert result.text.startswith(f"withdrawn by bob ({act})")
    assert len(room.sales) == 1
    assert len(room.resting()) == 2, "the other position keeps its protection"
    assert room.state.value == state
    assert not room.runner.has_work


async def test_a_resting_entry_is_cancelled(tmp_path: Path) -> None:
    room = Room(make_desk(tmp_path, FakeExchange(), limits=LIMIT_ENTRIES))
    await an_entry_rests(room)
    result = await room.carry_out(room.ask_to_flatten())
    assert (result.status, result.text) == (CommandStatus.DONE, "nothing was held; trading is halted")
    assert room.resting() == []
    assert room.sales == []


async def test_a_lost_answer_is_looked_up_and_nothing_sold_twice(room: Room) -> None:
    await both_bought(room)
    room.exchange.lost_answer = OutcomeUnknown("timeout")
    result = await room.carry_out(room.ask_to_flatten())
    assert result.status is CommandStatus.DONE, result.text
    assert sorted(symbol for symbol, _ in room.sales) == list(SYMBOLS)
    assert booked_equals_held(room.desk)


async def test_what_the_exchange_refuses_stays_protected_and_is_named(room: Room) -> None:
    await both_bought(room)
    room.exchange.errors["replace"] = Refused(-2010, "no")
    result = await room.carry_out(room.ask_to_flatten())
    assert result.status is CommandStatus.FAILED
    assert "NOT sold: BTCUSDT 0.4995 (the exchange refused" in result.text
    assert set(result.details) == {"failed:BTCUSDT", "failed:ETHUSDT"}
    assert len(room.resting()) == 4
    assert room.state is TradingState.HALTED


async def test_an_exchange_out_of_reach_is_tried_again_but_not_for_ever(room: Room) -> None:
    await both_bought(room)
    room.exchange.errors["account"] = Unavailable("no route")
    began = room.desk.clock.monotonic()
    result = await room.carry_out(room.ask_to_flatten())
    assert PATIENCE_S <= room.desk.clock.monotonic() - began < PATIENCE_S + 10
    assert (result.status, room.state) == (CommandStatus.FAILED, TradingState.HALTED)
    assert "no route" in result.text
    assert len(room.resting()) == 4
    del room.exchange.errors["account"]
    assert (await room.carry_out(room.ask_to_flatten("k2"))).status is CommandStatus.DONE
    assert held(room) == {}


@pytest.mark.parametrize("what", ["account", "book_tops"])
async def test_a_process_of_its_own_does_not_wait_long_for_an_exchange_out_of_reach(
    tmp_path: Path, what: str
) -> None:
    room = Room(make_desk(tmp_path, FakeExchange(SYMBOLS), protection=PLAN), stays=False)
    await both_bought(room)
    room.exchange.errors[what] = Unavailable("no route")
    began = room.desk.clock.monotonic()
    result = await room.carry_out(room.ask_to_flatten())
    assert UNREACHED_S <= room.desk.clock.monotonic() - began < UNREACHED_S + 10
    assert (result.status, room.state) == (CommandStatus.FAILED, TradingState.HALTED)
    assert result.text.startswith("NOT sold: BTCUSDT 0.4995 (the exchange does not answer: ")
    assert "no route" in result.text
    assert len(room.resting()) == 4
    room.desk.store.database.close()


async def test_dust_is_dust_also_where_the_exchange_does_not_answer(tmp_path: Path) -> None:
    room = Room(make_desk(tmp_path, FakeExchange(SYMBOLS)))
    await room.buy()
    request = OrderRequest(side=Side.BUY, quantity=Decimal("0.06"))
    await room.desk.orchestrator.execute_trading_workflow(room.desk.next_number, "ETHUSDT", request=request)
    room.exchange.close_candle(80)
    await room.desk.cycle()
    room.exchange.errors["account"] = Unavailable("no route")
    result = await room.carry_out(room.ask_to_flatten())
    assert (result.status, set(result.details)) == (CommandStatus.FAILED, {"failed:BTCUSDT", "dust:ETHUSDT"})
    room.desk.store.database.close()


async def test_a_symbol_whose_order_is_unresolved_is_named(room: Room) -> None:
    await both_bought(room)
    room.exchange.errors["replace"] = OutcomeUnknown("timeout")
    room.exchange.errors["find_order"] = Unavailable("no route")
    result = await room.carry_out(room.ask_to_flatten())
    assert result.status is CommandStatus.FAILED
    unresolved = {row.symbol: row.client_order_id for row in room.desk.store.reads.status().unresolved}
    assert set(unresolved) == set(SYMBOLS)
    for symbol, client_order_id in unresolved.items():
        assert client_order_id in result.details[f"failed:{symbol}"]


async def test_the_next_process_goes_on_with_what_a_killed_one_began(room: Room, tmp_path: Path) -> None:
    await both_bought(room)
    asked = room.ask_to_flatten()
    await asyncio.sleep(0)
    assert await room.runner.run_next() is not None
    assert len(room.sales) == 1
    successor = Room(make_desk(tmp_path, room.exchange, protection=PLAN))
    successor.desk.store.decisions.close_interrupted(successor.desk.clock.now())
    successor.desk.store.control.close_interrupted(successor.desk.clock.now())
    assert successor.runner.is_flattening
    while successor.runner.has_work:
        await successor.runner.run_next()
    result = await asked
    assert result.status is CommandStatus.DONE
    assert set(result.details) == {"sold:BTCUSDT", "sold:ETHUSDT"}
    assert [symbol for symbol, _ in room.sales] == list(SYMBOLS)
    assert booked_equals_held(successor.desk)
    successor.desk.store.database.close()


async def test_dust_is_named_and_is_no_failure(tmp_path: Path) -> None:
    room = Room(make_desk(tmp_path, FakeExchange(SYMBOLS)))
    await room.buy()
    request = OrderRequest(side=Side.BUY, quantity=Decimal("0.06"))
    await room.desk.orchestrator.execute_trading_workflow(room.desk.next_number, "ETHUSDT", request=request)
    room.exchange.close_candle(80)
    result = await room.carry_out(room.ask_to_flatten())
    assert (result.status, [symbol for symbol, _ in room.sales]) == (CommandStatus.DONE, ["BTCUSDT"])
    assert result.text == "sold BTCUSDT 0.4995; dust is left: ETHUSDT 0.05994; trading is halted"
    room.desk.store.database.close()


async def test_an_entry_that_rests_is_cancelled_by_its_id(tmp_path: Path) -> None:
    room = Room(make_desk(tmp_path, FakeExchange(), limits=LIMIT_ENTRIES))
    await an_entry_rests(room)
    (order,) = room.desk.orders
    result = await room.cancel(order.client_order_id)
    assert (result.status, result.details["executed"]) == (CommandStatus.DONE, "0")
    assert room.resting() == []
    (cancel,) = room.desk.store.reads.cancels()
    assert (cancel.client_order_id, cancel.status, cancel.reason) == (
        order.client_order_id,
        "DONE",
        "cli:ann",
    )
    row = room.audit("cancel")
    assert (row.before, row.after, row.outcome) == ("OPEN", "CANCELED", "done")
    again = await room.cancel(order.client_order_id)
    assert (again.status, again.text) == (CommandStatus.REFUSED, "it is CANCELED already")


async def test_what_a_cancelled_entry_bought_is_protected_at_once(tmp_path: Path) -> None:
    room = Room(make_desk(tmp_path, FakeExchange(), limits=LIMIT_ENTRIES, protection=PLAN))
    await an_entry_rests(room)
    (order,) = room.desk.orders
    room.exchange.execute(order.client_order_id, Decimal("0.2"))
    result = await room.cancel(order.client_order_id)
    assert (result.status, result.details["executed"]) == (CommandStatus.DONE, "0.2")
    assert [each.quantity for each in room.resting()] == [Decimal("0.1998")] * 2


async def test_protection_is_cancelled_by_force_only_and_comes_back_with_the_next_cycle(room: Room) -> None:
    await room.buy()
    stop = next(order for order in room.desk.orders if order.purpose == "stop")
    refused = await room.cancel(stop.client_order_id)
    assert refused.status is CommandStatus.REFUSED
    assert "the stop that guards BTCUSDT; with --force" in refused.text
    assert len(room.resting()) == 2
    forced = await room.cancel(stop.client_order_id, force=True)
    assert forced.status is CommandStatus.DONE
    assert "unprotected until the next cycle" in forced.text
    assert room.resting() == []
    await room.desk.cycle()
    assert len(room.resting()) == 2


async def test_a_halt_while_the_first_order_is_on_its_way_lets_nothing_follow(room: Room) -> None:
    await room.desk.cycle()
    room.exchange.close_candle(101)
    sending, answered = asyncio.Event(), asyncio.Event()
    place = room.exchange.place

    async def slow(intent: OrderIntent) -> ExchangeOrder:
        sending.set()
        await answered.wait()
        return await place(intent)

    room.exchange.place = slow  # type: ignore[method-assign]
    cycle = asyncio.create_task(room.desk.cycle())
    await sending.wait()
    room.steering.halt("fire", actor="ann")
    answered.set()
    report = await cycle
    assert [decision.outcome.value for decision in report.decisions] == ["placed", "halted"]
    assert [intent.symbol for intent in room.exchange.sent] == ["BTCUSDT"]
    assert len(room.exchange.orders) == 1, "neither the second symbol's order nor protection"

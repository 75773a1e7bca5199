"""Entries that rest at a price a person asked for, dry runs, and symbols that may only be sold."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from binance_trade_agent.backtest.replay import Replayer
from binance_trade_agent.domain.errors import ConfigurationError, Refused
from binance_trade_agent.domain.orders import ExchangeOrder, OrderIntent, OrderType, RequestStamp, Side
from binance_trade_agent.domain.protection import ProtectionPlan
from binance_trade_agent.domain.records import CommandStatus
from binance_trade_agent.storage.replay_source import SqlReplaySource
from tests.desk import UNRESTRAINED, Marked, make_desk
from tests.fake_exchange import FakeExchange
from tests.room import Room

D = Decimal
SYMBOLS = ("BTCUSDT", "ETHUSDT")
PROTECTED = ProtectionPlan(stop_share=D("0.05"), target_share=D("0.10"))
ENTRY: dict[str, Any] = {"side": Side.BUY, "quantity": D(1), "limit_price": D("95.009"), "time_limit_s": 300}
#: What a dry run may leave behind: its cycle and decision, the candles they saw, the command and its audit row.
_OF_A_DRY_RUN = {"cycles", "decisions", "commands", "audit", "candles", "symbol_rules", "books"}


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    limits = replace(UNRESTRAINED, entry_time_limit=timedelta(minutes=2))
    made = make_desk(tmp_path, FakeExchange(SYMBOLS), limits, protection=PROTECTED)
    yield Room(made)
    made.store.database.close()


def replayed_without_differences(room: Room) -> bool:
    plan = {"quote": "USDT", "candle_interval": "1m", "max_signal_age_s": 180.0}
    source = SqlReplaySource(room.desk.store.database, room.desk.store.book)
    limits = replace(UNRESTRAINED, entry_time_limit=timedelta(minutes=2))
    report = Replayer(source, replace(room.desk.session, plan=plan), lambda _: Marked(), limits).replay()
    assert report.differences == ()
    return report.decisions > 0


def tables(room: Room) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the database, by table."""
    with room.desk.store.database.read() as transaction:
        names = transaction.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all()
        return {
            name: sorted(map(tuple, transaction.execute(text(f'SELECT * FROM "{name}"'))), key=repr)  # noqa: S608
            for name in names
        }


def changed(room: Room, before: dict[str, list[tuple[Any, ...]]]) -> set[str]:
    after = tables(room)
    return {name for name in after if after[name] != before[name]}


# entries that rest ------------------------------------------------------------------


async def test_an_entry_rests_at_the_price_asked_for_and_what_it_buys_is_protected(room: Room) -> None:
    result = await room.trade(**ENTRY)
    assert result.status is CommandStatus.DONE
    assert result.text == (
        "BUY 1 BTCUSDT at 95: OPEN, nothing executed;"
        " the price asked for, 95.009, was rounded down to the tick: 95;"
        " nothing is bought yet; the strategy decides on what it buys, too, and may sell it"
    )
    (order,) = room.resting()
    assert (order.order_type, order.side, order.price, order.quantity) == (
        OrderType.LIMIT,
        Side.BUY,
        D(95),
        D(1),
    )
    assert (
        room.desk.decisions[0].gates[-1].text.endswith("asked for, at 95 (95.009 rounded down to the tick)")
    )
    room.exchange.move_to(95)
    await room.desk.cycle()
    assert {resting.order_type for resting in room.resting()} == {OrderType.STOP_LOSS, OrderType.LIMIT_MAKER}
    assert replayed_without_differences(room)


async def test_what_it_has_bought_so_far_is_protected_while_it_rests_on(room: Room) -> None:
    await room.trade(**ENTRY)
    (entry,) = room.resting()
    guarded = []
    for part in (D("0.01"), D("0.4"), D("0.3"), None):
        room.exchange.execute(entry.client_order_id, part)
        await room.desk.cycle()
        stops = [order.quantity for order in room.resting() if order.order_type is OrderType.STOP_LOSS]
        guarded.append(sum(stops))
    # a hundredth alone is too little for the exchange
    assert guarded == [0, D("0.40959"), D("0.70929"), D("0.999")]
    assert replayed_without_differences(room)


@pytest.mark.parametrize(("asked_s", "rests_s"), [(300, 300), (None, 120)])
async def test_it_rests_for_as_long_as_was_asked_or_the_setting_says(
    room: Room, asked_s: int | None, rests_s: int
) -> None:
    await room.trade(**ENTRY | {"time_limit_s": asked_s})
    room.exchange.time += timedelta(seconds=rests_s - 1)
    await room.desk.cycle()
    assert len(room.resting()) == 1
    room.exchange.time += timedelta(seconds=1)
    assert room.desk.orchestrator.wants_turn() == "BTCUSDT"
    await room.desk.orchestrator.run_turn(room.desk.next_number, "BTCUSDT")
    assert room.resting() == []
    assert replayed_without_differences(room)


async def test_its_time_ends_though_that_of_another_was_reckoned_with_first(room: Room) -> None:
    await room.trade(**ENTRY | {"time_limit_s": 60})
    await room.trade("ETHUSDT", **ENTRY | {"time_limit_s": 120})
    await room.cancel(next(order.client_order_id for order in room.resting() if order.symbol == "BTCUSDT"))
    room.exchange.time += timedelta(seconds=60)
    assert room.desk.orchestrator.wants_turn() is None
    room.exchange.time += timedelta(seconds=60)
    assert room.desk.orchestrator.wants_turn() == "ETHUSDT"


async def test_its_time_may_be_over_before_its_cycle_is(tmp_path: Path) -> None:
    exchange = Interrupting(SYMBOLS)
    room = Room(make_desk(tmp_path, exchange, UNRESTRAINED))
    answered_at = exchange.time + timedelta(seconds=2)
    exchange.act = lambda: setattr(exchange, "time", answered_at)  # type: ignore[method-assign]
    await room.trade(**ENTRY | {"time_limit_s": 1})
    assert room.desk.orchestrator.wants_turn() == "BTCUSDT"
    await room.desk.orchestrator.run_turn(room.desk.next_number, "BTCUSDT")
    assert room.resting() == []
    room.desk.store.database.close()


async def test_its_time_ends_in_the_process_after_the_one_that_placed_it(room: Room, tmp_path: Path) -> None:
    await room.trade(**ENTRY | {"time_limit_s": 60})
    later = make_desk(tmp_path, room.exchange, UNRESTRAINED)
    room.exchange.time += timedelta(seconds=60)
    assert later.orchestrator.wants_turn() == "BTCUSDT"
    later.store.database.close()


async def test_one_that_cannot_be_ended_is_tried_again_by_the_next_tick_only(room: Room) -> None:
    await room.trade(**ENTRY | {"time_limit_s": 60})
    room.exchange.time += timedelta(seconds=60)
    room.exchange.errors["cancel"] = Refused(-2011, "not now")
    assert room.desk.orchestrator.wants_turn() == "BTCUSDT"
    await room.desk.orchestrator.run_turn(room.desk.next_number, "BTCUSDT")
    assert (len(room.resting()), room.desk.orchestrator.wants_turn()) == (1, None)
    del room.exchange.errors["cancel"]
    await room.desk.cycle()
    assert room.resting() == []


async def test_a_price_above_the_ask_buys_at_once(room: Room) -> None:
    result = await room.trade(side=Side.BUY, quantity=D(1), limit_price=D(101))
    assert (result.status, result.details["executed"], result.details["quote_executed"]) == (
        CommandStatus.DONE,
        "1",
        "100",
    )


async def test_what_may_be_paid_at_worst_is_what_limits_are_held_against(room: Room) -> None:
    fits = {"side": Side.BUY, "quantity": D("2.4"), "dry_run": True}
    assert (await room.trade(**fits, limit_price=D(100))).details["outcome"] == "dry_run"
    result = await room.trade(**fits, limit_price=D(120))
    assert (result.status, result.details["blocking_gate"]) == (CommandStatus.REFUSED, "symbol_exposure")
    assert room.exchange.sent == []


@pytest.mark.parametrize("act", ["pause", "halt", "flatten", "stop", "reduce_only", "cancel"])
async def test_it_is_withdrawn_like_every_entry_of_ours(room: Room, act: str) -> None:
    await room.trade(**ENTRY)
    if act in {"pause", "halt"}:
        getattr(room.steering, act)("enough", actor="ann")
        await room.desk.cycle()
    elif act == "reduce_only":
        room.steering.reduce_only(["BTCUSDT"], "delisting", on=True, actor="ann")
        await room.desk.cycle()
    elif act == "flatten":
        await room.carry_out(room.ask_to_flatten())
    elif act == "stop":
        await room.desk.orchestrator.withdraw_entries()
    else:
        await room.cancel(room.resting()[0].client_order_id)
    assert room.resting() == []
    why = {
        "pause": "trading was paused",
        "halt": "trading was halted",
        "reduce_only": "its symbol was made reduce-only",
    }
    if act in why:
        with room.desk.store.database.read() as transaction:
            said = transaction.scalars(text("SELECT intent_reason FROM cancels")).all()
        assert said == [why[act]]
    assert replayed_without_differences(room)


async def test_the_same_key_rests_once(room: Room) -> None:
    first = await room.trade(**ENTRY, idempotency_key="k")
    again = await room.trade(**ENTRY, idempotency_key="k")
    assert (again.details, again.repeated, len(room.exchange.sent)) == (first.details, True, 1)
    with pytest.raises(ConfigurationError, match="another command"):
        await room.trade(**ENTRY | {"limit_price": D(94)}, idempotency_key="k")


async def test_a_second_entry_waits_for_the_one_that_rests(room: Room) -> None:
    await room.trade(**ENTRY)
    result = await room.trade(side=Side.BUY, quantity=D(1))
    assert (result.status, result.details["reason"]) == (CommandStatus.REFUSED, "entry_rests")


async def test_none_rests_while_no_trader_runs_that_would_protect_what_it_buys(room: Room) -> None:
    passing = Room(room.desk, stays=False)
    result = await passing.trade(**ENTRY)
    assert (result.status, result.details["reason"]) == (CommandStatus.REFUSED, "no_trader")
    assert result.text.startswith("no trader runs")
    assert room.exchange.sent == []
    assert (await passing.trade(**ENTRY, dry_run=True)).details["outcome"] == "dry_run"
    bought = await passing.trade(side=Side.BUY, quantity=D(1))
    assert bought.status is CommandStatus.DONE
    assert bought.text.endswith(
        "no trader runs: the strategy of the next one decides on what is bought by hand too, and"
        " may sell it in its first cycle"
    )


async def test_a_sale_of_at_most_a_quantity_sells_what_can_be_had_of_it(tmp_path: Path) -> None:
    room = Room(make_desk(tmp_path, FakeExchange(SYMBOLS), UNRESTRAINED))
    await room.trade(side=Side.BUY, quantity=D(1))
    room.exchange.balances["BTC"] -= D("0.1")  # somebody else took it
    said: dict[str, Any] = {"side": Side.SELL, "quantity": D("0.999")}
    exact = await room.trade(**said)
    assert (exact.status, exact.details["blocking_gate"]) == (CommandStatus.REFUSED, "position")
    most = await room.trade(**said, at_most=True, idempotency_key="k")
    assert most.status is CommandStatus.DONE, most.text
    assert room.sales == [("BTCUSDT", D("0.899"))]
    assert (await room.trade(**said, at_most=True, idempotency_key="k")).repeated
    with pytest.raises(ConfigurationError, match="used for another command"):
        await room.trade(**said, idempotency_key="k")
    assert replayed_without_differences(room)
    room.desk.store.database.close()


async def test_a_sale_of_at_most_a_quantity_never_sells_more_and_what_stays_is_protected(room: Room) -> None:
    await room.trade(side=Side.BUY, quantity=D(1))
    await room.trade(side=Side.SELL, quantity=D("0.4"), at_most=True)
    await room.desk.cycle()
    assert room.sales == [("BTCUSDT", D("0.4"))]
    assert {order.quantity for order in room.resting()} == {D("0.599")}
    assert replayed_without_differences(room)


@pytest.mark.parametrize("asked", [{"side": Side.BUY, "quantity": D(1)}, {"side": Side.SELL}, {}])
async def test_only_a_sale_of_a_quantity_can_be_of_at_most_that(room: Room, asked: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="at most"):
        await room.trade(**asked, at_most=True)


async def test_only_a_buy_by_hand_warns_of_the_strategy(room: Room) -> None:
    warning = "bought by hand"
    assert warning in (await room.trade(side=Side.BUY, quantity=D(1))).text
    assert warning not in (await room.trade(side=Side.SELL)).text
    assert warning not in (await room.trade(side=Side.BUY, quantity=D(1), dry_run=True)).text
    assert warning not in (await room.trade(side=Side.BUY, quantity=D(10**6))).text
    room.exchange.close_candle(101)
    by_strategy = await room.trade()
    assert by_strategy.details["outcome"] == "placed"
    assert warning not in by_strategy.text


# dry runs -----------------------------------------------------------------------------


async def test_a_dry_run_tells_what_would_be_sent_and_leaves_the_world_as_it_was(room: Room) -> None:
    await room.desk.cycle()
    before, sent = tables(room), len(room.exchange.calls)
    result = await room.trade(**ENTRY | {"limit_price": D("95.5")}, dry_run=True)
    assert result.status is CommandStatus.DONE
    assert result.text == (
        "dry run, nothing was sent: it would BUY 1 BTCUSDT as a limit order at 95.5, for 300 s at most;"
        " worth about 95.5 USDT, fee about 0.0955 USDT"
    )
    assert (
        result.details.items()
        >= {
            "dry_run": "true",
            "outcome": "dry_run",
            "quantity": "1",
            "price": "95.5",
            "notional": "95.5",
            "estimated_fee": "0.0955",
            "time_limit_s": "300",
        }.items()
    )
    assert changed(room, before) <= _OF_A_DRY_RUN
    assert not {"place", "cancel", "replace", "place_list"} & set(room.exchange.calls[sent:])
    assert replayed_without_differences(room)


async def test_a_dry_run_of_the_strategy_leaves_its_candle_to_the_next_cycle(room: Room) -> None:
    await room.desk.cycle()
    room.exchange.close_candle(101)
    result = await room.trade(dry_run=True)
    assert (result.details["outcome"], result.details["signal"]) == ("dry_run", "BUY")
    assert room.exchange.sent == []
    await room.desk.cycle()
    asked, acted = room.desk.decisions[2], room.desk.decisions[1]
    assert (asked.outcome, asked.candles_seen, acted.candles_seen) == ("dry_run", 0, 1)
    assert {intent.symbol for intent in room.exchange.sent} == set(SYMBOLS)
    assert replayed_without_differences(room)


async def test_a_dry_run_takes_no_resting_entry_back_though_a_sale_would(room: Room) -> None:
    await room.buy()
    await room.trade(**ENTRY)
    resting = {order.client_order_id for order in room.resting()}
    result = await room.trade(side=Side.SELL, dry_run=True)
    assert (result.details["outcome"], result.details["side"]) == ("dry_run", "SELL")
    assert {order.client_order_id for order in room.resting()} == resting
    assert replayed_without_differences(room)


async def test_a_dry_run_triggers_no_exit_that_is_due(room: Room) -> None:
    room.exchange.errors["place_list"] = Refused(-1013, "no lists")
    await room.buy()
    assert room.resting() == []
    room.exchange.close_candle(90)
    before = len(room.exchange.sent)
    result = await room.trade(side=Side.BUY, quantity=D("0.1"), dry_run=True)
    assert (result.details["outcome"], len(room.exchange.sent)) == ("dry_run", before)
    await room.desk.cycle()
    assert room.exchange.sent[-1].side is Side.SELL


@pytest.mark.parametrize(("act", "gate"), [("pause", "paused"), ("halt", "halted")])
async def test_a_dry_run_says_which_gate_would_refuse(room: Room, act: str, gate: str) -> None:
    getattr(room.steering, act)("lunch", actor="ann")
    result = await room.trade(side=Side.BUY, dry_run=True)
    assert (result.status, result.details["blocking_gate"]) == (CommandStatus.REFUSED, gate)
    assert "lunch" in result.text


async def test_a_dry_run_withdraws_no_entry_that_a_pause_or_its_time_would(room: Room) -> None:
    await room.trade(**ENTRY)
    room.exchange.time += timedelta(minutes=6)
    room.steering.pause("lunch", actor="ann")
    await room.trade(side=Side.BUY, dry_run=True)
    assert len(room.resting()) == 1
    assert room.desk.orchestrator.wants_turn() == "BTCUSDT"


async def test_a_dry_run_counts_for_no_limit_and_no_cap(room: Room) -> None:
    await room.trade(side=Side.BUY, dry_run=True)
    await room.trade(side=Side.BUY)
    midnight = room.exchange.time.replace(hour=0, minute=0, second=0, microsecond=0)
    (counted,) = room.desk.store.reads.asked_orders("ann", since=midnight)
    assert counted.has_order
    assert room.desk.decisions[0].inputs.assessment.orders_today == 0  # type: ignore[union-attr]


# reduce-only ----------------------------------------------------------------------------


async def test_a_reduce_only_symbol_is_sold_but_not_bought_and_others_are(room: Room) -> None:
    await room.buy()
    told = room.steering.reduce_only(["btcusdt", "SOLUSDT"], "delisting", on=True, actor="ann", channel="cli")
    assert (told.changed, told.untraded) == (("BTCUSDT", "SOLUSDT"), ("SOLUSDT",))
    assert told.reduce_only == {"BTCUSDT": "delisting (ann)", "SOLUSDT": "delisting (ann)"}
    assert room.desk.store.reads.status().control.reduce_only == told.reduce_only
    refused = await room.trade(side=Side.BUY, quantity=D("0.1"))
    assert (refused.status, refused.text) == (
        CommandStatus.REFUSED,
        "BTCUSDT is reduce-only: delisting (ann)",
    )
    assert refused.details["blocking_gate"] == "reduce_only"
    assert (await room.trade("ETHUSDT", side=Side.BUY, quantity=D("0.1"))).status is CommandStatus.DONE
    assert (await room.trade(side=Side.SELL)).status is CommandStatus.DONE
    lifted = room.steering.reduce_only(["BTCUSDT"], "stays listed", on=False, actor="bob")
    assert lifted.reduce_only == {"SOLUSDT": "delisting (ann)"}
    assert (await room.trade(side=Side.BUY, quantity=D("0.1"))).status is CommandStatus.DONE
    assert replayed_without_differences(room)


def test_each_act_is_a_row_of_the_audit_and_done_once_for_its_key(room: Room) -> None:
    first = room.steering.reduce_only(["BTCUSDT"], "a", on=True, actor="ann", idempotency_key="k")
    again = room.steering.reduce_only(["BTCUSDT"], "b", on=True, actor="ann", idempotency_key="k")
    assert (first.repeated, again.repeated, again.reduce_only) == (False, True, {"BTCUSDT": "a (ann)"})
    with pytest.raises(ConfigurationError, match="other symbols"):
        room.steering.reduce_only(["ETHUSDT"], "a", on=True, actor="ann", idempotency_key="k")
    same = room.steering.reduce_only(["BTCUSDT"], "c", on=True, actor="bob")
    assert (same.changed, same.reduce_only) == ((), {"BTCUSDT": "a (ann)"})
    room.steering.reduce_only(["BTCUSDT"], "d", on=False, actor="bob")
    rows = [row for row in room.desk.store.reads.audit() if row.action == "reduce_only"]
    assert [(row.actor, row.before, row.after, row.answer) for row in rows] == [
        ("bob", "BTCUSDT", "none", None),
        ("bob", "BTCUSDT", "BTCUSDT", "it was so already"),
        ("ann", "none", "BTCUSDT", None),
    ]


@pytest.mark.parametrize("symbols", [[], ["BTC USDT"], ["BTCUSDT", "btcusdt"], ["'; DROP TABLE cycles"]])
def test_what_is_no_symbol_is_refused_and_nothing_stored(room: Room, symbols: list[str]) -> None:
    with pytest.raises(ConfigurationError):
        room.steering.reduce_only(symbols, "a", on=True, actor="ann")
    assert room.desk.store.reads.audit() == ()


class Interrupting(FakeExchange):
    """An exchange at which a person acts between the orders of two symbols."""

    act: Callable[[], object] = staticmethod(lambda: None)

    async def place(self, intent: OrderIntent) -> ExchangeOrder:
        order = await super().place(intent)
        self.act()
        return order


@pytest.mark.parametrize(
    ("act", "code"),
    [("pause", "halted"), ("reduce_only", "reduce_only")],
)
async def test_an_act_in_the_middle_of_a_cycle_holds_before_the_next_order(
    tmp_path: Path, act: str, code: str
) -> None:
    exchange = Interrupting(SYMBOLS)
    room = Room(make_desk(tmp_path, exchange, UNRESTRAINED))
    await room.desk.cycle()
    acts: dict[str, Callable[[], object]] = {
        "pause": lambda: room.steering.pause("stop", actor="ann"),
        "reduce_only": lambda: room.steering.reduce_only(["ETHUSDT"], "stop", on=True, actor="ann"),
    }
    exchange.act = acts[act]  # type: ignore[method-assign]
    exchange.close_candle(101)
    await room.desk.cycle()
    assert [intent.symbol for intent in exchange.sent] == ["BTCUSDT"]
    late = next(row for row in room.desk.decisions if row.symbol == "ETHUSDT")
    assert (late.reason_code, late.client_order_id) == (code, None)
    assert replayed_without_differences(room)
    room.desk.store.database.close()


class Stamping(FakeExchange):
    """An exchange at which a person acts after the last look at the control state, before an order is journalled."""

    act: Callable[[], object] = staticmethod(lambda: None)

    def stamp(self) -> RequestStamp:
        self.act()
        return super().stamp()


@pytest.mark.parametrize(
    ("act", "code"),
    [("pause", "halted"), ("halt", "halted"), ("reduce_only", "reduce_only")],
)
async def test_an_act_that_is_stored_before_the_order_is_obeyed(tmp_path: Path, act: str, code: str) -> None:
    exchange = Stamping(SYMBOLS)
    room = Room(make_desk(tmp_path, exchange, UNRESTRAINED))
    acts: dict[str, Callable[[], object]] = {
        "pause": lambda: room.steering.pause("stop", actor="ann"),
        "halt": lambda: room.steering.halt("stop", actor="ann"),
        "reduce_only": lambda: room.steering.reduce_only(["BTCUSDT"], "stop", on=True, actor="ann"),
    }
    exchange.act = acts[act]  # type: ignore[method-assign]
    result = await room.trade(side=Side.BUY, quantity=D(1))
    assert (result.status, result.details["reason"]) == (CommandStatus.REFUSED, code)
    assert (exchange.sent, room.desk.orders) == ([], ())
    room.desk.store.database.close()


async def test_a_halt_that_is_stored_before_a_stop_or_a_sale_is_obeyed(tmp_path: Path) -> None:
    exchange = Stamping(SYMBOLS)
    room = Room(make_desk(tmp_path, exchange, UNRESTRAINED, protection=PROTECTED))
    # the second stamp is of the list that is to protect what the first bought
    stamps = iter([None, room.steering.halt, *[None] * 9])
    exchange.act = lambda: (act := next(stamps)) and act("stop", actor="ann")  # type: ignore[method-assign]
    await room.buy()
    assert [intent.side for intent in exchange.sent] == [Side.BUY]
    assert room.resting() == []
    exchange.act = staticmethod(lambda: None)  # type: ignore[method-assign]
    room.steering.resume("go on", actor="ann")
    await room.desk.cycle()
    resting = room.resting()
    exchange.act = lambda: room.steering.halt("stop", actor="ann")  # type: ignore[method-assign]
    result = await room.trade(side=Side.SELL)
    assert (result.status, result.details["reason"]) == (CommandStatus.REFUSED, "halted")
    assert (room.resting(), room.sales) == (resting, [])
    room.desk.store.database.close()


# flatten ------------------------------------------------------------------------------------


async def test_a_flatten_is_an_incident_until_it_has_ended(room: Room) -> None:
    await room.buy()
    asked = room.ask_to_flatten()
    await asyncio.sleep(0)
    (incident,) = room.desk.store.reads.incidents()
    began = f"{incident.opened_at:%Y-%m-%d %H:%M:%S}"
    assert (incident.key, incident.text) == (
        "flatten",
        f"a flatten by ann has not ended since {began} UTC",
    )
    await room.carry_out(asked)
    assert room.desk.store.reads.incidents() == ()


async def test_a_withdrawn_flatten_is_no_incident_any_more(room: Room) -> None:
    asked = room.ask_to_flatten()
    await asyncio.sleep(0)
    room.steering.resume("no", actor="bob")
    assert room.desk.store.reads.incidents() == ()
    await room.carry_out(asked)

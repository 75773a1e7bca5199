"""Sessions of a real orchestrator on a real database, decided again: nothing differs unless something was changed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from binance_trade_agent.agents.risk import RiskLimits
from binance_trade_agent.backtest.replay import Replayer
from binance_trade_agent.backtest.replay_report import Difference, ReplayReport
from binance_trade_agent.domain.decisions import CycleKind, TradingState
from binance_trade_agent.domain.errors import OutcomeUnknown, Unavailable
from binance_trade_agent.domain.market import Candle, CandleInterval
from binance_trade_agent.domain.orders import OrderType, Side
from binance_trade_agent.domain.protection import AskedLevels, ProtectionPlan
from binance_trade_agent.domain.records import (
    Booking,
    CycleRow,
    DecisionRow,
    OrderRow,
    PositionMoveRow,
    Session,
)
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.orchestrator import OrderRequest
from binance_trade_agent.storage.replay_source import SqlReplaySource
from tests.desk import UNRESTRAINED, DeskUnderTest, Marked
from tests.fake_exchange import FakeExchange

MakeDesk = Callable[..., DeskUnderTest]

PLAN = {"quote": "USDT", "candle_interval": "1m", "max_signal_age_s": 180.0}


def same(row: Any) -> Any:
    return row


@dataclass
class Changed:
    """A source in which something is not as it was stored."""

    source: SqlReplaySource
    cycle: Callable[[CycleRow], CycleRow] = same
    decision: Callable[[DecisionRow], DecisionRow] = same
    candle: Callable[[Candle], Candle | None] = same
    booking: Callable[[Booking], Booking] = same
    order: Callable[[OrderRow], OrderRow] = same
    without: set[str] = field(default_factory=set)

    def session(self, reference: str) -> Session | None:
        return self.source.session(reference)

    def sessions(self, limit: int) -> tuple[Session, ...]:
        return self.source.sessions(limit)

    def cycles(self, session_id: str) -> tuple[CycleRow, ...]:
        return tuple(self.cycle(row) for row in self.source.cycles(session_id))

    def decisions(self, session_id: str) -> Iterator[DecisionRow]:
        return (self.decision(row) for row in self.source.decisions(session_id) if row.id not in self.without)

    def candles(
        self, symbol: str, interval: CandleInterval, newest: datetime, *, before: int, after: int
    ) -> tuple[Candle, ...]:
        stored = self.source.candles(symbol, interval, newest, before=before, after=after)
        found = (self.candle(candle) for candle in stored)
        return tuple(candle for candle in found if candle is not None)

    def rules(self) -> dict[str, SymbolRules]:
        return self.source.rules()

    def bookings(self) -> tuple[Booking, ...]:
        return tuple(self.booking(booking) for booking in self.source.bookings())

    def moves(self) -> tuple[PositionMoveRow, ...]:
        return self.source.moves()

    def orders(self, session_id: str) -> tuple[OrderRow, ...]:
        return tuple(self.order(row) for row in self.source.orders(session_id))


def replayer(desk: DeskUnderTest, source: Any = None, limits: RiskLimits = UNRESTRAINED) -> Replayer:
    session = replace(desk.session, plan=PLAN)
    return Replayer(source or stored(desk), session, lambda symbol: Marked(), limits)


def stored(desk: DeskUnderTest) -> SqlReplaySource:
    return SqlReplaySource(desk.store.database, desk.store.book)


def fields(report: ReplayReport) -> set[str]:
    return {difference.field for difference in report.differences}


async def bought_and_sold(desk: DeskUnderTest) -> None:
    for close in (100, 101, 100, 99, 100, 101, 102):
        desk.exchange.close_candle(close)
        await desk.cycle()


async def test_a_session_that_bought_and_sold_comes_out_the_same(desk: DeskUnderTest) -> None:
    await bought_and_sold(desk)
    report = replayer(desk).replay()
    assert report.differences == ()
    assert (report.cycles, report.decisions, report.recomputed) == (7, 7, 7)
    assert (report.partly, report.not_recomputed) == ({}, {})
    assert report.checked["signals"] == 7
    assert report.checked["orders"] == report.checked["verdicts"] == 3
    assert report.checked["gates"] > 40


async def test_a_restart_with_an_unknown_order_a_pause_and_an_outage_come_out_the_same(
    new_desk: MakeDesk,
) -> None:
    first = new_desk()
    await bought_and_sold(first)
    first.exchange.lost_answer = OutcomeUnknown("the connection was reset")
    first.exchange.invisible = True
    first.exchange.close_candle(99)
    await first.cycle()
    second = new_desk(exchange=first.exchange)
    first.exchange.lost_answer = None
    first.exchange.close_candle(101)
    await second.cycle()
    first.exchange.invisible = False
    first.exchange.time += timedelta(seconds=66)
    first.exchange.close_candle(101)
    await second.cycle()
    second.store.control.write(TradingState.PAUSED, reason="lunch", actor="ann", at=second.exchange.time)
    first.exchange.close_candle(99)
    await second.cycle()
    first.exchange.close_candle(101)
    await second.cycle()
    first.exchange.errors["candles"] = Unavailable("no route")
    first.exchange.close_candle(101)
    await second.cycle()
    assert second.session.id == first.session.id
    report = replayer(second).replay()
    assert report.differences == ()
    assert report.decisions == 13
    assert report.partly == {"waited for an order": 1}
    assert report.not_recomputed == {"nothing to decide on (unavailable)": 1}
    assert report.recomputed == 11


async def test_what_a_person_asks_for_passes_the_gates_again(desk: DeskUnderTest) -> None:
    await desk.cycle()
    for request in (
        OrderRequest(Side.BUY, Decimal("0.5")),
        OrderRequest(Side.BUY, Decimal(50)),
        OrderRequest(Side.SELL),
        OrderRequest(),
    ):
        await desk.orchestrator.execute_trading_workflow(desk.next_number, "BTCUSDT", request=request)
    report = replayer(desk).replay()
    assert report.differences == ()
    assert report.partly == {"asked for by a person": 3}
    assert (report.recomputed, report.checked["orders"], report.checked["verdicts"]) == (2, 2, 3)


async def test_exits_at_levels_that_a_person_asked_for_come_out_the_same(new_desk: MakeDesk) -> None:
    desk = new_desk(protection=ProtectionPlan(Decimal("0.2"), Decimal("0.2")))
    asked = (AskedLevels(Decimal(97), None), 96), (AskedLevels(None, Decimal(105)), 106)
    for levels, passed in asked:
        for close in (100, 101, 100):
            desk.exchange.close_candle(close)
            await desk.cycle()
        desk.store.ledger.ask_levels("BTCUSDT", levels, actor="ann", reason="", at=desk.clock.now())
        # stored, and passed before the cycle could move what rests
        desk.exchange.close_candle(passed)
        await desk.cycle()
        assert desk.store.ledger.asked_levels() == {}
    exits = [row for row in reversed(desk.decisions) if row.strategy == "protection"]
    assert [row.signal_reasons[0].code for row in exits] == ["stop_loss", "take_profit"]
    assert all(row.signal_reasons[0].text.endswith("that was asked for") for row in exits)
    report = replayer(desk).replay()
    assert report.differences == ()
    assert report.partly == {"an exit that was watched for here": 2}
    assert report.checked["orders"] >= 4


async def test_a_limit_entry_that_an_exit_takes_back_comes_out_the_same(new_desk: MakeDesk) -> None:
    limits = replace(
        UNRESTRAINED,
        entry_type=OrderType.LIMIT,
        entry_offset_bps=Decimal(100),
        entry_time_limit=timedelta(minutes=9),
    )
    desk = new_desk(limits=limits)
    exchange = desk.exchange
    for close in (100, 101, 102):
        exchange.close_candle(close)
        await desk.cycle()
    (order,) = desk.orders
    exchange.execute(order.client_order_id, Decimal("0.5"))
    for close in (99, 100, 101):
        exchange.close_candle(close)
        await desk.cycle()
    report = replayer(desk, limits=limits).replay()
    assert report.differences == ()
    assert report.partly.keys() <= {"an entry rested", "waited for an order"}
    assert report.partly["an entry rested"] >= 1


async def test_symbols_that_are_compared_are_compared_again(new_desk: MakeDesk) -> None:
    exchange = FakeExchange(("BTCUSDT", "ETHUSDT"))
    desk = new_desk(exchange=exchange)
    for close in (100, 101, 102, 99, 101):
        exchange.close_candle(close)
        await desk.cycle()
    seen = [row.inputs.assessment for row in desk.decisions if row.inputs and row.inputs.assessment]
    assert any(assessment.windows for assessment in seen)
    report = replayer(desk).replay()
    assert report.differences == ()
    assert report.recomputed == 10


async def test_a_strategy_that_failed_fails_again_at_the_same_place(desk: DeskUnderTest) -> None:
    desk.exchange.close_candle(666)
    await desk.cycle()
    report = replayer(desk).replay()
    assert (report.differences, report.recomputed) == ((), 1)


async def test_coins_that_others_took_are_gone_again_from_the_same_decision_on(desk: DeskUnderTest) -> None:
    await bought_and_sold(desk)
    desk.store.ledger.book_difference("BTC", Decimal("-0.4"), "withdrawn", desk.exchange.time)
    desk.exchange.close_candle(101)
    await desk.cycle()
    desk.store.ledger.move_out("BTCUSDT", Decimal("0.4"), desk.exchange.time)
    for close in (102, 99):
        desk.exchange.close_candle(close)
        await desk.cycle()
    assert replayer(desk).replay().differences == ()


async def test_a_running_cycle_is_left_out(desk: DeskUnderTest) -> None:
    await bought_and_sold(desk)
    start = desk.orchestrator._start(CycleKind.SCHEDULED, 99, desk.exchange.time, ("BTCUSDT",), 0)
    desk.store.decisions.open_cycle(start, desk.session.id)
    report = replayer(desk).replay()
    assert (report.differences, report.cycles, report.decisions) == ((), 8, 7)


# what was changed since is found ------------------------------------------------------


async def replayed_with(desk: DeskUnderTest, **changes: Any) -> ReplayReport:
    await bought_and_sold(desk)
    return replayer(desk, Changed(stored(desk), **changes)).replay()


async def test_a_changed_candle_is_found(desk: DeskUnderTest) -> None:
    def raised(candle: Candle) -> Candle:
        return replace(candle, close=Decimal(103)) if candle.close == 102 else candle

    report = await replayed_with(desk, candle=raised)
    assert report.by_field == {"value close": 1}
    (difference,) = report.differences
    assert (difference.cycle, difference.symbol) == (7, "BTCUSDT")
    assert (difference.stored, difference.recomputed) == ("102.0", "103.0")


async def test_a_missing_candle_is_named(desk: DeskUnderTest) -> None:
    opened = desk.exchange.time.replace(second=0)
    report = await replayed_with(desk, candle=lambda candle: candle if candle.open_time != opened else None)
    assert fields(report) == {"candles"}
    assert report.differences[0].stored == f"candle {opened:%Y-%m-%d %H:%M:%S} is not stored"


async def test_a_changed_fill_is_found(desk: DeskUnderTest) -> None:
    def dearer(booking: Booking) -> Booking:
        return replace(booking, amount=booking.amount - 1) if booking.amount < -50 else booking

    report = await replayed_with(desk, booking=dearer)
    assert "cash" in fields(report)


async def test_a_changed_gate_is_found(desk: DeskUnderTest) -> None:
    def reworded(row: DecisionRow) -> DecisionRow:
        gates = tuple(replace(gate, text="fine") if gate.gate == "spread" else gate for gate in row.gates)
        return replace(row, gates=gates)

    report = await replayed_with(desk, decision=reworded)
    assert report.by_field == {"gate spread: text": 2}


async def test_a_gate_that_was_left_out_is_found(desk: DeskUnderTest) -> None:
    report = await replayed_with(desk, decision=lambda row: replace(row, gates=row.gates[1:]))
    assert fields(report) == {"gates"}


async def test_a_changed_quantity_of_an_order_is_found(desk: DeskUnderTest) -> None:
    report = await replayed_with(desk, order=lambda order: replace(order, quantity=order.quantity * 2))
    assert report.by_field == {"order quantity": 3}


async def test_other_limits_than_those_of_the_session_are_found(desk: DeskUnderTest) -> None:
    await bought_and_sold(desk)
    report = replayer(desk, limits=replace(UNRESTRAINED, order_share=Decimal("0.2"))).replay()
    assert "order quantity" in fields(report)


async def test_another_action_than_the_strategys_is_found(desk: DeskUnderTest) -> None:
    report = await replayed_with(
        desk, decision=lambda row: replace(row, action="HOLD") if row.action == "SELL" else row
    )
    assert report.differences[0] == Difference(
        4, "BTCUSDT", report.differences[0].decision, "action", "HOLD", "SELL"
    )


async def test_a_decision_that_is_gone_is_found(desk: DeskUnderTest) -> None:
    await bought_and_sold(desk)
    newest = desk.decisions[0]
    report = replayer(desk, Changed(stored(desk), without={newest.id})).replay()
    (difference,) = report.differences
    assert (difference.cycle, difference.symbol, difference.field) == (7, "BTCUSDT", "decision")


async def test_decisions_that_say_nothing_of_what_they_saw_are_no_silent_exception(
    desk: DeskUnderTest,
) -> None:
    report = await replayed_with(desk, decision=lambda row: replace(row, inputs=None))
    assert (report.by_field, report.recomputed) == ({"inputs": 7}, 0)
    assert report.not_recomputed == {"stored without what it saw": 7}


async def test_marks_that_were_lost_with_an_interrupted_cycle_may_be_followed_by_lower_ones(
    desk: DeskUnderTest,
) -> None:
    await bought_and_sold(desk)
    first = next(
        row for row in stored(desk).decisions(desk.session.id) if row.inputs and row.inputs.assessment
    )

    def higher(row: DecisionRow) -> DecisionRow:
        if row.id != first.id or row.inputs is None or row.inputs.assessment is None:
            return row
        marks = row.inputs.assessment.marks
        assert marks is not None
        raised = replace(marks, peak_profit=marks.peak_profit + 1)
        return replace(
            row, inputs=replace(row.inputs, assessment=replace(row.inputs.assessment, marks=raised))
        )

    def killed(row: CycleRow) -> CycleRow:
        return replace(row, outcome="interrupted") if row.number == first.cycle_number else row

    found = replayer(desk, Changed(stored(desk), decision=higher)).replay()
    assert "marks: peak" in fields(found)
    found = replayer(desk, Changed(stored(desk), decision=higher, cycle=killed)).replay()
    assert "marks: peak" not in fields(found)


async def test_differences_beyond_what_is_listed_are_counted(new_desk: MakeDesk) -> None:
    desk = new_desk()
    await bought_and_sold(desk)
    report = replayer(
        desk,
        Changed(
            stored(desk),
            decision=lambda row: replace(row, values={f"v{number}": 1.0 for number in range(40)}),
        ),
    ).replay()
    assert len(report.differences) == 100
    assert report.differences_in_all == 7 * 41
    assert sum(report.by_field.values()) == report.differences_in_all

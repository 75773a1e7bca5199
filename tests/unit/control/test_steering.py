"""What people and agents may do, and that it is done once."""

import asyncio
from dataclasses import dataclass
from decimal import Decimal

import pytest

from binance_trade_agent.agents.risk import LATCHING_GATES
from binance_trade_agent.control.commands import CommandRunner
from binance_trade_agent.control.steering import (
    COMMAND_TTL,
    LOSS_LIMITS,
    CommandTimeout,
    NobodyCarriesOut,
    Steering,
    resuming_from,
)
from binance_trade_agent.domain.decisions import Outcome, TradingState
from binance_trade_agent.domain.errors import ConfigurationError, DatabaseBusy
from binance_trade_agent.domain.orders import JournalOrder, Side
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.records import Command, CommandKind, CommandResult, CommandStatus
from tests.fakes import START, FakeClock, FakeControlState, FakeLauncher, FakeLease, done
from tests.unit.control.fakes import FakeOrchestrator


class NoOrders:
    """A journal without rows."""

    def unfinished(self) -> tuple[JournalOrder, ...]:
        return ()

    def find(self, client_order_id: str) -> JournalOrder | None:
        return None


class FakeLedger:
    """A book without positions."""

    def positions(self) -> dict[str, Position]:
        return {}


class Room:
    """Steering on one side, a runner of commands on the other."""

    def __init__(self, *, trader_runs: bool = True) -> None:
        self.clock = FakeClock()
        self.state = FakeControlState()
        self.lease = FakeLease(held=trader_runs)
        self.launcher = FakeLauncher()
        self.orchestrator = FakeOrchestrator()
        self.steering = Steering(self.state, self.lease, self.launcher, self.clock)
        self.numbers = iter(range(7, 100))
        self.runner = CommandRunner(
            self.state,
            self.orchestrator,  # type: ignore[arg-type]  # stands in for the one method that is called
            self.clock,
            lambda: next(self.numbers),
            FakeLedger(),  # type: ignore[arg-type]  # nothing is held
            NoOrders(),  # type: ignore[arg-type]  # stands in for what a cancel and a flatten ask
        )

    def submit(self, key: str = "k", **arguments: str) -> Command:
        command = Command(
            f"id-{key}",
            CommandKind.WORKFLOW,
            {"symbol": "BTCUSDT", **arguments},
            key,
            "me",
            "cli",
            self.clock.now(),
        )
        return self.state.submit(command)


@pytest.fixture
def room() -> Room:
    return Room()


def test_each_act_is_kept_with_who_and_why(room: Room) -> None:
    room.steering.pause("lunch", actor="me")
    room.clock.advance(60)
    room.steering.resume("back", actor="you")
    room.steering.halt("fire", actor="me")
    assert [(c.state, c.reason, c.actor) for c in room.state.history] == [
        (TradingState.PAUSED, "lunch", "me"),
        (TradingState.RUNNING, "back", "you"),
        (TradingState.HALTED, "fire", "me"),
    ]
    assert (room.state.history[1].since - room.state.history[0].since).total_seconds() == 60


def test_a_pause_leaves_a_halt_halted(room: Room) -> None:
    room.steering.halt("fire", actor="me")
    assert room.steering.pause("lunch", actor="you").state is TradingState.HALTED
    assert room.steering.resume("out", actor="me").state is TradingState.RUNNING


def test_a_key_makes_an_act_happen_once(room: Room) -> None:
    first = room.steering.pause("lunch", actor="me", channel="mcp", idempotency_key="k")
    room.clock.advance(60)
    room.steering.resume("back", actor="me", channel="cli")
    again = room.steering.pause("lunch", actor="me", channel="mcp", idempotency_key="k")
    assert (first.repeated, again.repeated) == (False, True)
    assert again.done_at == first.done_at == START
    assert again.state is room.state.read().state is TradingState.RUNNING


def test_a_refused_act_says_so(room: Room) -> None:
    room.steering.halt("fire", actor="me")
    assert room.steering.pause("lunch", actor="you").refused
    assert not room.steering.resume("out", actor="me").refused


def test_what_a_resume_means_depends_on_what_stopped_trading(room: Room) -> None:
    assert LOSS_LIMITS == LATCHING_GATES
    assert resuming_from(room.state.read()) == ""
    room.steering.pause("lunch", actor="me")
    assert resuming_from(room.state.read()) == ""
    room.state.write(TradingState.ENTRIES_HALTED, reason="50 lost", actor="daily_loss", at=START)
    assert "the count of losses begins anew" in resuming_from(room.state.read())
    room.steering.halt("fire", actor="me")
    assert "orders of every kind go out again" in resuming_from(room.state.read())


async def test_a_refusal_spends_its_key_and_says_that_another_attempt_needs_a_new_one(room: Room) -> None:
    room.orchestrator.outcome = Outcome.REFUSED
    ask = {"actor": "me", "channel": "mcp", "idempotency_key": "k1"}
    asked = asyncio.create_task(room.steering.trade("BTCUSDT", **ask))
    await room.state.submitted.wait()
    await room.runner.run_next()
    first = await asked
    assert (first.status, first.repeated, first.told) == (CommandStatus.REFUSED, False, "because")
    room.orchestrator.outcome = Outcome.PLACED
    again = await room.steering.trade("BTCUSDT", **ask)
    assert (again.status, again.repeated) == (CommandStatus.REFUSED, True)
    assert again.told == (
        "already refused at 2026-05-04 09:30:00 UTC: because (another attempt needs a new key)"
    )
    assert await room.runner.run_next() is None
    assert len(room.orchestrator.asked) == 1


class BusyForAWhile(FakeControlState):
    """A store whose first reads of a result, and of what waits, fail."""

    failures = 3

    def result(self, command_id: str) -> CommandResult | None:
        self._fail()
        return super().result(command_id)

    def pending(self) -> tuple[Command, ...]:
        self._fail()
        return super().pending()

    def _fail(self) -> None:
        if self.failures > 0:
            self.failures -= 1
            raise DatabaseBusy("another process writes")


async def test_a_stored_command_is_waited_for_through_reads_that_fail(room: Room) -> None:
    state = BusyForAWhile()
    state.answer = done("bought")
    steering = Steering(state, room.lease, room.launcher, room.clock)
    result = await steering.trade("BTCUSDT", actor="me", channel="cli")
    assert (result.told, state.failures) == ("bought", 0)

    state.failures, state.answer = 10_000, None
    with pytest.raises(CommandTimeout, match="may still be carried out"):
        await steering.trade("BTCUSDT", actor="me", channel="cli", timeout_s=5)
    assert state.failures > 0


async def test_the_answer_is_what_the_trader_wrote(room: Room) -> None:
    room.state.answer = done("bought", outcome="placed")
    result = await room.steering.trade("btcusdt", Decimal("0.10"), Side.BUY, actor="me", channel="cli")
    assert result == room.state.answer
    (command,) = room.state.commands.values()
    assert command.arguments == {"symbol": "BTCUSDT", "quantity": "0.1", "side": "BUY"}
    assert (command.actor, command.channel, command.created_at) == ("me", "cli", START)
    assert room.launcher.launched == 0


async def test_the_same_key_is_one_command_and_one_answer(room: Room) -> None:
    ask = {"actor": "me", "channel": "mcp", "idempotency_key": "k1"}
    both = asyncio.gather(room.steering.trade("BTCUSDT", **ask), room.steering.trade("BTCUSDT", **ask))
    await room.state.submitted.wait()
    assert await room.runner.run_next() is not None
    assert await room.runner.run_next() is None
    first, second = await both
    assert first == second
    assert len(room.orchestrator.asked) == 1
    assert await room.steering.trade("BTCUSDT", **ask) == first
    assert len(room.orchestrator.asked) == 1


async def test_the_same_key_for_something_else_is_refused(room: Room) -> None:
    room.state.answer = done("bought")
    await room.steering.trade("BTCUSDT", actor="me", channel="mcp", idempotency_key="k1")
    with pytest.raises(ConfigurationError, match="already used"):
        await room.steering.trade("ETHUSDT", actor="me", channel="mcp", idempotency_key="k1")


@pytest.mark.parametrize(
    ("symbol", "quantity"),
    [
        ("", None),
        ("BTC", None),
        ("BTC/USDT", None),
        ("ＢＴＣＵＳＤＴ", None),
        ("B" * 21, None),
        ("BTCUSDT", Decimal(0)),
        ("BTCUSDT", Decimal(-1)),
        ("BTCUSDT", Decimal("NaN")),
        ("BTCUSDT", Decimal("Infinity")),
        ("BTCUSDT", Decimal("1e15")),
    ],
)
async def test_what_cannot_be_meant_is_not_stored(room: Room, symbol: str, quantity: Decimal | None) -> None:
    with pytest.raises(ConfigurationError):
        await room.steering.trade(symbol, quantity, actor="me", channel="cli")
    assert room.state.commands == {}


async def test_without_an_answer_the_command_stays_stored_under_its_key(room: Room) -> None:
    with pytest.raises(CommandTimeout, match="ask again with the key k1"):
        await room.steering.trade("BTCUSDT", actor="me", channel="cli", idempotency_key="k1", timeout_s=3)
    assert [command.idempotency_key for command in room.state.pending()] == ["k1"]
    assert 3 <= room.clock.elapsed_s < 4
    assert room.launcher.launched == 0


async def test_while_no_trader_runs_a_process_is_started_and_after_a_while_once_more() -> None:
    room = Room(trader_runs=False)
    with pytest.raises(CommandTimeout):
        await room.steering.trade("BTCUSDT", actor="me", channel="cli", timeout_s=9)
    assert room.launcher.launched == 2


async def test_where_a_process_of_its_own_cannot_begin_nobody_is_waited_for() -> None:
    room = Room(trader_runs=False)
    room.launcher.refuses = True
    with pytest.raises(NobodyCarriesOut, match="nothing was done: no trader runs"):
        await room.steering.flatten("fire", actor="me", channel="cli")
    assert room.launcher.launched == 1
    assert room.clock.elapsed_s < 10


@dataclass(frozen=True)
class Ended:
    outcome: Outcome
    status: CommandStatus
    code: str = "code"
    text: str = "because"


@pytest.mark.parametrize(
    "ended",
    [
        Ended(Outcome.PLACED, CommandStatus.DONE),
        Ended(Outcome.HELD, CommandStatus.DONE),
        Ended(Outcome.REFUSED, CommandStatus.REFUSED),
        Ended(Outcome.REJECTED, CommandStatus.REFUSED),
        Ended(Outcome.HALTED, CommandStatus.REFUSED),
        Ended(Outcome.UNRESOLVED, CommandStatus.REFUSED),
        Ended(Outcome.UNKNOWN, CommandStatus.FAILED),
        Ended(Outcome.NO_DATA, CommandStatus.FAILED, "unavailable"),
        Ended(Outcome.NO_DATA, CommandStatus.REFUSED, "unknown_symbol", "BTCUSDT cannot be traded: because"),
        Ended(Outcome.NO_DATA, CommandStatus.REFUSED, "refused", "BTCUSDT cannot be traded: because"),
        Ended(Outcome.FAILED, CommandStatus.FAILED),
    ],
    ids=lambda ended: f"{ended.outcome}-{ended.code}",
)
async def test_a_result_for_each_outcome(room: Room, ended: Ended) -> None:
    room.orchestrator.outcome, room.orchestrator.code = ended.outcome, ended.code
    command = room.submit()
    await room.runner.run_next()
    result = room.state.result(command.id)
    assert result is not None
    assert result.status is ended.status
    assert result.text == ended.text
    assert result.details["outcome"] == ended.outcome.value


async def test_a_command_is_carried_out_as_it_was_asked(room: Room) -> None:
    room.submit("a", quantity="0.5", side="SELL")
    room.submit("b")
    assert await room.runner.run_next() is not None
    assert await room.runner.run_next() is not None
    (first, _, asked), (second, _, plain) = room.orchestrator.asked
    assert (first, second) == (7, 8)
    assert (asked.side, asked.quantity, asked.reason) == (Side.SELL, Decimal("0.5"), "cli:me")
    assert (plain.side, plain.quantity) == (None, None)


async def test_a_command_that_waited_too_long_is_no_longer_meant(room: Room) -> None:
    old = room.submit("old")
    room.clock.advance(COMMAND_TTL.total_seconds() + 1)
    fresh = room.submit("fresh")
    report = await room.runner.run_next()
    assert report is not None
    assert len(room.orchestrator.asked) == 1
    refused = room.state.result(old.id)
    assert refused is not None
    assert (refused.status, refused.text) == (
        CommandStatus.REFUSED,
        "not taken within 300 s: no longer meant",
    )
    assert room.state.result(fresh.id) is not None


async def test_a_command_on_the_last_second_is_still_meant(room: Room) -> None:
    room.submit()
    room.clock.advance(COMMAND_TTL.total_seconds())
    assert await room.runner.run_next() is not None


async def test_a_flatten_goes_before_what_waited_and_ends_in_a_halt(room: Room) -> None:
    room.submit("first")
    asked = asyncio.create_task(room.steering.flatten("fire", actor="me", channel="cli", timeout_s=9))
    await asyncio.sleep(0)
    assert [command.kind for command in room.state.pending()] == ["workflow", "flatten"]
    assert not room.runner.is_flattening
    assert await room.runner.run_next() is None
    result = await asked
    assert (result.status, result.text) == (CommandStatus.DONE, "nothing was held; trading is halted")
    assert room.state.read().state is TradingState.HALTED
    assert room.orchestrator.withdrawn == 1
    assert room.runner.has_work
    assert await room.runner.run_next() is not None
    assert not room.runner.has_work


async def test_a_cancel_of_what_is_not_ours_is_refused(room: Room) -> None:
    asked = asyncio.create_task(room.steering.cancel("web_1", actor="me", channel="cli"))
    await room.state.submitted.wait()
    assert await room.runner.run_next() is None
    result = await asked
    assert (result.status, result.text) == (
        CommandStatus.REFUSED,
        "no order of ours has this id; orders of others are never touched",
    )
    with pytest.raises(ConfigurationError):
        await room.steering.cancel("'; drop table", actor="me", channel="cli")


class TakenByAnother(FakeControlState):
    """Another process claims first."""

    def claim(self, command_id: str, at: object) -> bool:
        return False


async def test_a_command_that_another_process_took_is_left_to_it() -> None:
    room = Room()
    state = TakenByAnother()
    room.state = state
    room.submit()
    runner = CommandRunner(
        state,
        room.orchestrator,  # type: ignore[arg-type]
        room.clock,
        lambda: 1,
        FakeLedger(),  # type: ignore[arg-type]
        NoOrders(),  # type: ignore[arg-type]
    )
    assert await runner.run_next() is None
    assert room.orchestrator.asked == []
    assert state.results == {}

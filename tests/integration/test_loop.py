"""The loop around the cycles, with an exchange in memory: what happens at the end of a session."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from binance_trade_agent.agents.user_data import UserDataAgent
from binance_trade_agent.bootstrap.clock import SystemClock
from binance_trade_agent.bootstrap.start import CONNECT_PATIENCE_S, FollowedStream, connect
from binance_trade_agent.bootstrap.trader import Trader, open_store
from binance_trade_agent.bootstrap.trading_loop import TradingLoop
from binance_trade_agent.bootstrap.trading_session import run_session
from binance_trade_agent.control.projections import Projector
from binance_trade_agent.control.sessions import SessionKeeper, SessionRequest
from binance_trade_agent.domain.decisions import CycleKind, CycleStart, Decision, Outcome, Reason
from binance_trade_agent.domain.errors import (
    ConfigurationError,
    ExchangeReset,
    OutcomeUnknown,
    Refused,
    Throttled,
    Unavailable,
)
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.orders import (
    CancelIntent,
    OrderIntent,
    OrderStatus,
    OrderType,
    Replacement,
    Side,
    TimeInForce,
)
from binance_trade_agent.domain.records import Command, CommandKind, Session
from binance_trade_agent.domain.user_events import OrderReported
from binance_trade_agent.orchestrator import OrderRequest
from binance_trade_agent.settings import load_settings
from binance_trade_agent.storage.books import is_newest
from binance_trade_agent.telemetry.heartbeat import HeartbeatFile
from binance_trade_agent.telemetry.metrics import TraderMetrics
from tests.desk import DeafStream, Marked, OneStrategy
from tests.fake_exchange import FakeExchange
from tests.fakes import FakeClock


@dataclass
class Healing(FakeExchange):
    """Heals after `ill` failed reads of the account."""

    ill: int = 0
    loses_answer: bool = False
    when_ill: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        super().__init__()

    def _call(self, name: str) -> None:
        if name == "account" and self.ill:
            self.ill -= 1
            self.when_ill()
            raise Unavailable("no route")
        super()._call(name)

    async def replace(self, cancel: CancelIntent, intent: OrderIntent) -> Replacement:
        answer = await super().replace(cancel, intent)
        if self.loses_answer:
            self.loses_answer = False
            raise OutcomeUnknown("timeout")
        return answer


@dataclass
class Running:
    """A loop whose session is over, with one position."""

    trader: Trader
    exchange: Healing
    session: Session
    loop: TradingLoop
    stop: asyncio.Event


@pytest.fixture
async def over(tmp_path: Path) -> AsyncIterator[Running]:
    settings = load_settings(
        {
            "TRADING_MODE": "simulated",
            "TRADING_SYMBOLS": "BTCUSDT",
            "DATA_DIR": str(tmp_path),
            "ON_SESSION_END": "flatten",
            "TRADING_INTERVAL_SECONDS": "0.2",
        },
        tmp_path,
    )
    settings.run_dir.mkdir(parents=True)
    store, clock, exchange = open_store(settings), SystemClock(), Healing()
    projector = Projector(store.outbox, store.control, stop_entries_on_difference=False)
    stream, user_data = DeafStream(), UserDataAgent(store.journal, store.ledger)
    trader = Trader(settings, clock, store, exchange, OneStrategy(Marked()), projector, stream, user_data)
    keeper = SessionKeeper(store.sessions, clock)
    session = keeper.enter(
        SessionRequest("trading", "simulated", "marked", ("BTCUSDT",), {}, duration=timedelta(microseconds=1))
    )
    buy = OrderRequest(side=Side.BUY, quantity=Decimal("0.5"))
    report = await trader.orchestrator(session).execute_trading_workflow(1, "BTCUSDT", request=buy)
    assert report.decisions[0].outcome is Outcome.PLACED
    stop = asyncio.Event()
    heartbeat = HeartbeatFile(settings.run_dir / "heartbeat.json")
    with store.lease.acquire():
        async with FollowedStream(stream, user_data.deliver) as followed:
            loop = TradingLoop(trader, session, keeper, TraderMetrics(), heartbeat, stop, followed)
            yield Running(trader, exchange, session, loop, stop)
    store.database.close()


async def test_flatten_waits_for_an_exchange_out_of_reach(over: Running) -> None:
    over.exchange.ill = 2
    assert await over.loop.trade() is ExitCode.OK
    outcomes = [decision.outcome for decision in over.trader.store.reads.decisions()]
    assert outcomes == ["placed", "no_data", "no_data", "placed"]
    assert [intent.side for intent in over.exchange.sent] == [Side.BUY, Side.SELL]


async def test_flatten_waits_for_a_lost_answer_and_sells_once(over: Running) -> None:
    over.exchange.loses_answer = True
    assert await over.loop.trade() is ExitCode.OK
    assert [intent.side for intent in over.exchange.sent] == [Side.BUY, Side.SELL]
    outcomes = [decision.outcome for decision in over.trader.store.reads.decisions()]
    assert outcomes.count("placed") == 2
    statuses = {order.purpose: order.status for order in over.trader.store.reads.orders()}
    assert statuses == {"entry": "FILLED", "exit": "FILLED", "stop": "CANCELED", "target": "CANCELED"}


async def test_flatten_sells_again_what_the_exchange_did_not_take(over: Running) -> None:
    over.exchange.errors["replace"] = Unavailable("no route")

    class Reached(Healing):
        def _call(self, name: str) -> None:
            # the second sale is on its way
            if self.calls.count("replace") == 1:
                self.errors.pop("replace", None)
            super()._call(name)

    over.exchange.__class__ = Reached
    assert await over.loop.trade() is ExitCode.OK
    outcomes = [decision.outcome for decision in over.trader.store.reads.decisions()]
    assert outcomes == ["placed", "rejected", "placed"]
    assert [intent.side for intent in over.exchange.sent] == [Side.BUY, Side.SELL]


async def test_flatten_gives_up_what_the_exchange_never_takes(over: Running) -> None:
    over.exchange.errors["replace"] = Refused(-2010, "not permitted")
    assert await over.loop.trade() is ExitCode.OK
    assert over.exchange.calls.count("replace") == 3


async def test_flatten_does_not_wait_for_a_symbol_that_is_gone(over: Running) -> None:
    over.exchange.symbols = ("ETHUSDT",)
    assert await asyncio.wait_for(over.loop.trade(), 60) is ExitCode.OK


async def test_entries_that_a_command_left_at_rest_are_withdrawn(over: Running) -> None:
    (intent,) = over.exchange.sent
    resting = replace(
        intent,
        client_order_id="bta-resting",
        order_type=OrderType.LIMIT,
        price=Decimal(90),
        time_in_force=TimeInForce.GTC,
    )
    journal, now = over.trader.store.journal, over.trader.clock.now()
    start = CycleStart("c2", 2, CycleKind.WORKFLOW, now, now, ("BTCUSDT",))
    over.trader.store.decisions.open_cycle(start, over.session.id)
    decision = Decision("d2", "BTCUSDT", now, Outcome.UNKNOWN, Reason("placed", ""))
    journal.write_intent(resting, decision, start.id, {})
    journal.record("bta-resting", await over.exchange.place(resting))
    assert await over.loop.commands_only() is ExitCode.OK
    assert journal.get("bta-resting").status is OrderStatus.CANCELED


async def test_a_command_is_taken_though_the_next_cycle_is_late(over: Running) -> None:
    store = over.trader.store
    trader = replace(over.trader, overrides=store.overrides.all())
    keeper = SessionKeeper(store.sessions, trader.clock)
    session = replace(over.session, deadline=None)
    stream = FollowedStream(None, trader.user_data.deliver)
    loop = TradingLoop(trader, session, keeper, TraderMetrics(), None, over.stop, stream)
    now = trader.clock.now()
    for number in ("1", "2"):
        store.control.submit(
            Command(number, CommandKind.WORKFLOW, {"symbol": "BTCUSDT"}, number, "ann", "cli", now)
        )

    await loop._idle_until(trader.clock.monotonic() - 1)

    assert [command.id for command in store.control.pending()] == ["2"]
    assert store.control.result("1") is not None


async def test_a_test_run_takes_no_turn_for_what_its_order_bought(over: Running) -> None:
    trader, keeper = over.trader, SessionKeeper(over.trader.store.sessions, over.trader.clock)
    for kind, turns in (("test", False), ("trading", True)):
        session = replace(over.session, kind=kind)
        stream = FollowedStream(None, trader.user_data.deliver)
        loop = TradingLoop(trader, session, keeper, TraderMetrics(), None, over.stop, stream)
        # seen once, so that a turn is known to be due
        await loop._orchestrator.run_cycle(9, trader.clock.now())
        sent = len(over.exchange.sent_lists)
        for order in list(over.exchange.orders.values()):
            if not order.status.is_terminal:
                ended = replace(order, status=OrderStatus.CANCELED)
                over.exchange.orders[order.client_order_id] = ended
                trader.user_data.deliver(OrderReported(ended))
        assert await loop._tend() is turns
        assert len(over.exchange.sent_lists) - sent == int(turns)


async def test_a_stop_while_flattening_is_a_stop(over: Running) -> None:
    over.exchange.ill = 10_000
    over.exchange.when_ill = over.stop.set
    assert await over.loop.trade() is ExitCode.SIGTERM
    session = over.trader.store.sessions.latest()
    assert session is not None
    assert session.end_reason == "stopped"


@pytest.mark.parametrize(
    "error", [Refused(0, "restricted location"), OutcomeUnknown("?"), Throttled(9, "slow")]
)
async def test_an_exchange_that_answers_with_any_error_does_not_end_the_start(
    over: Running, error: Exception
) -> None:
    clock = FakeClock()
    over.exchange.errors["rules"] = error
    await connect(replace(over.trader, clock=clock), over.stop)
    assert clock.elapsed_s >= CONNECT_PATIENCE_S


async def test_a_symbol_the_exchange_does_not_know_ends_the_start(over: Running) -> None:
    over.exchange.symbols = ("ETHUSDT",)
    with pytest.raises(ConfigurationError, match="BTCUSDT"):
        await connect(over.trader, over.stop)


@pytest.mark.parametrize("kind", ["trading", "commands"])
async def test_a_reset_exchange_has_a_new_book_begun_by_whoever_notices(over: Running, kind: str) -> None:
    over.exchange.orders.clear()
    over.exchange.balances = {"USDT": Decimal(1000)}
    over.exchange.time = over.trader.clock.now() + timedelta(minutes=5)
    trader = over.trader
    keeper = SessionKeeper(trader.store.sessions, trader.clock)
    with pytest.raises(ExchangeReset):
        await run_session(trader, keeper, TraderMetrics(), kind, None, over.stop)
    # with the old book still the newest, the next life would only find the same again
    assert not is_newest(trader.store.database, trader.store.book)

"""Sessions whose symbols a rule selects: chosen once, recorded, kept by restarts, waited for without silence."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from binance_trade_agent.agents.user_data import UserDataAgent
from binance_trade_agent.bootstrap.clock import SystemClock
from binance_trade_agent.bootstrap.trader import Trader, open_store
from binance_trade_agent.bootstrap.trading_session import run_session
from binance_trade_agent.control.projections import Projector
from binance_trade_agent.control.sessions import SessionKeeper
from binance_trade_agent.domain.errors import ConfigurationError, Unavailable
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.market import Listing
from binance_trade_agent.domain.records import Session
from binance_trade_agent.settings import load_settings
from binance_trade_agent.telemetry.metrics import TraderMetrics
from tests.desk import DeafStream, Marked, OneStrategy
from tests.fake_exchange import FakeExchange

ALL = ("ETHUSDT", "BTCUSDT", "SOLUSDT", "BTCEUR")


class Listed(FakeExchange):
    """Lists its symbols after `silent` attempts; the reading of the account number `last` stops the trader."""

    def __init__(self, stop: asyncio.Event, silent: int, last: int) -> None:
        super().__init__(ALL)
        self._stop, self._silent, self._last = stop, silent, last

    async def listings(self) -> tuple[Listing, ...]:
        if self._silent:
            self._silent -= 1
            raise Unavailable("no route")
        return await super().listings()

    def _call(self, name: str) -> None:
        super()._call(name)
        if self.calls.count("account") >= self._last:
            self._stop.set()


class Lives:
    """Lives of a trader on one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.traders: list[Trader] = []

    async def run(self, kind: str = "trading", *, silent: int = 0, last: int = 3, **other: str) -> ExitCode:
        values = {
            "TRADING_MODE": "simulated",
            "TRADING_SYMBOLS": "quote=USDT, top=2",
            "DATA_DIR": str(self.folder),
            "TRADING_INTERVAL_SECONDS": "0.1",
            "CANDLE_INTERVAL": "1m",
            **other,
        }
        settings = load_settings(values, self.folder)
        store, clock, stop = open_store(settings), SystemClock(), asyncio.Event()
        exchange = Listed(stop, silent, last)
        projector = Projector(store.outbox, store.control, stop_entries_on_difference=False)
        strategies, user_data = OneStrategy(Marked()), UserDataAgent(store.journal, store.ledger)
        trader = Trader(settings, clock, store, exchange, strategies, projector, DeafStream(), user_data)
        self.traders.append(trader)
        with store.lease.acquire():
            return await run_session(
                trader, SessionKeeper(store.sessions, clock), TraderMetrics(), kind, None, stop
            )

    @property
    def session(self) -> Session:
        session = self.traders[-1].store.sessions.latest()
        assert session is not None
        return session


@pytest.fixture
def lives(tmp_path: Path) -> Iterator[Lives]:
    made = Lives(tmp_path)
    yield made
    for trader in made.traders:
        trader.store.database.close()


async def test_a_session_trades_and_records_what_the_rule_selects(lives: Lives) -> None:
    assert await lives.run() is ExitCode.SIGTERM
    assert lives.session.symbols == ("ETHUSDT", "BTCUSDT")
    assert "2" in str(lives.session.plan["selection"])
    decided = {row.symbol for row in lives.traders[0].store.reads.decisions()}
    assert decided == {"ETHUSDT", "BTCUSDT"}


async def test_until_the_exchange_can_be_asked_each_interval_has_its_cycle_and_says_so(lives: Lives) -> None:
    assert await lives.run(silent=3, last=5) is ExitCode.SIGTERM
    reads = lives.traders[0].store.reads
    cycles = reads.cycles()
    assert [cycle.outcome for cycle in reversed(cycles)][:2] == ["degraded", "degraded"]
    assert cycles[0].outcome == "completed"
    assert lives.session.symbols == ("ETHUSDT", "BTCUSDT")
    assert len({cycle.session_id for cycle in cycles}) == 2
    assert {row.symbol for row in reads.decisions()} == {"ETHUSDT", "BTCUSDT"}


async def test_no_symbols_are_an_incident_until_there_are_some(lives: Lives) -> None:
    await lives.run(silent=100)
    assert [incident.key for incident in lives.traders[0].store.reads.incidents()] == ["no_symbols"]
    await lives.run()
    assert lives.traders[1].store.reads.incidents() == ()


async def test_what_is_held_does_not_hide_that_there_are_no_symbols(lives: Lives) -> None:
    await lives.run("test", SIGNAL_AGENT_TEST_MODE="true", last=50)
    assert await lives.run(silent=100, TRADING_SYMBOLS="quote=USDT, top=1") is ExitCode.SIGTERM
    reads = lives.traders[1].store.reads
    newest = reads.cycles()[0]
    assert newest.outcome == "degraded"
    assert [row.symbol for row in reads.decisions() if row.cycle_id == newest.id] == ["ETHUSDT"]
    assert "no_symbols" in {incident.key for incident in reads.incidents()}


async def test_a_test_run_waits_for_its_symbol(lives: Lives) -> None:
    code = await lives.run("test", silent=2, last=50, SIGNAL_AGENT_TEST_MODE="true")
    assert code is ExitCode.OK
    assert [order.symbol for order in lives.traders[0].store.reads.orders()] == ["ETHUSDT"]


async def test_a_rule_that_selects_nothing_ends_the_start(lives: Lives) -> None:
    with pytest.raises(ConfigurationError, match="min_price"):
        await lives.run(TRADING_SYMBOLS="quote=USDT, top=2, min_price=500")

"""Settings changed while the trader runs: the next cycles go by them, in a session of their own that can be replayed."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from binance_trade_agent.agents.user_data import UserDataAgent
from binance_trade_agent.bootstrap.clock import SystemClock
from binance_trade_agent.bootstrap.desk import open_desk
from binance_trade_agent.bootstrap.overrides import setting_changes, shown_in_force
from binance_trade_agent.bootstrap.replaying import recorded_sessions, replay_session
from binance_trade_agent.bootstrap.strategies import settings_strategies
from binance_trade_agent.bootstrap.trader import Trader, open_store
from binance_trade_agent.bootstrap.trading_session import run_session
from binance_trade_agent.control.overrides import SettingChanges
from binance_trade_agent.control.projections import Projector
from binance_trade_agent.control.sessions import RENEWED, SessionKeeper
from binance_trade_agent.domain.acts import Act, ActKind
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.market import BookTop
from binance_trade_agent.domain.records import Session
from binance_trade_agent.settings import load_settings
from binance_trade_agent.telemetry.metrics import TraderMetrics
from tests.desk import DeafStream
from tests.fake_exchange import FakeExchange

Between = Callable[[SettingChanges], object]


class Moving(FakeExchange):
    """Closes a candle before each cycle, does something before the one number `at`, and stops the trader at `last`."""

    def __init__(self, stop: asyncio.Event, at: int, do: Callable[[], object], last: int) -> None:
        super().__init__(("BTCUSDT",))
        self._stop, self._at, self._do, self._last = stop, at, do, last

    async def book_tops(self, symbols: Sequence[str]) -> Mapping[str, BookTop]:
        """Forty hundredths of a percent wide."""
        tops = await super().book_tops(symbols)
        half = Decimal("0.002")
        return {
            symbol: BookTop(
                symbol, top.bid * (1 - half), top.bid_quantity, top.ask * (1 + half), top.ask_quantity
            )
            for symbol, top in tops.items()
        }

    def _call(self, name: str) -> None:
        super()._call(name)
        if name != "account":
            return
        number = self.calls.count("account")
        self.close_candle(self.price + 1)
        if number == self._at:
            self._do()
        if number >= self._last:
            self._stop.set()


class Lives:
    """Lives of a trader on one folder."""

    def __init__(self, folder: Path, strategy: str) -> None:
        self.settings = load_settings(
            {
                "TRADING_MODE": "simulated",
                "TRADING_SYMBOLS": "BTCUSDT",
                "TRADING_DURATION_MINUTES": "60",
                "TRADING_INTERVAL_SECONDS": "0.1",
                "STRATEGY_NAME": strategy,
                "RISK_MAX_SPREAD_BPS": "20",
                "CANDLE_INTERVAL": "1m",
                "DATA_DIR": str(folder),
            },
            folder,
        )
        self.desk = open_desk(self.settings)
        self.changes = setting_changes(self.settings, self.desk.database, self.desk.book)
        self.store = open_store(self.settings)

    async def run(self, between: Between = lambda _: None, *, last: int = 6) -> ExitCode:
        store, clock, stop = self.store, SystemClock(), asyncio.Event()
        exchange = Moving(stop, 2, lambda: between(self.changes), last)
        projector = Projector(store.outbox, store.control, stop_entries_on_difference=False)
        trader = Trader(
            self.settings,
            clock,
            store,
            exchange,
            settings_strategies(self.settings),
            projector,
            DeafStream(),
            UserDataAgent(store.journal, store.ledger),
        )
        with store.lease.acquire():
            keeper = SessionKeeper(store.sessions, clock)
            return await run_session(trader, keeper, TraderMetrics(), "trading", None, stop)

    @property
    def sessions(self) -> list[Session]:
        """Oldest first."""
        return [session for session, _ in reversed(recorded_sessions(self.desk, 50))]

    def limits(self, session: Session) -> set[str]:
        """The limits of the spread that the session's entries were held against."""
        rows = self.store.reads.decisions(limit=1000)
        cycles = {row.id for row in self.store.reads.cycles(limit=1000) if row.session_id == session.id}
        return {
            str(gate.limit)
            for row in rows
            if row.cycle_id in cycles
            for gate in row.gates
            if gate.gate == "spread"
        }

    def close(self) -> None:
        self.store.database.close()
        self.desk.close()


@pytest.fixture
def make_lives(tmp_path: Path) -> Iterator[Callable[[str], Lives]]:
    made: list[Lives] = []

    def make(strategy: str) -> Lives:
        made.append(Lives(tmp_path, strategy))
        return made[-1]

    yield make
    for lives in made:
        lives.close()


@pytest.fixture
def lives(make_lives: Callable[[str], Lives]) -> Lives:
    return make_lives("buy_and_hold")


def set_spread(value: str) -> Between:
    return lambda changes: changes.set(
        "risk_max_spread_bps", value, actor="ann", channel="cli", reason="thin market"
    )


async def test_a_changed_limit_begins_a_session_of_its_own_with_the_old_deadline(lives: Lives) -> None:
    assert await lives.run(set_spread("60")) is ExitCode.SIGTERM
    first, second = lives.sessions
    assert first.deadline == second.deadline
    assert (first.end_reason, first.exit_code) == ("renewed", ExitCode.OK)
    assert [session.plan["risk"]["max_spread_bps"] for session in (first, second)] == ["20", "60"]
    assert second.settings["RISK_MAX_SPREAD_BPS"] == "60"
    assert [lives.limits(session) for session in (first, second)] == [{"20 bps"}, {"60 bps"}]
    bought = [order.symbol for order in lives.store.reads.orders() if order.side == "BUY"]
    assert bought == ["BTCUSDT"]


async def test_both_sessions_are_decided_again_without_a_difference(lives: Lives) -> None:
    await lives.run(set_spread("60"))
    for session in lives.sessions:
        report = replay_session(lives.settings, lives.desk, session.id).report
        assert report.differences == ()
        assert report.recomputed > 0


async def test_a_restart_keeps_it_and_unset_goes_back(lives: Lives) -> None:
    await lives.run(set_spread("60"))
    await lives.run(last=3)
    assert len(lives.sessions) == 2
    await lives.run(lambda changes: changes.unset("RISK_MAX_SPREAD_BPS", actor="ann", channel="cli"))
    newest = lives.sessions[-1]
    assert len(lives.sessions) == 3
    assert newest.plan["risk"]["max_spread_bps"] == "20"
    assert newest.deadline == lives.sessions[0].deadline


async def test_strategies_are_built_anew_for_their_parameters(make_lives: Callable[[str], Lives]) -> None:
    lives = make_lives("rsi_level")
    await lives.run(
        lambda changes: changes.set("STRATEGY_PARAMS", '{"period": 9}', actor="ann", channel="mcp")
    )
    periods = [session.plan["strategies"]["BTCUSDT"]["params"]["period"] for session in lives.sessions]
    assert periods == [14, 9]


async def test_what_cannot_be_is_ignored_and_an_incident_until_it_is_gone(lives: Lives) -> None:
    store = lives.store
    at = SystemClock().now()
    for name, value in (("RISK_MAX_SPREAD_BPS", "wide"), ("RISK_ORDER_SHARE", "0.05"), ("OLD_LIMIT", "1")):
        store.overrides.change(Act(ActKind.SET_SETTING, "ann", "cli", "", at), name, value, "unset")
    assert await lives.run(last=3) is ExitCode.SIGTERM
    risk = lives.sessions[-1].plan["risk"]
    assert (risk["max_spread_bps"], risk["order_share"]) == ("20", "0.05")
    keys = {incident.key for incident in store.reads.incidents()}
    assert keys == {"override_ignored:RISK_MAX_SPREAD_BPS", "override_ignored:OLD_LIMIT"}
    lives.changes.unset("RISK_MAX_SPREAD_BPS", actor="ann", channel="cli")
    await lives.run(last=3)
    assert {incident.key for incident in store.reads.incidents()} == {"override_ignored:OLD_LIMIT"}


async def test_each_change_is_audited_once_and_shown(lives: Lives) -> None:
    changes = lives.changes
    first = changes.set(
        "RISK_ORDER_SHARE", "0.05", actor="ann", channel="cli", reason="calm down", idempotency_key="k1"
    )
    again = changes.set("RISK_ORDER_SHARE", "0.05", actor="ann", channel="cli", idempotency_key="k1")
    assert (first.before, first.after, first.repeated, again.repeated) == ("0.10", "0.05", False, True)
    with pytest.raises(ConfigurationError, match="another act"):
        changes.set("RISK_ORDER_SHARE", "0.06", actor="ann", channel="cli", idempotency_key="k1")
    changes.unset("RISK_ORDER_SHARE", actor="bob", channel="mcp")
    with pytest.raises(ConfigurationError, match=r"not set at run time: 0\.10 holds"):
        changes.unset("RISK_ORDER_SHARE", actor="bob", channel="mcp")
    rows = [
        (row.actor, row.action, row.details["name"], row.reason, row.before, row.after, row.outcome)
        for row in reversed(lives.desk.watch.audit(limit=10))
    ]
    assert rows == [
        ("ann", "set_setting", "RISK_ORDER_SHARE", "calm down", "0.10", "0.05", "done"),
        ("bob", "unset_setting", "RISK_ORDER_SHARE", "", "0.05", "0.10", "done"),
    ]


async def test_a_value_is_shown_with_who_set_it(lives: Lives) -> None:
    set_spread("60")(lives.changes)
    shown = {
        name: (value, origin) for name, value, origin, _ in shown_in_force(lives.settings).settings.sources()
    }
    value, origin = shown["RISK_MAX_SPREAD_BPS"]
    assert value == "60"
    assert origin.startswith("set at run time by ann at 20")
    assert shown["TRADING_SYMBOLS"][1] == "environment"


async def test_a_kill_between_the_two_sessions_begins_no_new_run(lives: Lives) -> None:
    await lives.run(last=2)
    session = lives.sessions[-1]
    lives.store.sessions.end(session.id, reason=RENEWED, exit_code=0, at=SystemClock().now())
    await lives.run(set_spread("60"), last=4)
    assert {each.deadline for each in lives.sessions} == {session.deadline}
    assert len(lives.sessions) == 2

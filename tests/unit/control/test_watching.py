"""The status is what the database says, told by the settings of the session that runs."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from binance_trade_agent.control.watching import Watch, WatchPlan
from binance_trade_agent.domain.acts import AuditRow
from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.domain.records import CancelRow, FlowRow
from binance_trade_agent.telemetry.health import STOPPED, TraderCondition
from tests.fakes import START, FakeDesk, fake_desk


def with_session(desk: FakeDesk, **changes: object) -> Watch:
    session = desk.reads.stored.session
    assert session is not None
    desk.reads.stored = replace(desk.reads.stored, session=replace(session, **changes))  # type: ignore[arg-type]
    return desk.watch


def test_a_running_trader() -> None:
    status = fake_desk().watch.status()
    assert status.health.condition is TraderCondition.CYCLING
    assert (status.cycles, status.decisions) == (240, 480)
    assert status.interval_s == 5
    assert status.next_cycle_due == START + timedelta(seconds=3)
    assert status.exposure == Decimal("1004.68")


def test_an_empty_database() -> None:
    status = fake_desk(empty=True).watch.status()
    assert status.health.condition is TraderCondition.NEVER_STARTED
    assert (status.session, status.last_cycle, status.next_cycle_due) == (None, None, None)
    assert (status.equity, status.profit, status.exposure) == (None, None, Decimal(0))
    assert status.symbols == ("BTCUSDT", "ETHUSDT")


def test_the_interval_is_the_running_sessions_own() -> None:
    status = with_session(fake_desk(), settings={"TRADING_INTERVAL_SECONDS": "0.5"}).status()
    assert status.interval_s == 0.5
    assert with_session(fake_desk(interval_s=90), settings={}).status().interval_s == 90


def test_a_trader_that_follows_hourly_candles_is_healthy_half_an_hour_after_its_cycle() -> None:
    desk = fake_desk()
    settings = {
        "TRADING_INTERVAL_SECONDS": "5",
        "TRADING_ALIGN": "candle_close",
        "CANDLE_INTERVAL": "1h",
    }
    watch = with_session(desk, settings=settings)
    desk.clock.advance(1800)
    alive = replace(desk.reads.stored.heartbeats[0], at=desk.clock.now())
    desk.reads.stored = replace(desk.reads.stored, heartbeats=(alive,))
    status = watch.status()
    assert status.interval_s == 3600
    assert status.health.condition is TraderCondition.CYCLING
    assert status.next_cycle_due == START + timedelta(seconds=3598)


def test_a_session_that_runs_is_shown_with_its_own_symbols_and_one_that_ended_is_not() -> None:
    desk = fake_desk()
    watch = with_session(desk, symbols=("SOLUSDT",), strategy="rsi_momentum")
    assert (watch.status().symbols, watch.status().strategy) == (("SOLUSDT",), "rsi_momentum")
    watch = with_session(desk, ended_at=START, end_reason=STOPPED)
    status = watch.status()
    assert (status.symbols, status.strategy) == (("BTCUSDT", "ETHUSDT"), "combined_default")
    assert status.next_cycle_due is None


RULE = "quote=USDT, top=2"


def under_a_rule(desk: FakeDesk) -> Watch:
    plan = WatchPlan("simulated", "", (), "combined_default", timedelta(seconds=5), symbol_rule=RULE)
    return Watch(desk.reads, desk.clock, plan)


def test_under_a_rule_the_symbols_of_the_latest_session_are_shown_whether_it_runs_or_not() -> None:
    desk = fake_desk()
    with_session(desk, symbols=("SOLUSDT", "XRPUSDT"), settings={"TRADING_SYMBOLS": RULE})
    for status in (under_a_rule(desk).status(), desk.watch.status()):
        assert (status.symbols, status.symbol_rule) == (("SOLUSDT", "XRPUSDT"), RULE)
    with_session(desk, ended_at=START, end_reason=STOPPED)
    status = under_a_rule(desk).status()
    assert (status.symbols, status.symbol_rule) == (("SOLUSDT", "XRPUSDT"), RULE)
    assert (desk.watch.status().symbols, desk.watch.status().symbol_rule) == (("BTCUSDT", "ETHUSDT"), "")


def test_a_session_of_named_symbols_that_still_runs_is_not_shown_as_by_the_rule() -> None:
    desk = fake_desk()
    with_session(desk, settings={"TRADING_SYMBOLS": "BTCUSDT,ETHUSDT"})
    assert under_a_rule(desk).status().symbol_rule == ""


def test_before_the_first_session_there_is_only_the_rule() -> None:
    status = under_a_rule(fake_desk(empty=True)).status()
    assert (status.symbols, status.symbol_rule) == ((), RULE)


def test_a_failed_read_raises_and_is_never_an_empty_list() -> None:
    desk = fake_desk()
    desk.reads.broken = "database is locked"
    watch = desk.watch
    for read in (
        watch.status,
        watch.positions,
        watch.protection,
        watch.balances,
        watch.orders,
        watch.cancels,
        watch.outside_flows,
        watch.foreign_orders,
        watch.decisions,
        watch.equity,
    ):
        with pytest.raises(StorageError, match="is locked"):
            read()


def test_the_next_tick_is_counted_from_the_last_one_not_from_a_cycle_after_a_fill() -> None:
    desk = fake_desk()
    tick = desk.reads.stored.last_cycle
    assert tick is not None
    fill = replace(tick, id="c241", number=241, kind="fill", scheduled_at=START, started_at=START)
    desk.reads.stored = replace(desk.reads.stored, last_cycle=fill)
    desk.reads.cycle_rows = (fill, tick)
    status = desk.watch.status()
    assert status.last_cycle == fill
    assert status.next_cycle_due == tick.scheduled_at + timedelta(seconds=5)
    desk.reads.cycle_rows = (fill,)
    assert desk.watch.status().next_cycle_due is None


def test_a_cancel_without_an_answer_is_unresolved() -> None:
    desk = fake_desk()
    done = CancelRow("bta-c1", "bta-1", None, "BTCUSDT", "DONE", "trailing", START, START)
    lost = replace(done, cancel_id="bta-c2", status="UNKNOWN")
    desk.reads.cancel_rows = (lost, done)
    assert desk.watch.status().unresolved_cancels == (lost,)
    assert desk.watch.cancels(limit=5) == (lost, done)


def test_what_the_account_opened_with_did_not_come_from_outside() -> None:
    desk = fake_desk()
    opening = FlowRow("opening", "USDT", Decimal(10000), None, "", START)
    deposit = FlowRow("deposit", "BTC", Decimal("0.5"), None, "deposit 7", START)
    desk.reads.flow_rows = (deposit, opening)
    assert desk.watch.flows() == (deposit, opening)
    assert desk.watch.outside_flows() == (deposit,)


def act_on(program: str, action: str, at: datetime, answered: datetime | None) -> AuditRow:
    return AuditRow(
        id=1,
        at=at,
        actor="ann",
        channel="cli",
        action=action,
        reason="lunch",
        before="RUNNING",
        after="STOPPED",
        idempotency_key="k",
        outcome="done" if answered else None,
        answer=None,
        finished_at=answered,
        details={"program": program},
    )


@pytest.mark.parametrize(
    ("program", "asked_s", "answered_s", "told"),
    [
        ("autonomous_trader", -2, 1, "stopped by ann (cli) “lunch” at 09:30:00 UTC; nothing trades until"),
        ("autonomous_trader", -2, None, "stopped by ann (cli) “lunch” at"),
        (
            "dash_ui",
            -2,
            1,
            "stopped by a shutdown (such as `make down`) at 09:30:00 UTC; nothing trades until",
        ),
        ("autonomous_trader", -60, -30, "stopped by a shutdown (such as `make down`) at"),
        ("autonomous_trader", 5, 6, "stopped by a shutdown (such as `make down`) at"),
    ],
)
@pytest.mark.parametrize("action", ["stop", "restart"])
def test_who_stopped_the_trader_is_told_where_the_audit_knows(
    program: str, asked_s: int, answered_s: int | None, told: str, action: str
) -> None:
    desk = fake_desk()
    answered = None if answered_s is None else START + timedelta(seconds=answered_s)
    desk.reads.audit_rows = (act_on(program, action, START + timedelta(seconds=asked_s), answered),)
    # long enough after a restart that whatever it started had its time to begin
    desk.clock.advance(120)
    health = with_session(desk, ended_at=START, end_reason=STOPPED).status().health
    assert health.condition is TraderCondition.STOPPED
    assert health.text.startswith(told)


@pytest.mark.parametrize(
    ("action", "answered_s", "passed_s", "condition"),
    [
        ("restart", 1, 5, TraderCondition.STARTING),
        ("restart", None, 5, TraderCondition.STARTING),
        ("start", 1, 5, TraderCondition.STARTING),
        ("stop", 1, 5, TraderCondition.STOPPED),
        ("restart", -1, 5, TraderCondition.STOPPED),
        ("restart", 1, 90, TraderCondition.STOPPED),
        ("restart", None, 90, TraderCondition.STOPPED),
    ],
)
def test_a_trader_that_was_started_and_has_no_session_yet_is_starting(
    action: str, answered_s: int | None, passed_s: int, condition: TraderCondition
) -> None:
    desk = fake_desk()
    answered = None if answered_s is None else START + timedelta(seconds=answered_s)
    desk.reads.audit_rows = (act_on("autonomous_trader", action, START - timedelta(seconds=2), answered),)
    desk.clock.advance(passed_s)
    health = with_session(desk, ended_at=START, end_reason=STOPPED).status().health
    assert health.condition is condition
    if condition is TraderCondition.STARTING:
        assert health.text == "started, as ann (cli) asked; its session is about to begin"

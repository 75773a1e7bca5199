"""The trader as a process: test mode, session end, signals, kills, bad input, an exchange out of reach."""

import os
import signal
import socket
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from binance_trade_agent.control.sessions import MOST_FAILED_STARTS
from binance_trade_agent.domain.decisions import Outcome
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.telemetry.heartbeat import IDLE_ALLOWANCE, HeartbeatFile
from tests.books import check_books
from tests.processes import Installation, eventually, installation, running, simulator


def cycles(place: Installation) -> int:
    with place.desk() as desk:
        return desk.watch.status().cycles


def orders(place: Installation) -> int:
    with place.desk() as desk:
        return len(desk.watch.orders(limit=1000))


def test_test_mode_places_exactly_one_order_and_exits_0(tmp_path: Path) -> None:
    place = installation(tmp_path, {"SIGNAL_AGENT_TEST_MODE": "true"})
    with simulator(place):
        with running(place.trader()) as trader:
            assert trader.wait(60) == ExitCode.OK, place.output
        with place.desk() as desk:
            (order,) = desk.watch.orders()
            assert (order.status, order.side, order.symbol) == ("FILLED", "BUY", "BTCUSDT")
            status = desk.watch.status()
            assert status.session is not None
            assert status.session.end_reason == "test_mode"
            assert status.health.healthy
            check_books(place, desk.watch)


def test_sigterm_ends_it_with_143_and_a_new_start_goes_on(tmp_path: Path) -> None:
    place = installation(tmp_path)
    with simulator(place):
        with running(place.trader()) as trader:
            eventually(lambda: orders(place), within_s=120, what="a first order")
            trader.send_signal(signal.SIGTERM)
            assert trader.wait(60) == ExitCode.SIGTERM
        before = cycles(place)
        with place.desk() as desk:
            status = desk.watch.status()
            assert status.session is not None
            assert status.session.end_reason == "stopped"
            held = {p.symbol: p.quantity for p in desk.watch.positions()}
        with running(place.trader()):
            eventually(lambda: cycles(place) > before, within_s=120, what="cycles go on")
        with place.desk() as desk:
            assert set(held) <= {p.symbol for p in desk.watch.positions()}
            check_books(place, desk.watch)


def test_a_killed_trader_leaves_no_cycle_open_and_no_order_twice(tmp_path: Path) -> None:
    place = installation(tmp_path, {"TRADING_INTERVAL_SECONDS": "0.2"})
    with simulator(place):
        for _ in range(4):
            before = cycles(place)
            with running(place.trader()) as trader:
                eventually(lambda b=before: cycles(place) > b + 3, within_s=120, what="cycles")
                os.kill(trader.pid, signal.SIGKILL)
        before = cycles(place)
        with running(place.trader()) as trader:
            eventually(lambda: cycles(place) > before + 2, within_s=120, what="cycles after the last kill")
            trader.send_signal(signal.SIGTERM)
            trader.wait(60)
        with place.desk() as desk:
            rows = desk.watch.cycles(limit=10_000)
            decisions = desk.watch.decisions(limit=100_000)
            assert rows
            assert all(row.outcome != "open" for row in rows)
            assert len(decisions) == sum(1 if row.kind == "fill" else 2 for row in rows)
            check_books(place, desk.watch)


def test_a_session_ends_by_itself_and_a_kill_does_not_lengthen_it(tmp_path: Path) -> None:
    place = installation(tmp_path, {"TRADING_DURATION_MINUTES": "1"})
    with simulator(place):
        with running(place.trader()) as trader:
            eventually(lambda: cycles(place) >= 3, within_s=120, what="cycles")
            with place.desk() as desk:
                first = desk.watch.status().session
            trader.kill()
            trader.wait(60)
        assert first is not None
        # as a session that began earlier: nobody need wait for a whole minute
        deadline = sooner(place.settings.data_dir / "portfolio.db", first.id)
        with running(place.trader()) as trader:
            assert trader.wait(120) == ExitCode.OK, place.output
        with place.desk() as desk:
            last = desk.watch.status().session
            assert last is not None
            assert (last.id, last.deadline, last.end_reason) == (first.id, deadline, "duration")
            assert last.ended_at is not None
            assert last.deadline is not None
            # a session that a kill lengthens would last a minute more
            assert 0 <= (last.ended_at - last.deadline).total_seconds() < 30


def sooner(database: Path, session_id: str) -> datetime:
    """Moves the deadline of a session that was killed; the new one."""
    deadline = datetime.now(tz=UTC) + timedelta(seconds=20)
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        stored_us = (deadline - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        connection.execute("UPDATE sessions SET deadline = ? WHERE id = ?", (stored_us, session_id))
    return deadline


def test_an_exchange_out_of_reach_is_said_in_every_cycle_and_trading_begins_when_it_is_back(
    tmp_path: Path,
) -> None:
    place = installation(tmp_path)
    with running(place.trader()) as trader:
        eventually(lambda: cycles(place) >= 2, within_s=120, what="cycles without an exchange")
        assert trader.poll() is None
        with place.desk() as desk:
            decisions = desk.watch.decisions()
            assert {(d.outcome, d.reason_code) for d in decisions} == {(Outcome.NO_DATA, "unavailable")}
            assert desk.watch.status().incidents
        with simulator(place):
            eventually(lambda: orders(place), within_s=120, what="an order once the exchange is there")
            with place.desk() as desk:
                eventually(
                    lambda: not desk.watch.status().incidents, within_s=120, what="the incidents are cleared"
                )
                check_books(place, desk.watch)


def test_a_second_trader_on_the_same_book_does_not_trade(tmp_path: Path) -> None:
    place = installation(tmp_path)
    with simulator(place), running(place.trader()):
        eventually(lambda: cycles(place) >= 1, within_s=120, what="the first trader cycles")
        with running(place.trader()) as second:
            assert second.wait(60) == ExitCode.LEASE_HELD
        assert "another" in place.output


def test_a_failing_database_is_no_bad_configuration_and_the_next_start_trades_on(tmp_path: Path) -> None:
    place = installation(tmp_path)
    database = place.settings.data_dir / "portfolio.db"
    with simulator(place):
        with running(place.trader()) as trader:
            eventually(lambda: cycles(place) > 1, within_s=120, what="cycles")
            rename(database, "heartbeats", "away")
            assert trader.wait(60) == ExitCode.FAILURE, place.output
        rename(database, "away", "heartbeats")
        before = cycles(place)
        with running(place.trader()):
            eventually(lambda: cycles(place) > before + 1, within_s=120, what="cycles go on")


def rename(database: Path, table: str, name: str) -> None:
    with closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO {name}")


def test_a_trader_killed_after_its_session_ended_does_not_buy_again(tmp_path: Path) -> None:
    place = installation(tmp_path, {"SIGNAL_AGENT_TEST_MODE": "true"})
    heartbeat = HeartbeatFile(place.settings.run_dir / "heartbeat.json")
    with simulator(place):
        with running(place.trader()) as trader:
            assert trader.wait(60) == ExitCode.OK, place.output
        assert not (place.settings.run_dir / "heartbeat.json").exists()
        with place.desk() as desk:
            session = desk.watch.status().session
        assert session is not None
        # what a kill between the end of the session and the exit leaves behind
        heartbeat.beat(datetime.now(tz=UTC), IDLE_ALLOWANCE, ended=session.id)
        with running(place.trader()) as trader:
            assert trader.wait(60) == ExitCode.OK, place.output
        assert orders(place) == 1
        with running(place.trader()) as trader:
            assert trader.wait(60) == ExitCode.OK, place.output
        assert len(place.truth("orders")) == 2, "a person's next start is a new run"


def test_every_candle_close_has_its_cycle_from_the_first_one_on(tmp_path: Path) -> None:
    place = installation(
        tmp_path, {"TRADING_ALIGN": "candle_close", "CANDLE_INTERVAL": "1s", "TRADING_INTERVAL_SECONDS": "60"}
    )
    with simulator(place), running(place.trader()):
        eventually(lambda: cycles(place) >= 6, within_s=120, what="cycles just after candle closes")
        with place.desk() as desk:
            rows = sorted(desk.watch.cycles(), key=lambda row: row.number)
            assert desk.watch.status().health.healthy
    first, *aligned = (row.scheduled_at for row in rows)
    assert aligned
    # candles are asked for 0.3 s after their close, by the exchange's time: as exact as a busy machine lets it be told
    assert all(0 < at.timestamp() % 1 < 0.6 for at in aligned)
    assert (aligned[0] - first).total_seconds() <= 1.3 + rows[1].skipped_ticks


def test_sigterm_while_a_silent_exchange_is_waited_for_ends_it_before_the_wait(tmp_path: Path) -> None:
    place = installation(tmp_path, {"BINANCE_REQUEST_TIMEOUT_SECONDS": "120"})
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", place.settings.simulator_port))
        silent.listen()
        with running(place.trader()) as trader:
            silent.settimeout(60)
            caller, _ = silent.accept()
            with caller:
                trader.send_signal(signal.SIGTERM)
                assert trader.wait(60) == ExitCode.SIGTERM, place.output


def test_after_too_many_failed_starts_it_gives_up_and_a_person_may_start_it_again(tmp_path: Path) -> None:
    place = installation(tmp_path)
    with place.desk():
        pass
    with closing(sqlite3.connect(place.settings.data_dir / "portfolio.db")) as connection, connection:
        connection.execute("UPDATE books SET failed_starts = ?", (MOST_FAILED_STARTS,))
    with running(place.trader()) as trader:
        assert trader.wait(60) == ExitCode.FAILED_TOO_OFTEN, place.output
    with place.desk() as desk:
        assert desk.watch.status().health.condition == "failed"
    with simulator(place), running(place.trader()):
        eventually(lambda: cycles(place) > 0, within_s=120, what="a cycle after a start by a person")

"""What the system page shows, and starting and stopping programs."""

from dataclasses import replace
from typing import Any

import pytest

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.history_rows import DatabaseSize, TableSize, WeightUse
from binance_trade_agent.domain.records import Incident
from binance_trade_agent.interfaces.dashboard import program_acts
from binance_trade_agent.interfaces.dashboard.acting import Doing, Wish
from binance_trade_agent.interfaces.dashboard.pages import system
from tests.fakes import START, fake_desk
from tests.unit.interfaces.test_dashboard_overview import text


def words(component: Any) -> str:
    return " ".join(text(component).split())


def test_each_program_has_its_state_and_what_can_be_done() -> None:
    desk = fake_desk()
    desk.supervisor.running |= {"watchdog": "FATAL", "binance_agent": "STOPPED"}
    shown = words(system.programs(desk))

    assert "Trader autonomous_trader ● running 08:00:00 4711 Restart Stop" in shown
    assert "Dashboard dash_ui ● running 08:00:00 4711 draws this page" in shown
    assert "MCP server binance_agent ■ stopped exit code 0 – – Start" in shown
    assert "Watchdog watchdog ✕ fatal – – Start" in shown


def test_without_supervisord_it_says_how_to_start_everything() -> None:
    desk = fake_desk()
    desk.supervisor.broken = "supervisord does not run (nothing answers at /run/x): start it"

    shown = words(system.programs(desk))
    assert "supervisord does not run" in shown
    assert "binance-trade-agent supervise" in shown


def test_figures_are_those_of_the_database() -> None:
    desk = fake_desk()
    desk.history_reads.database = DatabaseSize(12_345_678, (TableSize("decisions", 480, False),))
    desk.history_reads.used = (WeightUse("api.binance.com", START, 240), WeightUse("other", START, 12))
    shown = words(system.key_figures(desk))

    assert "Trader Cycling cycle 240 began 09:29:58" in shown
    assert "Cycles 240 every 5 s" in shown
    assert "Request weight 240 of 6,000 a minute" in shown
    database = words(system.database(desk))
    assert "12.3 MB in all" in database
    assert "decisions 480" in database
    assert "api.binance.com 09:30:00 240" in words(system.weights(desk))


def test_a_session_that_ended_says_why() -> None:
    desk = fake_desk()
    assert "● runs" in words(system.sessions(desk))
    session = desk.reads.stored.session
    assert session is not None
    ended = replace(session, ended_at=START, end_reason="failed_too_often", exit_code=79)
    desk.reads.stored = replace(desk.reads.stored, session=ended)

    assert "failed too often (exit code 79)" in words(system.sessions(desk))


def test_open_incidents_stand_above() -> None:
    desk = fake_desk()
    desk.reads.stored = replace(
        desk.reads.stored, incidents=(Incident("clock", "the clock is 3 s off", "warning", START),)
    )

    assert "the clock is 3 s off" in words(system.incidents(desk))


def test_an_empty_database_says_what_to_do() -> None:
    desk = fake_desk(empty=True)

    assert "No cycle has ended yet" in words(system.cycles_empty(desk))
    assert system.cycles_style(desk).endswith("gone")
    assert "The trader has not run yet" in words(system.sessions(desk))
    assert "A cycle takes up to – none has ended yet" in words(system.key_figures(desk))


def test_durations_of_cycles_have_one_unit_and_words_that_say_what_they_are() -> None:
    desk = fake_desk()
    (row, *_) = desk.watch.cycles(limit=1)
    ended = replace(row, duration_s=1.5, own_ms=274.0, skipped_ticks=2)
    desk.reads.cycle_rows = (ended,)
    shown = words(system.key_figures(desk))

    assert "A cycle takes up to 1.50 s 95 % of the newest 1" in shown
    assert "Our part of it up to 0.27 s without waiting for the exchange" in shown
    assert "Cycles skipped 2 while others took too long, newest 1" in shown


def test_percentiles_are_of_what_there_is() -> None:
    assert system._percentile([], 95) is None
    assert system._percentile([1.0], 95) == 1.0
    assert system._percentile([float(n) for n in range(100)], 95) == 95.0


def test_a_program_is_stopped_started_and_restarted() -> None:
    desk = fake_desk()
    wish = Wish("autonomous_trader")
    assert "positions and the stops" in program_acts.STOP.words(desk, wish).text
    assert program_acts.STOP.words(desk, wish).grave

    told = program_acts.STOP.do(Doing(desk, wish, "k1", "lunch"))
    assert told.text == "autonomous_trader was RUNNING and is STOPPED"
    program_acts.START.do(Doing(desk, wish, "k2", "back"))
    program_acts.RESTART.do(Doing(desk, wish, "k3", "again"))
    assert desk.supervisor.asked == [
        (verb, "autonomous_trader") for verb in ("stop", "start", "stop", "start")
    ]
    assert [row.action for row in desk.state.rows] == ["stop", "start", "restart"]
    assert [row.reason for row in desk.state.rows] == ["lunch", "back", "again"]


@pytest.mark.parametrize("program", ["dash_ui", "sshd", ""])
def test_no_other_program_is_acted_on(program: str) -> None:
    desk = fake_desk()
    for act in program_acts.ALL:
        with pytest.raises(ConfigurationError):
            act.words(desk, Wish(program))
        with pytest.raises(ConfigurationError):
            act.do(Doing(desk, Wish(program), "k", "r"))
    assert desk.supervisor.asked == []

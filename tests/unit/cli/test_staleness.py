"""How old what is shown is: told when no trader keeps it fresh."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from binance_trade_agent.domain.decisions import CycleOutcome
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.interfaces.cli.staleness import staleness
from binance_trade_agent.interfaces.cli.status import lines_of
from binance_trade_agent.telemetry.health import TRADER_PROCESS, HealthVerdict, TraderCondition
from tests.fakes import fake_desk
from tests.processes import CLI, installation


def test_nothing_is_told_while_the_trader_cycles() -> None:
    status = fake_desk().watch.status()

    assert staleness(status) is None
    assert "data" not in dict(lines_of(status, None))


def test_the_age_of_what_a_dead_trader_left_is_told() -> None:
    desk = fake_desk()
    desk.clock.advance(7200)
    status = desk.watch.status()

    told = staleness(status)
    assert told is not None
    assert told.startswith("as of 2026-05-04 09:30:00 UTC")
    assert ", 2 h ago: no sign of life for " in told
    assert "2 h ago" in dict(lines_of(status, None))["data"]


def test_without_an_exchange_the_age_is_that_of_its_last_answer() -> None:
    status = fake_desk().watch.status()
    heard = status.as_of - timedelta(minutes=5)
    (beat,) = (beat for beat in status.heartbeats if beat.process == TRADER_PROCESS)
    blind = HealthVerdict(TraderCondition.BLIND, False, "cycling, but without data")
    status = replace(status, health=blind, heartbeats=(replace(beat, useful_at=heard),))
    assert status.last_cycle is not None
    degraded = replace(status.last_cycle, outcome=CycleOutcome.DEGRADED)

    told = staleness(replace(status, last_cycle=degraded))

    assert told == f"as of {heard:%Y-%m-%d %H:%M:%S} UTC, 5 min ago: cycling, but without data"
    # a cycle that had its data is newer than what the heartbeat has told of
    ended = status.last_cycle.finished_at
    assert (staleness(status) or "").startswith(f"as of {ended:%Y-%m-%d %H:%M:%S} UTC, 1 s ago")


def test_a_listing_tells_it_beside_its_rows(tmp_path: Path) -> None:
    answer = installation(tmp_path).run(CLI, "orders", "--json")

    assert answer.returncode == ExitCode.OK
    assert answer.stdout == "[]\n"
    assert answer.stderr == "the trader has not run on this data yet\n"

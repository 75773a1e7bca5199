"""What an operator can get wrong: a clear message, the documented exit code, nothing lost."""

import socket
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from binance_trade_agent.control.watching import AgentStatus
from binance_trade_agent.domain.exit_codes import ExitCode
from tests.processes import CLI, Installation, eventually, installation, running, simulator

TRADER = ("-m", "binance_trade_agent.autonomous_trading_loop")


def status(place: Installation) -> AgentStatus:
    with place.desk() as desk:
        return desk.watch.status()


def run_trader(place: Installation, **environment: str) -> tuple[int, str]:
    python = CLI.with_name("python")
    answer = place.run(python, *TRADER, **environment)
    return answer.returncode, answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("STRATEGY_NAME", "combined_defualt", "combined_default"),
        ("TRADING_INTERVAL_SECONDS", "-5", "TRADING_INTERVAL_SECONDS"),
        ("TRADING_SYMBOLS", "BTCUSDT,ETHBTC", "ETHBTC"),
        ("TRADING_SYMBOL", "BTCUSDT", "TRADING_SYMBOLS"),
        ("RISK_MAX_OPEN_POSITION", "3", "RISK_MAX_OPEN_POSITIONS"),
        ("TRADING_MODE", "live", "LIVE_TRADING_ACK"),
        ("CANDLE_INTERVAL", "7m", "CANDLE_INTERVAL"),
        ("DATABASE_URL", "mysql://x", "DATABASE_URL"),
    ],
)
def test_bad_settings_are_named_with_what_is_allowed(
    tmp_path: Path, variable: str, value: str, says: str
) -> None:
    code, output = run_trader(installation(tmp_path), **{variable: value})
    assert code == ExitCode.CONFIGURATION
    assert variable in output
    assert says in output
    assert "Traceback" not in output


def test_all_problems_are_listed_at_once(tmp_path: Path) -> None:
    code, output = run_trader(
        installation(tmp_path), TRADING_INTERVAL_SECONDS="0", CANDLE_HISTORY="3", RISK_ORDER_SHARE="7"
    )
    assert code == ExitCode.CONFIGURATION
    assert all(name in output for name in ("TRADING_INTERVAL_SECONDS", "CANDLE_HISTORY", "RISK_ORDER_SHARE"))


def test_a_symbol_the_exchange_does_not_know_ends_the_start_with_78(tmp_path: Path) -> None:
    place = installation(tmp_path)
    with simulator(place):
        code, output = run_trader(place, TRADING_SYMBOLS="BTCUSDT,NOSUCHUSDT")
    assert code == ExitCode.CONFIGURATION
    assert "NOSUCHUSDT" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("STRATEGY_NAME", "foo", "strategy 'foo' is not known"),
        ("TRADING_SYMBOLS", "BTCUSDT,NOSUCHUSDT", "NOSUCHUSDT"),
        ("STRATEGY_BY_SYMBOL", "SOLUSDT=dca", "SOLUSDT is not among TRADING_SYMBOLS"),
    ],
)
def test_a_start_that_its_configuration_ended_is_told_until_a_good_one(
    tmp_path: Path, variable: str, value: str, says: str
) -> None:
    place = installation(tmp_path, {"TRADING_DURATION_MINUTES": "60"})
    with simulator(place):
        with running(place.trader()) as trader:
            eventually(lambda: status(place).health.condition == "cycling", within_s=120, what="a cycle")
            trader.kill()
        killed = status(place).session
        code, output = run_trader(place, **{variable: value})
        assert code == ExitCode.CONFIGURATION, output
        wrong = replace(place, environment={**place.environment, variable: value})
        health = wrong.run(CLI, "health")
        assert health.returncode != 0
        assert "its configuration cannot work" in health.stdout
        assert says in " ".join(health.stdout.split())
        explained = wrong.run(CLI, "explain")
        assert says in " ".join((explained.stdout + explained.stderr).split())
        with running(place.trader()):
            eventually(lambda: status(place).health.condition == "cycling", within_s=120, what="a cycle")
        again = status(place).session
        assert killed is not None
        assert again is not None
        assert (again.id, again.deadline) == (killed.id, killed.deadline)
        assert status(place).incidents == ()


def test_a_database_from_a_newer_version_is_left_as_it_is(tmp_path: Path) -> None:
    place = installation(tmp_path)
    assert place.run(CLI, "migrate").returncode == 0
    database = place.settings.data_dir / "portfolio.db"
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_from_the_future'")
    connection.close()
    before = database.read_bytes()
    code, output = run_trader(place)
    assert code == ExitCode.CONFIGURATION
    assert "newer" in output
    assert "Traceback" not in output
    assert database.read_bytes() == before


def test_a_read_only_data_folder_is_named(tmp_path: Path) -> None:
    place = installation(tmp_path, {"DATA_DIR": "/proc/no-such-folder"})
    code, output = run_trader(place)
    assert code == ExitCode.CONFIGURATION
    assert "/proc/no-such-folder" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("setting", "module"),
    [
        ("SIMULATOR_PORT", "binance_trade_agent.interfaces.exchange_simulator"),
        ("DASHBOARD_PORT", "binance_trade_agent.interfaces.dashboard"),
        ("MCP_PORT", "binance_trade_agent.interfaces.mcp_server"),
        ("METRICS_PORT", "binance_trade_agent.autonomous_trading_loop"),
    ],
)
def test_a_port_in_use_is_named_by_its_setting(tmp_path: Path, setting: str, module: str) -> None:
    place = installation(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        answer = place.run(CLI.with_name("python"), "-m", module, **{setting: port})
        supervise = place.run(CLI, "supervise", **{setting: port})
    for got in (answer, supervise):
        assert got.returncode == ExitCode.CONFIGURATION, got.stdout + got.stderr
        assert setting in got.stdout + got.stderr
        assert "Traceback" not in got.stdout + got.stderr

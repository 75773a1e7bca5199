"""`config set`, `unset` and `show`, as a shell sees them."""

import json
from pathlib import Path

from binance_trade_agent.domain.exit_codes import ExitCode
from tests.unit.cli.test_command_line import cli
from tests.unit.cli.test_new_verbs import quiet


def shown(folder: Path) -> dict[str, str]:
    rows: list[dict[str, str]] = json.loads(cli(folder, "config", "show", "--json").stdout)
    return next(row for row in rows if row["name"] == "RISK_MAX_SPREAD_BPS")


def test_a_setting_is_changed_shown_and_taken_back(tmp_path: Path) -> None:
    assert shown(tmp_path)["source"] == "default"
    assert not (tmp_path / "data").exists()
    done = cli(tmp_path, "config", "set", "risk_max_spread_bps", "20", "--reason", "thin", "--json")
    assert (json.loads(done.stdout)["before"], json.loads(done.stdout)["after"]) == ("50", "20")
    assert shown(tmp_path)["value"] == "20"
    assert shown(tmp_path)["source"].startswith("set at run time by ")
    assert "20 → 50" in cli(tmp_path, "config", "unset", "RISK_MAX_SPREAD_BPS").stdout
    assert shown(tmp_path)["source"] == "default"


def test_what_cannot_be_is_the_configurations_fault(tmp_path: Path) -> None:
    refused = cli(tmp_path, "config", "set", "RISK_MAX_SPREAD_BPS", "wide")
    assert refused.returncode == ExitCode.CONFIGURATION
    assert refused.stderr == (
        "RISK_MAX_SPREAD_BPS=wide is not allowed: it takes a number above 0, at most 10000 hundredths of a percent of"
        " the price\n"
    )
    fixed = cli(tmp_path, "config", "set", "TRADING_MODE", "live")
    assert fixed.returncode == ExitCode.CONFIGURATION
    assert "cannot change at run time" in fixed.stderr


def test_a_check_names_what_was_set_at_run_time_and_would_be_ignored(tmp_path: Path) -> None:
    crossing = {"STRATEGY_NAME": "ema_cross", **quiet(tmp_path)}
    done = cli(tmp_path, "config", "set", "STRATEGY_PARAMS", '{"fast": 5}', **crossing)
    assert done.returncode == ExitCode.OK, done.stderr
    assert cli(tmp_path, "config", "check", **crossing).returncode == ExitCode.OK
    checked = cli(tmp_path, "config", "check", **crossing | {"STRATEGY_NAME": "buy_and_hold"})
    assert checked.returncode == ExitCode.CONFIGURATION
    (told,) = checked.stderr.splitlines()
    assert told.startswith("STRATEGY_PARAMS=")
    assert "would be ignored: " in told
    assert told.endswith("`config unset STRATEGY_PARAMS` takes it back")

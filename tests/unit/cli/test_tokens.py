"""`token create`, `list` and `revoke`, as a shell sees them."""

import json
from pathlib import Path

from binance_trade_agent.domain.exit_codes import ExitCode
from tests.unit.cli.test_command_line import cli


def test_a_token_is_made_shown_once_listed_and_revoked(tmp_path: Path) -> None:
    made = cli(
        tmp_path, "token", "create", "claude", "--tier", "trade", "--orders-per-day", "20", "--days", "7"
    )
    assert made.returncode == 0, made.stderr
    text = made.stdout.strip()
    assert text.startswith("bta_")
    assert "shown only now" in made.stderr

    listed = cli(tmp_path, "token", "list", "--json")
    assert text not in listed.stdout
    (row,) = json.loads(listed.stdout)
    assert (row["name"], row["tier"], row["orders_per_day"], row["valid"]) == ("claude", "trade", 20, True)

    assert cli(tmp_path, "token", "revoke", "claude").returncode == 0
    assert "revoked" in cli(tmp_path, "token", "list").stdout


def test_what_is_wrong_is_said_with_the_exit_status_of_a_setting(tmp_path: Path) -> None:
    odd = cli(tmp_path, "token", "create", "claude", "--tier", "root", "--quote-per-day", "5")
    assert odd.returncode == ExitCode.CONFIGURATION
    assert "expected read, control or trade" in odd.stderr

    amount = cli(tmp_path, "token", "create", "claude", "--tier", "trade", "--quote-per-day", "much")
    assert amount.returncode == ExitCode.CONFIGURATION
    assert "--quote-per-day 'much': expected a number" in amount.stderr

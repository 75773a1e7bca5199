"""`token create`, `list` and `revoke`, as a shell sees them."""

import json
from pathlib import Path

import pytest

from binance_trade_agent.bootstrap.tokens import token_file
from binance_trade_agent.domain.acts import ActKind
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.interfaces.cli import tokens
from binance_trade_agent.settings import load_settings
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


def test_each_act_on_a_token_is_a_row_of_the_audit_without_its_text(tmp_path: Path) -> None:
    limits = ("--orders-per-day", "20", "--days", "7")
    made = cli(tmp_path, "token", "create", "claude", "--tier", "trade", *limits, "--reason", "to help")
    assert cli(tmp_path, "token", "create", "claude", "--tier", "read").returncode == ExitCode.CONFIGURATION
    assert cli(tmp_path, "token", "revoke", "claude").returncode == ExitCode.OK

    listed = cli(tmp_path, "audit", "--json").stdout
    assert made.stdout.strip() not in listed
    revoked, twice, created = json.loads(listed)
    assert (created["action"], created["channel"], created["reason"]) == ("create_token", "cli", "to help")
    assert (created["before"], created["after"], created["outcome"]) == ("none", "in force", "done")
    assert created["details"] == {"token": "claude", "tier": "trade", "orders_per_day": "20", "days": "7"}
    assert (twice["outcome"], twice["after"]) == ("refused", "in force")
    assert "revoke it first" in twice["answer"]
    assert (revoked["action"], revoked["before"], revoked["after"]) == ("revoke_token", "in force", "revoked")


def test_a_token_is_made_and_revoked_where_no_database_opens_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "agent.db").write_text("no database " * 100)
    url = f"sqlite:///{tmp_path / 'data' / 'agent.db'}"
    made = cli(tmp_path, "token", "create", "claude", "--tier", "read", DATABASE_URL=url)
    assert made.returncode == ExitCode.OK, made.stderr
    assert made.stdout.startswith("bta_")
    assert "Not recorded in the audit: " in made.stderr
    revoked = cli(tmp_path, "token", "revoke", "claude", "--json", DATABASE_URL=url)
    assert json.loads(revoked.stdout)["valid"] is False
    assert "Not recorded in the audit: " in revoked.stderr


def test_an_act_that_the_disk_did_not_let_be_done_is_failed_in_the_audit(tmp_path: Path) -> None:
    settings = load_settings({"DATA_DIR": str(tmp_path / "data")}, tmp_path)
    given = {"token": "claude"}
    with (
        pytest.raises(OSError, match="no locks"),
        tokens._recorded(settings, token_file(settings), ActKind.REVOKE_TOKEN, "lost", given),
    ):
        raise OSError("no locks available")

    (act,) = json.loads(cli(tmp_path, "audit", "--json").stdout)
    assert (act["action"], act["outcome"], act["answer"]) == ("revoke_token", "failed", "no locks available")

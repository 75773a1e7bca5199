"""The settings that a desk shows."""

from pathlib import Path

from binance_trade_agent.bootstrap.secrets import kept_secrets
from binance_trade_agent.domain.overrides import Override
from binance_trade_agent.settings import CHANGEABLE, load_settings
from tests.fake_settings import FakeOverrides, fake_settings
from tests.fakes import START


def test_what_is_set_at_run_time_goes_before_what_is_configured() -> None:
    overrides = FakeOverrides([Override("RISK_MAX_SPREAD_BPS", "20", "ann", START)])
    shown = {each.name: each for each in fake_settings(overrides, RISK_MAX_SPREAD_BPS="30").all()}

    spread = shown["RISK_MAX_SPREAD_BPS"]
    assert (spread.value, spread.configured, spread.is_changeable) == ("20", "30", True)
    assert shown["TRADING_INTERVAL_SECONDS"].override is None
    assert not shown["TRADING_INTERVAL_SECONDS"].is_changeable
    assert {name for name, each in shown.items() if each.is_changeable} == set(CHANGEABLE)


def test_secrets_are_masked() -> None:
    shown = fake_settings(DASHBOARD_PASSWORD="correct horse battery").all()

    assert not any("correct horse" in f"{each}" for each in shown)


def test_secrets_that_were_drawn_are_known_and_none_is_drawn(tmp_path: Path) -> None:
    settings = load_settings(
        {"DATA_DIR": str(tmp_path), "MCP_TOKEN": "configured-token-of-mcp-clients"}, tmp_path
    )
    assert kept_secrets(settings) == ("configured-token-of-mcp-clients",)
    assert list(tmp_path.iterdir()) == []

    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "dashboard_password").write_text("drawn-before\n")
    assert kept_secrets(settings) == ("configured-token-of-mcp-clients", "drawn-before")

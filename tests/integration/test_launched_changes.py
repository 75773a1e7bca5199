"""A setting changed by the real short process, on a real database."""

import sys
from pathlib import Path

import pytest

from binance_trade_agent.bootstrap.launched_changes import ChangeAsked, LaunchedChanges
from binance_trade_agent.domain.errors import ConfigurationError

NAME = "RISK_MAX_SPREAD_BPS"


def test_a_setting_is_set_once_for_a_key_and_refused_with_the_reason(tmp_path: Path) -> None:
    changer = (sys.executable, "-m", "binance_trade_agent.bootstrap.setting_changer")
    settings = (f"DATA_DIR={tmp_path}", "TRADING_MODE=simulated")
    changes = LaunchedChanges(("env", *settings, *changer))
    asked = ChangeAsked(NAME, "20", "mcp:claude", "mcp", "thin market", "k1")

    first, again = changes.change(asked), changes.change(asked)

    assert (first.name, first.after, first.repeated) == (NAME, "20", False)
    assert (again.repeated, again.done_at) == (True, first.done_at)
    with pytest.raises(ConfigurationError, match="RISK_MAX_SPREAD_BPS=0 is not allowed"):
        changes.change(ChangeAsked(NAME, "0", "mcp:claude", "mcp", "", "k2"))
    back = changes.change(ChangeAsked(NAME, None, "mcp:claude", "mcp", "", "k3"))
    assert (back.before, back.after) == ("20", first.before)

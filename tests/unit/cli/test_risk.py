"""`risk`: every limit with its use, whole on 80 columns."""

import io
from dataclasses import replace
from decimal import Decimal

import pytest
from rich.console import Console

from binance_trade_agent.control.risk_state import LimitUse
from binance_trade_agent.interfaces.cli.output import percent
from binance_trade_agent.interfaces.cli.risk import draw_risk
from tests.fakes import fake_desk

LIMITS = (
    LimitUse("daily_loss", "RISK_DAILY_LOSS_SHARE", Decimal("0.05"), Decimal("0.0213")),
    LimitUse("drawdown", "RISK_MAX_DRAWDOWN_SHARE", Decimal(0), Decimal("0.1")),
    LimitUse("order_rate_day", "RISK_MAX_ORDERS_PER_DAY", Decimal(500), Decimal(500)),
    LimitUse("symbol_exposure", "RISK_MAX_SYMBOL_SHARE", Decimal("0.25"), None, "1000SATSUSDT"),
)


@pytest.mark.parametrize("width", [80, 160])
def test_each_limit_tells_use_and_what_is_left(width: int) -> None:
    state = replace(fake_desk().risk.risk_state(), limits=LIMITS)
    on = Console(width=width, file=io.StringIO(), no_color=True)
    draw_risk(state, on)
    assert isinstance(on.file, io.StringIO)
    lines = on.file.getvalue().splitlines()
    assert max(len(line.rstrip()) for line in lines) <= width
    daily, drawdown, orders, symbol = (line.split() for line in lines[2:6])
    assert daily[:8] == ["daily", "loss", "–", "2.13", "%", "5.00", "%", "2.87"]
    assert " ".join(drawdown[:8]) == "drawdown – 10.00 % no limit – –"
    assert orders[:8] == ["order", "rate", "day", "–", "500", "500", "0", "reached"]
    assert symbol[2:7] == ["1000SATSUSDT", "–", "25.00", "%", "–"]
    assert ("RISK_DAILY_LOSS_SHARE" in daily) is (width == 160)


def test_a_share_is_told_in_one_way() -> None:
    assert [percent(Decimal("0.00125")), percent(0.5, signed=True), percent(None)] == [
        "0.12 %",
        "+50.00 %",
        None,
    ]

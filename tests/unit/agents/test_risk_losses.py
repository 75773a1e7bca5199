"""The limits on losses: what is counted, what breaches, and what stays shut until a person resumes."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from binance_trade_agent.agents.risk import LATCHING_GATES, RiskLimits, breached_limit
from binance_trade_agent.domain.decisions import ControlSnapshot, TradingState
from binance_trade_agent.domain.loss_limits import LossMarks
from binance_trade_agent.domain.portfolio import Equity, PortfolioView
from tests.trading_views import OPENED, account_of, portfolio_of, position_of
from tests.unit.agents.risk_cases import D, approved, blocked, gate_of

MARKS = LossMarks(OPENED.date(), D(0), D(1000), D(0), OPENED)
#: 250 USDT of profit at the best moment, upon 1000 that were put in
PEAK = replace(MARKS, peak_profit=D(250))


def book(cash: object, *positions: Any, price: object = 100) -> PortfolioView:
    """A book into which 1000 USDT were put."""
    return replace(portfolio_of(cash, *positions, price=price), contributed=D(1000))


def counted(marks: LossMarks | None, cash: object, **limits: Any) -> dict[str, Any]:
    return {
        "portfolio": book(cash),
        "context": {"marks": marks},
        "limits": RiskLimits(**{"max_drawdown_share": D(0), "daily_loss_share": D(0)} | limits),
    }


def halted_by(actor: str) -> ControlSnapshot:
    return ControlSnapshot(TradingState.ENTRIES_HALTED, "50 USDT were lost", actor, OPENED)


def test_the_daily_loss_blocks_at_its_limit_and_not_before() -> None:
    limit = D("0.05")
    text = blocked("daily_loss", **counted(MARKS, 950, daily_loss_share=limit))
    assert text == (
        "since 2026-05-04 09:00 UTC 50 USDT were lost, open positions included: 5.00% of 1000 USDT;"
        " a loss of 5% halts entries until a person resumes"
    )
    approved(**counted(MARKS, "950.01", daily_loss_share=limit))
    gate = gate_of("daily_loss", **counted(MARKS, "950.01", daily_loss_share=limit))
    assert (gate.limit, gate.observed) == ("under 5%", "4.99%")


def test_a_loss_that_is_not_realised_counts() -> None:
    named = counted(MARKS, 0, daily_loss_share=D("0.05"))
    named["portfolio"] = book(500, position_of("4.5", cost=500))
    blocked("daily_loss", **named)
    named["portfolio"] = book(500, position_of("4.6", cost=500))
    assert gate_of("daily_loss", **named).passed


def test_the_day_counts_from_midnight_once_it_is_another() -> None:
    next_day = replace(MARKS, day=OPENED.date() + timedelta(days=1))
    text = gate_of("daily_loss", **counted(next_day, 990)).text
    assert text.startswith("since 2026-05-05 00:00 UTC 10 USDT were lost")


def test_the_drawdown_blocks_at_its_limit_and_not_before() -> None:
    limit = D("0.20")
    text = blocked("drawdown", **counted(PEAK, 1000, max_drawdown_share=limit))
    assert text == (
        "since the best moment after 2026-05-04 09:00 UTC 250 USDT were lost, open positions included:"
        " 20.00% of 1250 USDT; a loss of 20% halts entries until a person resumes"
    )
    approved(**counted(PEAK, "1000.01", max_drawdown_share=limit))


def test_no_limit_and_no_marks_hold_nothing_back() -> None:
    named = counted(PEAK, 100)
    for name in LATCHING_GATES:
        gate = gate_of(name, **named)
        assert (gate.passed, gate.limit) == (True, "no limit")
        assert gate.text.endswith("no limit is set")
    gate = gate_of("daily_loss", **counted(None, 100, daily_loss_share=D("0.05")))
    assert (gate.passed, gate.text) == (True, "losses are not counted yet")


def test_a_gain_is_told_as_one() -> None:
    gate = gate_of("daily_loss", **counted(MARKS, 1020, daily_loss_share=D("0.05")))
    assert (gate.passed, gate.observed) == (True, "-2.00%")
    assert "20 USDT were gained" in gate.text


@pytest.mark.parametrize("name", sorted(LATCHING_GATES))
def test_a_breach_that_was_latched_blocks_though_the_loss_is_gone(name: str) -> None:
    named = counted(MARKS, 1000, daily_loss_share=D("0.05"), max_drawdown_share=D("0.2"))
    text = blocked(name, control=halted_by(name), **named)
    assert text.startswith("entries were halted by this limit: 50 USDT were lost; now: since")
    # another actor's halt is not this limit's
    blocked("entries_halted", control=halted_by("ann"), **named)
    held = named | {"portfolio": book(900, position_of(1)), "account": account_of(BTC=1)}
    approved("SELL", control=halted_by(name), **held)


def worth(total: object) -> Equity:
    return Equity(OPENED, "USDT", D(str(total)), D(0), D(0), D(0), contributed=D(1000))


@pytest.mark.parametrize(
    ("marks", "total", "name"),
    [
        (None, 1, None),
        (MARKS, "950.01", None),
        (MARKS, 950, "daily_loss"),
        (PEAK, 1000, "drawdown"),
        (PEAK, "1000.01", None),
        # both: the day's is told
        (PEAK, 900, "daily_loss"),
        # nothing to take a share of
        (replace(MARKS, day_profit=D(-1000), day_equity=D(0), peak_profit=D(-1000)), 10, None),
    ],
)
def test_the_breached_limit_is_named(marks: LossMarks | None, total: object, name: str | None) -> None:
    found = breached_limit(marks, worth(total), RiskLimits())
    assert (found and found[0]) == name
    if found:
        assert found[1].endswith("halts entries until a person resumes")


def test_a_withdrawal_is_no_loss() -> None:
    equity = replace(worth(400), contributed=D(400))
    assert breached_limit(MARKS, equity, RiskLimits()) is None


@pytest.mark.parametrize("at_first", [0, 10])
def test_a_loss_is_a_share_of_what_was_put_in_later_too(at_first: int) -> None:
    # the account held next to nothing in the morning, then 1000 USDT were put in
    marks = replace(MARKS, day_equity=D(at_first))
    equity = replace(worth(999), contributed=D(1000 + at_first))
    assert breached_limit(marks, replace(equity, cash=D(990 + at_first)), RiskLimits()) is None
    found = breached_limit(marks, replace(equity, cash=D(940 + at_first)), RiskLimits())
    assert found is not None
    assert found[0] == "daily_loss"
    assert f"of {1000 + at_first} USDT" in found[1]


def test_what_was_taken_out_hides_no_loss() -> None:
    equity = replace(worth(0), cash=D(94), contributed=D(100))
    found = breached_limit(MARKS, equity, RiskLimits())
    assert found is not None
    assert "6 USDT were lost, open positions included: 6.00% of 100 USDT" in found[1]


@pytest.mark.parametrize("cash", ["0", "-5"])
def test_a_book_without_worth_is_asked_all_gates_too(cash: str) -> None:
    named = counted(MARKS, cash, daily_loss_share=Decimal(1))
    named["account"] = account_of()
    blocked("daily_loss", **named)
    assert not gate_of("lot_size", **named).passed

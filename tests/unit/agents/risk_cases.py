"""One symbol, a calm market and a book of 1000 USDT, for tests of the risk agent."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from binance_trade_agent.agents.risk import RiskContext, RiskLimits, RiskManagementAgent
from binance_trade_agent.domain.decisions import (
    Approved,
    ControlSnapshot,
    GateResult,
    Refused,
    RiskVerdict,
    Signal,
    SignalAction,
    TradingState,
)
from binance_trade_agent.domain.market import CandleInterval, MarketSnapshot
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.domain.portfolio import AccountSnapshot, PortfolioView
from tests.trading_views import SYMBOL, account_of, control_of, portfolio_of, position_of, snapshot_of

D = Decimal
SNAPSHOT = snapshot_of([100] * 5)
NEWEST = SNAPSHOT.candles[-1]

HELD: dict[str, Any] = {
    "portfolio": portfolio_of(900, position_of(1)),
    "account": account_of(USDT=900, BTC=1),
}


def assess(
    action: str = "BUY",
    *,
    snapshot: MarketSnapshot = SNAPSHOT,
    portfolio: PortfolioView | None = None,
    account: AccountSnapshot | None = None,
    limits: RiskLimits | None = None,
    state: TradingState = TradingState.RUNNING,
    control: ControlSnapshot | None = None,
    context: dict[str, Any] | None = None,
    quantity: Decimal | None = None,
    at_most: bool = False,
    side: Side | None = None,
    share: Decimal = Decimal(1),
    limit_price: Decimal | None = None,
    time_limit: timedelta | None = None,
) -> RiskVerdict:
    newest = snapshot.candles[-1].close_time
    signal = Signal(SYMBOL, "any", SignalAction(action), 1.0, (), {}, newest, share=share)
    return RiskManagementAgent(limits or RiskLimits()).assess(
        signal,
        snapshot,
        portfolio or portfolio_of(),
        control=control or control_of(state, "because"),
        context=RiskContext(account or account_of(USDT=1000), CandleInterval.M1, **(context or {})),
        quantity=quantity,
        at_most=at_most,
        side=side,
        limit_price=limit_price,
        time_limit=time_limit,
    )


def approved(*args: Any, **named: Any) -> Approved:
    verdict = assess(*args, **named)
    assert isinstance(verdict, Approved), verdict
    return verdict


def blocked(gate: str, *args: Any, **named: Any) -> str:
    """The sentence of the first gate that blocked; all were asked, whatever it said."""
    verdict = assess(*args, **named)
    assert isinstance(verdict, Refused), verdict
    assert verdict.blocking.gate == gate
    assert verdict.gates[-1].gate == "lot_size"
    assert all(result.text and result.limit and result.observed for result in verdict.gates)
    return verdict.blocking.text


def gate_of(gate: str, *args: Any, **named: Any) -> GateResult:
    """What one gate found, whatever the others said."""
    return next(result for result in assess(*args, **named).gates if result.gate == gate)

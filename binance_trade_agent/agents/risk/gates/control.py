"""Gates on what people and loss limits allow."""

from binance_trade_agent.agents.risk.losses import DAILY_LOSS, DRAWDOWN, Loss, day_loss, drawdown_loss
from binance_trade_agent.agents.risk.proposal import Proposal
from binance_trade_agent.agents.risk.wording import share_down
from binance_trade_agent.domain.decisions import ControlSnapshot, GateResult, TradingState


def halted(proposal: Proposal) -> GateResult:
    """The kill switch: no order of any kind."""
    control = proposal.control
    passed = control.state.orders_allowed
    text = "trading is not halted" if passed else f"trading is halted: {_why(control)}"
    return GateResult("halted", passed, "not HALTED", control.state.value, text)


def paused(proposal: Proposal) -> GateResult:
    """A pause by a person: no entries until a person resumes."""
    control = proposal.control
    passed = control.state is not TradingState.PAUSED
    text = "trading is not paused" if passed else f"trading is paused: {_why(control)}"
    return GateResult("paused", passed, "not PAUSED", control.state.value, text)


def reduce_only(proposal: Proposal) -> GateResult:
    """A symbol of which a person lets nothing be bought for now."""
    symbol, why = proposal.symbol, proposal.control.reduce_only.get(proposal.symbol)
    text = f"{symbol} may be bought" if why is None else f"{symbol} is reduce-only: {why}"
    observed = "not reduce-only" if why is None else "reduce-only"
    return GateResult("reduce_only", why is None, "not reduce-only", observed, text)


def daily_loss(proposal: Proposal) -> GateResult:
    """The day's loss, open positions included; latched until a person resumes."""
    marks = proposal.context.marks
    loss = None if marks is None else day_loss(marks, proposal.worth, proposal.limits)
    return _loss_gate(proposal, DAILY_LOSS, loss)


def drawdown(proposal: Proposal) -> GateResult:
    """The loss since the best moment, open positions included; latched until a person resumes."""
    marks = proposal.context.marks
    loss = None if marks is None else drawdown_loss(marks, proposal.worth, proposal.limits)
    return _loss_gate(proposal, DRAWDOWN, loss)


def entries_halted(proposal: Proposal) -> GateResult:
    """A halt of entries by a limit, whichever: no entries until a person resumes."""
    control = proposal.control
    passed = control.state is not TradingState.ENTRIES_HALTED
    text = "entries are not halted" if passed else f"entries are halted: {_why(control)}"
    return GateResult("entries_halted", passed, "not ENTRIES_HALTED", control.state.value, text)


def not_traded(proposal: Proposal) -> GateResult:
    """A symbol that is held but not among those traded is sold only."""
    passed = proposal.context.is_traded
    text = (
        f"{proposal.symbol} is traded"
        if passed
        else f"{proposal.symbol} is not among the symbols traded: what is held of it is sold, none is bought"
    )
    return GateResult("not_traded", passed, "traded", "traded" if passed else "held only", text)


def _loss_gate(proposal: Proposal, name: str, loss: Loss | None) -> GateResult:
    control = proposal.control
    is_latched = control.state is TradingState.ENTRIES_HALTED and control.actor == name
    if loss is None:
        limit, observed, now = "counted", "not counted yet", "losses are not counted yet"
    else:
        limit = f"under {loss.limit:%}" if loss.limit else "no limit"
        observed, now = share_down(loss.share), loss.text
    text = f"entries were halted by this limit: {control.reason}; now: {now}" if is_latched else now
    passed = not is_latched and not (loss is not None and loss.is_breached)
    return GateResult(name, passed, limit, observed, text)


def _why(control: ControlSnapshot) -> str:
    return f"{control.reason} ({control.actor})"

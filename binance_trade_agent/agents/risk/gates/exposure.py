"""Gates on how much may be held, and on the cash for it.

They ask whether the order fits that was asked for, or the smallest one that makes sense; sizing
then takes what the limits leave.
"""

from decimal import ROUND_FLOOR, Decimal

from binance_trade_agent.agents.risk.proposal import Proposal
from binance_trade_agent.agents.risk.wording import away_from_limit
from binance_trade_agent.domain.decisions import GateResult


def open_positions(proposal: Proposal) -> GateResult:
    """No more positions than allowed; adding to one is not another. Dust does not count."""
    limit, portfolio, own = proposal.limits.max_open_positions, proposal.portfolio, proposal.symbol
    least = proposal.rules.min_notional
    held = {s for s, value in proposal.values.items() if value >= least and portfolio.position(s)}
    count = len((held | portfolio.locked_symbols) - {own})
    if proposal.held and not proposal.holds_dust:
        text = f"{own} is held already; this adds no position"
        return GateResult("open_positions", True, f"{limit} positions", f"{count + 1} positions", text)
    text = f"{count} other positions are open; {limit} are allowed in all"
    return GateResult("open_positions", count < limit, f"under {limit} positions", f"{count} positions", text)


def symbol_exposure(proposal: Proposal) -> GateResult:
    """A symbol holds no more than its share of equity."""
    share, value = proposal.limits.max_symbol_share, proposal.value
    text = f"{proposal.money(value)} of {proposal.symbol} are held"
    return _exposure(proposal, "symbol_exposure", value, share, proposal.symbol_room, text)


def total_exposure(proposal: Proposal) -> GateResult:
    """All positions and unfinished entries hold no more than their share of equity."""
    share, value = proposal.limits.max_total_share, proposal.committed
    text = f"{proposal.money(value)} are held or being bought"
    return _exposure(proposal, "total_exposure", value, share, proposal.total_room, text)


def correlation(proposal: Proposal) -> GateResult:
    """Symbols that move together hold no more than their share of equity."""
    limits, room = proposal.limits, proposal.correlated_room
    share, level = limits.max_correlated_share, limits.correlation_level
    limit = proposal.money(share * proposal.equity)
    if share >= 1:
        return GateResult("correlation", True, "no limit", "not looked at", "no limit is set")
    shown = ", ".join(peer.text for peer in proposal.companions or proposal.peers)
    if room is None:
        among = f" (correlation of {level:f} or more; {shown})" if shown else ": nothing else is held"
        text = f"nothing that is held moves with {proposal.symbol}{among}"
        return GateResult("correlation", True, limit, "nothing moves along", text)
    text = f"{proposal.money(proposal.correlated)} are held of {proposal.symbol} and what moves with it ({shown})"
    return _exposure(proposal, "correlation", proposal.correlated, share, room, text)


def free_balance(proposal: Proposal) -> GateResult:
    """There is cash for it, after the stakes of unfinished orders and some room for slippage."""
    needed, room, free = proposal.needed, proposal.cash_room, proposal.free_cash
    text = (
        f"{proposal.money(free)} are free (ledger {proposal.money(proposal.portfolio.cash)}, reserved"
        f" {proposal.money(proposal.portfolio.reserved_quote)}, exchange"
        f" {proposal.money(proposal.context.account.free(proposal.portfolio.quote))}): {_room(proposal, room)}"
    )
    passed = needed <= room
    limit, observed = proposal.money(room, ROUND_FLOOR), proposal.money(needed, away_from_limit(passed))
    return GateResult("free_balance", passed, limit, observed, text)


def _exposure(
    proposal: Proposal, gate: str, value: Decimal, share: Decimal, room: Decimal, text: str
) -> GateResult:
    """Observed is what would be held with the order."""
    passed = proposal.needed <= room
    limit = proposal.money(share * proposal.equity, ROUND_FLOOR)
    text = f"{text}; {share:%} of equity, {limit}, may be: {_room(proposal, room)}"
    observed = proposal.money(value + proposal.needed, away_from_limit(passed))
    return GateResult(gate, passed, limit, observed, text)


def _room(proposal: Proposal, room: Decimal) -> str:
    what = "this order" if proposal.quantity is not None else "the smallest order"
    needed = proposal.money(proposal.needed, away_from_limit(proposal.needed <= room))
    return f"{proposal.money(room, ROUND_FLOOR)} left, {what} needs {needed}"

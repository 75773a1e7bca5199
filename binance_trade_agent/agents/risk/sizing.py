"""How large an order is. Automatic sizes shrink to what limits leave; a person's quantity never does."""

from decimal import Decimal

from binance_trade_agent.agents.risk.proposal import Proposal
from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.orders import Side


def quantity_of(proposal: Proposal) -> Decimal:
    """The quantity to order, on the symbol's steps; 0 when nothing orderable is left."""
    if proposal.quantity is not None:
        return proposal.quantity
    return _entry(proposal) if proposal.side is Side.BUY else _exit(proposal)


def target_cost(proposal: Proposal) -> Decimal:
    """What an automatic entry would cost if no limit shrank it."""
    limits = proposal.limits
    return limits.order_quote or limits.order_share * proposal.equity


def _entry(proposal: Proposal) -> Decimal:
    """Rounded down from the target cost or the least that a limit leaves, at the ask plus fee."""
    cost = min(target_cost(proposal), proposal.symbol_room, proposal.total_room, proposal.cash_room)
    if cost <= 0:
        return ZERO
    return proposal.rules.market_quantity(_under_max_notional(proposal, cost / proposal.cost(Decimal(1))))


def _exit(proposal: Proposal) -> Decimal:
    """All that can be sold in one order."""
    return proposal.rules.market_quantity(_under_max_notional(proposal, proposal.bounded))


def _under_max_notional(proposal: Proposal, quantity: Decimal) -> Decimal:
    rules = proposal.rules
    if rules.max_notional and rules.max_notional_for_market:
        return min(quantity, rules.max_notional / proposal.price)
    return quantity

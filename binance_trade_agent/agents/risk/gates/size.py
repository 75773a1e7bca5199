"""Gates on what can be sold, and on what the exchange's filters take."""

from decimal import Decimal

from binance_trade_agent.agents.risk.proposal import Proposal
from binance_trade_agent.domain.decisions import GateResult
from binance_trade_agent.domain.money import ZERO, floor_to_step, to_wire
from binance_trade_agent.domain.orders import Side

#: How far the exchange's average price may lie from the price now, where a limit price that was asked for is judged.
_AVERAGE_ROOM = Decimal("0.01")


def entry_size(proposal: Proposal) -> GateResult:
    """Large enough to be sold again after fees and a fall of the price, and nothing the filters refuse."""
    quantity, smallest = proposal.sized, proposal.smallest_entry
    limit = f"{proposal.base(smallest)} or more"
    if quantity < smallest or quantity <= 0:
        text = (
            f"{_sized(proposal)} is less than {proposal.base(smallest)}, the least that {_resale(proposal)}"
        )
        return GateResult("lot_size", False, limit, proposal.base(quantity), text)
    violation = _entry_violation(proposal, quantity)
    text = violation or f"{proposal.base(quantity)} {_resale(proposal)}: {_origin(proposal)}"
    return GateResult("lot_size", violation is None, limit, proposal.base(quantity), text)


def position(proposal: Proposal) -> GateResult:
    """Never more than the ledger holds, nor more than is free at the exchange."""
    held, bounded, available = proposal.held, proposal.bounded, proposal.available
    asked = proposal.quantity if proposal.quantity is not None else bounded
    text = f"the ledger holds {proposal.base(held)}, {proposal.base(available)} can be had at the exchange"
    passed = 0 < asked <= bounded
    if not passed and proposal.quantity is not None:
        text += f"; {proposal.base(asked)} cannot be sold"
    return GateResult("position", passed, proposal.base(bounded), proposal.base(asked), text)


def dust(proposal: Proposal) -> GateResult:
    """What is held is enough for the exchange to take an order for it."""
    smallest, bounded = proposal.rules.smallest_market_quantity(proposal.price), proposal.bounded
    passed = proposal.rules.sellable_quantity(bounded, proposal.price) > 0
    word = "can" if passed else "is dust: too little to"
    text = (
        f"{proposal.base(bounded)} {word} be sold; the smallest order at {proposal.money(proposal.price)}"
        f" is {proposal.base(smallest)}"
    )
    return GateResult("dust", passed, f"{proposal.base(smallest)} or more", proposal.base(bounded), text)


def exit_size(proposal: Proposal) -> GateResult:
    """Nothing the exchange's filters refuse."""
    quantity = proposal.sized
    violation = proposal.rules.market_violation(quantity, proposal.price)
    violation = violation or proposal.rules.market_violation(quantity, proposal.average_at_most)
    smallest = proposal.rules.smallest_market_quantity(proposal.price)
    text = violation or f"the exchange takes an order of {proposal.base(quantity)}{_of_what(proposal)}"
    return GateResult(
        "lot_size", violation is None, f"{proposal.base(smallest)} or more", proposal.base(quantity), text
    )


def _entry_violation(proposal: Proposal, quantity: Decimal) -> str | None:
    rules, price, room = proposal.rules, proposal.limit_price, proposal.position_room
    if room is not None and quantity > room:
        return f"MAX_POSITION: with {to_wire(quantity)} more than {to_wire(rules.max_position)} {rules.base} would be held"
    violation = rules.market_violation(quantity, proposal.resale_price)
    violation = violation or rules.market_violation(quantity, proposal.average_at_most)
    if price is None or violation is not None:
        return violation
    reference = proposal.snapshot.price
    # what bounds limit prices is the exchange's average of some minutes, which is not known here
    apart = ZERO if proposal.asked_price is None else _AVERAGE_ROOM
    return (
        rules.limit_violation(quantity, price)
        or rules.price_violation(Side.BUY, price, reference * (1 + apart))
        or rules.price_violation(Side.BUY, price, reference * (1 - apart))
    )


def _sized(proposal: Proposal) -> str:
    if proposal.quantity is not None:
        return f"the quantity asked for, {proposal.base(proposal.quantity)},"
    wanted = ZERO
    if proposal.unit_cost > 0:
        wanted = floor_to_step(proposal.target.cost / proposal.unit_cost, proposal.rules.step_size)
    return (
        f"the order's size, {proposal.base(proposal.sized)} (of {proposal.base(wanted)} wanted:"
        f" {proposal.target.text}),"
    )


def _origin(proposal: Proposal) -> str:
    origin = "asked for" if proposal.quantity is not None else proposal.target.text
    asked, price = proposal.asked_price, proposal.limit_price
    if asked is None or price is None:
        return origin
    rounded = f" ({to_wire(asked)} rounded down to the tick)" if price != asked else ""
    return f"{origin}, at {to_wire(price)}{rounded}"


def _resale(proposal: Proposal) -> str:
    return f"can be sold again after fees and a fall of {proposal.limits.resale_room:%}"


def _of_what(proposal: Proposal) -> str:
    if proposal.quantity is not None or proposal.share == 1:
        return ""
    if proposal.part < proposal.bounded or proposal.share > 1:
        return f", {proposal.share:%} of what is held"
    return f": {proposal.share:%} of what is held, or its rest, could not be sold alone, so all of it is"

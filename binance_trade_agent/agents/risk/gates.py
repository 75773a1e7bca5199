"""The gates an order passes, in order. Each is a function of the proposal and says what it saw.

Those for entries also keep a person's order within the limits; `one_action_per_candle` and
`cooldown` restrain the strategy only, because a person who names a side has seen the chart.
Exits are held back by as little as possible: neither by spread, nor by pauses, nor by limits.
"""

from collections.abc import Callable
from decimal import Decimal

from binance_trade_agent.agents.risk.proposal import Proposal
from binance_trade_agent.agents.risk.sizing import quantity_of, target_cost
from binance_trade_agent.domain.decisions import GateResult, TradingState
from binance_trade_agent.domain.money import floor_to_step
from binance_trade_agent.domain.orders import Side

Gate = Callable[[Proposal], GateResult]


def halted(proposal: Proposal) -> GateResult:
    """The kill switch: no order of any kind."""
    control = proposal.control
    passed = control.state.orders_allowed
    text = "trading is not halted" if passed else f"trading is halted: {control.reason} ({control.actor})"
    return GateResult("halted", passed, "not HALTED", control.state.value, text)


def entries_allowed(proposal: Proposal) -> GateResult:
    """A pause by a person or a halt of entries by a limit; its name says which."""
    control = proposal.control
    name = "entries_halted" if control.state is TradingState.ENTRIES_HALTED else "paused"
    passed = control.state.entries_allowed
    word = "entries are halted" if name == "entries_halted" else "trading is paused"
    text = "entries are allowed" if passed else f"{word}: {control.reason} ({control.actor})"
    return GateResult(name, passed, "RUNNING", control.state.value, text)


def unresolved_order(proposal: Proposal) -> GateResult:
    """No second order while it is not known what became of one."""
    locked = proposal.symbol in proposal.portfolio.locked_symbols | proposal.context.unresolved
    text = (
        f"an earlier order of {proposal.symbol} is not resolved yet"
        if locked
        else f"no order of {proposal.symbol} is unresolved"
    )
    return GateResult("unresolved_order", not locked, "none", "one" if locked else "none", text)


def stale_data(proposal: Proposal) -> GateResult:
    """No order on a market that is no longer so."""
    age_s = proposal.snapshot.data_age.total_seconds()
    limit_s = proposal.limits.max_data_age.total_seconds()
    text = f"the newest candle closed {age_s:.1f} s ago; {limit_s:g} s are allowed"
    return GateResult("stale_data", age_s <= limit_s, f"{limit_s:g} s", f"{age_s:.1f} s", text)


def spread(proposal: Proposal) -> GateResult:
    """No entry where buying and selling again costs too much."""
    limit, observed = proposal.limits.max_spread_bps, proposal.snapshot.book.spread_bps
    text = f"the spread is {observed:.1f} bps; {limit:f} bps are allowed"
    return GateResult("spread", observed <= limit, f"{limit:f} bps", f"{observed:.1f} bps", text)


def one_action_per_candle(proposal: Proposal) -> GateResult:
    """One order of the strategy a symbol and closed candle."""
    newest = proposal.snapshot.candles[-1].open_time
    last = proposal.context.last_traded_candles.get(proposal.symbol)
    passed = last is None or last < newest
    text = (
        f"no order was placed on the candle of {newest:%H:%M:%S} UTC yet"
        if passed
        else f"an order was already placed on the candle of {newest:%H:%M:%S} UTC"
    )
    return GateResult("one_action_per_candle", passed, "0 orders", f"{0 if passed else 1} orders", text)


def cooldown(proposal: Proposal) -> GateResult:
    """Some candles of rest after an exit, counted in candle time."""
    limit, last = proposal.limits.cooldown_candles, proposal.last_exit
    shown = f"{limit} candles"
    if last is None:
        text = f"{proposal.symbol} has not been sold before"
        return GateResult("cooldown", True, shown, "no exit", text)
    closed = max(
        0, (proposal.snapshot.candles[-1].close_time - last) // proposal.context.candle_interval.duration
    )
    text = f"{closed} candles closed since {proposal.symbol} was sold; {limit} are asked for"
    return GateResult("cooldown", closed >= limit, shown, f"{closed} candles", text)


def open_positions(proposal: Proposal) -> GateResult:
    """No more positions than allowed; adding to one is not another. Dust does not count."""
    limit, portfolio = proposal.limits.max_open_positions, proposal.portfolio
    least = proposal.rules.min_notional
    others = {
        symbol
        for symbol in portfolio.positions
        if symbol != proposal.symbol and portfolio.position(symbol) and portfolio.value(symbol) >= least
    }
    count = len(others | (portfolio.locked_symbols - {proposal.symbol}))
    if proposal.held and not proposal.holds_dust:
        text = f"{proposal.symbol} is held already; this adds no position"
        return GateResult("open_positions", True, f"{limit} positions", f"{count + 1} positions", text)
    text = f"{count} other positions are open; {limit} are allowed in all"
    return GateResult("open_positions", count < limit, f"{limit} positions", f"{count} positions", text)


def symbol_exposure(proposal: Proposal) -> GateResult:
    """A symbol holds no more than its share of equity."""
    share = proposal.limits.max_symbol_share
    room, value = proposal.symbol_room, proposal.portfolio.value(proposal.symbol)
    limit = proposal.money(share * proposal.equity)
    text = (
        f"{proposal.money(value)} of {proposal.symbol} are held; {share:%} of equity, {limit}, may be:"
        f" {_room(proposal, room)}"
    )
    return GateResult("symbol_exposure", proposal.needed <= room, limit, proposal.money(value), text)


def total_exposure(proposal: Proposal) -> GateResult:
    """All positions and unfinished entries hold no more than their share of equity."""
    share = proposal.limits.max_total_share
    room, value = proposal.total_room, proposal.committed
    limit = proposal.money(share * proposal.equity)
    text = (
        f"{proposal.money(value)} are held or being bought; {share:%} of equity, {limit}, may be:"
        f" {_room(proposal, room)}"
    )
    return GateResult("total_exposure", proposal.needed <= room, limit, proposal.money(value), text)


def free_balance(proposal: Proposal) -> GateResult:
    """There is cash for it, after the stakes of unfinished orders and some room for slippage."""
    needed, room, free = proposal.needed, proposal.cash_room, proposal.free_cash
    text = (
        f"{proposal.money(free)} are free (ledger {proposal.money(proposal.portfolio.cash)}, reserved"
        f" {proposal.money(proposal.portfolio.reserved_quote)}, exchange"
        f" {proposal.money(proposal.context.account.free(proposal.portfolio.quote))}): {_room(proposal, room)}"
    )
    return GateResult("free_balance", needed <= room, proposal.money(free), proposal.money(needed), text)


def entry_size(proposal: Proposal) -> GateResult:
    """Large enough to be sold again after fees and a fall of the price, and nothing the filters refuse."""
    quantity, smallest = quantity_of(proposal), proposal.smallest_entry
    limit = f"{proposal.base(smallest)} or more"
    if quantity < smallest:
        text = f"{_sized(proposal, quantity)} is less than {proposal.base(smallest)}, the least that {_resale(proposal)}"
        return GateResult("lot_size", False, limit, proposal.base(quantity), text)
    violation = proposal.rules.market_violation(quantity, proposal.resale_price)
    violation = violation or proposal.rules.market_violation(quantity, proposal.price)
    if proposal.limit_price is not None:
        violation = violation or proposal.rules.limit_violation(quantity, proposal.limit_price)
    text = violation or f"{proposal.base(quantity)} {_resale(proposal)}"
    return GateResult("lot_size", violation is None, limit, proposal.base(quantity), text)


def position(proposal: Proposal) -> GateResult:
    """Never more than the ledger holds, nor more than is free at the exchange."""
    held, bounded = proposal.held, proposal.bounded
    asked = proposal.quantity if proposal.quantity is not None else bounded
    available = proposal.available
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
    quantity = quantity_of(proposal)
    violation = proposal.rules.market_violation(quantity, proposal.price)
    smallest = proposal.rules.smallest_market_quantity(proposal.price)
    text = violation or f"the exchange takes an order of {proposal.base(quantity)}"
    return GateResult(
        "lot_size", violation is None, f"{proposal.base(smallest)} or more", proposal.base(quantity), text
    )


_AUTOMATIC_ONLY: frozenset[Gate] = frozenset({one_action_per_candle, cooldown})

_ENTRY: tuple[Gate, ...] = (
    halted,
    entries_allowed,
    unresolved_order,
    stale_data,
    spread,
    one_action_per_candle,
    cooldown,
    open_positions,
    symbol_exposure,
    total_exposure,
    free_balance,
    entry_size,
)

_EXIT: tuple[Gate, ...] = (
    halted,
    unresolved_order,
    stale_data,
    one_action_per_candle,
    position,
    dust,
    exit_size,
)


def gates_for(proposal: Proposal) -> tuple[Gate, ...]:
    """The gates of an entry or an exit; a person's own side skips those that restrain the strategy only."""
    gates = _ENTRY if proposal.side is Side.BUY else _EXIT
    if proposal.by_hand:
        return tuple(gate for gate in gates if gate not in _AUTOMATIC_ONLY)
    return gates


def _room(proposal: Proposal, room: Decimal) -> str:
    what = "this order" if proposal.quantity is not None else "the smallest order"
    return f"{proposal.money(room)} left, {what} needs {proposal.money(proposal.needed)}"


def _sized(proposal: Proposal, quantity: Decimal) -> str:
    if proposal.quantity is not None:
        return f"the quantity asked for, {proposal.base(quantity)},"
    step = proposal.rules.step_size
    wanted = floor_to_step(target_cost(proposal) / proposal.cost(Decimal(1)), step)
    return f"the order's size, {proposal.base(quantity)} (of {proposal.base(wanted)} wanted),"


def _resale(proposal: Proposal) -> str:
    return f"can be sold again after fees and a fall of {proposal.limits.resale_room:%}"

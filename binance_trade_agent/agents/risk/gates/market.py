"""Gates on what is known of the market, and on what it is like now."""

from decimal import Decimal

from binance_trade_agent.agents.risk.proposal import Proposal
from binance_trade_agent.agents.risk.wording import candle_count, share_up, tenths
from binance_trade_agent.domain.decisions import GateResult
from binance_trade_agent.domain.money import ZERO, to_wire


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
    age, limit = proposal.snapshot.data_age, proposal.limits.max_data_age
    passed = age <= limit
    age_s, limit_s = tenths(Decimal(str(age.total_seconds())), passed), limit.total_seconds()
    text = f"the newest candle closed {age_s} s ago; {limit_s:g} s are allowed"
    return GateResult("stale_data", passed, f"{limit_s:g} s", f"{age_s} s", text)


def warmup(proposal: Proposal) -> GateResult:
    """No entry before the strategy has the candles that it declares to want."""
    wanted, there = proposal.context.warmup_candles, len(proposal.snapshot.candles)
    text = f"{candle_count(there)} closed so far; the strategy wants {wanted}"
    return GateResult("warmup", there >= wanted, candle_count(wanted), candle_count(there), text)


def spread(proposal: Proposal) -> GateResult:
    """No entry where buying and selling again costs too much."""
    limit, book = proposal.limits.max_spread_bps, proposal.snapshot.book
    if book.mid <= 0:
        return GateResult("spread", False, f"{limit:f} bps", "no prices", "the order book is empty")
    passed = book.spread_bps <= limit
    observed = tenths(book.spread_bps, passed)
    text = f"the spread is {observed} bps; {limit:f} bps are allowed"
    return GateResult("spread", passed, f"{limit:f} bps", f"{observed} bps", text)


def price_jump(proposal: Proposal) -> GateResult:
    """No entry at a price that the strategy has not seen."""
    limit, mid = proposal.limits.max_price_jump_share, proposal.snapshot.book.mid
    close = proposal.snapshot.candles[-1].close
    distance = abs(mid - close)
    observed = share_up(distance / close) if close > 0 else "no close"
    word = "over" if mid >= close else "under"
    text = (
        f"the middle of the book, {to_wire(mid)}, is {observed} {word} the newest close, {to_wire(close)};"
        f" {limit:%} are allowed"
    )
    return GateResult("price_jump", close > ZERO and distance <= limit * close, f"{limit:%}", observed, text)

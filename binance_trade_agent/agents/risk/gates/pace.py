"""Gates on how soon and how often a symbol, and all together, may be entered."""

from binance_trade_agent.agents.risk.proposal import Proposal
from binance_trade_agent.agents.risk.wording import candle_count
from binance_trade_agent.domain.decisions import GateResult


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
    if last is None:
        text = f"{proposal.symbol} has not been sold before"
        return GateResult("cooldown", True, candle_count(limit), "no exit", text)
    closed = proposal.closed_since(last)
    text = f"{candle_count(closed)} closed since {proposal.symbol} was sold; {limit} are asked for"
    return GateResult("cooldown", closed >= limit, candle_count(limit), candle_count(closed), text)


def loss_cooldown(proposal: Proposal) -> GateResult:
    """More rest where the symbol's last position was closed at a loss, counted in candle time."""
    limit, trip = (
        proposal.limits.loss_cooldown_candles,
        proposal.context.trips.last_closed.get(proposal.symbol),
    )
    if trip is None or trip.closed_at is None or not trip.is_loss:
        last = f"the last position in {proposal.symbol} lost nothing"
        text = last if trip is not None else f"no position in {proposal.symbol} has been closed before"
        return GateResult("loss_cooldown", True, candle_count(limit), "no loss", text)
    closed = proposal.closed_since(trip.closed_at)
    text = (
        f"{candle_count(closed)} closed since {proposal.symbol} was sold at a loss of"
        f" {proposal.money(-trip.realised)}; {limit} are asked for"
    )
    return GateResult("loss_cooldown", closed >= limit, candle_count(limit), candle_count(closed), text)


def losing_streak(proposal: Proposal) -> GateResult:
    """All symbols rest after too many positions in a row, of whichever symbols, were closed at a loss."""
    limits, trips = proposal.limits, proposal.context.trips
    limit, streak, last = limits.max_losing_streak, trips.streak, trips.last_loss_at
    shown, observed = f"under {limit} losses" if limit else "no limit", f"{streak} losses"
    text = f"{streak} positions in a row were closed at a loss"
    if not limit:
        return GateResult("losing_streak", True, shown, observed, f"{text}; no limit is set")
    if streak < limit or last is None:
        return GateResult("losing_streak", True, shown, observed, f"{text}; entries rest after {limit}")
    closed, rest = proposal.closed_since(last), limits.losing_streak_candles
    text = f"{text}; {candle_count(closed)} closed since the last of them, entries rest for {rest}"
    return GateResult("losing_streak", closed >= rest, shown, observed, text)


def order_rate_minute(proposal: Proposal) -> GateResult:
    """No more entries a minute than allowed."""
    count, limit = proposal.context.orders_last_minute, proposal.limits.max_orders_per_minute
    text = f"{count} entries were begun in the last 60 s; {limit} are allowed"
    return GateResult("order_rate_minute", count < limit, f"under {limit} entries", f"{count} entries", text)


def order_rate_day(proposal: Proposal) -> GateResult:
    """No more entries a day (UTC) than allowed."""
    count, limit = proposal.context.orders_today, proposal.limits.max_orders_per_day
    text = f"{count} entries were begun since 00:00 UTC; {limit} are allowed a day"
    return GateResult("order_rate_day", count < limit, f"under {limit} entries", f"{count} entries", text)

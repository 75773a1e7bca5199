"""Why a strategy that wanted no order wanted none, in words for people who did not write it."""

from binance_trade_agent.domain.decision_summary import ReasonCount

_EVENT = (
    "The rule asks for an event: the crossing itself, on the candle in which it happens. To be past the level is"
    " not enough; a strategy like rsi_level trades on the level"
)
_LEVEL = "The rule asks for a level: an order follows at the first candle that closes beyond it; STRATEGY_PARAMS sets it"

_FILTER = (
    "The rule's first condition was met, its second was not: a filter keeps it out of moves that it does not trust."
    " STRATEGY_PARAMS sets the filter, `binance-trade-agent strategy show` names it"
)
_FULL = "The strategy holds all that it may buy: it waits for its exit"
_VOTES = (
    "The rule asks several indicators, and enough of them must agree at one candle; STRATEGY_PARAMS sets how many and"
    " how strongly"
)

#: By the reason's code; what strategies say beyond these is told by `_by_text`.
_RULES = {
    "no_new_candle": "There is nothing to set: a strategy is asked once for each candle, and cycles come more often."
    " TRADING_ALIGN=candle_close runs one cycle a candle",
    "warmup": "The strategy's indicators need more candles: wait until they have closed, or raise CANDLE_HISTORY if"
    " it is less than the strategy wants",
    "already_long": "It wanted to buy what it holds already; it buys again once that is sold. Strategies like dca and"
    " grid add to a position",
    "no_position": "It wanted to sell what it does not hold: nothing is sold short",
    "stale_signal": "The signal came while nobody was there to act on it, and is too old now: the next one counts",
    **dict.fromkeys(("no_cross", "no_crossing", "no_turn", "no_breakout_of_squeeze"), _EVENT),
    **dict.fromkeys(
        ("trend_filter", "trend_weak", "weak_trend", "under_zero", "after_winner", "young_day"),
        _FILTER,
    ),
    **dict.fromkeys(("all_lots", "all_steps", "all_units", "held"), _FULL),
    "looked_after": "An order of it traded; the strategy is asked in the next cycle",
}


def hold_rule(count: ReasonCount) -> str:
    """The rule behind a HOLD, by its code and its words."""
    return _RULES.get(count.code) or _by_text(count)


def _by_text(count: ReasonCount) -> str:
    text = count.text.lower()
    if count.code.startswith("veto"):
        return _FILTER
    if "cross" in text or "cross" in count.code:
        return _EVENT
    if any(word in text for word in ("vote", "quorum", "score", "agree")):
        return _VOTES
    if any(word in text for word in ("between", "inside", "under", "over", "above", "below", "not ")):
        return _LEVEL
    return "The strategy's rule was not met; `binance-trade-agent strategy show` tells it"

"""What a person can do about a gate that blocked: the setting behind it, and the value that would have let it pass.

Gates are known by their codes and by the texts of their limit and observed value, as they are stored;
a code that is not in the table is explained by its own sentence.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from enum import Enum, auto

from binance_trade_agent.domain.decisions import GateResult
from binance_trade_agent.domain.money import to_wire

_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
_SHARE_STEP = Decimal("0.0001")


class Bound(Enum):
    """Where the setting would have had to be, seen from the observed value."""

    AT_LEAST = auto()
    AT_MOST = auto()
    ABOVE = auto()  # the gate blocks as soon as the limit is reached


@dataclass(frozen=True, slots=True)
class GateRule:
    """A gate to people: what it found (`title`), the setting behind it, and what else helps (`remedy`)."""

    title: str
    setting: str | None = None
    bound: Bound = Bound.AT_LEAST
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What would have to change for a signal to pass. Values are as a settings file has them.

    `needed` is None where there is no setting, or where what was recorded does not tell.
    """

    code: str
    text: str
    setting: str | None = None
    value: str | None = None
    needed: str | None = None
    symbol: str | None = None


_RESUME = "`binance-trade-agent resume` lifts it, once the reason is dealt with"
STRAY_ORDER = "stray_order"
#: What helps where it is no gate that stops an order.
_OTHER_REMEDIES = {
    STRAY_ORDER: "A person must look: an order at the exchange carries this agent's mark, but its journal does not know"
    " it. `binance-trade-agent orders --foreign` shows it; cancel it at the exchange, or let it trade. Until then the"
    " symbol is not bought, only sold",
}
_WAIT_CANDLES = "It also passes by itself as candles close"

GATES: Mapping[str, GateRule] = {
    "halted": GateRule("the kill switch is on", remedy=_RESUME),
    "paused": GateRule("trading is paused", remedy=_RESUME),
    "reduce_only": GateRule(
        "the symbol may only be sold",
        remedy="`binance-trade-agent reduce-only --off SYMBOL` lifts it, once the reason is dealt with",
    ),
    "daily_loss": GateRule(
        "the day's loss is at its limit",
        "RISK_DAILY_LOSS_SHARE",
        Bound.ABOVE,
        f"{_RESUME}; losses count anew from then on",
    ),
    "drawdown": GateRule(
        "the loss since the best moment is at its limit",
        "RISK_MAX_DRAWDOWN_SHARE",
        Bound.ABOVE,
        f"{_RESUME}; losses count anew from then on",
    ),
    "entries_halted": GateRule("entries are halted", remedy=_RESUME),
    "not_traded": GateRule(
        "the symbol is not among those traded",
        remedy="Add it to TRADING_SYMBOLS, or change the rule there; if TRADING_SYMBOLS_EXCLUDE names it, take it out of"
        " that first. Then start the trader again",
    ),
    "unresolved_order": GateRule(
        "it is not known yet what became of an earlier order",
        remedy="There is nothing to set: the order is looked up in every cycle, and no second one is sent"
        " before its fate is known; `binance-trade-agent orders` shows it",
    ),
    "stale_data": GateRule(
        "the market data is too old",
        "RISK_MAX_DATA_AGE_SECONDS",
        remedy="Old data more often means that the exchange or the network is slow: see `binance-trade-agent health`",
    ),
    "warmup": GateRule(
        "the strategy has too few candles yet",
        "CANDLE_HISTORY",
        remedy="If the exchange has no older candles, it passes by itself as candles close",
    ),
    "spread": GateRule("the spread is too wide", "RISK_MAX_SPREAD_BPS"),
    "price_jump": GateRule("the price jumped away from the candles", "RISK_MAX_PRICE_JUMP_SHARE"),
    "one_action_per_candle": GateRule(
        "an order was placed on this candle already",
        remedy="There is nothing to set: it passes with the next candle; a shorter CANDLE_INTERVAL brings that sooner",
    ),
    "cooldown": GateRule(
        "the symbol rests after it was sold",
        "RISK_COOLDOWN_CANDLES",
        Bound.AT_MOST,
        f"{_WAIT_CANDLES}; after a loss RISK_LOSS_COOLDOWN_CANDLES asks for its own number of them",
    ),
    "loss_cooldown": GateRule(
        "the symbol rests after a loss", "RISK_LOSS_COOLDOWN_CANDLES", Bound.AT_MOST, _WAIT_CANDLES
    ),
    "losing_streak": GateRule(
        "entries rest after too many losses in a row",
        "RISK_MAX_LOSING_STREAK",
        Bound.ABOVE,
        f"{_WAIT_CANDLES}: RISK_LOSING_STREAK_CANDLES says how many",
    ),
    "order_rate_minute": GateRule(
        "too many entries were begun in a minute",
        "RISK_MAX_ORDERS_PER_MINUTE",
        Bound.ABOVE,
        "It also passes by itself within a minute",
    ),
    "order_rate_day": GateRule(
        "too many entries were begun today",
        "RISK_MAX_ORDERS_PER_DAY",
        Bound.ABOVE,
        "It also passes by itself at 00:00 UTC",
    ),
    "open_positions": GateRule(
        "too many positions are open",
        "RISK_MAX_OPEN_POSITIONS",
        Bound.ABOVE,
        "It also passes when a position is closed",
    ),
    "symbol_exposure": GateRule(
        "the symbol holds its share of equity already",
        "RISK_MAX_SYMBOL_SHARE",
        remedy="It also passes when some of the position is sold",
    ),
    "total_exposure": GateRule(
        "positions hold their share of equity already",
        "RISK_MAX_TOTAL_SHARE",
        remedy="It also passes when a position is closed",
    ),
    "correlation": GateRule(
        "symbols that move together hold their share of equity already",
        "RISK_MAX_CORRELATED_SHARE",
        remedy="It also passes when one of them is sold, or when their prices no longer move together"
        " (RISK_CORRELATION_LEVEL)",
    ),
    "free_balance": GateRule(
        "too little cash is free",
        remedy="It takes more cash: a deposit, a position that is sold, or an unfinished order that ends",
    ),
    "lot_size": GateRule(
        "the exchange takes no order of this size",
        remedy="An entry must be large enough to be sold again after fees: raise {sizing}, or the limits and the"
        " cash that shrink it",
    ),
    "position": GateRule(
        "there is nothing of it to sell",
        remedy="There is nothing to set: only what the trader bought and what is free at the exchange is sold;"
        " `binance-trade-agent positions` and `flows` tell where it went",
    ),
    "dust": GateRule(
        "what is held is too little for the exchange to take an order",
        remedy="There is nothing to set: it is sold with the next position of the symbol, or by hand",
    ),
}

#: Gates that mean something else to an exit.
_EXITS: Mapping[str, GateRule] = {
    "lot_size": GateRule(
        "the exchange takes no order of this size",
        remedy="There is nothing to set: the exchange's rules for the symbol refuse it; what is held can be sold"
        " with the next position of the symbol, or by hand",
    ),
}

#: RISK_SIZING -> the setting that makes entries larger.
_SIZING = {
    "quote": "RISK_ORDER_QUOTE",
    "share": "RISK_ORDER_SHARE",
    "atr_risk": "RISK_PER_TRADE_SHARE",
    "volatility_target": "RISK_VOLATILITY_TARGET",
}

#: What stops an order besides gates.
_OTHER_TITLES = {
    "rejected": "the exchange refused the order",
    "unknown": "no answer came to the order when it was sent; `binance-trade-agent orders` tells what became of it",
    "protection_in_the_way": "its protection at the exchange has to be taken back first",
    STRAY_ORDER: "an order of unknown origin rests at the exchange",
    "entry_rests": "an earlier entry waits for its price",
}

#: Gates that ask how much may be bought or sold, not whether.
SIZING_GATES = frozenset(
    {
        "symbol_exposure",
        "total_exposure",
        "correlation",
        "free_balance",
        "lot_size",
        "position",
        "dust",
    }
)

#: Gates that stand for the control state: whatever set it, `resume` lifts it.
OF_THE_STATE = frozenset({"halted", "paused", "entries_halted", "daily_loss", "drawdown"})

#: What fails with a gate as its own consequence, not as a second cause: a latched limit halts entries, and what a limit
#: leaves no room for has no size that can be ordered.
_CONSEQUENCES: Mapping[str, frozenset[str]] = {
    "daily_loss": frozenset({"entries_halted"}),
    "drawdown": frozenset({"entries_halted"}),
    "symbol_exposure": frozenset({"lot_size"}),
    "total_exposure": frozenset({"lot_size"}),
    "correlation": frozenset({"lot_size"}),
    "free_balance": frozenset({"lot_size"}),
    "position": frozenset({"dust", "lot_size"}),
    "dust": frozenset({"lot_size"}),
}


def has_advice(code: str) -> bool:
    """Whether there is more to say about it than what it is."""
    return code in GATES or code in _OTHER_REMEDIES


def title_of(code: str) -> str:
    """What stopped an order, in a few words; the code itself where it is not known."""
    rule = GATES.get(code)
    return rule.title if rule else _OTHER_TITLES.get(code, code.replace("_", " "))


def change_for(
    gate: GateResult,
    settings: Mapping[str, str],
    symbol: str | None = None,
    *,
    is_exit: bool = False,
    is_earlier: bool = False,
    is_alone: bool = True,
    lifted: str = "",
) -> Change:
    """What would have let `gate` pass; `settings` are those of the session, as text.

    `is_earlier` says that it blocked in a session before, whose settings may have been others, `is_alone` that no
    other gate would have blocked the same order, `lifted` that what a person lifts was lifted since.
    """
    rule = _rule(gate.gate, is_exit)
    if rule is None:
        return Change(gate.gate, gate.text, symbol=symbol)
    remedy = lifted or rule.remedy.format(sizing=_sizing_setting(settings))
    if rule.setting is None:
        return Change(gate.gate, remedy, symbol=symbol)
    value = settings.get(rule.setting)
    needed = _needed(gate, rule, value, is_earlier)
    text = f"{rule.setting} {_now(gate, value, is_earlier)}"
    if needed is not None:
        word = "at most" if rule.bound is Bound.AT_MOST else "at least"
        text += f"; {word} {needed} would have let it pass" if is_alone else f"; it takes {word} {needed}"
    return Change(gate.gate, text + (f". {remedy}" if remedy else ""), rule.setting, value, needed, symbol)


def change_unseen(
    code: str, settings: Mapping[str, str], *, is_exit: bool = False, lifted: str = ""
) -> Change:
    """What is behind a gate whose limit and observed value are not known; `lifted` as of `change_for`."""
    rule = _rule(code, is_exit)
    if rule is None:
        return Change(code, _OTHER_REMEDIES.get(code) or title_of(code))
    remedy = lifted or rule.remedy.format(sizing=_sizing_setting(settings))
    if rule.setting is None:
        return Change(code, remedy)
    value = settings.get(rule.setting)
    now = f" ({value} now)" if value is not None else ""
    text = f"{rule.setting}{now} sets the limit" + (f". {remedy}" if remedy else "")
    return Change(code, text, rule.setting, value)


def others_that_failed(gates: tuple[GateResult, ...]) -> tuple[GateResult, ...]:
    """The gates that would have blocked after the first one did, each a cause of its own."""
    failed = [gate for gate in gates if not gate.passed]
    excused = {name for gate in failed for name in _CONSEQUENCES.get(gate.gate, ())}
    return tuple(gate for gate in failed[1:] if gate.gate not in excused)


def _rule(code: str, is_exit: bool) -> GateRule | None:
    return (_EXITS.get(code) if is_exit else None) or GATES.get(code)


def _sizing_setting(settings: Mapping[str, str]) -> str:
    """What sizes entries; a fixed amount does, whatever the method, once it is set."""
    if (_number(settings.get("RISK_ORDER_QUOTE", "0")) or 0) > 0:
        return "RISK_ORDER_QUOTE"
    return _SIZING.get(settings.get("RISK_SIZING", "share"), "RISK_ORDER_SHARE")


def _now(gate: GateResult, value: str | None, is_earlier: bool) -> str:
    """The setting's value, and the limit it comes to where that is another number."""
    if value is None:
        return f"sets the limit ({gate.limit})"
    limit, number = _number(gate.limit), _number(value)
    is_share = "%" in gate.limit
    if limit is not None and number == (limit / 100 if is_share else limit):
        return f"is {value}"
    if is_earlier:
        return f"is {value} now; an earlier session decided by a limit of {gate.limit}"
    if limit is None or number is None:
        return f"is {value}"
    return f"is {value} ({gate.limit})"


def _needed(gate: GateResult, rule: GateRule, value: str | None, is_earlier: bool) -> str | None:
    """The value at which the gate would just have passed, on the setting's own scale; None if it is no other."""
    needed = _bound(gate, rule, None if is_earlier else value)
    now = _number(value or "")
    if needed is None or now is None:
        return needed
    if rule.bound is Bound.AT_MOST:
        is_met = now <= Decimal(needed)
    else:
        # a limit that is reached is none at 0
        is_met = now >= Decimal(needed) or (rule.bound is Bound.ABOVE and now == 0)
    return None if is_met else needed


def _bound(gate: GateResult, rule: GateRule, value: str | None) -> str | None:
    observed, limit = _number(gate.observed), _number(gate.limit)
    if observed is None:
        return None
    is_above = rule.bound is Bound.ABOVE
    if is_above and (limit is None or observed < limit):
        return None  # the loss recovered, but stays latched: no value of the limit lifts that
    if rule.setting == "CANDLE_HISTORY":
        return None if limit is None else to_wire(limit)
    if not (rule.setting or "").endswith("_SHARE"):
        # what a gate saw is recorded rounded away from its limit: it suffices
        return to_wire(observed // 1 + 1 if is_above else observed)
    if "%" in gate.observed:
        return to_wire(
            (observed / 100).quantize(_SHARE_STEP, ROUND_CEILING) + (_SHARE_STEP if is_above else 0)
        )
    return _scaled(observed, limit, value)


def _scaled(observed: Decimal, limit: Decimal | None, value: str | None) -> str | None:
    """The share at which a limit in money would have been `observed`; None if there is none up to the whole."""
    share = _number(value or "")
    if share is None or not limit or observed <= limit:
        return None
    needed = (share * observed / limit).quantize(_SHARE_STEP, ROUND_CEILING)
    return to_wire(needed) if needed <= 1 else None


def _number(text: str) -> Decimal | None:
    found = _NUMBER.search(text)
    return Decimal(found.group().replace(",", "")) if found else None

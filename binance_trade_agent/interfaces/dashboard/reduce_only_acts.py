"""Letting a symbol only be sold, and lifting that, as acts that any page may offer."""

from binance_trade_agent.control.resting import cancelled_next, entries_to_cancel
from binance_trade_agent.domain.acts import Restricted
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.interfaces.dashboard.acting import (
    ACTOR,
    CHANNEL,
    Act,
    Doing,
    Field,
    Told,
    Wish,
    Words,
)
from binance_trade_agent.interfaces.desks import Desk


def _fields(desk: Desk, wish: Wish) -> tuple[Field, ...]:
    if wish.target:
        return ()
    status = desk.watch.status()
    held = [position.symbol for position in desk.watch.positions() if position.quantity > 0]
    choices = sorted({*status.symbols, *held} - status.control.reduce_only.keys())
    if not choices:
        raise ConfigurationError("each symbol that is traded or held may only be sold already")
    return (Field("symbol", "Symbol", choices[0], kind="choice", choices=tuple(choices)),)


def _set_words(desk: Desk, wish: Wish) -> Words:
    symbol = _symbol(wish)
    cancelled = cancelled_next(entries_to_cancel(desk.history, symbol))
    return Words(
        f"Only sell {symbol} from now on?",
        f"Nothing of {symbol} is bought until somebody lifts it. What is held of it is sold as ever: exits,"
        f" stops and targets go on. It survives restarts. {cancelled}".rstrip(),
        "Only sell",
    )


def _lift_words(desk: Desk, wish: Wish) -> Words:
    symbol = _symbol(wish)
    why = desk.watch.status().control.reduce_only.get(symbol, "")
    because = f" It was set because: {why}." if why else ""
    return Words(
        f"Let {symbol} be bought again?",
        f"Entries are allowed from the next cycle on.{because}",
        "Lift",
        basis={"reduce-only": why or "not set"},
    )


def _set(doing: Doing) -> Told:
    return _restrict(doing, on=True)


def _lift(doing: Doing) -> Told:
    return _restrict(doing, on=False)


def _restrict(doing: Doing, *, on: bool) -> Told:
    symbol = _symbol(doing.wish)
    done = doing.desk.steering.reduce_only(
        [symbol], doing.reason, on=on, actor=ACTOR, channel=CHANNEL, idempotency_key=doing.key
    )
    return Told(True, _told(done, symbol, on=on))


def _told(done: Restricted, symbol: str, *, on: bool) -> str:
    if symbol not in done.changed:
        return f"{symbol} was {'reduce-only' if on else 'free'} already: nothing was changed."
    return f"{symbol} may only be sold from now on." if on else f"{symbol} may be bought again."


def _symbol(wish: Wish) -> str:
    symbol = wish.target or wish.values.get("symbol", "")
    if not symbol:
        raise ConfigurationError("no symbol is named")
    return symbol


REDUCE_ONLY = Act("reduce-only", _set_words, _set, _fields)
LIFT_REDUCE_ONLY = Act("lift-reduce-only", _lift_words, _lift)
ALL = (REDUCE_ONLY, LIFT_REDUCE_ONLY)

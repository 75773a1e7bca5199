"""How far a rule was missed, in the same words for every strategy."""

from decimal import Decimal

from binance_trade_agent.domain.decisions import Miss
from binance_trade_agent.strategies.base import Bar

_INDEX_SCALE = 100.0


def number(value: float, digits: int = 8) -> str:
    """So many significant digits, never with an exponent: "0.00000842"."""
    return f"{Decimal(f'{value:.{digits}g}'):f}"


def index_miss(name: str, value: float, level: float, order: str) -> Miss:
    """Of an index that runs from 0 to 100 (RSI, ADX): "RSI 1.6 above the entry", 0.016."""
    return Miss(
        f"{name} {abs(value - level):.1f} {_side(value, level)} the {order}",
        abs(value - level) / _INDEX_SCALE,
    )


def price_miss(name: str, value: float, level: float, order: str, price: float) -> Miss:
    """Of prices, or of lines in units of the price: "close 12.5 above the entry", as a share of `price`."""
    return Miss(
        f"{name} {number(abs(value - level), 4)} {_side(value, level)} the {order}",
        abs(value - level) / price,
    )


def farthest(*misses: Miss | None) -> Miss | None:
    """Of the conditions of one order, all of which must hold, the one that is missed by most; None: they hold."""
    return max((miss for miss in misses if miss is not None), key=lambda miss: miss.distance, default=None)


def nearest(*misses: Miss) -> Miss:
    """Of the orders that can follow, the one that was missed by least."""
    return min(misses, key=lambda miss: miss.distance)


def next_order(bar: Bar, entry: Miss | None, exit: Miss) -> Miss | None:
    """The miss of the only order that can follow: an exit with a position, an entry without one."""
    return entry if bar.holding is None else exit


def _side(value: float, level: float) -> str:
    return "above" if value > level else "under"

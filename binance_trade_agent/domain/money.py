"""Exact arithmetic on prices and quantities: steps and the wire's decimal form."""

from collections.abc import Iterable
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Context, Decimal

ZERO = Decimal(0)

#: Wide enough that no product of two exchange quantities is ever rounded.
EXACT = Context(prec=50)


def floor_to_step(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above `value`; `value` itself when `step` is 0.

    Binance counts steps from zero, not from the minimum (filters.md, LOT_SIZE).
    """
    return _to_step(value, step, ROUND_DOWN)


def ceil_to_step(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is not below a non-negative `value`."""
    return _to_step(value, step, ROUND_UP)


def round_to_step(value: Decimal, step: Decimal) -> Decimal:
    """The multiple of `step` nearest to `value`."""
    return _to_step(value, step, ROUND_HALF_EVEN)


def on_step(value: Decimal, step: Decimal) -> bool:
    """Whether `value` is a whole number of steps; always true when `step` is 0."""
    return step == 0 or EXACT.remainder(value, step) == 0


def to_wire(value: Decimal) -> str:
    """Plain decimal notation without exponent or trailing zeros, as Binance's pattern demands."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"", "-0"} else text


def product(a: Decimal, b: Decimal) -> Decimal:
    """`a × b`, exact."""
    return EXACT.multiply(a, b)


def total(values: Iterable[Decimal]) -> Decimal:
    """The exact sum; 0 for none."""
    result = ZERO
    for value in values:
        result = EXACT.add(result, value)
    return result


def _to_step(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    if step == 0:
        return value
    steps = EXACT.divide(value, step).to_integral_value(rounding=rounding)
    return EXACT.multiply(steps, step)

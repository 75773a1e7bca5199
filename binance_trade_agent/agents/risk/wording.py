"""How risk's numbers read."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from binance_trade_agent.domain.money import to_wire

_CENT = Decimal("0.01")
_SATOSHI = Decimal("0.00000001")
_BASIS_POINT = Decimal("0.0001")
_TENTH = Decimal("0.1")


def money(amount: Decimal, quote: str, rounding: str = ROUND_HALF_EVEN) -> str:
    """An amount in quote currency, to the cent, or to the last digit when it is less than one."""
    digits = _CENT if abs(amount) >= 1 or amount == 0 else _SATOSHI
    return f"{to_wire(amount.quantize(digits, rounding))} {quote}"


def away_from_limit(passed: bool) -> str:
    """How to round what was observed, so that it never reads as within a limit it is over, nor the other way."""
    return ROUND_FLOOR if passed else ROUND_CEILING


def tenths(amount: Decimal, passed: bool) -> str:
    """An observed number with one decimal."""
    return f"{amount.quantize(_TENTH, away_from_limit(passed))}"


def share_up(share: Decimal) -> str:
    """A share in percent, rounded up: one above a limit never reads as within it."""
    return f"{share.quantize(_BASIS_POINT, ROUND_CEILING):.2%}"


def share_down(share: Decimal) -> str:
    """A share in percent, rounded down: one below a limit never reads as at it."""
    return f"{share.quantize(_BASIS_POINT, ROUND_FLOOR):.2%}"


def candle_count(count: int) -> str:
    """A number of candles."""
    return "1 candle" if count == 1 else f"{count} candles"

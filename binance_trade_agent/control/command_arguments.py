"""The arguments of a command that trades, checked and as text."""

from decimal import Decimal

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.orders import Side

_LONGEST_REST_S = 7 * 24 * 3600


def workflow_arguments(symbol: str, quantity: Decimal | None, side: Side | None) -> dict[str, str]:
    """Those of a decision on one symbol; raises `ConfigurationError`."""
    problems = []
    if not (symbol.isalnum() and symbol.isascii() and 5 <= len(symbol) <= 20):
        problems.append(f"symbol {symbol[:40]!r}: expected a Binance symbol such as BTCUSDT")
    if quantity is not None and not (quantity.is_finite() and 0 < quantity < Decimal("1e15")):
        problems.append(f"quantity {str(quantity)[:40]}: expected a number above 0 and below 1e15")
    if problems:
        raise ConfigurationError(*problems)
    arguments = {"symbol": symbol.upper()}
    if quantity is not None:
        arguments["quantity"] = to_wire(quantity)
    if side is not None:
        arguments["side"] = side.value
    return arguments


def most_arguments(quantity: Decimal | None, side: Side | None, *, at_most: bool) -> dict[str, str]:
    """That of a sale which may be of less; raises `ConfigurationError`."""
    if not at_most:
        return {}
    if side is not Side.SELL or quantity is None:
        raise ConfigurationError("only a SELL of a quantity can be of at most that")
    return {"at_most": "true"}


def limit_arguments(side: Side | None, price: Decimal | None, time_limit_s: int | None) -> dict[str, str]:
    """Those of an entry that rests; raises `ConfigurationError`."""
    if price is None:
        if time_limit_s is not None:
            raise ConfigurationError("a time limit is of an order that rests: give a limit price too")
        return {}
    if side is not Side.BUY:
        raise ConfigurationError(
            "a limit price is for a BUY that rests; to sell at a price, set a target of the position (`protect`)"
        )
    arguments = {"limit_price": price_text("limit price", price)}
    if time_limit_s is not None:
        if not 1 <= time_limit_s <= _LONGEST_REST_S:
            raise ConfigurationError(
                f"time limit {time_limit_s} s: expected 1 to {_LONGEST_REST_S} s (a week)"
            )
        arguments["time_limit_s"] = str(time_limit_s)
    return arguments


def price_text(name: str, price: Decimal) -> str:
    """A price as it is stored; raises `ConfigurationError` where it is none."""
    if not (price.is_finite() and 0 < price < Decimal("1e15")):
        raise ConfigurationError(f"{name} {str(price)[:40]}: expected a number above 0 and below 1e15")
    return to_wire(price)

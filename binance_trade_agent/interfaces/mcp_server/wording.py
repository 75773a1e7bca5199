"""What an act will do, in words for the person who is asked."""

from decimal import Decimal

from binance_trade_agent.control.protections import kept_as_dust
from binance_trade_agent.control.watching import Watch
from binance_trade_agent.domain.caps import worth_of
from binance_trade_agent.domain.money import ZERO, to_wire, total
from binance_trade_agent.domain.orders import Side

_CENT = Decimal("0.01")


def order_words(
    watch: Watch, symbol: str, side: Side | None, quantity: Decimal | None, limit_price: Decimal | None = None
) -> str:
    """Such as "Buy 0.01 BTC at market, about 642 USDT, in LIVE mode"; raises `StorageError`."""
    status = watch.status()
    quote = status.equity.quote if status.equity else ""
    base = symbol.removesuffix(quote) if quote and symbol != quote else symbol
    amount = f"{to_wire(quantity)} {base}" if quantity is not None else f"as much {base} as the limits allow"
    does = f"{side.value.capitalize()} {amount}" if side else f"Trade {symbol} as its strategy says, {amount}"
    price = limit_price if limit_price is not None else watch.last_price(symbol)
    at = f"at {to_wire(limit_price)} {quote}".rstrip() if limit_price is not None else "at market"
    return f"{does} {at}{_about(worth_of(quantity, price), quote)}, in {status.mode.upper()} mode"


def flatten_words(watch: Watch) -> str:
    """What selling everything means; raises `StorageError`."""
    status = watch.status()
    bases = {one.symbol: one.base for one in watch.positions()}
    held = watch.protection()
    sold, kept = (
        [
            f"{to_wire(each.quantity)} {bases.get(each.symbol, each.symbol)}"
            for each in held
            if each.is_dust is dust
        ]
        for dust in (False, True)
    )
    worth = total(each.quantity * (each.last_price or ZERO) for each in held if not each.is_dust)
    quote = status.equity.quote if status.equity else ""
    return (
        f"Sell all that the trader bought ({', '.join(sold) or 'nothing that can be sold is held'})"
        f"{_about(worth or None, quote)}, and halt, in {status.mode.upper()} mode.{kept_as_dust(kept)}"
    ).rstrip(".")


def in_mode(watch: Watch, words: str) -> str:
    """`words`, and the mode that they happen in; raises `StorageError`."""
    return f"{words}, in {watch.status().mode.upper()} mode"


def _about(worth: Decimal | None, quote: str) -> str:
    return f", about {to_wire(worth.quantize(_CENT))} {quote}".rstrip() if worth is not None else ""

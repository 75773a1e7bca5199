"""What a symbol's name says: its form and its quote currency."""

import re
from collections.abc import Iterable, Sequence

#: Longest match wins. A quote that is the tail of an asset's name plus another quote (AEUR: ADAEUR) must stay out.
# fmt: off
QUOTE_CURRENCIES = (
    "USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USDP", "USD1", "USDE", "DAI", "BTC", "ETH",
    "BNB", "XRP", "TRX", "DOGE", "SOL", "EUR", "EURI", "GBP", "TRY", "BRL", "ARS",
    "JPY", "PLN", "RON", "UAH", "ZAR", "MXN", "COP", "CZK", "AUD", "NGN", "RUB",
    "IDR", "IDRT",
)
# fmt: on


def quote_of(symbol: str) -> str:
    """The quote currency of a symbol's name; raises `ValueError` when it ends in none that is known."""
    known = [quote for quote in QUOTE_CURRENCIES if symbol.endswith(quote) and symbol != quote]
    if not known:
        raise ValueError(f"{symbol} does not end in a known quote currency ({', '.join(QUOTE_CURRENCIES)})")
    return max(known, key=len)


def is_symbol(name: str) -> bool:
    """Whether `name` has the form of a symbol; Binance lists some that have not, in other alphabets."""
    return re.fullmatch(r"[A-Z0-9]{5,20}", name) is not None


def checked_names(names: Iterable[str]) -> tuple[str, ...]:
    """The names in upper case; raises `ValueError` when one is malformed or named twice."""
    symbols = tuple(name.upper() for name in names)
    malformed = [symbol for symbol in symbols if not is_symbol(symbol)]
    if malformed:
        raise ValueError(f"{', '.join(malformed)} is no symbol")
    twice = sorted({symbol for symbol in symbols if symbols.count(symbol) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} is named twice")
    return symbols


def checked_symbols(names: Sequence[str]) -> tuple[str, ...]:
    """The names in upper case.

    Raises:
        ValueError: none is given, one is malformed or named twice, or they have more than one quote currency.
    """
    symbols = checked_names(names)
    if not symbols:
        raise ValueError("an empty list is no symbol")
    quotes = {symbol: quote_of(symbol) for symbol in symbols}
    if len(set(quotes.values())) > 1:
        listed = ", ".join(f"{symbol} is in {quote}" for symbol, quote in quotes.items())
        raise ValueError(f"all symbols must share one quote currency, but {listed}")
    return symbols

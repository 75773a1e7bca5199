"""What a symbol's name says: its form and its quote currency."""

import re
from collections.abc import Sequence

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


def checked_symbols(names: Sequence[str]) -> tuple[str, ...]:
    """The names in upper case.

    Raises:
        ValueError: none is given, one is malformed or named twice, or they have more than one quote currency.
    """
    symbols = tuple(name.upper() for name in names)
    malformed = [symbol for symbol in symbols if not re.fullmatch(r"[A-Z0-9]{5,20}", symbol)]
    if malformed or not symbols:
        raise ValueError(f"{', '.join(malformed) or 'an empty list'} is no symbol")
    twice = sorted({symbol for symbol in symbols if symbols.count(symbol) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} is named twice")
    quotes = {symbol: quote_of(symbol) for symbol in symbols}
    if len(set(quotes.values())) > 1:
        listed = ", ".join(f"{symbol} is in {quote}" for symbol, quote in quotes.items())
        raise ValueError(f"all symbols must share one quote currency, but {listed}")
    return symbols

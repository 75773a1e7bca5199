"""What can be traded now: `exchangeInfo` joined with the 24 hour tickers of all symbols."""

from collections.abc import Iterable, Mapping
from typing import Any

from binance_trade_agent.domain.market import Listing
from binance_trade_agent.exchange.binance.mapping import decimal, text


def listings_of(
    symbols: Iterable[Mapping[str, Any]], days: Iterable[Mapping[str, Any]]
) -> tuple[Listing, ...]:
    """The symbols open for spot trading that have a ticker; raises one of `mapping.MALFORMED`.

    One of both lists may name a symbol that the other does not: they are read one after the other.
    """
    open_now = {
        row["symbol"]: row for row in symbols if row["status"] == "TRADING" and row["isSpotTradingAllowed"]
    }
    return tuple(_listing(open_now[day["symbol"]], day) for day in days if day["symbol"] in open_now)


def _listing(symbol: Mapping[str, Any], day: Mapping[str, Any]) -> Listing:
    return Listing(
        symbol=text(symbol["symbol"]),
        base=text(symbol["baseAsset"]),
        quote=text(symbol["quoteAsset"]),
        price=decimal(day["lastPrice"]),
        bid=decimal(day["bidPrice"]),
        ask=decimal(day["askPrice"]),
        quote_volume=decimal(day["quoteVolume"]),
    )

"""Trading rules: from `exchangeInfo` to `SymbolRules`, and how long they are remembered."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.orders import OrderType
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.exchange.binance.mapping import decimal
from binance_trade_agent.ports import Clock

#: The exchange may change rules at any time; a refused order makes them be read again sooner.
_MAX_AGE_S = 3600.0
#: A symbol that is not open for trading may be again at any moment, and no order is refused meanwhile.
_MAX_AGE_CLOSED_S = 30.0
#: A symbol that is unknown costs the list of all symbols, which is megabytes, each time it is asked for.
_MAX_AGE_UNKNOWN_S = 600.0


class RulesCache:
    """Rules by symbol, each for an hour at most; half a minute while the symbol is not open for trading."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, tuple[SymbolRules, float]] = {}
        self._unknown: dict[str, tuple[str, float]] = {}

    def missing(self, symbols: Iterable[str]) -> list[str]:
        """Those of `symbols` whose rules must be read, each once."""
        return [symbol for symbol in dict.fromkeys(symbols) if self._is_missing(symbol)]

    def _is_missing(self, symbol: str) -> bool:
        if symbol in self._unknown:
            return self._clock.monotonic() - self._unknown[symbol][1] > _MAX_AGE_UNKNOWN_S
        if symbol not in self._entries:
            return True
        rules, read_at = self._entries[symbol]
        return self._clock.monotonic() - read_at > (_MAX_AGE_S if rules.trading else _MAX_AGE_CLOSED_S)

    def store(self, rules: Iterable[SymbolRules]) -> None:
        """Remember rules just read."""
        read_at = self._clock.monotonic()
        for entry in rules:
            self._entries[entry.symbol] = entry, read_at
            self._unknown.pop(entry.symbol, None)

    def store_unknown(self, problems: Mapping[str, str]) -> None:
        """Remember what is wrong with symbols, by name, that the exchange did not know just now."""
        read_at = self._clock.monotonic()
        self._unknown |= {symbol: (problem, read_at) for symbol, problem in problems.items()}

    def check(self, symbols: Iterable[str]) -> None:
        """Raise `ConfigurationError` that names each of `symbols` the exchange does not know."""
        problems = [self._unknown[symbol][0] for symbol in symbols if symbol in self._unknown]
        if problems:
            raise ConfigurationError(*problems)

    def forget(self, symbol: str) -> None:
        """Read the symbol's rules again next time."""
        self._entries.pop(symbol, None)

    def get(self, symbol: str) -> SymbolRules:
        """Rules of a symbol that is not missing."""
        return self._entries[symbol][0]


def rules_of(row: Mapping[str, Any]) -> SymbolRules:
    """A symbol of `exchangeInfo`; raises one of `mapping.MALFORMED` unless it holds PRICE_FILTER and LOT_SIZE."""
    filters = {entry["filterType"]: entry for entry in row["filters"]}
    price, lot, market_lot = filters["PRICE_FILTER"], filters["LOT_SIZE"], filters.get("MARKET_LOT_SIZE")
    notional, old_notional = filters.get("NOTIONAL"), filters.get("MIN_NOTIONAL")
    lowest = notional or old_notional
    algo_orders = filters.get("MAX_NUM_ALGO_ORDERS")
    return SymbolRules(
        symbol=row["symbol"],
        base=row["baseAsset"],
        quote=row["quoteAsset"],
        trading=row["status"] == "TRADING" and bool(row["isSpotTradingAllowed"]),
        tick_size=decimal(price["tickSize"]),
        min_price=decimal(price["minPrice"]),
        max_price=decimal(price["maxPrice"]),
        step_size=decimal(lot["stepSize"]),
        min_quantity=decimal(lot["minQty"]),
        max_quantity=decimal(lot["maxQty"]),
        market_step_size=decimal(market_lot["stepSize"]) if market_lot else ZERO,
        market_min_quantity=decimal(market_lot["minQty"]) if market_lot else ZERO,
        market_max_quantity=decimal(market_lot["maxQty"]) if market_lot else ZERO,
        min_notional=decimal(lowest["minNotional"]) if lowest else ZERO,
        max_notional=decimal(notional["maxNotional"]) if notional else ZERO,
        min_notional_for_market=_binds_market(notional, old_notional),
        max_notional_for_market=bool(notional and notional["applyMaxToMarket"]),
        order_types=_order_types(row["orderTypes"]),
        oco_allowed=bool(row["ocoAllowed"]),
        cancel_replace_allowed=bool(row["cancelReplaceAllowed"]),
        max_algo_orders=int(algo_orders["maxNumAlgoOrders"]) if algo_orders else 0,
        sell_price_band=_price_band(filters, "ask"),
        buy_price_band=_price_band(filters, "bid"),
        max_position=decimal(filters["MAX_POSITION"]["maxPosition"]) if "MAX_POSITION" in filters else ZERO,
    )


def unknown_symbols(asked: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    """Each asked symbol the exchange does not know, told with the nearest names it does."""
    problems = {}
    for symbol in asked:
        if symbol not in known:
            nearest = get_close_matches(symbol.upper(), known, n=3)
            hint = f"; nearest: {', '.join(nearest)}" if nearest else ""
            problems[symbol] = f"symbol {symbol!r} is not known to the exchange{hint}"
    return problems


def _binds_market(notional: Mapping[str, Any] | None, old_notional: Mapping[str, Any] | None) -> bool:
    if notional is not None:
        return bool(notional["applyMinToMarket"])
    return bool(old_notional and old_notional["applyToMarket"])


def _order_types(names: Sequence[str]) -> frozenset[OrderType]:
    """Those of `names` that this program knows; Binance may add others."""
    return frozenset(kind for kind in OrderType if kind.value in names)


def _price_band(filters: Mapping[str, Mapping[str, Any]], side: str) -> tuple[Decimal, Decimal]:
    """Lowest and highest price of a side as factors of the reference price, 0 and 0 for none."""
    if by_side := filters.get("PERCENT_PRICE_BY_SIDE"):
        return decimal(by_side[f"{side}MultiplierDown"]), decimal(by_side[f"{side}MultiplierUp"])
    if both := filters.get("PERCENT_PRICE"):
        return decimal(both["multiplierDown"]), decimal(both["multiplierUp"])
    return ZERO, ZERO

"""Binance Spot's symbol filters (filters.md), exact and pure.

`SymbolFilters` is read from a symbol's exchangeInfo entry, so what is enforced is what
is published. A filter that the entry lacks is not applied; a limit of 0 switches itself off.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from decimal import Decimal
from typing import Any

from binance_trade_agent.domain.money import EXACT, ZERO, on_step
from binance_trade_agent.domain.orders import Side


class FilterFailure(Exception):
    """An order breaks the filter called `name`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Range:
    """A closed range with a step; each of the three is off when 0."""

    low: Decimal = ZERO
    high: Decimal = ZERO
    step: Decimal = ZERO

    def admits(self, value: Decimal) -> bool:
        """Whether `value` is inside and on the step, counted from zero."""
        return value >= self.low and (self.high == 0 or value <= self.high) and on_step(value, self.step)


@dataclass(frozen=True, slots=True)
class Band:
    """Multipliers of the reference price between which a price must stay."""

    down: Decimal
    up: Decimal

    def admits(self, price: Decimal, reference: Decimal) -> bool:
        """Whether `price` is within the band round `reference`."""
        return EXACT.multiply(reference, self.down) <= price <= EXACT.multiply(reference, self.up)


@dataclass(frozen=True, slots=True)
class Notional:
    """Limits of price × quantity; `maximum` is None when there is none."""

    filter_type: str
    minimum: Decimal
    maximum: Decimal | None
    minimum_on_market: bool
    maximum_on_market: bool

    def check(self, price: Decimal, quantity: Decimal, *, is_market: bool) -> None:
        """Raise `FilterFailure` when the order is too small or too large."""
        worth = EXACT.multiply(price, quantity)
        if (self.minimum_on_market or not is_market) and worth < self.minimum:
            raise FilterFailure(self.filter_type)
        if self.maximum is not None and (self.maximum_on_market or not is_market) and worth > self.maximum:
            raise FilterFailure(self.filter_type)


@dataclass(frozen=True, slots=True)
class OpenCount:
    """How many orders of a symbol are open (or are to be): all, those with a stop, and order lists."""

    orders: int = 0
    stops: int = 0
    lists: int = 0

    def __add__(self, other: "OpenCount") -> "OpenCount":
        return OpenCount(self.orders + other.orders, self.stops + other.stops, self.lists + other.lists)


@dataclass(frozen=True, slots=True)
class SymbolFilters:
    """The filters of one symbol."""

    price: Range
    lot: Range
    market_lot: Range
    bands: Mapping[Side, tuple[str, Band]]
    notionals: tuple[Notional, ...]
    trailing_above: Range | None
    trailing_below: Range | None
    maxima: tuple[tuple[str, OpenCount], ...]
    max_position: Decimal | None

    @classmethod
    def of(cls, rules: Mapping[str, Any]) -> "SymbolFilters":
        """Read the filters of an exchangeInfo symbol entry."""
        by_type = {entry["filterType"]: entry for entry in rules["filters"]}
        position = by_type.get("MAX_POSITION")
        trailing = by_type.get("TRAILING_DELTA")
        return cls(
            price=_range(by_type.get("PRICE_FILTER"), "minPrice", "maxPrice", "tickSize"),
            lot=_range(by_type.get("LOT_SIZE"), "minQty", "maxQty", "stepSize"),
            market_lot=_range(by_type.get("MARKET_LOT_SIZE"), "minQty", "maxQty", "stepSize"),
            bands=_bands(by_type),
            notionals=_notionals(by_type),
            trailing_above=_trailing(trailing, "Above"),
            trailing_below=_trailing(trailing, "Below"),
            maxima=_maxima(by_type),
            max_position=None if position is None else Decimal(position["maxPosition"]),
        )

    def check_price(self, side: Side, price: Decimal, reference: Decimal) -> None:
        """PRICE_FILTER, then PERCENT_PRICE or PERCENT_PRICE_BY_SIDE round `reference`."""
        if not self.price.admits(price):
            raise FilterFailure("PRICE_FILTER")
        if side in self.bands:
            name, band = self.bands[side]
            if not band.admits(price, reference):
                raise FilterFailure(name)

    def check_quantity(self, quantity: Decimal, *, is_market: bool) -> None:
        """LOT_SIZE, and for a MARKET order MARKET_LOT_SIZE in addition."""
        if not self.lot.admits(quantity):
            raise FilterFailure("LOT_SIZE")
        if is_market and not self.market_lot.admits(quantity):
            raise FilterFailure("MARKET_LOT_SIZE")

    def check_notional(self, price: Decimal, quantity: Decimal, *, is_market: bool) -> None:
        """MIN_NOTIONAL and NOTIONAL; `price` is the reference price for a MARKET order."""
        for notional in self.notionals:
            notional.check(price, quantity, is_market=is_market)

    def check_stop_price(self, stop_price: Decimal) -> None:
        """PRICE_FILTER, which holds for stop prices too."""
        if not self.price.admits(stop_price):
            raise FilterFailure("PRICE_FILTER")

    def check_trailing_delta(self, delta: int, *, is_above: bool) -> None:
        """TRAILING_DELTA in basis points, for a stop above the market or below it."""
        limits = self.trailing_above if is_above else self.trailing_below
        if limits is not None and not limits.admits(Decimal(delta)):
            raise FilterFailure("TRAILING_DELTA")

    def check_counts(self, count: OpenCount, added: OpenCount) -> None:
        """MAX_NUM_ORDERS, MAX_NUM_ALGO_ORDERS, MAX_NUM_ORDER_LISTS: `count` open on the symbol with `added`.

        A filter looks only at an order (or list) of the kind that it limits.
        """
        for name, most in self.maxima:
            for limit, now, new in zip(astuple(most), astuple(count), astuple(added), strict=True):
                if limit and new and now > limit:
                    raise FilterFailure(name)

    def check_position(self, side: Side, held: Decimal, quantity: Decimal) -> None:
        """MAX_POSITION: `held` is the base balance and the quantity of open buys."""
        if self.max_position is not None and side is Side.BUY and held + quantity > self.max_position:
            raise FilterFailure("MAX_POSITION")


def _trailing(entry: Mapping[str, Any] | None, word: str) -> Range | None:
    if entry is None:
        return None
    return Range(Decimal(entry[f"minTrailing{word}Delta"]), Decimal(entry[f"maxTrailing{word}Delta"]))


def _maxima(by_type: Mapping[str, Mapping[str, Any]]) -> tuple[tuple[str, OpenCount], ...]:
    found = []
    if (entry := by_type.get("MAX_NUM_ORDERS")) is not None:
        found.append(("MAX_NUM_ORDERS", OpenCount(orders=int(entry["maxNumOrders"]))))
    if (entry := by_type.get("MAX_NUM_ALGO_ORDERS")) is not None:
        found.append(("MAX_NUM_ALGO_ORDERS", OpenCount(stops=int(entry["maxNumAlgoOrders"]))))
    if (entry := by_type.get("MAX_NUM_ORDER_LISTS")) is not None:
        found.append(("MAX_NUM_ORDER_LISTS", OpenCount(lists=int(entry["maxNumOrderLists"]))))
    return tuple(found)


def _range(entry: Mapping[str, Any] | None, low: str, high: str, step: str) -> Range:
    if entry is None:
        return Range()
    return Range(Decimal(entry[low]), Decimal(entry[high]), Decimal(entry[step]))


def _bands(by_type: Mapping[str, Mapping[str, Any]]) -> dict[Side, tuple[str, Band]]:
    by_side = by_type.get("PERCENT_PRICE_BY_SIDE")
    if by_side is not None:
        return {
            side: (
                "PERCENT_PRICE_BY_SIDE",
                Band(Decimal(by_side[f"{word}MultiplierDown"]), Decimal(by_side[f"{word}MultiplierUp"])),
            )
            for side, word in ((Side.BUY, "bid"), (Side.SELL, "ask"))
        }
    both = by_type.get("PERCENT_PRICE")
    if both is None:
        return {}
    band = Band(Decimal(both["multiplierDown"]), Decimal(both["multiplierUp"]))
    return {side: ("PERCENT_PRICE", band) for side in Side}


def _notionals(by_type: Mapping[str, Mapping[str, Any]]) -> tuple[Notional, ...]:
    found = []
    if (entry := by_type.get("MIN_NOTIONAL")) is not None:
        minimum = Decimal(entry["minNotional"])
        found.append(Notional("MIN_NOTIONAL", minimum, None, bool(entry["applyToMarket"]), False))
    if (entry := by_type.get("NOTIONAL")) is not None:
        found.append(
            Notional(
                "NOTIONAL",
                Decimal(entry["minNotional"]),
                Decimal(entry["maxNotional"]),
                bool(entry["applyMinToMarket"]),
                bool(entry["applyMaxToMarket"]),
            )
        )
    return tuple(found)

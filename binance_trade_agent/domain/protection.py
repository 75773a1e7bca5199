"""What protects a position at the exchange, and where its stop and target lie. Pure.

Protection is a set of covers: an OCO (stop and target), a stop or a target alone. Each
covers a quantity of its own; together they cover the position less dust that cannot be sold.
An OCO cannot be moved in one request, so a trailing stop replaces it by a stop alone;
its target is then watched in each cycle, as is everything that no order can cover. Levels
that a person asked for move what rests in the same way; those of the settings move nothing,
because the average price they are shares of shifts with each purchase.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from binance_trade_agent.domain.market import BookTop
from binance_trade_agent.domain.money import ZERO, ceil_to_step, floor_to_step, total
from binance_trade_agent.domain.orders import JournalOrder, OrderType, Purpose
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.symbol_rules import SymbolRules

#: How much of the exchange's price band is used: it is measured from an average price that moves.
_BAND_SHARE = Decimal("0.98")


@dataclass(frozen=True, slots=True)
class ProtectionPlan:
    """Where stops and targets lie, as shares of the price paid; 0 is none. `trailing_share` is of the bid."""

    stop_share: Decimal = ZERO
    target_share: Decimal = ZERO
    trailing_share: Decimal = ZERO

    @property
    def has_levels(self) -> bool:
        """Whether positions get a stop or a target."""
        return self.stop_share > 0 or self.trailing_share > 0 or self.target_share > 0


@dataclass(frozen=True, slots=True)
class AskedLevels:
    """A stop and a target that a person asked for a position; None leaves that one to the settings.

    With neither, they were taken back: what rests is to go to the settings' levels.
    """

    stop_price: Decimal | None = None
    target_price: Decimal | None = None

    @property
    def are_taken_back(self) -> bool:
        """Whether nothing is asked for any more."""
        return self.stop_price is None and self.target_price is None


@dataclass(frozen=True, slots=True)
class Cover:
    """One piece of protection at the exchange: the open rows of an order list, or one order."""

    rows: tuple[JournalOrder, ...]

    @property
    def quantity(self) -> Decimal:
        """What it may still sell; a list sells its quantity once."""
        return min(row.remaining for row in self.rows)

    @property
    def client_list_id(self) -> str | None:
        """The list, if it is one."""
        return self.rows[0].intent.client_list_id

    @property
    def stop_price(self) -> Decimal | None:
        """What triggers its stop."""
        return next((row.intent.stop_price for row in self.rows if row.intent.purpose is Purpose.STOP), None)

    @property
    def target_price(self) -> Decimal | None:
        """Where its target rests."""
        return next((row.intent.price for row in self.rows if row.intent.purpose is Purpose.TARGET), None)

    @property
    def has_target(self) -> bool:
        """Whether a target rests with it."""
        return any(row.intent.purpose is Purpose.TARGET for row in self.rows)

    @property
    def is_triggered(self) -> bool:
        """Whether its stop sells already."""
        return any(row.executed for row in self.rows if row.intent.purpose is Purpose.STOP)


@dataclass(frozen=True, slots=True)
class Levels:
    """Prices of a position's stop and target, on the symbol's ticks; None for none."""

    stop: Decimal | None
    target: Decimal | None


@dataclass(frozen=True, slots=True)
class StopTerms:
    """The stop order the symbol's rules allow."""

    order_type: OrderType
    stop_price: Decimal
    price: Decimal | None


@dataclass(frozen=True, slots=True)
class Place:
    """Put a new cover for `quantity` at the exchange; at least one of stop and target is given."""

    quantity: Decimal
    stop: StopTerms | None
    target: Decimal | None


@dataclass(frozen=True, slots=True)
class Move:
    """Replace a cover by a stop alone, or without one by a target alone, for `quantity`. `asked`: a person wants it."""

    cover: Cover
    quantity: Decimal
    stop: StopTerms | None
    target: Decimal | None = None
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Drop:
    """Cancel a cover, for the `reason` given."""

    cover: Cover
    reason: str = "it would sell more than is held"


@dataclass(frozen=True, slots=True)
class Leave:
    """Nothing to do: everything that can be covered is. `alarm` marks what a person should know of."""

    text: str
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Wait(Leave):
    """Nothing can be done now; later it may."""


@dataclass(frozen=True, slots=True)
class Stuck(Leave):
    """What rests does not agree with what a person asked for, and the exchange lets it not be moved."""


@dataclass(frozen=True, slots=True)
class ExitNow:
    """The price has passed a level that no order at the exchange guards: sell."""

    code: str
    text: str


Step = Place | Move | Drop | Leave | ExitNow


def covers_of(rows: Iterable[JournalOrder], symbol: str) -> tuple[Cover, ...]:
    """The protection that rests for `symbol`, oldest first."""
    groups: dict[str, list[JournalOrder]] = {}
    for row in rows:
        if row.intent.symbol == symbol and row.rests_as_protection:
            key = row.intent.client_list_id or row.intent.client_order_id
            groups.setdefault(key, []).append(row)
    return tuple(Cover(tuple(group)) for group in groups.values())


def covered(covers: Iterable[Cover]) -> Decimal:
    """Base currency that protection at rest keeps locked for its own sale."""
    return total(cover.quantity for cover in covers)


def levels_of(
    position: Position,
    rules: SymbolRules,
    book: BookTop,
    plan: ProtectionPlan,
    asked: AskedLevels | None = None,
) -> Levels:
    """Stop and target of `position` at the present bid: the asked ones, else the settings' shares of the price paid.

    A trailing stop may lie above the stop that was asked for; a position without a price paid has no other levels.
    """
    stop, target = _planned(position, rules, book, plan)
    if asked is not None:
        stop = asked.stop_price if asked.stop_price is not None else stop
        target = asked.target_price if asked.target_price is not None else target
    if plan.trailing_share and (position.average_price or ZERO) > 0:
        stop = max(stop or ZERO, book.bid * (1 - plan.trailing_share))
    return Levels(
        floor_to_step(stop, rules.tick_size) if stop is not None else None,
        ceil_to_step(target, rules.tick_size) if target is not None else None,
    )


def _planned(
    position: Position, rules: SymbolRules, book: BookTop, plan: ProtectionPlan
) -> tuple[Decimal | None, Decimal | None]:
    """The fixed stop and the target of the settings."""
    paid = position.average_price
    if paid is None or paid <= 0:
        return None, None
    target = paid * (1 + plan.target_share) if plan.target_share else None
    if target is not None and rules.sell_price_band[1]:
        highest = highest_target(rules, book)
        # a lower one would still take some profit, or the band leaves no room for any
        target = min(target, highest) if highest > max(paid, book.bid) or book.bid >= target else None
    return paid * (1 - plan.stop_share) if plan.stop_share else None, target


def highest_target(rules: SymbolRules, book: BookTop) -> Decimal:
    """The highest price a target may rest at now; 0 where there is no limit."""
    return book.bid * rules.sell_price_band[1] * _BAND_SHARE

"""What protects a position at the exchange, and the next thing to do about it. Pure.

Protection is a set of covers: an OCO (stop and target), a stop or a target alone. Each
covers a quantity of its own; together they cover the position less dust that cannot be sold.
An OCO cannot be moved in one request, so a trailing stop replaces it by a stop alone;
its target is then watched in each cycle, as is everything that no order can cover.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from binance_trade_agent.domain.market import BookTop
from binance_trade_agent.domain.money import ZERO, ceil_to_step, floor_to_step, to_wire, total
from binance_trade_agent.domain.orders import JournalOrder, OrderType, Purpose
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.symbol_rules import SymbolRules

#: How far below its trigger a STOP_LOSS_LIMIT may sell, where a market stop is not to be had.
_LIMIT_ROOM = Decimal("0.01")
#: A trailing stop moves once it gains this share of its distance: each move is a request.
_TRAILING_STEP = Decimal("0.1")
#: How much of the exchange's price band is used: it is measured from an average price that moves.
_BAND_SHARE = Decimal("0.98")


@dataclass(frozen=True, slots=True)
class ProtectionPlan:
    """Where stops and targets lie, as shares of the price paid; 0 is none. `trailing_share` is of the bid."""

    stop_share: Decimal = ZERO
    target_share: Decimal = ZERO
    trailing_share: Decimal = ZERO

    @property
    def has_stop(self) -> bool:
        """Whether positions get a stop."""
        return self.stop_share > 0 or self.trailing_share > 0


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
    def has_target(self) -> bool:
        """Whether a target rests with it."""
        return any(row.intent.purpose is Purpose.TARGET for row in self.rows)


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
    """Replace a cover by a stop alone, for `quantity`."""

    cover: Cover
    quantity: Decimal
    stop: StopTerms


@dataclass(frozen=True, slots=True)
class Drop:
    """Cancel a cover that would sell more than is held."""

    cover: Cover


@dataclass(frozen=True, slots=True)
class Leave:
    """Nothing to do: everything that can be covered is. `alarm` marks what a person should know of."""

    text: str
    alarm: bool = False


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


def levels_of(position: Position, rules: SymbolRules, book: BookTop, plan: ProtectionPlan) -> Levels:
    """Stop and target of `position` at the present bid; none for a position without a price paid."""
    paid = position.average_price
    if paid is None or paid <= 0:
        return Levels(None, None)
    stops = [paid * (1 - plan.stop_share)] if plan.stop_share else []
    if plan.trailing_share:
        stops.append(book.bid * (1 - plan.trailing_share))
    target = paid * (1 + plan.target_share) if plan.target_share else None
    if target is not None and rules.sell_price_band[1]:
        highest = book.bid * rules.sell_price_band[1] * _BAND_SHARE
        # a lower one would still take some profit, or the band leaves no room for any
        target = min(target, highest) if highest > max(paid, book.bid) or book.bid >= target else None
    return Levels(
        floor_to_step(max(stops), rules.tick_size) if stops else None,
        ceil_to_step(target, rules.tick_size) if target is not None else None,
    )


def next_step(
    position: Position | None,
    covers: Sequence[Cover],
    rules: SymbolRules,
    book: BookTop,
    plan: ProtectionPlan,
) -> Step:
    """The one next thing to do for a position's protection."""
    held = position.quantity if position is not None else ZERO
    surplus = covered(covers) - held
    if surplus > 0 and covers:
        return Drop(covers[-1])
    if position is None or held <= 0 or not (plan.has_stop or plan.target_share):
        return Leave("nothing to protect")
    levels = levels_of(position, rules, book, plan)
    open_quantity = rules.sellable_quantity(-surplus, book.bid)
    if not rules.trading:
        return Leave(f"{rules.symbol} is not open for trading", alarm=bool(open_quantity))
    if open_quantity:
        return _cover(open_quantity, covers, levels, rules, book)
    if unguarded := _unguarded_exit(covers, levels, book):
        return unguarded
    return _trail(covers, levels, rules, plan) or _resting(covers)


def _cover(
    quantity: Decimal, covers: Sequence[Cover], levels: Levels, rules: SymbolRules, book: BookTop
) -> Step:
    passed = _passed(levels, book)
    if passed is not None:
        return passed
    stop = _stop_terms(levels.stop, rules)
    prices = [price for price in (stop.price if stop else None, levels.stop, levels.target) if price]
    if not prices:
        return Leave(f"no level of {rules.symbol} can be an order's price now: watched", alarm=True)
    lowest = min(prices)
    quantity = rules.limit_quantity(quantity, lowest)
    if not quantity:
        text = f"what is open is too little to be sold at {to_wire(lowest)}: watched in each cycle"
        return Leave(text)
    target = levels.target if OrderType.LIMIT_MAKER in rules.order_types else None
    if stop is not None and target is not None and not rules.oco_allowed:
        target = None
    if stop is None and levels.stop is not None:
        return Leave(f"{rules.symbol} takes no stop order: watched in each cycle", alarm=True)
    if stop is not None and _algo_orders(covers) >= rules.max_algo_orders > 0:
        return _merge(quantity, covers, stop, rules)
    if stop is None and target is None:
        return Leave(f"{rules.symbol} takes no order that would protect it: watched", alarm=True)
    return Place(quantity, stop, target)


def _merge(quantity: Decimal, covers: Sequence[Cover], stop: StopTerms, rules: SymbolRules) -> Step:
    """No further stop may be opened: widen one that is there."""
    stops = [cover for cover in covers if cover.stop_price is not None]
    widened = min(stops, key=lambda cover: cover.quantity, default=None)
    wider = rules.limit_quantity(widened.quantity + quantity, stop.stop_price) if widened else ZERO
    if widened is None or wider <= widened.quantity or not rules.cancel_replace_allowed:
        return Leave("the exchange takes no further stop order of this symbol: watched", alarm=True)
    return Move(widened, wider, stop)


def _unguarded_exit(covers: Sequence[Cover], levels: Levels, book: BookTop) -> ExitNow | None:
    """What a cover without a target, or without a stop, leaves to the cycle."""
    lacks_target = not all(cover.has_target for cover in covers)
    lacks_stop = any(cover.stop_price is None for cover in covers)
    if lacks_target and levels.target is not None and book.bid >= levels.target:
        return _take_profit(levels.target, book)
    if lacks_stop and levels.stop is not None and book.bid <= levels.stop:
        return _stop_loss(levels.stop, book)
    return None


def _passed(levels: Levels, book: BookTop) -> ExitNow | None:
    if levels.stop is not None and book.bid <= levels.stop:
        return _stop_loss(levels.stop, book)
    if levels.target is not None and book.bid >= levels.target:
        return _take_profit(levels.target, book)
    return None


def _stop_loss(stop: Decimal, book: BookTop) -> ExitNow:
    return ExitNow("stop_loss", f"the bid {to_wire(book.bid)} is not above the stop {to_wire(stop)}")


def _take_profit(target: Decimal, book: BookTop) -> ExitNow:
    return ExitNow("take_profit", f"the bid {to_wire(book.bid)} has reached the target {to_wire(target)}")


def _trail(covers: Sequence[Cover], levels: Levels, rules: SymbolRules, plan: ProtectionPlan) -> Move | None:
    if not plan.trailing_share or not rules.cancel_replace_allowed:
        return None
    stop = _stop_terms(levels.stop, rules)
    if stop is None:
        return None
    least = 1 + plan.trailing_share * _TRAILING_STEP
    for cover in covers:
        # a level that follows the price down is never reached: it cannot be watched in place of a stop
        lacks_stop = cover.stop_price is None and not plan.stop_share
        if lacks_stop or (cover.stop_price and stop.stop_price >= cover.stop_price * least):
            quantity = rules.limit_quantity(cover.quantity, stop.price or stop.stop_price)
            if quantity:
                return Move(cover, quantity, stop)
    return None


def _stop_terms(stop_price: Decimal | None, rules: SymbolRules) -> StopTerms | None:
    if stop_price is None or stop_price <= 0:
        return None
    if OrderType.STOP_LOSS in rules.order_types:
        return StopTerms(OrderType.STOP_LOSS, stop_price, None)
    if OrderType.STOP_LOSS_LIMIT in rules.order_types:
        price = floor_to_step(stop_price * (1 - _LIMIT_ROOM), rules.tick_size)
        return StopTerms(OrderType.STOP_LOSS_LIMIT, stop_price, price)
    return None


def _algo_orders(covers: Iterable[Cover]) -> int:
    return sum(1 for cover in covers for row in cover.rows if row.intent.order_type.is_algo)


def _resting(covers: Sequence[Cover]) -> Leave:
    if not covers:
        return Leave("only dust is held")
    return Leave(f"{to_wire(covered(covers))} covered by {len(covers)} at the exchange")

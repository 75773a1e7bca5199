"""The next thing to do about a position's protection. Pure.

A step is done before the next one is asked for; whatever rests and whatever is asked for, a few
steps lead to `Leave`.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from binance_trade_agent.domain.market import BookTop
from binance_trade_agent.domain.money import ZERO, floor_to_step, to_wire
from binance_trade_agent.domain.orders import OrderType
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.protection import (
    AskedLevels,
    Cover,
    Drop,
    ExitNow,
    Leave,
    Levels,
    Move,
    Place,
    ProtectionPlan,
    Step,
    StopTerms,
    Stuck,
    Wait,
    covered,
    highest_target,
    levels_of,
)
from binance_trade_agent.domain.symbol_rules import SymbolRules

#: How far below its trigger a STOP_LOSS_LIMIT may sell, where a market stop is not to be had.
_LIMIT_ROOM = Decimal("0.01")
#: A trailing stop moves once it gains this share of its distance: each move is a request.
_TRAILING_STEP = Decimal("0.1")
_ASKED_FOR = " that was asked for"


def next_step(
    position: Position | None,
    covers: Sequence[Cover],
    rules: SymbolRules,
    book: BookTop,
    plan: ProtectionPlan,
    asked: AskedLevels | None = None,
) -> Step:
    """The one next thing to do for a position's protection."""
    held = position.quantity if position is not None else ZERO
    surplus = covered(covers) - held
    if surplus > 0 and covers:
        return Drop(covers[-1])
    is_wanted = plan.has_levels or (asked is not None and not asked.are_taken_back)
    if position is None or held <= 0 or not (is_wanted or asked):
        return Leave("nothing to protect")
    levels = levels_of(position, rules, book, plan, asked)
    open_quantity = rules.sellable_quantity(-surplus, book.bid)
    if not rules.trading:
        return Wait(f"{rules.symbol} is not open for trading", alarm=bool(open_quantity))
    left_open: Leave | None = None
    if open_quantity and is_wanted:
        found = _cover(open_quantity, covers, levels, rules, book, asked)
        if not isinstance(found, Leave):
            return found
        left_open = found
    if unguarded := _unguarded_exit(covers, levels, rules, book, asked):
        return unguarded
    moved = _move_asked(covers, levels, rules, book, plan, asked) if asked is not None else None
    trailed = _trail(covers, levels, rules, plan) if moved is None or isinstance(moved, Stuck) else None
    return trailed or moved or left_open or _resting(covers)


def _cover(
    quantity: Decimal,
    covers: Sequence[Cover],
    levels: Levels,
    rules: SymbolRules,
    book: BookTop,
    asked: AskedLevels | None,
) -> Step:
    passed = _passed(levels, book, asked)
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
    target = levels.target if _can_rest(levels.target, rules, book, asked) else None
    if stop is not None and not rules.oco_allowed:
        target = None
    if stop is None and levels.stop is not None:
        return Leave(f"{rules.symbol} takes no stop order: watched in each cycle", alarm=True)
    if stop is not None and _algo_orders(covers) >= rules.max_algo_orders > 0:
        return _merge(quantity, covers, stop, rules)
    if stop is None and target is None:
        return Leave(f"{rules.symbol} takes no order that would protect it: watched", alarm=True)
    return Place(quantity, stop, target)


def _can_rest(target: Decimal | None, rules: SymbolRules, book: BookTop, asked: AskedLevels | None) -> bool:
    """Whether a target may be an order now: one that was asked for is not lowered to fit into the price band."""
    if target is None or OrderType.LIMIT_MAKER not in rules.order_types:
        return False
    highest = highest_target(rules, book)
    is_asked = asked is not None and asked.target_price is not None
    return not (is_asked and highest and target - highest > rules.tick_size)


def _merge(quantity: Decimal, covers: Sequence[Cover], stop: StopTerms, rules: SymbolRules) -> Step:
    """No further stop may be opened: widen one that is there."""
    stops = [cover for cover in covers if cover.stop_price is not None]
    widened = min(stops, key=lambda cover: cover.quantity, default=None)
    wider = rules.limit_quantity(widened.quantity + quantity, stop.stop_price) if widened else ZERO
    if widened is None or wider <= widened.quantity or not rules.cancel_replace_allowed:
        return Leave("the exchange takes no further stop order of this symbol: watched", alarm=True)
    return Move(widened, wider, stop)


def _unguarded_exit(
    covers: Sequence[Cover],
    levels: Levels,
    rules: SymbolRules,
    book: BookTop,
    asked: AskedLevels | None,
) -> ExitNow | None:
    """What a cover leaves to the cycle: without a target, without a stop, or with one that was asked for elsewhere."""
    lacks_target = not all(cover.has_target for cover in covers)
    lacks_stop = any(cover.stop_price is None for cover in covers)
    if asked is not None:
        sought = levels if asked.are_taken_back else Levels(asked.stop_price, asked.target_price)
        lacks_target |= any(_is_below(sought.target, cover.target_price, rules) for cover in covers)
        lacks_stop |= any(_is_below(cover.stop_price, sought.stop, rules) for cover in covers)
    if lacks_target and levels.target is not None and book.bid >= levels.target:
        return _take_profit(levels.target, book, asked)
    if lacks_stop and levels.stop is not None and book.bid <= levels.stop:
        return _stop_loss(levels.stop, book, asked)
    return None


def _is_below(lower: Decimal | None, upper: Decimal | None, rules: SymbolRules) -> bool:
    """Whether a price is below another by more than a tick."""
    return lower is not None and upper is not None and upper - lower > rules.tick_size


def _differ(one: Decimal | None, other: Decimal | None, rules: SymbolRules) -> bool:
    return one is None or other is None or abs(one - other) > rules.tick_size


def _move_asked(
    covers: Sequence[Cover],
    levels: Levels,
    rules: SymbolRules,
    book: BookTop,
    plan: ProtectionPlan,
    asked: AskedLevels,
) -> Move | Drop | Stuck | None:
    """Bring what rests to the levels that a person asked for, one cover after another."""
    stuck = None
    for cover in covers:
        wanted = _wanted(cover, levels, rules, plan, asked)
        if wanted is None:
            continue
        if wanted == Levels(None, None):
            return Drop(cover, "it was taken back, and the settings want none")
        moved = _replacement(cover, covers, wanted, rules, book)
        if isinstance(moved, Move):
            return moved
        stuck = stuck or Stuck(f"what rests cannot be moved: {moved}", alarm=True)
    return stuck


def _wanted(
    cover: Cover, levels: Levels, rules: SymbolRules, plan: ProtectionPlan, asked: AskedLevels
) -> Levels | None:
    """What is to rest in place of `cover`: a stop alone, or without one a target alone; None if it agrees."""
    if cover.is_triggered:
        return None
    stop, target = cover.stop_price, cover.target_price
    if asked.stop_price is not None and stop is None:
        # a stop goes before a target: it is what must outlive this process
        return Levels(levels.stop, None)
    if (asked.stop_price is not None or asked.are_taken_back) and stop is not None:
        if levels.stop is None:
            return Levels(None, levels.target)
        # a stop that trails is never lowered
        if _is_below(stop, levels.stop, rules) or (
            not plan.trailing_share and _differ(stop, levels.stop, rules)
        ):
            return Levels(levels.stop, None)
    moves_target = (asked.target_price is not None or asked.are_taken_back) and target is not None
    if not moves_target or not _differ(target, levels.target, rules):
        return None
    if stop is not None:
        return Levels(stop, None)
    return Levels(None, levels.target) if levels.target is not None else Levels(levels.stop, None)


def _replacement(
    cover: Cover, covers: Sequence[Cover], wanted: Levels, rules: SymbolRules, book: BookTop
) -> Move | str:
    """The order that takes the place of `cover`, or why it cannot."""
    if not rules.cancel_replace_allowed:
        return f"{rules.symbol} takes no replacements of orders"
    stop = _stop_terms(wanted.stop, rules)
    if wanted.stop is not None and stop is None:
        return f"{rules.symbol} takes no stop order"
    if stop is not None and cover.stop_price is None and _algo_orders(covers) >= rules.max_algo_orders > 0:
        return "the exchange takes no further stop order of this symbol"
    target = None if stop is not None else wanted.target
    if target is not None and not _can_rest(target, rules, book, AskedLevels(None, target)):
        return f"no target may rest at {to_wire(target)} now"
    price = (stop.price or stop.stop_price) if stop is not None else target
    if price is None:
        return "no level is left"
    quantity = rules.limit_quantity(cover.quantity, price)
    if not quantity:
        return f"{to_wire(cover.quantity)} is too little to be sold at {to_wire(price)}"
    return Move(cover, quantity, stop, target, asked=True)


def _passed(levels: Levels, book: BookTop, asked: AskedLevels | None) -> ExitNow | None:
    if levels.stop is not None and book.bid <= levels.stop:
        return _stop_loss(levels.stop, book, asked)
    if levels.target is not None and book.bid >= levels.target:
        return _take_profit(levels.target, book, asked)
    return None


def _stop_loss(stop: Decimal, book: BookTop, asked: AskedLevels | None) -> ExitNow:
    whose = _ASKED_FOR if asked is not None and asked.stop_price == stop else ""
    return ExitNow("stop_loss", f"the bid {to_wire(book.bid)} is not above the stop {to_wire(stop)}{whose}")


def _take_profit(target: Decimal, book: BookTop, asked: AskedLevels | None) -> ExitNow:
    whose = _ASKED_FOR if asked is not None and asked.target_price == target else ""
    text = f"the bid {to_wire(book.bid)} has reached the target {to_wire(target)}{whose}"
    return ExitNow("take_profit", text)


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

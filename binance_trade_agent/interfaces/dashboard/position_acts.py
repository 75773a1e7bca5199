"""What a person does to a position: sell all or a part of it, move its stop and its target, take that back."""

import asyncio
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from binance_trade_agent.control.protections import Protection
from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.errors import ConfigurationError, NoMarketData
from binance_trade_agent.domain.money import ceil_to_step, floor_to_step, to_wire
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.interfaces.dashboard.acting import (
    ACTOR,
    CHANNEL,
    Act,
    Doing,
    Field,
    Told,
    Wish,
    Words,
)
from binance_trade_agent.interfaces.dashboard.components.numbers import (
    amount,
    exact_price,
    percent,
    price,
    quantity,
    signed_amount,
)
from binance_trade_agent.interfaces.desks import Desk

_STOP, _TARGET, _QUANTITY = "stop", "target", "quantity"
#: What of a question's basis is sent as it was said, to the last digit.
_SOLD = "what is sold"
_TO = {_STOP: "where the stop goes", _TARGET: "where the target goes"}


@dataclass(frozen=True, slots=True)
class _Held:
    """A position, what guards it, and the market as the trader saw it last; `bid` is None before it saw one."""

    position: Position
    protection: Protection
    bid: Decimal | None
    rules: SymbolRules | None

    @property
    def unit(self) -> str:
        return self.position.quote

    @property
    def basis(self) -> dict[str, str]:
        """What each sentence about it stands on."""
        opened = self.position.opened_at
        return {
            "what is held": f"{quantity(self.position.quantity)} {self.position.base}",
            "held since": f"{opened:%Y-%m-%d %H:%M:%S UTC}" if opened else "unknown",
        }

    def sellable(self, of: Decimal) -> Decimal:
        """What of a quantity one market order can sell, as far as the rules are known."""
        if self.rules is None or self.bid is None:
            return of
        return self.rules.sellable_quantity(of, self.bid)

    def refuse(self, sold: Decimal) -> None:
        """Raises `ConfigurationError` where the exchange would not take the sale, as far as its rules are known."""
        if self.rules and self.bid and (problem := self.rules.market_violation(sold, self.bid)):
            raise ConfigurationError(f"the exchange would not take it: {problem}")

    def about(self, sold: Decimal) -> str:
        """What a sale brings, and what that is beside its cost."""
        if self.bid is None:
            return ""
        return f", about {amount(sold * self.bid, self.unit)} {self.unit}"

    def on_ticks(self, stop: Decimal | None, target: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
        """A stop and a target as the trader takes them: the stop rounded down, the target up."""
        if self.rules is None:
            return stop, target
        tick = self.rules.tick_size
        return (
            None if stop is None else floor_to_step(stop, tick),
            None if target is None else ceil_to_step(target, tick),
        )

    def gain_of(self, sold: Decimal, at: Decimal) -> str:
        """What a sale at a price earns, before its fee."""
        cost = self.position.cost * sold / self.position.quantity
        gain = sold * at - cost
        return f"{signed_amount(gain, self.unit)} {self.unit} ({percent(gain, cost, signed=True)})"


def _held(desk: Desk, symbol: str) -> _Held:
    """Raises `ConfigurationError` where nothing is held, or nothing may be sent."""
    control = desk.watch.status().control
    if control.state is TradingState.HALTED:
        raise ConfigurationError(
            f"trading is halted by {control.actor} ({control.reason}): no order is sent until somebody resumes"
        )
    position = next((one for one in desk.watch.positions() if one.symbol == symbol), None)
    protection = next((one for one in desk.watch.protection() if one.symbol == symbol), None)
    if position is None or position.quantity <= 0 or protection is None:
        raise ConfigurationError(f"nothing of {symbol} is held any more")
    try:
        seen = desk.market.now(symbol)
    except NoMarketData:
        return _Held(position, protection, None, None)
    return _Held(position, protection, seen.bid, seen.rules)


def _sale_words(held: _Held, sold: Decimal) -> str:
    position = held.position
    text = f"Sell {quantity(sold)} {position.base} at market{held.about(sold)}."
    if held.bid is not None:
        gain = held.gain_of(sold, held.bid)
        text += (
            f" At {price(held.bid)} {held.unit} that is {gain} on what it cost, before the fee of selling."
        )
    return text


def _close_words(desk: Desk, wish: Wish) -> Words:
    held = _held(desk, wish.target)
    position = held.position
    if held.rules is None:
        raise ConfigurationError(
            f"the trader has not seen yet what the exchange takes of {wish.target}: sell a part, in a quantity of your own"
        )
    sold = held.sellable(position.quantity)
    if not sold:
        raise ConfigurationError(
            f"{quantity(position.quantity)} {position.base} is too little to be sold: the exchange takes no such order"
        )
    held.refuse(sold)
    text, title = _sale_words(held, sold), f"Close {wish.target}?"
    if held.sellable(position.quantity - sold):
        title = f"Sell as much of {wish.target} as one order takes?"
        text += f" One order takes no more than that:{_rest_words(held, sold)} Close again to sell on."
    else:
        text += _rest_words(held, sold)
    if desk.watch.status().control.may_enter(wish.target):
        text += " The strategy may buy it again: set it to reduce-only to prevent that."
    return _sale(title, text, held, sold)


def _rest_words(held: _Held, sold: Decimal) -> str:
    """What a sale leaves, and what becomes of its protection."""
    left, base = held.position.quantity - sold, held.position.base
    if held.sellable(left):
        guarded = ", with its protection." if held.protection.guards else "."
        return f" {quantity(left)} {base} stays{guarded}"
    ends = " The stop and target that rest at the exchange end with it." if held.protection.guards else ""
    return ends + (f" {quantity(left)} {base} is too little to be sold and stays." if left else "")


def _part_fields(desk: Desk, wish: Wish) -> tuple[Field, ...]:
    held = _held(desk, wish.target)
    whole, base = held.position.quantity, held.position.base
    step = held.rules.step_size if held.rules else Decimal(0)
    half, quarter = (floor_to_step(whole * share, step) for share in (Decimal("0.5"), Decimal("0.25")))
    hint = f"held: {quantity(whole)}; a half: {quantity(half)}; a quarter: {quantity(quarter)}"
    return (Field(_QUANTITY, f"Quantity in {base}", quantity(half), hint, "decimal"),)


def _part_words(desk: Desk, wish: Wish) -> Words:
    held = _held(desk, wish.target)
    position = held.position
    sold = _number(wish, _QUANTITY)
    if sold is None:
        raise ConfigurationError("say how much to sell")
    if sold > position.quantity:
        raise ConfigurationError(f"only {quantity(position.quantity)} {position.base} is held")
    held.refuse(sold)
    text = _sale_words(held, sold) + _rest_words(held, sold)
    return _sale(f"Sell a part of {wish.target}?", text, held, sold)


def _sale(title: str, text: str, held: _Held, sold: Decimal) -> Words:
    return Words(title, text, "Sell", grave=True, basis=held.basis | {_SOLD: to_wire(sold)})


def _close(doing: Doing) -> Told:
    """Sell what was said, or what of it can be sold by then."""
    return _sell(doing, at_most=True)


def _sell_part(doing: Doing) -> Told:
    """Sell what was said, or nothing."""
    return _sell(doing, at_most=False)


def _sell(doing: Doing, *, at_most: bool) -> Told:
    asked = doing.desk.steering.trade(
        doing.wish.target,
        Decimal(doing.basis[_SOLD]),
        Side.SELL,
        actor=ACTOR,
        channel=CHANNEL,
        idempotency_key=doing.key,
        reason=doing.reason,
        at_most=at_most,
    )
    return Told.of(asyncio.run(asked))


def _move_fields(desk: Desk, wish: Wish) -> tuple[Field, ...]:
    guard = _held(desk, wish.target).protection

    def field(name: str, label: str, now: Decimal | None, share: Decimal | None) -> Field:
        far = f", {percent(share, Decimal(100), signed=True)} from the price" if share is not None else ""
        hint = "there is none now" if now is None else f"now {price(now)}{far}; empty: stays as it is"
        return Field(name, label, "", hint, "decimal")

    return (
        field(_STOP, "Stop: sell when the price falls to", guard.stop, guard.stop_distance_percent),
        field(_TARGET, "Target: sell when it rises to", guard.target, guard.target_distance_percent),
    )


def _move_words(desk: Desk, wish: Wish) -> Words:
    held = _held(desk, wish.target)
    guard = held.protection
    stop, target = held.on_ticks(_number(wish, _STOP), _number(wish, _TARGET))
    if stop is None and target is None:
        raise ConfigurationError("name a stop, a target, or both")
    if stop is not None and not stop:
        raise ConfigurationError("the stop is below the smallest price the exchange takes")
    if stop and held.bid and stop >= held.bid:
        raise ConfigurationError(
            f"the stop must be below the price, {price(held.bid)}: it would sell at once"
        )
    if target and held.bid and target <= held.bid:
        raise ConfigurationError(
            f"the target must be above the price, {price(held.bid)}: it would sell at once"
        )
    moves = [
        (name, before, to)
        for name, before, to in ((_STOP, guard.stop, stop), (_TARGET, guard.target, target))
        if to is not None
    ]
    parts = [_moved(held, name, before, to) for name, before, to in moves]
    text = " ".join(
        [
            *parts,
            *_parting(guard, stop, target),
            "It holds until the position is closed, and goes before what the settings say.",
        ]
    )
    levels = {f"the {name}": quantity(before) if before else "not set" for name, before, _ in moves}
    levels |= {_TO[name]: to_wire(to) for name, _, to in moves}
    return Words(f"Move protection of {wish.target}?", text, "Move", basis=held.basis | levels)


def _moved(held: _Held, name: str, before: Decimal | None, to: Decimal) -> str:
    whole = held.position.quantity
    begun = f"Move the {name} from {exact_price(before)} to" if before else f"Set a {name} at"
    far = f" ({percent(to - held.bid, held.bid, signed=True)} from the price)" if held.bid else ""
    return (
        f"{begun} {exact_price(to)} {held.unit}{far}; reached, it sells {quantity(whole)} {held.position.base},"
        f" {held.gain_of(whole, to)} on what it cost."
    )


def _parting(guard: Protection, stop: Decimal | None, target: Decimal | None) -> list[str]:
    """Where the target is after a move: the exchange moves a stop or a target, and no pair of them."""
    at = target or guard.target
    if at is None or not guard.guards or not (stop or guard.stops):
        return []
    begun = (
        "At the exchange the stop rests alone from then on: the target leaves it, and"
        if guard.targets
        else "The target does not rest at the exchange:"
    )
    return [f"{begun} {exact_price(at)} is watched by the trader, which sells there only while it runs."]


def _move(doing: Doing) -> Told:
    stop, target = (doing.basis.get(_TO[name]) for name in (_STOP, _TARGET))
    return _protect(doing, Decimal(stop) if stop else None, Decimal(target) if target else None)


def _back_words(desk: Desk, wish: Wish) -> Words:
    held = _held(desk, wish.target)
    guard, session = held.protection, desk.watch.status().session
    if not guard.asked_by:
        raise ConfigurationError(f"nobody asked for levels of {wish.target}: those of the settings hold")
    levels = [
        (name, at)
        for name, at in ((_STOP, guard.asked_stop), (_TARGET, guard.asked_target))
        if at is not None
    ]
    asked = [f"{name} at {exact_price(at)}" for name, at in levels]
    settings = session.settings if session else {}
    shares = [
        f"{name} {percent(Decimal(settings[name]), Decimal(1))}"
        for name in ("STOP_LOSS_SHARE", "TAKE_PROFIT_SHARE")
        if Decimal(settings.get(name) or 0)
    ]
    told = f" ({', '.join(shares)})" if shares else ""
    ends = "no longer hold" if len(asked) > 1 else "no longer holds"
    text = (
        f"The {' and the '.join(asked)} that {guard.asker} asked for {ends}. What rests at the exchange"
        f" moves to the levels of the settings{told}."
    )
    if guard.stops and len(shares) > 1:
        text += (
            " One thing is not undone: until this position is closed the stop rests there alone, and the target is"
            " watched by the trader, which sells there only while it runs."
        )
    return Words(
        f"Back to the settings' levels of {wish.target}?",
        text,
        "Take back",
        basis=held.basis
        | {"asked by": guard.asked_by}
        | {f"the {name} asked for": quantity(at) for name, at in levels},
    )


def _back(doing: Doing) -> Told:
    return _protect(doing, None, None)


def _protect(doing: Doing, stop: Decimal | None, target: Decimal | None) -> Told:
    asked = doing.desk.steering.protect(
        doing.wish.target,
        stop_price=stop,
        target_price=target,
        actor=ACTOR,
        channel=CHANNEL,
        reason=doing.reason,
        idempotency_key=doing.key,
    )
    return Told.of(asyncio.run(asked))


def _number(wish: Wish, name: str) -> Decimal | None:
    """The value of a field; None for an empty one."""
    text = wish.values.get(name, "").replace(" ", "")
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(0)
    if not (value.is_finite() and 0 < value < Decimal("1e15")):
        raise ConfigurationError(f"{text[:40]!r}: expected a number above 0 with a point, such as 61500.5")
    return value


CLOSE = Act("close-position", _close_words, _close)
PART = Act("sell-part", _part_words, _sell_part, _part_fields)
MOVE = Act("move-protection", _move_words, _move, _move_fields)
BACK = Act("protection-to-settings", _back_words, _back)
ALL = (CLOSE, PART, MOVE, BACK)

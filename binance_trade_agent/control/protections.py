"""What guards a position at the exchange, derived from rows that people see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from binance_trade_agent.domain.act_reasons import NO_REASON
from binance_trade_agent.domain.money import ZERO, ceil_to_step, floor_to_step, total
from binance_trade_agent.domain.orders import OrderStatus, Purpose
from binance_trade_agent.domain.portfolio import Position, PositionState, position_state
from binance_trade_agent.domain.records import OrderRow, ProtectionTerms
from binance_trade_agent.ports import ReadModels

_AT_REST = frozenset({OrderStatus.OPEN.value, OrderStatus.PARTIALLY_FILLED.value})
_NO_TERMS = ProtectionTerms()
_PROTECTIVE = frozenset(purpose.value for purpose in Purpose if purpose.is_protective)


@dataclass(frozen=True, slots=True)
class Guard:
    """An order list or an order that rests for `quantity` of base currency. `stop` and `target` are prices."""

    quantity: Decimal
    stop: Decimal | None
    target: Decimal | None


@dataclass(frozen=True, slots=True)
class Protection:
    """An open position and what guards it. `alarm` is the open incident that says why something is unguarded.

    `watched_stop` and `watched_target` are levels that no order holds: the trader sells there in its cycle.
    `asked_stop` and `asked_target` are levels that `asked_by` asked for, of the ones that hold.
    """

    symbol: str
    quantity: Decimal
    last_price: Decimal | None
    guards: tuple[Guard, ...]
    alarm: str = ""
    watched_stop: Decimal | None = None
    watched_target: Decimal | None = None
    asked_stop: Decimal | None = None
    asked_target: Decimal | None = None
    asked_by: str = ""
    asked_reason: str = ""
    #: Too little to be sold, so that nothing can guard it.
    is_dust: bool = False

    @property
    def covered(self) -> Decimal:
        """Base currency that the guards would sell."""
        return total(guard.quantity for guard in self.guards)

    @property
    def stops(self) -> tuple[Decimal, ...]:
        """The stops at the exchange, each once, lowest first."""
        return tuple(sorted({guard.stop for guard in self.guards if guard.stop is not None}))

    @property
    def targets(self) -> tuple[Decimal, ...]:
        """The targets at the exchange, each once, lowest first."""
        return tuple(sorted({guard.target for guard in self.guards if guard.target is not None}))

    @property
    def stop(self) -> Decimal | None:
        """The stop that a falling price reaches first, at the exchange or watched."""
        return max((stop for stop in (*self.stops, self.watched_stop) if stop is not None), default=None)

    @property
    def target(self) -> Decimal | None:
        """The target that a rising price reaches first, at the exchange or watched."""
        return min(
            (target for target in (*self.targets, self.watched_target) if target is not None), default=None
        )

    @property
    def stop_distance_percent(self) -> Decimal | None:
        """From the last price to the stop, negative below it."""
        return self._distance(self.stop)

    @property
    def target_distance_percent(self) -> Decimal | None:
        """From the last price to the target."""
        return self._distance(self.target)

    @property
    def asker(self) -> str:
        """Who asked for levels: `ann (cli)`; a name that is its channel's is told once."""
        name, _, channel = self.asked_by.partition(" (")
        return name if channel.rstrip(")") == name else self.asked_by

    @property
    def asked_words(self) -> str:
        """Who asked for levels and why: `ann (cli): news`; a reason that says no more than that is left out."""
        is_told = self.asked_reason in {"", NO_REASON, f"from the {self.asker}"}
        return self.asker if is_told else f"{self.asker}: {self.asked_reason}"

    @property
    def is_unprotected(self) -> bool:
        """Whether nothing rests although something should; of dust nothing can."""
        return not self.guards and bool(self.alarm) and not self.is_dust

    def _distance(self, price: Decimal | None) -> Decimal | None:
        if price is None or not self.last_price:
            return None
        return ((price / self.last_price - 1) * 100).quantize(Decimal("0.01"))


def protection_seen(reads: ReadModels) -> tuple[Protection, ...]:
    """What guards each position that is held, as rows tell it; raises `StorageError`."""
    held = [position for position in reads.positions() if position.quantity > 0]
    if not held:
        return ()
    unfinished = reads.unfinished_orders()
    terms = reads.protection_terms([position.symbol for position in held])
    alarms = {incident.key: incident.text for incident in reads.incidents()}
    return tuple(
        protection_of(
            position,
            unfinished,
            reads.last_price(position.symbol),
            alarms.get(f"unprotected:{position.symbol}", ""),
            terms,
        )
        for position in held
    )


def kept_as_dust(named: Sequence[str]) -> str:
    """What a flatten leaves of what is held, as a sentence with a space before it; empty without any."""
    return f" Too little to be sold, so it is kept: {', '.join(named)}." if named else ""


def is_at_rest(row: OrderRow) -> bool:
    """Whether it is a stop or target that the exchange holds open: nothing waits for it."""
    return row.purpose in _PROTECTIVE and row.status in _AT_REST


def protection_of(
    position: Position,
    orders: Iterable[OrderRow],
    last_price: Decimal | None,
    alarm: str = "",
    terms: ProtectionTerms = _NO_TERMS,
) -> Protection:
    """The protection of `position` among `orders`, by the `terms` of its levels; its guards oldest first."""
    lists: dict[str, list[OrderRow]] = {}
    for row in sorted(orders, key=lambda row: row.created_at):
        if row.symbol == position.symbol and is_at_rest(row):
            lists.setdefault(row.client_list_id or row.client_order_id, []).append(row)
    guards = tuple(_guard(legs) for legs in lists.values())
    asked = next((row for row in terms.asked if row.symbol == position.symbol), None)
    is_dust = not guards and _is_dust(position, last_price, terms)
    found = Protection(position.symbol, position.quantity, last_price, guards, alarm, is_dust=is_dust)
    if asked is not None and (asked.stop_price is not None or asked.target_price is not None):
        found = replace(
            found,
            asked_stop=asked.stop_price,
            asked_target=asked.target_price,
            asked_by=asked.actor,
            asked_reason=asked.reason,
        )
    return _with_watched(found, position, terms)


def _is_dust(position: Position, last_price: Decimal | None, terms: ProtectionTerms) -> bool:
    """Whether it can be sold by no version of the rules that was seen; not known without a price or rules."""
    rules = [each for each in terms.rules if each.symbol == position.symbol]
    if last_price is None or not rules:
        return False
    return all(position_state(position, each, last_price) is PositionState.DUST for each in rules)


def _with_watched(found: Protection, position: Position, terms: ProtectionTerms) -> Protection:
    """With the levels that no order holds; of dust, which nothing guards, none is watched."""
    if found.is_dust or not (found.guards or found.alarm or found.asked_by):
        return found
    tick, paid = terms.ticks.get(found.symbol, ZERO), position.average_price or ZERO
    stop_share, target_share = (
        Decimal(terms.settings.get(name) or 0) for name in ("STOP_LOSS_SHARE", "TAKE_PROFIT_SHARE")
    )
    stop, target = found.asked_stop, found.asked_target
    if stop is None and stop_share and paid > 0:
        stop = floor_to_step(paid * (1 - stop_share), tick)
    if target is None and target_share and paid > 0:
        target = ceil_to_step(paid * (1 + target_share), tick)
    stops, targets = [g.stop for g in found.guards], [g.target for g in found.guards]
    # a level that was asked for counts where the order at the exchange is not moved yet
    reached_first = found.asked_stop is not None and any(
        p is not None and p < found.asked_stop for p in stops
    )
    taken_first = found.asked_target is not None and any(
        p is not None and p > found.asked_target for p in targets
    )
    return replace(
        found,
        watched_stop=stop if not stops or None in stops or reached_first else None,
        watched_target=target if not targets or None in targets or taken_first else None,
    )


def _guard(legs: list[OrderRow]) -> Guard:
    # whichever leg trades first ends the other, so a list sells its quantity once
    return Guard(
        quantity=max(min(leg.quantity - leg.executed for leg in legs), ZERO),
        stop=next((leg.stop_price for leg in legs if leg.purpose == Purpose.STOP), None),
        target=next((leg.price for leg in legs if leg.purpose == Purpose.TARGET), None),
    )

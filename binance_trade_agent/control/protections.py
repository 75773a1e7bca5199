"""What guards a position at the exchange, derived from rows that people see."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from binance_trade_agent.domain.money import ZERO, total
from binance_trade_agent.domain.orders import OrderStatus, Purpose
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.records import OrderRow

_AT_REST = frozenset({OrderStatus.OPEN.value, OrderStatus.PARTIALLY_FILLED.value})
_PROTECTIVE = frozenset(purpose.value for purpose in Purpose if purpose.is_protective)


@dataclass(frozen=True, slots=True)
class Guard:
    """An order list or an order that rests for `quantity` of base currency. `stop` and `target` are prices."""

    quantity: Decimal
    stop: Decimal | None
    target: Decimal | None


@dataclass(frozen=True, slots=True)
class Protection:
    """An open position and what guards it. `alarm` is the open incident that says why something is unguarded."""

    symbol: str
    quantity: Decimal
    last_price: Decimal | None
    guards: tuple[Guard, ...]
    alarm: str = ""

    @property
    def covered(self) -> Decimal:
        """Base currency that the guards would sell."""
        return total(guard.quantity for guard in self.guards)

    @property
    def stops(self) -> tuple[Decimal, ...]:
        """The guards' stops, each once, lowest first."""
        return tuple(sorted({guard.stop for guard in self.guards if guard.stop is not None}))

    @property
    def targets(self) -> tuple[Decimal, ...]:
        """The guards' targets, each once, lowest first."""
        return tuple(sorted({guard.target for guard in self.guards if guard.target is not None}))

    @property
    def stop(self) -> Decimal | None:
        """The stop that a falling price reaches first."""
        return max((guard.stop for guard in self.guards if guard.stop is not None), default=None)

    @property
    def target(self) -> Decimal | None:
        """The target that a rising price reaches first."""
        return min((guard.target for guard in self.guards if guard.target is not None), default=None)

    @property
    def stop_distance_percent(self) -> Decimal | None:
        """From the last price to the stop, negative below it."""
        return self._distance(self.stop)

    @property
    def target_distance_percent(self) -> Decimal | None:
        """From the last price to the target."""
        return self._distance(self.target)

    @property
    def is_unprotected(self) -> bool:
        """Whether nothing rests although something should."""
        return not self.guards and bool(self.alarm)

    def _distance(self, price: Decimal | None) -> Decimal | None:
        if price is None or not self.last_price:
            return None
        return ((price / self.last_price - 1) * 100).quantize(Decimal("0.01"))


def is_at_rest(row: OrderRow) -> bool:
    """Whether it is a stop or target that the exchange holds open: nothing waits for it."""
    return row.purpose in _PROTECTIVE and row.status in _AT_REST


def protection_of(
    position: Position, orders: Iterable[OrderRow], last_price: Decimal | None, alarm: str = ""
) -> Protection:
    """The protection of `position` among `orders`; its guards oldest first."""
    lists: dict[str, list[OrderRow]] = {}
    for row in sorted(orders, key=lambda row: row.created_at):
        if row.symbol == position.symbol and is_at_rest(row):
            lists.setdefault(row.client_list_id or row.client_order_id, []).append(row)
    guards = tuple(_guard(legs) for legs in lists.values())
    return Protection(position.symbol, position.quantity, last_price, guards, alarm)


def _guard(legs: list[OrderRow]) -> Guard:
    # whichever leg trades first ends the other, so a list sells its quantity once
    return Guard(
        quantity=max(min(leg.quantity - leg.executed for leg in legs), ZERO),
        stop=next((leg.stop_price for leg in legs if leg.purpose == Purpose.STOP), None),
        target=next((leg.price for leg in legs if leg.purpose == Purpose.TARGET), None),
    )

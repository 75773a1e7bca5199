"""All that one refresh of the page shows, read at once."""

from dataclasses import dataclass
from decimal import Decimal

from binance_trade_agent.control.protections import Protection
from binance_trade_agent.control.watching import AgentStatus, Watch
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.records import (
    DecisionRow,
    EquityRow,
    FillRow,
    FlowRow,
    ForeignOrderRow,
    OrderRow,
)

#: Below this value nothing can be sold: Binance's smallest notional by quote currency. A symbol's own rules
#: are the trader's to know; this decides only how a remainder is shown.
_SMALLEST_NOTIONAL = {"BTC": Decimal("0.0001"), "ETH": Decimal("0.001"), "BNB": Decimal("0.01")}
_USUAL_NOTIONAL = Decimal(5)
_DECISIONS = 40
_ORDERS = 30
_FILLS = 15
_FLOWS = 15
_EQUITY_POINTS = 500


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Bounded rows, newest first; `equity` oldest first. `positions` are those held, dust included."""

    status: AgentStatus
    positions: tuple[Position, ...]
    protections: tuple[Protection, ...]
    decisions: tuple[DecisionRow, ...]
    orders: tuple[OrderRow, ...]
    fills: tuple[FillRow, ...]
    flows: tuple[FlowRow, ...]
    foreign_orders: tuple[ForeignOrderRow, ...]
    equity: tuple[EquityRow, ...]

    @property
    def quote(self) -> str:
        """The book's quote currency; empty before the first equity row."""
        return self.status.equity.quote if self.status.equity else ""

    @property
    def last_prices(self) -> dict[str, Decimal]:
        """symbol that is held -> price of its newest decision that has one."""
        return {p.symbol: p.last_price for p in self.protections if p.last_price is not None}

    def is_dust(self, position: Position) -> bool:
        """Whether what is left of a position is too little to be sold."""
        last = self.last_prices.get(position.symbol)
        value = position.cost if last is None else position.quantity * last
        return value < _SMALLEST_NOTIONAL.get(position.quote, _USUAL_NOTIONAL)

    @property
    def open_positions(self) -> tuple[Position, ...]:
        """The positions that are more than dust."""
        return tuple(position for position in self.positions if not self.is_dust(position))


def take_snapshot(watch: Watch) -> Snapshot:
    """Read it.

    Raises:
        StorageError: the database cannot be read.
    """
    return Snapshot(
        status=watch.status(),
        positions=tuple(position for position in watch.positions() if position.quantity > 0),
        protections=watch.protection(),
        decisions=watch.decisions(limit=_DECISIONS),
        orders=watch.orders(limit=_ORDERS),
        fills=watch.fills(limit=_FILLS),
        flows=watch.outside_flows(limit=_FLOWS),
        foreign_orders=watch.foreign_orders(),
        equity=watch.equity(limit=_EQUITY_POINTS),
    )

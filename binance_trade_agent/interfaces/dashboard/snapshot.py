"""All that one refresh of the page shows, read at once."""

from dataclasses import dataclass
from decimal import Decimal

from binance_trade_agent.control.watching import AgentStatus, Watch
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.records import DecisionRow, EquityRow, FillRow, OrderRow

_DECISIONS = 40
_ORDERS = 15
_FILLS = 15
_EQUITY_POINTS = 500


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Bounded rows, newest first; `equity` oldest first. `positions` are those held."""

    status: AgentStatus
    positions: tuple[Position, ...]
    decisions: tuple[DecisionRow, ...]
    orders: tuple[OrderRow, ...]
    fills: tuple[FillRow, ...]
    equity: tuple[EquityRow, ...]

    @property
    def quote(self) -> str:
        """The book's quote currency; empty before the first equity row."""
        return self.status.equity.quote if self.status.equity else ""

    @property
    def last_prices(self) -> dict[str, Decimal]:
        """symbol -> price of its newest decision that has one."""
        prices: dict[str, Decimal] = {}
        for row in self.decisions:
            if row.price is not None:
                prices.setdefault(row.symbol, row.price)
        return prices


def take_snapshot(watch: Watch) -> Snapshot:
    """Read it.

    Raises:
        StorageError: the database cannot be read.
    """
    return Snapshot(
        status=watch.status(),
        positions=tuple(position for position in watch.positions() if position.quantity > 0),
        decisions=watch.decisions(limit=_DECISIONS),
        orders=watch.orders(limit=_ORDERS),
        fills=watch.fills(limit=_FILLS),
        equity=watch.equity(limit=_EQUITY_POINTS),
    )

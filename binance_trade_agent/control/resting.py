"""What rests to be bought, as it is told before and after an act that stops entries."""

from binance_trade_agent.control.history import History
from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.domain.history_rows import OrderFilter
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.orders import OrderStatus, Purpose
from binance_trade_agent.domain.records import OrderRow

_AT_REST = (OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED)
_MOST = 100


def entries_to_cancel(history: History, symbol: str | None = None) -> tuple[str, ...]:
    """The entries at rest, each as `BUY 0.2 ETHUSDT at 2800`; the next cycle cancels them once none is allowed.

    For words that no act may fail for: none also where they cannot be read.
    """
    try:
        return tuple(
            _told(row)
            for status in _AT_REST
            for row in history.orders(
                OrderFilter(symbol=symbol, status=status.value, purpose=Purpose.ENTRY.value), limit=_MOST
            ).rows
        )
    except StorageError:
        return ()


def cancelled_next(entries: tuple[str, ...]) -> str:
    """That `entries` are cancelled, as a sentence; empty where there are none."""
    return f"The next cycle cancels what rests to be bought: {'; '.join(entries)}." if entries else ""


def _told(row: OrderRow) -> str:
    at = f" at {to_wire(row.price)}" if row.price is not None else ""
    traded = f" ({to_wire(row.executed)} of it has traded and stays)" if row.executed else ""
    return f"{row.side} {to_wire(row.quantity)} {row.symbol}{at}{traded}"

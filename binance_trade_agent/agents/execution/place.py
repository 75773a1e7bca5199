"""Places an approved order: intent committed, one POST, outcome committed (DESIGN.md, "Orders: exactly once")."""

import asyncio
from dataclasses import replace

import structlog

from binance_trade_agent.domain.decisions import (
    Approved,
    ControlSnapshot,
    Decision,
    ExecutionResult,
    Outcome,
)
from binance_trade_agent.domain.errors import OutcomeUnknown, Refused, Throttled, Unavailable
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.orders import (
    JournalOrder,
    OrderIntent,
    OrderStatus,
    OrderType,
    Purpose,
    new_client_order_id,
)
from binance_trade_agent.ports import Clock, ControlState, Exchange, OrderJournal, SeenCandles

_log = structlog.get_logger(__name__)


class SendingForbidden(Exception):
    """The control state changed since the cycle began: the order was not sent, nothing was written."""

    def __init__(self, control: ControlSnapshot) -> None:
        super().__init__(f"{control.state} by {control.actor}: {control.reason}")
        self.control = control


class TradeExecutionAgent:
    """Sends approved orders, each at most once."""

    def __init__(
        self, exchange: Exchange, journal: OrderJournal, control: ControlState, clock: Clock
    ) -> None:
        self._exchange = exchange
        self._journal = journal
        self._control = control
        self._clock = clock

    async def execute(
        self, approved: Approved, decision: Decision, cycle_id: str, candles: SeenCandles
    ) -> ExecutionResult:
        """Place `approved`. Decision, its new `candles` and the intent are committed before anything is sent.

        Raises:
            SendingForbidden: a person paused or halted in the meantime.
        """
        control = self._control.read()
        entry = approved.purpose is Purpose.ENTRY
        if not control.state.orders_allowed or (entry and not control.state.entries_allowed):
            raise SendingForbidden(control)
        intent = OrderIntent(
            client_order_id=new_client_order_id(),
            symbol=approved.symbol,
            side=approved.side,
            order_type=OrderType.MARKET,
            quantity=approved.quantity,
            purpose=approved.purpose,
            stamp=self._exchange.stamp(),
            reference_price=approved.reference_price,
            created_at=self._clock.now(),
        )
        decision = replace(decision, outcome=Outcome.UNKNOWN, client_order_id=intent.client_order_id)
        self._journal.write_intent(intent, decision, cycle_id, candles)
        return await self._send(intent)

    async def _send(self, intent: OrderIntent) -> ExecutionResult:
        cid = intent.client_order_id
        try:
            order = await self._exchange.place(intent)
        except Refused as error:
            row = self._journal.mark_rejected(cid, f"{error.code}: {error.message}")
            return ExecutionResult(Outcome.REJECTED, row, (), f"the exchange refused: {error}")
        except (Throttled, Unavailable) as error:
            row = self._journal.mark_rejected(cid, f"not sent: {error}")
            return ExecutionResult(Outcome.REJECTED, row, (), f"the order did not get through: {error}")
        except OutcomeUnknown as error:
            row = self._journal.mark_unknown(cid, str(error))
            _log.warning(
                "order outcome unknown", symbol=intent.symbol, client_order_id=cid, reason=str(error)
            )
            return ExecutionResult(Outcome.UNKNOWN, row, (), f"no clear answer: {error}")
        except asyncio.CancelledError:
            # told to stop while the answer was due: the next start looks the order up
            self._journal.mark_unknown(cid, "stopped while waiting for the answer")
            raise
        row = self._journal.record(cid, order)
        return ExecutionResult(_outcome_of(row), row, order.fills, _describe(row))


def _outcome_of(row: JournalOrder) -> Outcome:
    return Outcome.REJECTED if row.status is OrderStatus.REJECTED else Outcome.PLACED


def _describe(row: JournalOrder) -> str:
    intent, price = row.intent, row.average_price
    if price is None:
        return f"{intent.side} {to_wire(intent.quantity)} {intent.symbol}: {row.status}, nothing executed"
    amount, shown = to_wire(row.executed), to_wire(round(price, 8))
    return f"{intent.side} {amount} {intent.symbol} at {shown}: {row.status}"

"""Places an approved order: intent committed, one request, outcome committed (DESIGN.md, "Orders: exactly once").

An exit while protection rests replaces it: the exchange cancels the cover and sells in one
request, so that the position is never without both.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from binance_trade_agent.agents.execution.sending import Answer, OrderSender, Sent
from binance_trade_agent.domain.decisions import (
    Approved,
    ControlSnapshot,
    Decision,
    ExecutionResult,
    Outcome,
)
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.orders import (
    CancelIntent,
    JournalOrder,
    OrderIntent,
    OrderStatus,
    OrderType,
    Purpose,
    TimeInForce,
    new_client_order_id,
)
from binance_trade_agent.domain.protection import Cover
from binance_trade_agent.ports import Clock, ControlState, Exchange, OrderJournal, SeenCandles


class SendingForbidden(Exception):
    """The control state changed since the cycle began: the order was not sent, nothing was written.

    `is_of_symbol` says that only this symbol may not be bought, and trading goes on.
    """

    def __init__(self, control: ControlSnapshot, symbol: str) -> None:
        self.is_of_symbol = control.state.entries_allowed
        text = f"{control.state} by {control.actor}: {control.reason}"
        if self.is_of_symbol:
            text = f"{symbol} is reduce-only: {control.reduce_only[symbol]}"
        super().__init__(text)


class ProtectionInTheWay(Exception):
    """Protection holds the coins and could not be cancelled: the exit was not sent."""


class TradeExecutionAgent:
    """Sends approved orders, each at most once."""

    def __init__(
        self,
        exchange: Exchange,
        journal: OrderJournal,
        control: ControlState,
        clock: Clock,
        sender: OrderSender,
    ) -> None:
        self._exchange = exchange
        self._journal = journal
        self._control = control
        self._clock = clock
        self._sender = sender

    async def execute(
        self,
        approved: Approved,
        decision: Decision,
        cycle_id: str,
        candles: SeenCandles,
        covers: Sequence[Cover] = (),
        *,
        may_replace: bool = True,
    ) -> ExecutionResult:
        """Place `approved`. Decision, its new `candles` and the intent are committed before anything is sent.

        An act of a person that was stored before the intent is obeyed, however long the intent waits for its turn.

        `covers` is the protection at rest that an exit ends; it ends one of them with its own request where the
        symbol `may_replace` orders.

        Raises:
            SendingForbidden: a person paused, halted or made the symbol reduce-only in the meantime.
            ProtectionInTheWay: a cover could not be cancelled, or traded meanwhile; those cancelled before are put
                back by the caller.
        """
        check = partial(self._check_allowed, approved)
        check()
        ended = covers if approved.purpose is Purpose.EXIT else ()
        for cover in ended[1:] if may_replace else ended:
            await self._clear(cover)
            check()
        self._check_untraded(ended)
        intent = self._intent(approved)
        if not ended or not may_replace:
            self._journal.write_intent(intent, _sending(decision, intent), cycle_id, candles, check=check)
            return _result(await self._sender.order(intent))
        cancel = self.cancel_of(covers[0], "an exit", replaced_by=intent)
        sending = _sending(decision, intent)
        self._journal.write_replacement(cancel, intent, sending, cycle_id, candles, check=check)
        return _result(await self._sender.replacement(cancel, intent))

    async def cancel_entry(self, row: JournalOrder, reason: str) -> Answer:
        """Cancel an entry that still rests; what it bought stays bought."""
        cancel = self._cancel(row, reason, None)
        self._journal.write_cancel(cancel)
        return await self._sender.cancel(cancel)

    def cancel_of(self, cover: Cover, reason: str, *, replaced_by: OrderIntent | None = None) -> CancelIntent:
        """The cancel that ends a cover, not journalled yet; with the stamp of the order that replaces it."""
        cancel = self._cancel(cover.rows[0], reason, replaced_by)
        # what replaces it sells all of its quantity, so none of that may trade on the way
        untraded = replaced_by is not None and not any(row.executed for row in cover.rows)
        return replace(cancel, only_untraded=untraded)

    def _cancel(self, row: JournalOrder, reason: str, replaced_by: OrderIntent | None) -> CancelIntent:
        return CancelIntent(
            cancel_id=new_client_order_id(),
            symbol=row.intent.symbol,
            client_order_id=row.intent.client_order_id,
            client_list_id=row.intent.client_list_id,
            replaced_by=replaced_by.client_order_id if replaced_by else None,
            stamp=replaced_by.stamp if replaced_by else self._exchange.stamp(),
            reason=reason,
            created_at=self._clock.now(),
        )

    def _check_allowed(self, approved: Approved) -> None:
        control = self._control.read()
        entry = approved.purpose is Purpose.ENTRY
        if not control.state.orders_allowed or (entry and not control.may_enter(approved.symbol)):
            raise SendingForbidden(control, approved.symbol)

    async def _clear(self, cover: Cover) -> None:
        cancel = self.cancel_of(cover, "an exit")
        self._journal.write_cancel(cancel)
        answer = await self._sender.cancel(cancel)
        if not all(row.status.is_terminal for row in answer.rows):
            raise ProtectionInTheWay(f"protection that holds the coins could not be cancelled: {answer.text}")

    def _check_untraded(self, covers: Sequence[Cover]) -> None:
        """Raise if protection sold some of what is to be sold since the order was sized."""
        rows = [row for cover in covers for row in cover.rows]
        if any(self._journal.get(row.intent.client_order_id).executed > row.executed for row in rows):
            raise ProtectionInTheWay("protection has just traded: what is left is sold by the next decision")

    def _intent(self, approved: Approved) -> OrderIntent:
        now = self._clock.now()
        return OrderIntent(
            client_order_id=new_client_order_id(),
            symbol=approved.symbol,
            side=approved.side,
            order_type=approved.order_type,
            quantity=approved.quantity,
            purpose=approved.purpose,
            stamp=self._exchange.stamp(),
            reference_price=approved.price or approved.reference_price,
            created_at=now,
            price=approved.price,
            time_in_force=TimeInForce.GTC if approved.order_type is OrderType.LIMIT else None,
            expires_at=_expiry(approved, now),
        )


def _expiry(approved: Approved, now: datetime) -> datetime | None:
    return now + approved.time_limit if approved.time_limit is not None else None


def _sending(decision: Decision, intent: OrderIntent) -> Decision:
    return replace(decision, outcome=Outcome.UNKNOWN, client_order_id=intent.client_order_id)


def _result(answer: Answer) -> ExecutionResult:
    """What is known now: the user stream may have told what the answer did not."""
    row = answer.row
    if answer.sent is Sent.UNKNOWN and row.status.is_unresolved:
        return ExecutionResult(Outcome.UNKNOWN, row, f"no clear answer: {answer.text}")
    if answer.sent in {Sent.REFUSED, Sent.NOT_SENT}:
        return ExecutionResult(Outcome.REJECTED, row, answer.text)
    outcome = Outcome.REJECTED if row.status is OrderStatus.REJECTED else Outcome.PLACED
    return ExecutionResult(outcome, row, _describe(row))


def _describe(row: JournalOrder) -> str:
    intent, price = row.intent, row.average_price
    if price is None:
        at = f" at {to_wire(intent.price)}" if intent.price is not None else ""
        return f"{intent.side} {to_wire(intent.quantity)} {intent.symbol}{at}: {row.status}, nothing executed"
    amount, shown = to_wire(row.executed), to_wire(round(price, 8))
    return f"{intent.side} {amount} {intent.symbol} at {shown}: {row.status}"

"""Sends what the journal holds an intent of, once, and writes down what came of it (DESIGN.md, "Orders: exactly once")."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeVar

import structlog

from binance_trade_agent.domain.errors import ExchangeError, OutcomeUnknown, Refused, Throttled, Unavailable
from binance_trade_agent.domain.orders import (
    CancelIntent,
    CancelStatus,
    JournalOrder,
    OrderIntent,
    OrderListIntent,
)
from binance_trade_agent.ports import Exchange, OrderJournal, UserStream
from binance_trade_agent.telemetry.crash_points import CrashPoint, reached

_log = structlog.get_logger(__name__)
_STOPPED = "stopped while waiting for the answer"

T = TypeVar("T")


class Sent(Enum):
    """What the exchange did with a request, as far as is known."""

    DONE = auto()
    REFUSED = auto()  # it said no: nothing happened there
    NOT_SENT = auto()  # it never got there
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one request in words, and the rows it was about after the last news."""

    sent: Sent
    rows: tuple[JournalOrder, ...]
    text: str

    @property
    def row(self) -> JournalOrder:
        """The row of a request about one order."""
        return self.rows[0]


class OrderSender:
    """Each method sends one request of which the intent is committed, and commits the outcome."""

    def __init__(self, exchange: Exchange, journal: OrderJournal, stream: UserStream) -> None:
        self._exchange = exchange
        self._journal = journal
        self._stream = stream

    async def order(self, intent: OrderIntent) -> Answer:
        """Send a new order."""
        reached(CrashPoint.INTENT_COMMITTED)
        cid = intent.client_order_id
        try:
            order = await self._exchange.place(intent)
        except asyncio.CancelledError:
            # told to stop while the answer was due: the next start looks the order up
            self._journal.mark_unknown(cid, _STOPPED)
            raise
        except ExchangeError as error:
            return self._failed((cid,), error)
        reached(CrashPoint.REPLY_ARRIVED)
        row = self._journal.record(cid, order)
        reached(CrashPoint.OUTCOME_COMMITTED)
        self._stream.expect(cid)
        return Answer(Sent.DONE, (row,), "")

    async def order_list(self, order_list: OrderListIntent) -> Answer:
        """Send an OCO."""
        reached(CrashPoint.LIST_COMMITTED)
        cids = tuple(leg.client_order_id for leg in order_list.legs)
        try:
            orders = await self._exchange.place_list(order_list)
        except asyncio.CancelledError:
            self._unknown(cids, _STOPPED)
            raise
        except ExchangeError as error:
            return self._failed(cids, error)
        reached(CrashPoint.LIST_REPLY_ARRIVED)
        rows = self._journal.record_all(orders)
        for cid in cids:
            self._stream.expect(cid)
        return Answer(Sent.DONE, rows, "")

    async def cancel(self, cancel: CancelIntent) -> Answer:
        """Send a cancel and look up how its target ended."""
        reached(CrashPoint.CANCEL_COMMITTED)
        sent, text = await self._cancel_only(cancel, self._exchange.cancel(cancel))
        return Answer(sent, await self._look_up(self._targets(cancel)), text)

    async def replacement(self, cancel: CancelIntent, intent: OrderIntent) -> Answer:
        """Send a cancelReplace, and look up how the cancelled orders ended; `row` is the new order's.

        A replacement whose cancel went through and whose order was refused is REFUSED: the cancel is DONE then.
        """
        reached(CrashPoint.REPLACEMENT_COMMITTED)
        cid = intent.client_order_id
        targets = self._targets(cancel)
        try:
            replaced = await self._exchange.replace(cancel, intent)
        except asyncio.CancelledError:
            self._journal.mark_unknown(cid, _STOPPED)
            self._journal.mark_cancel(cancel.cancel_id, CancelStatus.UNKNOWN, _STOPPED)
            raise
        except ExchangeError as error:
            answer = self._failed((cid,), error)
            status = CancelStatus.UNKNOWN if answer.sent is Sent.UNKNOWN else CancelStatus.REFUSED
            self._journal.mark_cancel(cancel.cancel_id, status, str(error))
            await self._look_up(targets)
            return answer
        reached(CrashPoint.REPLACEMENT_REPLY_ARRIVED)
        if replaced.order is not None:
            answer = Answer(Sent.DONE, (self._journal.record(cid, replaced.order),), "")
            self._stream.expect(cid)
        else:
            text = f"cancelled, but the exchange refused what was to replace it: {replaced.refusal}"
            answer = Answer(Sent.REFUSED, (self._rejected(cid, text),), text)
        self._journal.mark_cancel(cancel.cancel_id, CancelStatus.DONE, "")
        await self._look_up(targets)
        return answer

    async def _cancel_only(self, cancel: CancelIntent, request: Awaitable[None]) -> tuple[Sent, str]:
        cancel_id = cancel.cancel_id
        try:
            await request
        except asyncio.CancelledError:
            self._journal.mark_cancel(cancel_id, CancelStatus.UNKNOWN, _STOPPED)
            raise
        except ExchangeError as error:
            sent, text = _meaning(error)
            status = CancelStatus.UNKNOWN if sent is Sent.UNKNOWN else CancelStatus.REFUSED
            self._journal.mark_cancel(cancel_id, status, text)
            return sent, text
        reached(CrashPoint.CANCEL_REPLY_ARRIVED)
        self._journal.mark_cancel(cancel_id, CancelStatus.DONE, "")
        return Sent.DONE, ""

    def _targets(self, cancel: CancelIntent) -> tuple[JournalOrder, ...]:
        """The orders that the cancel is to end: one, or all legs of a list."""
        if cancel.client_list_id is None:
            return (self._journal.get(cancel.client_order_id),)
        return tuple(
            row for row in self._journal.unfinished() if row.intent.client_list_id == cancel.client_list_id
        )

    async def _look_up(self, rows: tuple[JournalOrder, ...]) -> tuple[JournalOrder, ...]:
        """How orders ended, with their fills; one that cannot be looked up now is by the next cycle."""
        found = []
        for row in rows:
            cid = row.intent.client_order_id
            try:
                order = await self._exchange.find_order(row.intent.symbol, cid)
            except ExchangeError as error:
                _log.warning("order look-up failed", client_order_id=cid, reason=str(error))
                order = None
            found.append(self._journal.record(cid, order) if order is not None else row)
        return tuple(found)

    def _failed(self, cids: tuple[str, ...], error: ExchangeError) -> Answer:
        sent, text = _meaning(error)
        if sent is Sent.UNKNOWN:
            _log.warning("order outcome unknown", client_order_ids=cids, reason=text)
            return Answer(sent, self._unknown(cids, text), text)
        return Answer(sent, tuple(self._rejected(cid, text) for cid in cids), text)

    def _rejected(self, cid: str, reason: str) -> JournalOrder:
        """The row as refused; one that the user stream has told of since stays as it was told."""
        row = self._journal.get(cid)
        return self._journal.mark_rejected(cid, reason) if row.status.is_unresolved else row

    def _unknown(self, cids: tuple[str, ...], reason: str) -> tuple[JournalOrder, ...]:
        return tuple(self._journal.mark_unknown(cid, reason) for cid in cids)


def _meaning(error: ExchangeError) -> tuple[Sent, str]:
    if isinstance(error, Refused):
        return Sent.REFUSED, f"the exchange refused: {error}"
    if isinstance(error, Throttled | Unavailable):
        return Sent.NOT_SENT, f"not sent: {error}"
    if isinstance(error, OutcomeUnknown):
        return Sent.UNKNOWN, str(error)
    raise TypeError(f"{type(error).__name__} is not one of the four kinds") from error

"""Takes what the user stream tells into the books. Whatever it misses, the look-ups of a cycle find."""

from collections.abc import Mapping
from datetime import datetime

import structlog

from binance_trade_agent.domain.orders import CLIENT_ORDER_ID_PREFIX, JournalOrder
from binance_trade_agent.domain.reconciliation import contradiction
from binance_trade_agent.domain.user_events import (
    OrderReported,
    StreamLost,
    StreamOpened,
    Transferred,
    UserEvent,
)
from binance_trade_agent.ports import Ledger, OrderJournal
from binance_trade_agent.telemetry.crash_points import CrashPoint, reached

_log = structlog.get_logger(__name__)


class UserDataAgent:
    """Books what happens to the account as it happens. Events may come twice, late and in any order."""

    def __init__(self, journal: OrderJournal, ledger: Ledger) -> None:
        self._journal = journal
        self._ledger = ledger
        self._touched: set[str] = set()
        self._alarms: dict[str, str] = {}
        self._must_look_up = True
        self.is_live = False
        #: Whether an order of others was told of since open orders were last read; taken by who reads them.
        self.others_moved = False

    @property
    def alarms(self) -> Mapping[str, str]:
        """Incidents by key: reports that contradict the journal."""
        return self._alarms

    def look_up_is_due(self) -> bool:
        """Whether every order must be looked up now; what happens from now on makes it due again.

        Always while the stream is down. A look-up that fails is repeated by the resolver itself.
        """
        due = self._must_look_up or not self.is_live
        self._must_look_up = False
        return due

    def take_touched(self) -> frozenset[str]:
        """Symbols in which an order of ours traded or ended since this was last asked."""
        touched, self._touched = frozenset(self._touched), set()
        return touched

    def deliver(self, event: UserEvent) -> None:
        """Take in one event.

        Raises:
            StorageError: the database cannot be used; the trader cannot go on without it.
        """
        if isinstance(event, OrderReported):
            self._reported(event)
        elif isinstance(event, Transferred):
            self._transferred(event)
        elif isinstance(event, StreamOpened):
            self.is_live, self._must_look_up = True, True
        elif isinstance(event, StreamLost):
            self.is_live, self._must_look_up = False, True
            _log.warning("user stream lost", reason=event.reason)

    def _reported(self, event: OrderReported) -> None:
        reached(CrashPoint.EVENT_ARRIVED)
        order = event.order
        row = self._journal.find(order.client_order_id)
        if row is None:
            self._foreign(event)
            return
        if against := contradiction(row, order):
            self._contradicts(row, against)
            return
        after = self._journal.record(order.client_order_id, order)
        reached(CrashPoint.EVENT_BOOKED)
        if after.booked > row.booked or (after.status.is_terminal and not row.status.is_terminal):
            self._touched.add(order.symbol)

    def _contradicts(self, row: JournalOrder, against: str) -> None:
        # restarting would only bring the same again: a person must look, the others trade on
        cid = row.intent.client_order_id
        text = f"the user stream's report on {cid} contradicts the journal: {against}"
        self._alarms[f"contradictory_report:{cid}"] = text
        _log.error("contradictory report", client_order_id=cid, reason=against)

    def _foreign(self, event: OrderReported) -> None:
        order = event.order
        # the reading of open orders says what it is; with our prefix it is one that the journal lacks
        self.others_moved = True
        if order.client_order_id.startswith(CLIENT_ORDER_ID_PREFIX):
            self._must_look_up = True
        fills = [fill for fill in order.fills if self._is_news(fill.traded_at)]
        if fills and self._ledger.book_foreign(fills):
            _log.info("a trade of others", symbol=order.symbol, client_order_id=order.client_order_id)

    def _transferred(self, event: Transferred) -> None:
        if self._is_news(event.at) and self._ledger.book_transfer(
            event.asset, event.amount, event.at, event.reference
        ):
            reached(CrashPoint.TRANSFER_BOOKED)
            _log.info("transfer", asset=event.asset, amount=str(event.amount))

    def _is_news(self, at: datetime) -> bool:
        """Whether the ledger cannot hold it yet; an opening or an agreement later than `at` holds it already."""
        if not self._ledger.is_open:
            return False
        agreed_at = self._ledger.last_comparison()
        return agreed_at is None or at >= agreed_at

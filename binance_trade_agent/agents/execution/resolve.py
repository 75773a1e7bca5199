"""Finds out what became of orders and cancels whose fate is not known, and brings unfinished ones up to date."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from decimal import Decimal

import structlog

from binance_trade_agent.domain.errors import ConfigurationError, ExchangeError, Refused
from binance_trade_agent.domain.orders import (
    CancelStatus,
    ExchangeOrder,
    Fill,
    JournalCancel,
    JournalOrder,
)
from binance_trade_agent.domain.portfolio import AccountSnapshot
from binance_trade_agent.domain.reconciliation import (
    Adopt,
    CancelDone,
    CancelNotPlaced,
    NotPlaced,
    OrderLookup,
    balance_differences,
    balances_agree,
    contradiction,
    could_be_of,
    explain,
    is_past_landing,
    resolve,
    resolve_cancel,
)
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.ports import Exchange, Ledger, OrderJournal
from binance_trade_agent.telemetry.crash_points import CrashPoint, reached

_log = structlog.get_logger(__name__)

#: How far the exchange's lists are searched before the intent's timestamp, and before the last agreement of ledger and
#: exchange: trades of others since then look like the order's.
_LIST_MARGIN = timedelta(seconds=60)
#: So many of the latest orders are searched for one that the exchange accepted before.
_ORDERS_BEFORE = 200
#: "Order was canceled or expired with no executed qty over 90 days ago and has been archived." (errors.md)
_ARCHIVED = -2026
#: -1121: the exchange does not know the symbol (any more).
_UNKNOWN_SYMBOL = -1121
#: A younger order cannot have been archived, so the answer is not believed.
_ARCHIVED_AFTER = timedelta(days=90)


class OrderResolver:
    """Looks up journal rows that are not terminal. A failed look-up leaves its row as it is."""

    def __init__(self, exchange: Exchange, journal: OrderJournal, ledger: Ledger) -> None:
        self._exchange = exchange
        self._journal = journal
        self._ledger = ledger
        self._failed: set[str] = set()
        self._unfound: set[str] = set()

    @property
    def knows_all(self) -> bool:
        """Whether every unfinished order was found the last time it was looked up: none moves balances unseen."""
        return not (self._failed | self._unfound)

    async def resolve_all(self, *, thorough: bool = True) -> tuple[JournalOrder, ...]:
        """Resolve what can be resolved and return the orders that are still unfinished.

        Unless `thorough`, protection that rests with every fill booked is not looked up: the
        user stream tells of it. What could not be looked up the last time always is.
        """
        unfinished = self._journal.unfinished()
        self._forget_all_but({row.intent.client_order_id for row in unfinished})
        rows = [row for row in unfinished if thorough or self._is_due(row)]
        # together: one after another, many rows of a silent exchange would take longer than a cycle may
        await asyncio.gather(*(self._try(row.intent.client_order_id, self._resolve(row)) for row in rows))
        # after the orders: a cancel is resolved by what became of its order
        cancels = self._journal.unfinished_cancels()
        await asyncio.gather(*(self._try(row.intent.cancel_id, self._resolve_cancel(row)) for row in cancels))
        return self._journal.unfinished()

    def _forget_all_but(self, ids: set[str]) -> None:
        self._failed &= ids
        self._unfound &= ids

    def _is_due(self, row: JournalOrder) -> bool:
        quiet = row.rests_as_protection and row.booked == row.executed
        return not quiet or row.intent.client_order_id in self._failed | self._unfound

    async def _try(self, row_id: str, look_up: Awaitable[None]) -> None:
        try:
            await look_up
        except (ExchangeError, ConfigurationError) as error:
            _log.warning("order look-up failed", id=row_id, reason=str(error))
            if isinstance(error, Refused) and error.code == _UNKNOWN_SYMBOL:
                # delisted: it is never found again, and must not keep the account from being compared for ever
                self._failed.discard(row_id)
            else:
                self._failed.add(row_id)
        else:
            self._failed.discard(row_id)

    # orders ----------------------------------------------------------------------

    async def _resolve(self, row: JournalOrder) -> None:
        asked_at = self._exchange.now()
        lookup = await self._look_up(row)
        resolution = resolve(row, lookup, asked_at)
        cid = row.intent.client_order_id
        self._unfound.discard(cid)
        if isinstance(resolution, Adopt):
            reached(CrashPoint.ORDER_FOUND)
            self._journal.record(cid, resolution.order)
            reached(CrashPoint.ORDER_ADOPTED)
            if row.status.is_unresolved:
                _log.info("order adopted", client_order_id=cid, status=resolution.order.status.value)
        elif isinstance(resolution, NotPlaced):
            self._give_up(cid, resolution)
        else:
            self._unfound.add(cid)
            _log.warning("order unresolved", client_order_id=cid, reason=resolution.text)

    def _give_up(self, cid: str, resolution: NotPlaced) -> None:
        # the user stream may have told of it while the exchange was being asked
        if self._journal.get(cid).status.is_unresolved:
            self._journal.mark_not_placed(cid, resolution.text)
            _log.info("order was never placed", client_order_id=cid)

    async def _look_up(self, row: JournalOrder) -> OrderLookup:
        symbol, cid = row.intent.symbol, row.intent.client_order_id
        asked_at = self._exchange.now()
        try:
            order = await self._exchange.find_order(symbol, cid)
        except Refused as refusal:
            if refusal.code != _ARCHIVED or asked_at - row.intent.stamp.instant < _ARCHIVED_AFTER:
                raise
            return OrderLookup(None, archived=True)
        if order is not None or not row.status.is_unresolved or not is_past_landing(row, asked_at):
            return OrderLookup(order)
        since = min(row.intent.stamp.instant, self._ledger.last_comparison() or asked_at) - _LIST_MARGIN
        orders = await self._exchange.orders_since(symbol, since)
        fills = await self._exchange.fills_since(symbol, since)
        listed = any(o.client_order_id == cid for o in orders) or self._may_hold(row, orders, fills)
        return OrderLookup(None, listed, await self._balances_agree(row, orders, fills))

    def _may_hold(
        self, row: JournalOrder, orders: tuple[ExchangeOrder, ...], fills: tuple[Fill, ...]
    ) -> bool:
        """Whether one of `fills` may be of `row` though no order of it is listed."""
        before = [
            known.exchange_order_id or 0
            for known in self._journal.latest_known(_ORDERS_BEFORE)
            if known.intent.symbol == row.intent.symbol and known.updated_at < row.intent.created_at
        ]
        listed = {order.exchange_order_id for order in orders}
        return any(
            could_be_of(row, fill, max(before, default=0))
            for fill in fills
            if fill.exchange_order_id not in listed
        )

    def _is_of_others(self, fill: Fill, orders: tuple[ExchangeOrder, ...]) -> bool:
        """Whether a trade is of nobody the journal knows: of a listed order of others, or of none that may be ours."""
        listed = [o for o in orders if o.exchange_order_id == fill.exchange_order_id]
        if listed:
            return self._journal.find(listed[0].client_order_id) is None
        unresolved = (row for row in self._journal.unfinished() if row.status.is_unresolved)
        return not any(
            self._may_hold(row, orders, (fill,)) for row in unresolved if row.intent.symbol == fill.symbol
        )

    async def _balances_agree(
        self, row: JournalOrder, orders: tuple[ExchangeOrder, ...], fills: tuple[Fill, ...]
    ) -> bool:
        rules = (await self._exchange.rules([row.intent.symbol]))[row.intent.symbol]
        account = await self._exchange.account()
        foreign = [fill for fill in fills if self._is_of_others(fill, orders)]
        unclear = await self._unclear_beside(row)
        if row.intent.symbol in unclear:
            return False
        differences = self._differences_without(foreign, rules, account)
        return balances_agree(row, rules.base, rules.quote, differences, alone=not unclear)

    async def _unclear_beside(self, row: JournalOrder) -> set[str]:
        """Symbols of other orders that may have moved balances which the ledger does not know of.

        Orders at rest are looked up anew, after the account was: what they traded before is in the ledger then.
        """
        symbols = set()
        for other in self._journal.unfinished():
            if not _same_request(row, other) and not await self._is_clear(other):
                symbols.add(other.intent.symbol)
        return symbols

    async def _is_clear(self, row: JournalOrder) -> bool:
        if row.status.is_unresolved:
            return False
        cid = row.intent.client_order_id
        order = await self._exchange.find_order(row.intent.symbol, cid)
        if order is None or contradiction(row, order):
            return False
        now = self._journal.record(cid, order)
        return now.booked == now.executed

    def _differences_without(
        self, foreign: list[Fill], rules: SymbolRules, account: AccountSnapshot
    ) -> dict[str, Decimal]:
        """What the account holds more than the ledger once trades of others, which look like the order's, are booked."""
        agreed_at = self._ledger.last_comparison()
        sure = [fill for fill in foreign if agreed_at is not None and fill.traded_at > agreed_at]
        self._ledger.book_foreign(sure)
        differences = balance_differences(self._ledger.balances(), account)
        doubtful = [fill for fill in foreign if fill not in sure]
        self._ledger.book_foreign(explain(differences, doubtful, rules.quote).foreign)
        return balance_differences(self._ledger.balances(), account)

    # cancels ---------------------------------------------------------------------

    async def _resolve_cancel(self, row: JournalCancel) -> None:
        asked_at = self._exchange.now()
        target = await self._target(row)
        resolution = resolve_cancel(row, target, asked_at)
        cancel_id = row.intent.cancel_id
        if isinstance(resolution, CancelDone):
            self._journal.mark_cancel(cancel_id, CancelStatus.DONE, resolution.text)
        elif isinstance(resolution, CancelNotPlaced):
            self._journal.mark_cancel(cancel_id, CancelStatus.NOT_PLACED, resolution.text)
        else:
            _log.warning("cancel unresolved", cancel_id=cancel_id, reason=resolution.text)

    async def _target(self, row: JournalCancel) -> JournalOrder:
        """The cancel's order as it is now; of a list, a leg that is not finished if there is one."""
        cid, list_id = row.intent.client_order_id, row.intent.client_list_id
        legs = [
            leg
            for leg in self._journal.unfinished()
            if leg.intent.client_order_id == cid or (list_id and leg.intent.client_list_id == list_id)
        ]
        for leg in legs:
            await self._resolve(leg)
        legs = [self._journal.get(leg.intent.client_order_id) for leg in legs]
        return next((leg for leg in legs if not leg.status.is_terminal), self._journal.get(cid))


def _same_request(row: JournalOrder, other: JournalOrder) -> bool:
    """Whether one request was to place both: legs of a list sell the same coins, whichever of them trades."""
    list_id = row.intent.client_list_id
    same_list = list_id is not None and other.intent.client_list_id == list_id
    return same_list or other.intent.client_order_id == row.intent.client_order_id

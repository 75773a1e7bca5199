"""Finds out what became of orders whose fate is not known, and brings unfinished ones up to date."""

import asyncio
from datetime import timedelta

import structlog

from binance_trade_agent.domain.errors import ConfigurationError, ExchangeError
from binance_trade_agent.domain.orders import JournalOrder, Side
from binance_trade_agent.domain.portfolio import AccountSnapshot
from binance_trade_agent.domain.reconciliation import Adopt, NotPlaced, OrderLookup, is_past_landing, resolve
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.ports import Exchange, Ledger, OrderJournal

_log = structlog.get_logger(__name__)

#: How far before the intent's own timestamp the exchange's lists are searched.
_LIST_MARGIN = timedelta(seconds=60)


class OrderResolver:
    """Looks up every journal row that is not terminal. A failed look-up leaves its row as it is."""

    def __init__(self, exchange: Exchange, journal: OrderJournal, ledger: Ledger) -> None:
        self._exchange = exchange
        self._journal = journal
        self._ledger = ledger

    async def resolve_all(self) -> tuple[JournalOrder, ...]:
        """Resolve what can be resolved and return the rows that are still unfinished."""
        # together: one after another, many rows of a silent exchange would take longer than a cycle may
        await asyncio.gather(*(self._try(row) for row in self._journal.unfinished()))
        return self._journal.unfinished()

    async def _try(self, row: JournalOrder) -> None:
        try:
            await self._resolve(row)
        except (ExchangeError, ConfigurationError) as error:
            # the exchange may know the symbol no longer: the trader goes on with the others
            _log.warning(
                "order look-up failed", client_order_id=row.intent.client_order_id, reason=str(error)
            )

    async def _resolve(self, row: JournalOrder) -> None:
        lookup = await self._look_up(row)
        resolution = resolve(row, lookup, self._exchange.now())
        cid = row.intent.client_order_id
        if isinstance(resolution, Adopt):
            self._journal.record(cid, resolution.order)
            if row.status.is_unresolved:
                _log.info("order adopted", client_order_id=cid, status=resolution.order.status.value)
        elif isinstance(resolution, NotPlaced):
            self._journal.mark_not_placed(cid, resolution.text)
            _log.info("order was never placed", client_order_id=cid)
        else:
            _log.warning("order unresolved", client_order_id=cid, reason=resolution.text)

    async def _look_up(self, row: JournalOrder) -> OrderLookup:
        symbol, cid = row.intent.symbol, row.intent.client_order_id
        order = await self._exchange.find_order(symbol, cid)
        if order is not None or not is_past_landing(row, self._exchange.now()):
            return OrderLookup(order)
        since = row.intent.stamp.instant - _LIST_MARGIN
        orders = await self._exchange.orders_since(symbol, since)
        fills = await self._exchange.fills_since(symbol, since)
        known = {o.exchange_order_id for o in orders if o.client_order_id != cid}
        listed = any(o.client_order_id == cid for o in orders) or any(
            fill.exchange_order_id not in known for fill in fills
        )
        rules = (await self._exchange.rules([symbol]))[symbol]
        account = await self._exchange.account()
        return OrderLookup(None, listed=listed, balances_agree=self._balances_agree(row, rules, account))

    def _balances_agree(self, row: JournalOrder, rules: SymbolRules, account: AccountSnapshot) -> bool:
        # the assets the order would have moved hold what the ledger says without it
        booked = self._ledger.balances()
        asset = rules.quote if row.intent.side is Side.BUY else rules.base
        held = account.balances.get(asset)
        return (held.total if held else 0) == booked.get(asset, 0)

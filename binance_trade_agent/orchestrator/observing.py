"""What a cycle sees: control state, orders brought up to date, market, account, book, differences."""

import asyncio
from collections.abc import Iterable
from datetime import datetime

from binance_trade_agent.domain.decisions import ControlSnapshot, CycleStart, TradingState
from binance_trade_agent.domain.errors import ExchangeError
from binance_trade_agent.domain.market import MarketSnapshot
from binance_trade_agent.domain.orders import JournalOrder, Side
from binance_trade_agent.domain.portfolio import AccountSnapshot
from binance_trade_agent.orchestrator.cycle import Cycle, locks_of
from binance_trade_agent.orchestrator.desk import OrderRequest, TradingDesk
from binance_trade_agent.orchestrator.losses import LossWatch

#: Why an entry that rests is taken back, by the state that forbids it.
_NO_ENTRY = {
    TradingState.PAUSED: "trading was paused",
    TradingState.ENTRIES_HALTED: "entries were halted",
    TradingState.HALTED: "trading was halted",
}


class Observer:
    """Gathers what a cycle decides on. Orders come first: what they did is in the book before anything is judged."""

    def __init__(self, desk: TradingDesk) -> None:
        self._desk = desk
        self._losses = LossWatch(desk)

    async def observe(
        self, start: CycleStart, request: OrderRequest | None, last_seen: dict[str, datetime]
    ) -> Cycle:
        """Everything `start`'s symbols need; `last_seen` is the last candle of each that a decision has seen."""
        desk = self._desk
        control, is_dry = desk.control.read(), request is not None and request.dry_run
        thorough = desk.user_data.look_up_is_due() or desk.reconciler.is_in_doubt
        unfinished = await desk.resolver.resolve_all(thorough=thorough)
        if not is_dry:
            unfinished = await self._end_overdue(unfinished, control)
        seen = (*start.symbols, *self._compared(start, request, unfinished))
        views, account, quotes = await asyncio.gather(
            desk.market_data.snapshots(seen, last_seen),
            self._account(),
            desk.market_data.quotes(desk.portfolio.held_elsewhere(seen)),
        )
        known = account if isinstance(account, AccountSnapshot) else None
        desk.portfolio.learn(views.values(), quotes)
        if known is not None:
            desk.portfolio.open_with(known)
        if desk.user_data.others_moved:
            desk.reconciler.survey_soon()
            desk.user_data.others_moved = False
        # a dry run only looks: a difference is booked by a cycle that also tells of it
        comparison = await desk.reconciler.compare(
            known, unfinished, thorough=thorough and not is_dry, all_found=desk.resolver.knows_all
        )
        book = desk.portfolio.book(unfinished)
        marks, alarms = self._losses.look(book.portfolio, control, is_dry=is_dry)
        return Cycle(
            start=start,
            request=request,
            control=control,
            unfinished=unfinished,
            locked=locks_of(unfinished, desk.journal.unfinished_cancels()),
            views=views,
            account=known,
            account_error="" if isinstance(account, AccountSnapshot) else account,
            book=book,
            comparison=comparison,
            rules=desk.decisions.note_rules(
                view.rules for view in views.values() if isinstance(view, MarketSnapshot)
            ),
            marks=marks,
            alarms={**comparison.alarms, **desk.user_data.alarms, **alarms},
        )

    def _compared(
        self, start: CycleStart, request: OrderRequest | None, unfinished: Iterable[JournalOrder]
    ) -> list[str]:
        """What else is held or being bought, whose prices an entry that is asked for is compared with."""
        if request is None or request.side is Side.SELL:
            return []
        buying = (row.intent.symbol for row in unfinished if row.intent.side is Side.BUY)
        invested = {*self._desk.portfolio.to_be_left(start.symbols), *buying}
        return sorted(invested - set(start.symbols))

    def overdue(self, unfinished: Iterable[JournalOrder], at: datetime | None = None) -> list[JournalOrder]:
        """Entries that have rested for longer than they may, by now or at a moment."""
        at = self._desk.clock.now() if at is None else at
        return [
            row for row in unfinished if row.intent.expires_at is not None and row.intent.expires_at <= at
        ]

    async def _end_overdue(
        self, unfinished: tuple[JournalOrder, ...], control: ControlSnapshot
    ) -> tuple[JournalOrder, ...]:
        """Cancel entries that rest too long, or that nobody wants any more; what they bought stays."""
        resting = [row for row in unfinished if row.rests_as_entry]
        overdue = self.overdue(resting)
        ending = [row for row in resting if row in overdue or not control.may_enter(row.intent.symbol)]
        cancelling = {cancel.intent.client_order_id for cancel in self._desk.journal.unfinished_cancels()}
        ending = [row for row in ending if row.intent.client_order_id not in cancelling]
        for row in ending:
            why = "its time is over" if row in overdue else _why_no_entry(control)
            await self._desk.execution.cancel_entry(row, why)
        return self._desk.journal.unfinished() if ending else unfinished

    async def _account(self) -> AccountSnapshot | str:
        try:
            return await self._desk.exchange.account()
        except ExchangeError as error:
            return str(error)


def _why_no_entry(control: ControlSnapshot) -> str:
    """What forbids an entry that rests; the symbol's own restriction where the state does not."""
    return _NO_ENTRY.get(control.state, "its symbol was made reduce-only")

"""Compares the account with the books: balances after every look at the account, open orders now and then.

A difference is believed only when it is still there, unchanged, some seconds later and with
every order looked up in between: a fill that is on its way into the books looks like one.
What trades of others explain is booked as theirs, the rest as a difference, so that the
ledger agrees with the exchange again and none of it becomes profit or loss.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import structlog

from binance_trade_agent.domain.errors import ExchangeError, ExchangeReset, Refused
from binance_trade_agent.domain.money import ZERO, to_wire
from binance_trade_agent.domain.orders import ExchangeOrder, Fill, JournalOrder, OrderStatus
from binance_trade_agent.domain.portfolio import AccountSnapshot
from binance_trade_agent.domain.reconciliation import (
    GRACE,
    OpenOrders,
    balance_differences,
    contradiction,
    explain,
    is_past_landing,
    is_wiped,
    split_open_orders,
)
from binance_trade_agent.ports import Clock, Exchange, Ledger, OrderJournal

_log = structlog.get_logger(__name__)

#: A difference must last so long: the exchange may tell of a trade later than of the balances it moved.
_BELIEVED_AFTER = timedelta(seconds=5)
#: How often open orders are read when nothing calls for it, and when a gap in the user stream does.
_SURVEY_EVERY_S = 600.0
_SURVEY_SOONEST_S = 60.0
#: The same when the stream has told of an order of others.
_SURVEY_ASKED_S = 10.0
#: With more symbols than this, all open orders of the account weigh less than those of each symbol.
_SYMBOLS_ASKED_SINGLY = 13
#: The ledger's agreement is written down at most so often: a cycle should not pay for it each time.
_NOTE_EVERY = timedelta(minutes=1)
#: Trades this much older than the last agreement may be missing in it: clocks differ, balances lag.
_MARGIN = timedelta(minutes=1)
#: How far back trades are read for a ledger that never agreed with the exchange.
_FIRST_LOOK_BACK = timedelta(days=1)
#: Rows that were given up; the exchange may prove us wrong.
_GIVEN_UP = frozenset({OrderStatus.NOT_PLACED, OrderStatus.REJECTED})
_LATEST_ASKED = 5
#: -1121: the exchange does not know the symbol (any more).
_UNKNOWN_SYMBOL = -1121


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the account compares with the books.

    `differences` (asset -> exchange less ledger) are those that nothing explained; they are
    booked by now. `booked` says in words what was booked. `alarms` are incidents by key,
    for as long as they last. `strays` is symbol -> why it must not be entered.
    """

    compared: bool
    differences: Mapping[str, Decimal] = field(default_factory=dict)
    booked: tuple[str, ...] = ()
    alarms: Mapping[str, str] = field(default_factory=dict)
    strays: Mapping[str, str] = field(default_factory=dict)


class AccountReconciler:
    """Keeps the ledger in step with the account, whoever moved it. `symbols` are those traded, all in `quote`.

    Where the exchange `may_be_reset` (everywhere but in live mode), `compare` raises `ExchangeReset` instead
    of booking what a reset did to the balances.
    """

    def __init__(
        self,
        exchange: Exchange,
        journal: OrderJournal,
        ledger: Ledger,
        clock: Clock,
        *,
        symbols: tuple[str, ...],
        quote: str,
        may_be_reset: bool = False,
    ) -> None:
        self._exchange, self._journal, self._ledger = exchange, journal, ledger
        self._clock = clock
        self._symbols, self._quote = symbols, quote
        self._may_be_reset = may_be_reset
        self._suspected: dict[str, Decimal] = {}
        self._suspected_at: datetime | None = None
        self._noted_at: datetime | None = None
        self._surveyed_at: float | None = None
        self._open = OpenOrders((), (), ())
        self._is_short = False
        self._survey_asked = False

    @property
    def is_in_doubt(self) -> bool:
        """Whether a difference was seen that counts only if it is still there after every order is looked up."""
        return bool(self._suspected) or self._is_short

    def survey_soon(self) -> None:
        """Read open orders as soon as they may be read again: others have moved theirs."""
        self._survey_asked = True

    async def compare(
        self,
        account: AccountSnapshot | None,
        unfinished: Iterable[JournalOrder],
        *,
        thorough: bool,
        all_found: bool,
    ) -> Comparison:
        """Compare `account`, read after orders were looked up.

        `thorough` says that all of them were, `all_found` that the exchange told of each.
        """
        found, moved = Comparison(False), dict[str, str]()
        if account is None or any(map(_is_moving, unfinished)):
            # such an order moves balances that its fills will explain only later
            self._suspected = {}
        else:
            found = await self._compare(account, thorough and all_found)
            if found.compared and thorough and all_found:
                moved = self._move_out(account.observed_at)
        # after the balances: while it waits, what the stream tells would look like a difference
        await self._survey_if_due(account, thorough)
        return Comparison(
            found.compared,
            found.differences,
            (*found.booked, *moved.values()),
            self._alarms() | {f"moved_away:{symbol}": text for symbol, text in moved.items()},
            _locks(self._open.stray),
        )

    # balances --------------------------------------------------------------------

    async def _compare(self, account: AccountSnapshot, is_conclusive: bool) -> Comparison:
        differences = balance_differences(self._ledger.balances(), account)
        if not differences:
            self._agree(account.observed_at)
            return Comparison(True)
        if not self._suspect(differences, account.observed_at) or not is_conclusive:
            return Comparison(False)
        try:
            return await self._settle(account, differences)
        except ExchangeError as error:
            _log.warning("a difference could not be looked into", reason=str(error))
            return Comparison(False)

    def _suspect(self, differences: dict[str, Decimal], at: datetime) -> bool:
        """Note differences seen at `at`; whether they have lasted long enough to be believed."""
        if differences != self._suspected or self._suspected_at is None:
            self._suspected, self._suspected_at = differences, at
        return at - self._suspected_at >= _BELIEVED_AFTER

    async def _settle(self, account: AccountSnapshot, differences: Mapping[str, Decimal]) -> Comparison:
        booked: list[str] = []
        for symbols in self._candidates(differences):
            booked += await self._book_trades(symbols, account)
            rest = balance_differences(self._ledger.balances(), account)
            if not rest:
                break
        # trades were read after the account was: only what is the same in a new look is settled
        account = await self._exchange.account()
        fresh = balance_differences(self._ledger.balances(), account)
        if fresh and fresh != rest:
            self._suspect(fresh, account.observed_at)
            return Comparison(False, booked=tuple(booked))
        if fresh and self._may_be_reset and await detect_wipe(self._exchange, self._journal, self._ledger):
            raise ExchangeReset(
                "the exchange knows none of this book's orders any more, and its balances jumped"
            )
        for asset, amount in fresh.items():
            booked.append(f"{amount:+f} {asset} that nothing explains")
            self._ledger.book_difference(asset, amount, "nothing explains it", account.observed_at)
        self._agree(account.observed_at, at_once=True)
        _log.warning("the account was moved from outside", booked=booked)
        return Comparison(True, fresh, tuple(booked))

    def _candidates(self, differences: Mapping[str, Decimal]) -> list[list[str]]:
        """Symbols whose trades may explain: first those whose base differs, then a bounded number of others."""
        # a person may have bought what was never traded here
        guessed = [asset + self._quote for asset in differences if asset != self._quote]
        foreign = [order.symbol for order in self._open.foreign]
        names = dict.fromkeys([*self._symbols, *self._ledger.positions(), *foreign, *guessed])
        ours = [name for name in names if name.endswith(self._quote)]
        likely = [name for name in ours if name.removesuffix(self._quote) in differences]
        # a coin bought and sold again leaves a difference in the quote currency alone
        others = [name for name in ours if name not in likely] if self._quote in differences else []
        return [likely, others[:_SYMBOLS_ASKED_SINGLY]]

    async def _book_trades(self, symbols: list[str], account: AccountSnapshot) -> list[str]:
        agreed_at = self._ledger.last_comparison()
        since = agreed_at - _MARGIN if agreed_at else account.observed_at - _FIRST_LOOK_BACK
        booked: list[str] = []
        doubtful: list[Fill] = []
        for symbol in symbols:
            fills = await self._foreign_fills(symbol, since)
            sure = [fill for fill in fills if agreed_at is not None and fill.traded_at > agreed_at]
            if count := self._ledger.book_foreign(sure):
                booked.append(f"{count} trades of others in {symbol}")
            doubtful += [fill for fill in fills if fill not in sure]
        differences = balance_differences(self._ledger.balances(), account)
        if count := self._ledger.book_foreign(explain(differences, doubtful, self._quote).foreign):
            booked.append(f"{count} earlier trades of others")
        return booked

    async def _foreign_fills(self, symbol: str, since: datetime) -> list[Fill]:
        try:
            orders = await self._exchange.orders_since(symbol, since)
            fills = await self._exchange.fills_since(symbol, since)
        except Refused as refusal:
            if refusal.code != _UNKNOWN_SYMBOL:
                raise
            return []
        ours = {order.exchange_order_id for order in orders if self._is_ours(order, fills)}
        return [fill for fill in fills if fill.exchange_order_id not in ours]

    def _is_ours(self, order: ExchangeOrder, fills: Iterable[Fill] = ()) -> bool:
        """Whether the journal holds `order`; one that was given up is taken over after all."""
        row = self._journal.find(order.client_order_id)
        if row is None:
            return False
        if row.status in _GIVEN_UP and not (row.status == order.status or contradiction(row, order)):
            self._journal.record(row.intent.client_order_id, _with_fills(order, fills))
            _log.error("an order that was given up exists", client_order_id=order.client_order_id)
        return True

    def _agree(self, at: datetime, *, at_once: bool = False) -> None:
        self._suspected = {}
        if at_once or self._noted_at is None or at - self._noted_at >= _NOTE_EVERY:
            self._ledger.agreed(at)
            self._noted_at = at

    # open orders -----------------------------------------------------------------

    async def _survey_if_due(self, account: AccountSnapshot | None, thorough: bool) -> None:
        now = self._clock.monotonic()
        usual_s = _SURVEY_SOONEST_S if thorough else _SURVEY_EVERY_S
        wait_s = _SURVEY_ASKED_S if self._survey_asked else usual_s
        if self._surveyed_at is not None and now - self._surveyed_at < wait_s:
            return
        try:
            orders = await self._open_orders(account)
        except ExchangeError as error:
            _log.warning("open orders could not be read", reason=str(error))
            return
        self._surveyed_at, self._survey_asked = now, False
        journalled = {order.client_order_id for order in orders if self._is_ours(order)}
        self._open = split_open_orders(orders, journalled)
        self._ledger.note_foreign_orders([*self._open.stray, *self._open.foreign], self._exchange.now())

    async def _open_orders(self, account: AccountSnapshot | None) -> list[ExchangeOrder]:
        held = [symbol for symbol, position in self._ledger.positions().items() if position.quantity > 0]
        symbols = dict.fromkeys([*self._symbols, *held])
        if len(symbols) > _SYMBOLS_ASKED_SINGLY:
            # every open order locks what it would give away; to ask weighs a third of a cycle with 100 symbols
            if account is not None and not any(balance.locked for balance in account.balances.values()):
                return []
            return list(await self._exchange.open_orders())
        orders: list[ExchangeOrder] = []
        for symbol in symbols:
            try:
                orders += await self._exchange.open_orders(symbol)
            except Refused as refusal:
                # the exchange may know one of the symbols no longer
                if refusal.code != _UNKNOWN_SYMBOL:
                    raise
        return orders

    # what people must know -------------------------------------------------------

    def _alarms(self) -> dict[str, str]:
        alarms = {
            f"stray_order:{order.client_order_id}": f"{order.symbol}: open order {order.client_order_id} carries our"
            " prefix, but this book's journal does not hold it; it is not touched, and the symbol is not entered"
            for order in self._open.stray
        }
        short = self._short()
        self._is_short = bool(short)
        for symbol, missing in short.items():
            alarms[f"position_short:{symbol}"] = (
                f"{symbol}: {to_wire(missing)} of the position are no longer on the account: withdrawn or sold by"
                " someone else; no more than is there can be sold"
            )
        return alarms

    def _short(self) -> dict[str, Decimal]:
        """symbol -> how much more the position is than the account holds by the ledger."""
        balances = self._ledger.balances()
        short = {}
        for symbol, position in self._ledger.positions().items():
            missing = position.quantity - max(balances.get(position.base, ZERO), ZERO)
            if position.quantity > 0 and missing > 0:
                short[symbol] = missing
        return short

    def _move_out(self, at: datetime) -> dict[str, str]:
        """Take what others sold or withdrew of positions out of them, at cost; symbol -> what was done."""
        done = {}
        for symbol, missing in self._short().items():
            self._ledger.move_out(symbol, missing, at)
            done[symbol] = (
                f"{symbol}: {to_wire(missing)} that someone else sold or withdrew left the position, at cost"
            )
            _log.warning("a position was moved from outside", symbol=symbol, quantity=str(missing))
        return done


async def detect_wipe(exchange: Exchange, journal: OrderJournal, ledger: Ledger) -> bool:
    """Whether the exchange was set back since this book's last orders (a testnet does that every month).

    Raises `ExchangeError` when it could not be asked.
    """
    latest = journal.latest_known(_LATEST_ASKED)
    resting = (row for row in journal.unfinished() if not row.status.is_unresolved)
    rows = {row.intent.client_order_id: row for row in (*latest, *resting)}
    now = exchange.now()
    known: list[tuple[JournalOrder, ExchangeOrder | None]] = []
    for row in rows.values():
        # a young order may not be visible yet
        if not is_past_landing(row, now) or row.updated_at > now - GRACE:
            continue
        try:
            found = await exchange.find_order(row.intent.symbol, row.intent.client_order_id)
        except Refused as refusal:
            if refusal.code != _UNKNOWN_SYMBOL:
                # archived or otherwise known of
                return False
            continue
        if found is not None:
            return False
        known.append((row, None))
    if not known:
        return False
    return is_wiped(known, balance_differences(ledger.balances(), await exchange.account()))


def _is_moving(row: JournalOrder) -> bool:
    return row.status.is_unresolved or row.booked < row.executed


def _with_fills(order: ExchangeOrder, fills: Iterable[Fill]) -> ExchangeOrder:
    """`order` with those of `fills` that are its own; an order list comes without any."""
    own = tuple(fill for fill in fills if fill.exchange_order_id == order.exchange_order_id)
    return replace(order, fills=own or order.fills)


def _locks(strays: Iterable[ExchangeOrder]) -> dict[str, str]:
    return {order.symbol: f"stray order {order.client_order_id} is open at the exchange" for order in strays}

"""Positions and cash of a book."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.orders import ExchangeOrder, Fill
from binance_trade_agent.domain.portfolio import AccountSnapshot, Position
from binance_trade_agent.domain.protection import AskedLevels
from binance_trade_agent.domain.records import AskedLevelsRow, Book
from binance_trade_agent.domain.round_trips import TripBook
from binance_trade_agent.storage import models
from binance_trade_agent.storage.asked_levels import all_asked, asked_of, forget_asked, store_asked
from binance_trade_agent.storage.database import Database
from binance_trade_agent.storage.flows import add_flow, book_others, put_in
from binance_trade_agent.storage.positions import held, move_out, position_of
from binance_trade_agent.storage.remembered import Remembered
from binance_trade_agent.storage.round_trips import trip_book


class SqlLedger:
    """`ports.Ledger` of one book."""

    def __init__(self, database: Database, book: Book) -> None:
        self._database = database
        self._book = book
        self._positions = Remembered(database, self._read_positions)
        self._balances = Remembered(database, self._read_balances)
        self._contributed = Remembered(database, self._read_contributed)
        self._mark = Remembered(database, self._read_mark)
        self._asked_levels = Remembered(database, self._read_asked_levels)

    def open_with(self, account: AccountSnapshot, quote: str, at: datetime) -> None:
        """Write the opening flows: every balance, and the quote currency's even if it is 0. Once a book.

        Raises `ConfigurationError` for a quote currency that is not the book's.
        """
        if quote != self._book.quote:
            raise ConfigurationError(f"the book is kept in {self._book.quote}, not in {quote}")
        opening = {asset: balance.total for asset, balance in account.balances.items() if balance.total}
        opening.setdefault(quote, ZERO)
        with self._database.write() as transaction:
            if self._has_flows(transaction):
                return
            for asset, amount in sorted(opening.items()):
                add_flow(transaction, self._book.id, kind="opening", asset=asset, amount=amount, at=at)

    @property
    def is_open(self) -> bool:
        """Whether the book's opening flows are written."""
        with self._database.read() as transaction:
            return self._has_flows(transaction)

    def positions(self) -> dict[str, Position]:
        """Symbol -> position, flat ones with history included."""
        return dict(self._positions.get())

    def _read_positions(self) -> dict[str, Position]:
        with self._database.read() as transaction:
            return {position.symbol: position for position in all_positions(transaction, self._book.id)}

    def balances(self) -> dict[str, Decimal]:
        """Asset -> what the account must hold by our flows."""
        return dict(self._balances.get())

    def _read_balances(self) -> dict[str, Decimal]:
        with self._database.read() as transaction:
            return all_balances(transaction, self._book.id)

    def contributed(self) -> Decimal:
        """What was put in, in quote currency, less what was taken out; 0 before the book is open."""
        return self._contributed.get()

    def _read_contributed(self) -> Decimal:
        with self._database.read() as transaction:
            return put_in(transaction, self._book) or ZERO

    def book_transfer(self, asset: str, amount: Decimal, at: datetime, reference: str) -> bool:
        """Write a deposit (positive) or withdrawal; False if `reference` is booked already."""
        booked = select(models.Flow.id).filter_by(book_id=self._book.id, reference=reference)
        with self._database.write() as transaction:
            if transaction.scalar(booked) is not None:
                return False
            add_flow(
                transaction,
                self._book.id,
                kind="deposit" if amount > 0 else "withdrawal",
                asset=asset,
                amount=amount,
                at=at,
                reference=reference,
            )
            return True

    def book_foreign(self, fills: Sequence[Fill]) -> int:
        """Write the flows of trades that are not ours, each once; returns how many were new.

        A trade whose order the journal knows is left to the order's own report. So is, to the comparison of
        balances, one of a symbol in another quote currency: its name does not tell its assets.

        Raises `StorageError`, and books none, if a trade is booked as ours for another order.
        """
        quote = self._book.quote
        readable = [fill for fill in fills if fill.symbol.endswith(quote) and fill.symbol != quote]
        with self._database.write() as transaction:
            return sum(book_others(transaction, self._book, fill) for fill in readable)

    def book_difference(self, asset: str, amount: Decimal, reason: str, at: datetime) -> None:
        """Write a flow that nothing explains, so that the ledger agrees with the exchange again."""
        with self._database.write() as transaction:
            add_flow(
                transaction,
                self._book.id,
                kind="difference",
                asset=asset,
                amount=amount,
                at=at,
                reason=reason,
            )

    def move_out(self, symbol: str, quantity: Decimal, at: datetime) -> None:
        """Take a part of a position out at its average cost: someone else sold or withdrew it. Raises `KeyError`."""
        with self._database.write() as transaction:
            move_out(transaction, self._book, symbol, quantity, at)

    def mark(self) -> int:
        """The number of the book's newest flow; 0 before there is one. Rises with every booking."""
        return self._mark.get()

    def _read_mark(self) -> int:
        newest = (
            select(models.Flow.id).filter_by(book_id=self._book.id).order_by(models.Flow.id.desc()).limit(1)
        )
        with self._database.read() as transaction:
            return transaction.scalar(newest) or 0

    def trips(self) -> TripBook:
        """The book's round trips: open ones, each symbol's last, and the losing streak."""
        with self._database.read() as transaction:
            return trip_book(transaction, self._book.id)

    def last_comparison(self) -> datetime | None:
        """Exchange time at which the ledger last agreed with the exchange; None before the first time."""
        with self._database.read() as transaction:
            return transaction.get_one(models.Book, self._book.id).compared_at

    def agreed(self, at: datetime) -> None:
        """Note that the ledger agrees with the exchange; an earlier time than the known one changes nothing."""
        with self._database.write() as transaction:
            row = transaction.get_one(models.Book, self._book.id)
            if row.compared_at is None or row.compared_at < at:
                row.compared_at = at

    def note_foreign_orders(self, orders: Sequence[ExchangeOrder], at: datetime) -> None:
        """Replace the list of open orders that are not ours. Writes nothing when it is the same as before."""
        query = select(models.ForeignOrder).filter_by(book_id=self._book.id)
        with self._database.write() as transaction:
            known = {(row.symbol, row.exchange_order_id): row for row in transaction.scalars(query)}
            for order in orders:
                row = known.pop((order.symbol, order.exchange_order_id), None)
                transaction.merge(_foreign_row(self._book.id, order, row.seen_at if row else at))
            for row in known.values():
                transaction.delete(row)

    def asked_levels(self) -> dict[str, AskedLevels]:
        """Symbol -> the stop and target that a person asked for its position."""
        return dict(self._asked_levels.get())

    def _read_asked_levels(self) -> dict[str, AskedLevels]:
        with self._database.read() as transaction:
            rows = all_asked(transaction, self._book.id)
            return {row.symbol: AskedLevels(row.stop_price, row.target_price) for row in rows}

    def ask_levels(
        self, symbol: str, levels: AskedLevels, *, actor: str, reason: str, at: datetime
    ) -> AskedLevelsRow | None:
        """Let `levels` go before the settings' until the position is closed; returns what was asked before."""
        row = AskedLevelsRow(symbol, levels.stop_price, levels.target_price, actor, reason, at)
        with self._database.write() as transaction:
            before = asked_of(transaction, self._book.id, symbol)
            store_asked(transaction, self._book.id, row)
            return before

    def restore_levels(self, symbol: str, before: AskedLevelsRow | None) -> None:
        """Let what was asked before be asked again; None removes the levels of `symbol`."""
        with self._database.write() as transaction:
            if before is None:
                forget_asked(transaction, self._book.id, symbol)
            else:
                store_asked(transaction, self._book.id, before)

    def _has_flows(self, transaction: Session) -> bool:
        opening = select(models.Flow.id).filter_by(book_id=self._book.id, kind="opening").limit(1)
        return transaction.scalar(opening) is not None


def all_positions(transaction: Session, book_id: int) -> tuple[Position, ...]:
    """The book's positions by symbol, less what fees of other symbols took of them."""
    query = select(models.Position).filter_by(book_id=book_id).order_by(models.Position.symbol)
    balances = {
        row.asset: row for row in transaction.scalars(select(models.Balance).filter_by(book_id=book_id))
    }
    return tuple(held(position_of(row), balances.get(row.base)) for row in transaction.scalars(query))


def all_balances(transaction: Session, book_id: int) -> dict[str, Decimal]:
    """Asset -> balance by our flows."""
    query = select(models.Balance).filter_by(book_id=book_id).order_by(models.Balance.asset)
    return {row.asset: row.amount for row in transaction.scalars(query)}


def _foreign_row(book_id: int, order: ExchangeOrder, seen_at: datetime) -> models.ForeignOrder:
    return models.ForeignOrder(
        book_id=book_id,
        symbol=order.symbol,
        exchange_order_id=order.exchange_order_id,
        client_order_id=order.client_order_id,
        side=order.side.value,
        order_type=order.order_type.value,
        price=order.price,
        quantity=order.quantity,
        executed=order.executed,
        seen_at=seen_at,
    )

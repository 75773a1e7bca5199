"""Positions and cash of a book."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.portfolio import AccountSnapshot, Position
from binance_trade_agent.domain.records import Book
from binance_trade_agent.storage import models
from binance_trade_agent.storage.database import Database
from binance_trade_agent.storage.positions import add_flow, position_of


class SqlLedger:
    """`ports.Ledger` of one book."""

    def __init__(self, database: Database, book: Book) -> None:
        self._database = database
        self._book = book

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
        with self._database.read() as transaction:
            return {position.symbol: position for position in all_positions(transaction, self._book.id)}

    def balances(self) -> dict[str, Decimal]:
        """Asset -> what the account must hold by our flows."""
        with self._database.read() as transaction:
            return all_balances(transaction, self._book.id)

    def book_difference(self, asset: str, amount: Decimal, reason: str, at: datetime) -> None:
        """Write a flow that no fill of ours explains."""
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

    def _has_flows(self, transaction: Session) -> bool:
        opening = select(models.Flow.id).filter_by(book_id=self._book.id, kind="opening").limit(1)
        return transaction.scalar(opening) is not None


def all_positions(transaction: Session, book_id: int) -> tuple[Position, ...]:
    """The book's positions by symbol."""
    query = select(models.Position).filter_by(book_id=book_id).order_by(models.Position.symbol)
    return tuple(position_of(row) for row in transaction.scalars(query))


def all_balances(transaction: Session, book_id: int) -> dict[str, Decimal]:
    """Asset -> balance by our flows."""
    query = select(models.Balance).filter_by(book_id=book_id).order_by(models.Balance.asset)
    return {row.asset: row.amount for row in transaction.scalars(query)}

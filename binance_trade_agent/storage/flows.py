"""Changes of balances: each a flow, and the balance it makes, in the caller's transaction.

The trades of others are flows without a position, one an asset. A trade of ours may be
taken for one of theirs while its order is not known yet; its own booking takes that back.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.domain.money import EXACT, ZERO, total
from binance_trade_agent.domain.orders import Fill, Side
from binance_trade_agent.domain.records import Book
from binance_trade_agent.storage import models

FOREIGN = "foreign"
#: A part of a position left it: no change of a balance, but one of the book.
MOVED = "moved"


def base_asset(symbol: str, book: Book) -> str:
    """What a symbol of the book trades; raises `StorageError` for a symbol in another quote currency."""
    base = symbol.removesuffix(book.quote)
    if base in {symbol, ""}:
        raise StorageError(f"{symbol} is not traded in {book.quote}, the currency of this book")
    return base


def add_flow(
    transaction: Session,
    book_id: int,
    *,
    kind: str,
    asset: str,
    amount: Decimal,
    at: datetime,
    reason: str = "",
    reference: str | None = None,
    fill: Fill | None = None,
) -> models.Balance:
    """Write a change of an asset's balance, and the balance."""
    transaction.add(
        models.Flow(
            book_id=book_id,
            kind=kind,
            asset=asset,
            amount=amount,
            symbol=fill.symbol if fill else None,
            trade_id=fill.trade_id if fill else None,
            reference=reference,
            reason=reason,
            at=at,
        )
    )
    balance = transaction.get(models.Balance, (book_id, asset))
    if balance is None:
        balance = models.Balance(book_id=book_id, asset=asset, amount=ZERO, fees=ZERO)
        transaction.add(balance)
        transaction.flush()
    balance.amount = EXACT.add(balance.amount, amount)
    return balance


def book_own(transaction: Session, book: Book, fill: Fill) -> None:
    """Write the flows of a fill of ours."""
    base, at = base_asset(fill.symbol, book), fill.traded_at
    sign = 1 if fill.side is Side.BUY else -1
    for asset, amount in ((base, sign * fill.quantity), (book.quote, -sign * fill.quote_quantity)):
        if amount:
            add_flow(transaction, book.id, kind="fill", asset=asset, amount=amount, at=at, fill=fill)
    if fill.commission:
        paid_in, fee = fill.commission_asset, fill.commission
        balance = add_flow(
            transaction, book.id, kind="commission", asset=paid_in, amount=-fee, at=at, fill=fill
        )
        if paid_in not in {base, book.quote}:
            balance.fees = EXACT.add(balance.fees, fee)


def book_others(transaction: Session, book: Book, fill: Fill) -> bool:
    """Write the flows of a trade that is not ours; False if it is booked, or its order is in the journal.

    Raises `StorageError` if the trade is booked as ours for another order.
    """
    if _is_of_a_journalled_order(transaction, book.id, fill):
        return False
    ours = transaction.get(models.Fill, (book.id, fill.symbol, fill.trade_id))
    if ours is not None:
        raise StorageError(
            f"trade {fill.trade_id} of {fill.symbol} is booked for {ours.client_order_id}, order "
            f"{ours.exchange_order_id}, not for order {fill.exchange_order_id}"
        )
    if _foreign_flows(transaction, book.id, fill.symbol, {fill.trade_id}):
        return False
    reason = f"{fill.side} of {fill.quantity} at {fill.price}, order {fill.exchange_order_id}"
    for asset, amount in _changes(book, fill).items():
        add_flow(
            transaction,
            book.id,
            kind=FOREIGN,
            asset=asset,
            amount=amount,
            at=fill.traded_at,
            reason=reason,
            fill=fill,
        )
    return True


def take_back_foreign(transaction: Session, book_id: int, symbol: str, trade_ids: Collection[int]) -> None:
    """Remove what was booked for these trades as if they were someone else's."""
    for flow in _foreign_flows(transaction, book_id, symbol, trade_ids):
        balance = transaction.get_one(models.Balance, (book_id, flow.asset))
        balance.amount = EXACT.subtract(balance.amount, flow.amount)
        transaction.delete(flow)
    transaction.flush()


def _foreign_flows(
    transaction: Session, book_id: int, symbol: str, trade_ids: Collection[int]
) -> list[models.Flow]:
    query = (
        select(models.Flow)
        .filter_by(book_id=book_id, symbol=symbol, kind=FOREIGN)
        .where(models.Flow.trade_id.in_(trade_ids))
    )
    return list(transaction.scalars(query))


def _changes(book: Book, fill: Fill) -> dict[str, Decimal]:
    """What a trade makes of each asset, its commission included."""
    sign = 1 if fill.side is Side.BUY else -1
    changes: dict[str, Decimal] = defaultdict(Decimal)
    for asset, amount in (
        (base_asset(fill.symbol, book), sign * fill.quantity),
        (book.quote, -sign * fill.quote_quantity),
        (fill.commission_asset, -fill.commission),
    ):
        if amount:
            changes[asset] = EXACT.add(changes[asset], amount)
    return changes


def _is_of_a_journalled_order(transaction: Session, book_id: int, fill: Fill) -> bool:
    query = select(models.Order.client_order_id).filter_by(
        book_id=book_id, symbol=fill.symbol, exchange_order_id=fill.exchange_order_id
    )
    return transaction.scalar(query.limit(1)) is not None


def put_in(transaction: Session, book: Book) -> Decimal | None:
    """What was put in, in quote currency, less what was taken out, at cost; None before the book is open."""
    flows = select(models.Flow.amount).filter_by(book_id=book.id, asset=book.quote).where(models.OUTSIDE)
    amounts = transaction.scalars(flows).all()
    moved_out = select(models.PositionMove.cost).filter_by(book_id=book.id)
    return EXACT.subtract(total(amounts), total(transaction.scalars(moved_out))) if amounts else None

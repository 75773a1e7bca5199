"""The ledger beside the exchange."""

from collections import defaultdict
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from binance_trade_agent.domain.history_rows import AccountBook, AssetFlows
from binance_trade_agent.domain.money import total
from binance_trade_agent.storage import models

#: Of the flows from outside, the newest so many are summed; an account is seldom moved by hand.
_MOST = 10_000


def account_book(transaction: Session, book_id: int) -> AccountBook:
    """When both agreed last, and the sums of what moved each asset from outside."""
    flow = models.Flow
    query = (
        select(flow.asset, flow.kind, flow.amount)
        .where(flow.book_id == book_id, models.OUTSIDE)
        .order_by(flow.at.desc(), flow.id.desc())
        .limit(_MOST)
    )
    # in Python: amounts are exact decimals, which the database would add as floats
    moved: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for asset, kind, amount in transaction.execute(query):
        moved[asset, kind].append(amount)
    return AccountBook(
        transaction.get_one(models.Book, book_id).compared_at,
        tuple(
            AssetFlows(asset, kind, total(amounts), len(amounts))
            for (asset, kind), amounts in sorted(moved.items())
        ),
    )

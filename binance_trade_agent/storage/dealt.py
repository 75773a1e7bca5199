"""What was dealt in a time, kept while nothing was dealt since: a page that shows performance asks at each cycle.

Each fill and each move of coins writes flows in its own transaction, so the newest flow stands for all of them. The
answer is kept only once a snapshot is newer than all of it: then every decision whose price it may quote is stored.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from binance_trade_agent.storage import models

#: Answers that are kept: of the times and symbols that were asked about last.
_MOST = 4

_E, _F, _T, _W = models.EquitySnapshot, models.Fill, models.RoundTrip, models.Flow
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    """An answer as of the flow `flow_id`; `settled_at` is later than everything in it."""

    flow_id: int | None
    settled_at: datetime
    answer: T


class KeptDealings(Generic[T]):
    """Answers about `[since, until)` of one book; may be shared by threads. They must not be changed."""

    def __init__(self, book_id: int) -> None:
        self._book_id = book_id
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[datetime, str | None], _Kept[T]] = OrderedDict()

    def get(
        self,
        transaction: Session,
        since: datetime,
        until: datetime,
        symbol: str | None,
        read: Callable[[], T],
    ) -> T:
        """The answer, from `read` in `transaction` if it may be another one by now; raises what `read` raises."""
        flow_id = transaction.scalar(select(func.max(_W.id)).where(_W.book_id == self._book_id))
        with self._lock:
            kept = self._kept.get((since, symbol))
        if kept is not None and kept.flow_id == flow_id and kept.settled_at <= until:
            return kept.answer
        answer = read()
        settled_at = self._settled_at(transaction)
        if settled_at is not None and settled_at <= until:
            with self._lock:
                self._kept[since, symbol] = _Kept(flow_id, settled_at, answer)
                self._kept.move_to_end((since, symbol))
                while len(self._kept) > _MOST:
                    self._kept.popitem(last=False)
        return answer

    def _settled_at(self, transaction: Session) -> datetime | None:
        """When the newest snapshot was taken; None while something was dealt later."""
        own = self._book_id
        seen = transaction.scalar(select(func.max(_E.at)).where(_E.book_id == own))
        dealt = transaction.scalar(select(func.max(_F.traded_at)).where(_F.book_id == own))
        closed = transaction.scalar(
            select(func.max(_T.closed_at)).where(_T.book_id == own, _T.closed_at.is_not(None))
        )
        later = any(at is not None and seen is not None and at >= seen for at in (dealt, closed))
        return None if later else seen

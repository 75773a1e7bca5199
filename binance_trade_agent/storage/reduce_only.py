"""Symbols of which nothing may be bought until a person says so."""

from collections.abc import Collection, Mapping

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from binance_trade_agent.domain.acts import Act, ActOutcome, Restricted
from binance_trade_agent.domain.errors import KeySpent
from binance_trade_agent.storage import models
from binance_trade_agent.storage.audit import act_with_key, write_act
from binance_trade_agent.storage.sessions import latest_session

_NONE = "none"


def reduce_only_symbols(transaction: Session, book_id: int) -> dict[str, str]:
    """Symbol -> why, and who said so."""
    rows = transaction.scalars(
        select(models.ReduceOnly).filter_by(book_id=book_id).order_by(models.ReduceOnly.symbol)
    )
    return {row.symbol: f"{row.reason} ({row.actor})" for row in rows}


def restrict(
    transaction: Session, book_id: int, act: Act, symbols: Collection[str], *, on: bool
) -> Restricted:
    """Set or lift it for `symbols`, once for the act's key; a symbol that is so already keeps its reason.

    Raises:
        ConfigurationError: the key stands for another act.
    """
    before = reduce_only_symbols(transaction, book_id)
    session = latest_session(transaction, book_id)
    untraded = tuple(sorted(set(symbols) - set(session.symbols if session is not None else ())))
    asked = {"symbols": ",".join(sorted(set(symbols))), "on": "true" if on else "false"}
    if (first := act_with_key(transaction, book_id, act)) is not None:
        if first.details != asked:
            raise KeySpent(
                f"the idempotency key {act.idempotency_key!r} was used for other symbols ({first.details}); use a new key"
            )
        return Restricted(before, (), untraded, first.at, repeated=True)
    changed = tuple(sorted(symbol for symbol in set(symbols) if (symbol in before) is not on))
    if on:
        transaction.add_all(_row(book_id, symbol, act) for symbol in changed)
        transaction.flush()
    else:
        rows = delete(models.ReduceOnly).filter_by(book_id=book_id)
        transaction.execute(rows.where(models.ReduceOnly.symbol.in_(changed)))
    after = reduce_only_symbols(transaction, book_id)
    write_act(
        transaction,
        book_id,
        act,
        before=_told(before),
        after=_told(after),
        outcome=ActOutcome.DONE,
        answer=None if changed else "it was so already",
        details=asked,
    )
    return Restricted(after, changed, untraded, act.at)


def _row(book_id: int, symbol: str, act: Act) -> models.ReduceOnly:
    return models.ReduceOnly(book_id=book_id, symbol=symbol, reason=act.reason, actor=act.actor, since=act.at)


def _told(symbols: Mapping[str, str]) -> str:
    return ", ".join(symbols) or _NONE

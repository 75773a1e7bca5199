"""Symbol rules under names made of their content, each version stored once."""

from collections.abc import Collection, Iterable
from hashlib import sha256
from typing import Any

import orjson
from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.orm import Session

from binance_trade_agent.domain.records import Book
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.storage import models
from binance_trade_agent.storage.database import Database

_RULES = TypeAdapter(SymbolRules)
_DIGEST_CHARACTERS = 12


class NamedRules:
    """The rules of a book's decisions. Remembers each symbol's last, so that unchanged ones cost no query."""

    def __init__(self, database: Database, book: Book) -> None:
        self._database = database
        self._book_id = book.id
        self._known: dict[str, tuple[SymbolRules, str]] = {}

    def note(self, rules: Iterable[SymbolRules]) -> dict[str, str]:
        """Store what is not stored yet; returns symbol -> name."""
        given = {each.symbol: each for each in rules}
        new = {symbol: each for symbol, each in given.items() if not self._knows(each)}
        if new:
            plain = {symbol: _to_json(each) for symbol, each in new.items()}
            names = {symbol: _name(symbol, content) for symbol, content in plain.items()}
            self._store({names[symbol]: content for symbol, content in plain.items()})
            self._known.update({symbol: (each, names[symbol]) for symbol, each in new.items()})
        return {symbol: self._known[symbol][1] for symbol in given}

    def _knows(self, rules: SymbolRules) -> bool:
        known = self._known.get(rules.symbol)
        return known is not None and known[0] == rules

    def _store(self, named: dict[str, dict[str, Any]]) -> None:
        stored = (
            select(models.SymbolRules.name)
            .filter_by(book_id=self._book_id)
            .where(models.SymbolRules.name.in_(named))
        )
        with self._database.read() as transaction:
            missing = named.keys() - set(transaction.scalars(stored))
        if not missing:
            return
        with self._database.write() as transaction:
            for name in sorted(missing):
                content = named[name]
                transaction.merge(
                    models.SymbolRules(
                        book_id=self._book_id, name=name, symbol=content["symbol"], rules=content
                    )
                )


def all_rules(transaction: Session, book_id: int) -> dict[str, SymbolRules]:
    """Name -> the rules of that name."""
    rows = transaction.scalars(select(models.SymbolRules).filter_by(book_id=book_id))
    return {row.name: _RULES.validate_python(row.rules) for row in rows}


def rules_of(transaction: Session, book_id: int, symbols: Collection[str]) -> tuple[SymbolRules, ...]:
    """Every version stored of the rules of `symbols`."""
    query = (
        select(models.SymbolRules).filter_by(book_id=book_id).where(models.SymbolRules.symbol.in_(symbols))
    )
    return tuple(_RULES.validate_python(row.rules) for row in transaction.scalars(query))


def rules_named(transaction: Session, book_id: int, name: str) -> SymbolRules | None:
    """The rules of that name; None where they are not stored."""
    row = transaction.get(models.SymbolRules, (book_id, name))
    return _RULES.validate_python(row.rules) if row else None


def _to_json(rules: SymbolRules) -> dict[str, Any]:
    plain: dict[str, Any] = _RULES.dump_python(rules, mode="json")
    # a set has no order of its own
    return plain | {"order_types": sorted(plain["order_types"])}


def _name(symbol: str, content: dict[str, Any]) -> str:
    digest = sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return f"{symbol}-{digest[:_DIGEST_CHARACTERS]}"

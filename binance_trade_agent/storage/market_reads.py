"""What decisions saw of the market."""

from sqlalchemy import select

from binance_trade_agent.domain.market import BookTop, Candle, CandleInterval, SeenIndicators
from binance_trade_agent.domain.records import Book
from binance_trade_agent.ports.market_reads import SeenMarket
from binance_trade_agent.storage import models
from binance_trade_agent.storage.candles import latest_candles
from binance_trade_agent.storage.database import Database
from binance_trade_agent.storage.decision_inputs import inputs_from_json
from binance_trade_agent.storage.sessions import latest_session
from binance_trade_agent.storage.symbol_rules import rules_named


class SqlMarketReads:
    """`ports.MarketReads` of one book."""

    def __init__(self, database: Database, book: Book) -> None:
        self._database = database
        self._book_id = book.id

    def last_seen(self, symbol: str) -> SeenMarket | None:
        """By the newest decision on `symbol` that had data."""
        newest = (
            select(models.Decision.inputs)
            .filter_by(book_id=self._book_id, symbol=symbol)
            .where(models.Decision.inputs.is_not(None))
            .order_by(models.Decision.decided_at.desc())
            .limit(1)
        )
        with self._database.read() as transaction:
            inputs = inputs_from_json(transaction.scalar(newest))
            if inputs is None:
                return None
            book = BookTop(symbol, inputs.bid, inputs.bid_quantity, inputs.ask, inputs.ask_quantity)
            rules = rules_named(transaction, self._book_id, inputs.rules)
            return SeenMarket(book, inputs.observed_at, rules)

    def candle_interval(self) -> CandleInterval | None:
        """Of the newest session."""
        with self._database.read() as transaction:
            session = latest_session(transaction, self._book_id)
        name = session.settings.get("CANDLE_INTERVAL") if session else None
        return CandleInterval(name) if name else None

    def candles(self, symbol: str, interval: CandleInterval, *, limit: int) -> tuple[Candle, ...]:
        """The newest `limit` stored closed candles, rising."""
        with self._database.read() as transaction:
            return latest_candles(transaction, self._book_id, symbol, interval, limit)

    def indicators(self, symbol: str, *, limit: int) -> tuple[SeenIndicators, ...]:
        """What decisions on a new candle saw, rising."""
        seen = (
            select(models.Decision.signal_candle, models.Decision.strategy, models.Decision.signal_values)
            .filter_by(book_id=self._book_id, symbol=symbol)
            .where(models.Decision.first_candle.is_not(None))
            .order_by(models.Decision.decided_at.desc())
            .limit(limit)
        )
        with self._database.read() as transaction:
            rows = transaction.execute(seen).all()
        # what was not a number when it was stored is None
        found = (
            (candle, strategy or "", {name: value for name, value in values.items() if value is not None})
            for candle, strategy, values in reversed(rows)
            if candle is not None
        )
        return tuple(SeenIndicators(*each) for each in found if each[2])

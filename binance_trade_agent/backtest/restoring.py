"""What a decision saw, restored from what is stored: market, book, and what risk was told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from binance_trade_agent.agents.risk import RiskContext
from binance_trade_agent.backtest.book import BookState
from binance_trade_agent.domain.decisions import AssessmentInputs, DecisionInputs, Signal, SignalAction
from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.domain.market import BookTop, Candle, CandleInterval, MarketSnapshot
from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.portfolio import (
    AccountSnapshot,
    AssetBalance,
    PortfolioView,
    Position,
    PositionState,
    position_state,
)
from binance_trade_agent.domain.records import DecisionRow, Session
from binance_trade_agent.domain.round_trips import TripBook
from binance_trade_agent.domain.symbol_rules import SymbolRules


@dataclass(frozen=True, slots=True)
class SessionTerms:
    """What a session's plan says besides its strategies and limits."""

    quote: str
    interval: CandleInterval
    max_signal_age: timedelta

    @classmethod
    def of(cls, session: Session) -> "SessionTerms":
        """The terms that `session` was begun with; raises `StorageError` for one that recorded none."""
        plan = session.plan
        try:
            return cls(
                quote=str(plan["quote"]),
                interval=CandleInterval(plan["candle_interval"]),
                max_signal_age=timedelta(seconds=plan["max_signal_age_s"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise StorageError(f"session {session.id} has no plan that can be read: {error!r}") from error


def snapshot_of(
    symbol: str,
    inputs: DecisionInputs,
    window: tuple[Candle, ...],
    rules: SymbolRules,
    interval: CandleInterval,
) -> MarketSnapshot:
    """The market as the decision saw it."""
    return MarketSnapshot(
        symbol=symbol,
        interval=interval,
        candles=window,
        new_candles=inputs.new_candles,
        book=BookTop(symbol, inputs.bid, inputs.bid_quantity, inputs.ask, inputs.ask_quantity),
        rules=rules,
        observed_at=inputs.observed_at,
    )


def position_in(book: BookState, snapshot: MarketSnapshot) -> Position | None:
    """What was held of the snapshot's symbol, if more than dust."""
    position = book.positions.get(snapshot.symbol)
    if position is None or position.quantity <= 0:
        return None
    is_dust = position_state(position, snapshot.rules, snapshot.price) is PositionState.DUST
    return None if is_dust else position


def portfolio_of(seen: AssessmentInputs, book: BookState, quote: str) -> PortfolioView:
    """The book as risk saw it: what fills tell is folded again, what they do not tell is as recorded."""
    return PortfolioView(
        quote=quote,
        cash=book.balances.get(quote, ZERO),
        reserved_quote=seen.reserved_quote,
        positions=book.positions,
        prices=dict(seen.prices),
        locked_symbols=frozenset(seen.locked),
        dust_symbols=frozenset(seen.dust),
        covered=dict(seen.covered),
        balances=book.balances,
        contributed=seen.contributed,
    )


def context_of(
    seen: AssessmentInputs,
    snapshot: MarketSnapshot,
    portfolio: PortfolioView,
    trips: TripBook,
    windows: Mapping[str, tuple[Candle, ...]],
    *,
    warmup_candles: int,
) -> RiskContext:
    """What risk was told besides; `windows` are the candles of the symbols held, by symbol."""
    free = {portfolio.quote: seen.free_quote, snapshot.rules.base: seen.free_base}
    last = seen.last_traded_candle
    return RiskContext(
        account=AccountSnapshot(
            {asset: AssetBalance(asset, amount, ZERO) for asset, amount in free.items()},
            True,
            snapshot.observed_at,
        ),
        candle_interval=snapshot.interval,
        last_exits={
            symbol: position.updated_at
            for symbol, position in portfolio.positions.items()
            if position.updated_at is not None and portfolio.position(symbol) is None
        },
        last_traded_candles={} if last is None else {snapshot.symbol: last},
        marks=seen.marks,
        trips=trips,
        orders_last_minute=seen.orders_last_minute,
        orders_today=seen.orders_today,
        is_traded=seen.is_traded,
        warmup_candles=warmup_candles,
        candles=windows,
    )


def signal_of(row: DecisionRow, snapshot: MarketSnapshot) -> Signal:
    """A signal that no strategy gave, as it is stored."""
    return Signal(
        symbol=row.symbol,
        strategy=row.strategy or "",
        action=SignalAction(row.action or SignalAction.HOLD),
        strength=row.strength or 0.0,
        reasons=row.signal_reasons,
        values=row.values,
        candle_time=row.signal_candle or snapshot.candles[-1].close_time,
        share=row.signal_share if row.signal_share is not None else Decimal(1),
    )

"""The tools that read the market of one symbol."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from binance_trade_agent.control.market import CandleSeries, MarketNow
from binance_trade_agent.domain.errors import ExchangeError, NoMarketData
from binance_trade_agent.interfaces.mcp_server.arguments import Symbol
from binance_trade_agent.interfaces.mcp_server.plain import Exact, Plain
from binance_trade_agent.interfaces.mcp_server.refusals import RefusalCode, refusal, refusals
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox, desk_of

Fresh = Annotated[bool, Field(strict=True, description="Ask the exchange now: takes seconds")]
CandleLimit = Annotated[int, Field(strict=True, ge=1, le=500, description="How many of the newest")]


class RulesAnswer(Plain):
    """What binds orders; a limit of 0 is none."""

    base: str
    quote: str
    trading: bool
    tick_size: Exact
    step_size: Exact
    min_quantity: Exact
    max_quantity: Exact
    min_notional: Exact


class MarketAnswer(Plain):
    """A market at `seen_at`. Prices are in quote, quantities in base currency; `change_24h` is a share."""

    symbol: str
    seen_at: datetime
    age_s: float
    source: str = Field(description="trader (its newest decision) or exchange")
    price: Exact
    bid: Exact
    bid_quantity: Exact
    ask: Exact
    ask_quantity: Exact
    spread_bps: Exact
    change_24h: Exact | None
    high_24h: Exact | None
    low_24h: Exact | None
    volume_24h: Exact | None
    rules: RulesAnswer | None


class CandleAnswer(Plain):
    """A closed candle; the volume is in base currency."""

    open_time: datetime
    open: Exact
    high: Exact
    low: Exact
    close: Exact
    volume: Exact


class CandlesAnswer(Plain):
    """Closed candles, oldest first; the newest ends at `as_of`."""

    symbol: str
    interval: str
    as_of: datetime
    candles: list[CandleAnswer]


def get_market(ctx: Context[Toolbox], symbol: Symbol, fresh: Fresh = False) -> MarketAnswer:
    """Price, bid, ask, spread, the day's range and the order rules of a symbol, as last seen or as the exchange says now."""
    with refusals():
        desk = desk_of(ctx)
        try:
            seen = desk.market.fresh(symbol) if fresh else desk.market.now(symbol)
        except NoMarketData as error:
            raise refusal(RefusalCode.NOT_FOUND, str(error)) from error
        except ExchangeError as error:
            raise refusal(
                RefusalCode.FAILED, f"{error}; without fresh it is told what the trader last saw"
            ) from error
        return _market(seen, desk.watch.now())


def get_candles(ctx: Context[Toolbox], symbol: Symbol, limit: CandleLimit = 100) -> CandlesAnswer:
    """Closed candles of a symbol, of the interval that decisions are made on, as the trader stored them."""
    with refusals():
        try:
            series = desk_of(ctx).market.candles(symbol, limit)
        except NoMarketData as error:
            raise refusal(RefusalCode.NOT_FOUND, str(error)) from error
    return _candles(series)


def _market(seen: MarketNow, now: datetime) -> MarketAnswer:
    rules = RulesAnswer.model_validate(seen.rules) if seen.rules else None
    age_s = round((now - seen.seen_at).total_seconds(), 1)
    return MarketAnswer.model_validate(
        {**asdict(seen), "rules": rules, "age_s": age_s, "source": seen.source.value}
    )


def _candles(series: CandleSeries) -> CandlesAnswer:
    return CandlesAnswer(
        symbol=series.symbol,
        interval=series.interval.value,
        as_of=series.candles[-1].close_time,
        candles=[CandleAnswer.model_validate(candle) for candle in series.candles],
    )

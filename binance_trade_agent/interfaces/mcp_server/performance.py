"""The tool that tells what trading has earned."""

from datetime import datetime
from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from binance_trade_agent.domain.performance import Grouping, Performance, PerformanceSlice
from binance_trade_agent.interfaces.mcp_server.arguments import SymbolFilter
from binance_trade_agent.interfaces.mcp_server.plain import Exact, Plain, Ratio
from binance_trade_agent.interfaces.mcp_server.refusals import refusals
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox, desk_of

#: More rows say less to an agent, and cost it more.
_SLICES_TOLD = 62

Period = Annotated[
    str, Field(max_length=40, description="How far back: 6h, 30d, 12w, all, or a time such as 2026-11-01")
]
By = Annotated[Grouping | None, Field(description="A breakdown too")]


class DrawdownAnswer(Plain):
    """The largest fall; `share` of the top."""

    share: float
    amount: Exact
    from_at: datetime
    to_at: datetime
    recovered_at: datetime | None


class FiguresAnswer(Plain):
    """What the equity curve tells, in quote currency; returns and `exposure` are shares. None: too few days."""

    begin_at: datetime
    end_at: datetime
    equity: Exact
    cash: Exact
    invested: Exact
    put_in: Exact
    profit: Exact = Field(description="net of all fees, without what was put in")
    realised: Exact
    unrealised: Exact
    open_unrealised: Exact
    total_return: float = Field(description="time-weighted")
    buy_and_hold: float | None
    excess: float | None
    yearly_return: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    drawdown: DrawdownAnswer | None
    exposure: float | None
    days: int


class TripsAnswer(Plain):
    """Closed round trips, each net of its fees."""

    trips: int
    wins: int
    losses: int
    net: Exact
    win_rate: Ratio | None
    profit_factor: Ratio | None
    expectancy: Ratio | None
    average_win: Ratio | None
    average_loss: Ratio | None
    losing_streak: int
    held_s: int | None


class SliceAnswer(Plain):
    """One row of the breakdown."""

    name: str
    equity: Exact | None
    profit: Exact | None
    total_return: float | None
    trips: int
    wins: int
    net: Exact
    win_rate: Ratio | None
    profit_factor: Ratio | None
    turnover: Exact | None
    fees: Exact | None


class PerformanceAnswer(Plain):
    """The figures until `as_of`; `figures` is None for one symbol, and before the first cycle."""

    since: datetime
    as_of: datetime
    symbol: str | None
    quote: str
    figures: FiguresAnswer | None
    trips: TripsAnswer
    buy_and_hold: dict[str, float]
    fills: int
    turnover: Exact
    fees: Exact
    unpriced_fees: dict[str, Exact] = Field(description="asset -> fees that are in no figure")
    slices: list[SliceAnswer]
    slices_left_out: int


def get_performance(
    ctx: Context[Toolbox], since: Period = "30d", by: By = None, symbol: SymbolFilter = None
) -> PerformanceAnswer:
    """What trading earned since a time: profit net of fees, return against holding, Sharpe, drawdown, win rate, fees."""
    with refusals():
        found = desk_of(ctx).performance.performance(since, symbol, by=by)
    return _answer(found)


def _answer(found: Performance) -> PerformanceAnswer:
    grouping = found.grouping
    newest = grouping is not None and grouping.is_of_time
    told = found.slices[-_SLICES_TOLD:] if newest else found.slices[:_SLICES_TOLD]
    return PerformanceAnswer.model_validate(
        {
            "since": found.since,
            "as_of": found.until,
            "symbol": found.symbol,
            "quote": found.quote,
            "figures": found.figures,
            "trips": found.trips,
            "buy_and_hold": found.buy_and_hold,
            "fills": found.fills,
            "turnover": found.turnover,
            "fees": found.fees,
            "unpriced_fees": found.unpriced_fees,
            "slices": [_slice(one) for one in told],
            "slices_left_out": len(found.slices) - len(told),
        },
        from_attributes=True,
    )


def _slice(one: PerformanceSlice) -> SliceAnswer:
    trips = one.trips
    return SliceAnswer.model_validate(
        {
            "name": one.name,
            "equity": one.equity,
            "profit": one.profit,
            "total_return": one.total_return,
            "trips": trips.trips,
            "wins": trips.wins,
            "net": trips.net,
            "win_rate": trips.win_rate,
            "profit_factor": trips.profit_factor,
            "turnover": one.turnover,
            "fees": one.fees,
        }
    )

"""The figures of performance with their definitions (docs/performance.md), and their breakdown."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from dash.development.base_component import Component

from binance_trade_agent.domain.performance import (
    Drawdown,
    EquityFigures,
    Grouping,
    Performance,
    PerformanceSlice,
)
from binance_trade_agent.domain.phrases import length
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.cards import card, figure
from binance_trade_agent.interfaces.dashboard.components.numbers import (
    ABSENT,
    amount,
    direction,
    percent,
    signed_amount,
)
from binance_trade_agent.interfaces.dashboard.components.states import Child, empty_state, note
from binance_trade_agent.interfaces.dashboard.components.tables import Column, table
from binance_trade_agent.interfaces.dashboard.components.times import moment

_ONE = Decimal(1)
#: Rows of a breakdown: those of two months of days.
MOST_SLICES = 60


def share(value: float | Decimal | None, *, signed: bool = False) -> str:
    """A share in percent; a dash for None."""
    return ABSENT if value is None else percent(Decimal(str(value)), _ONE, signed=signed)


def figure_cards(found: Performance) -> list[Component]:
    """All figures, each with its definition beneath."""
    whole = found.figures
    of_equity = (
        []
        if whole is None
        else [
            _group("Equity", _equity(whole, found.quote)),
            _group("Return", _returns(whole)),
            _group("Risk", [*_risk(whole), *_fall(whole.drawdown, found.quote)]),
        ]
    )
    return [
        *of_equity,
        _group("Round trips", _trips(found)),
        _group("Trading", _trading(found)),
        *_remarks(found),
    ]


def breakdown(found: Performance, grouping: Grouping) -> Component:
    """A row a day, week, month, symbol or strategy: of times the newest first, of others the best."""
    shown = found.slices[::-1] if grouping.is_of_time else found.slices
    quote = found.quote
    columns: list[Column[PerformanceSlice]] = [
        Column(grouping.capitalize(), lambda s: html.Strong(s.name), value=lambda s: s.name),
        *_of_equity(quote) * grouping.is_of_time,
        Column("Closed trips", lambda s: str(s.trips.trips), numeric=True, value=lambda s: s.trips.trips),
        Column(
            "Net of closed trips",
            lambda s: _gain(s.trips.net, quote),
            numeric=True,
            unit=quote,
            value=lambda s: s.trips.net,
        ),
        Column("Won", lambda s: share(s.trips.win_rate), numeric=True, value=lambda s: s.trips.win_rate),
        # nobody knows which strategy a fill was of
        *_of_fills(quote) * (grouping is not Grouping.STRATEGY),
    ]
    empty = empty_state(
        "Nothing happened in this time.", ["Ask for a longer time, or let it trade for a while."]
    )
    return table("performance-slices", f"By {grouping}", columns, shown[:MOST_SLICES], empty=empty)


def _of_equity(quote: str) -> list[Column[PerformanceSlice]]:
    return [
        Column(
            "Profit", lambda s: _gain(s.profit, quote), numeric=True, unit=quote, value=lambda s: s.profit
        ),
        Column(
            "Return",
            lambda s: share(s.total_return, signed=True),
            numeric=True,
            value=lambda s: s.total_return,
        ),
        Column(
            "Equity", lambda s: amount(s.equity, quote), numeric=True, unit=quote, value=lambda s: s.equity
        ),
    ]


def _of_fills(quote: str) -> list[Column[PerformanceSlice]]:
    return [
        Column(
            "Turnover of all fills",
            lambda s: amount(s.turnover, quote),
            numeric=True,
            unit=quote,
            value=lambda s: s.turnover,
        ),
        Column(
            "Fees of all fills",
            lambda s: amount(s.fees, quote),
            numeric=True,
            unit=quote,
            value=lambda s: s.fees,
        ),
    ]


def _gain(value: Decimal | None, quote: str) -> Component:
    return html.Span(signed_amount(value, quote), className=direction(value, quote))


def _group(title: str, figures: Sequence[Component]) -> Component:
    return card(title, html.Dl(list(figures), className="defined"))


def _money(
    label: str,
    name: str,
    value: Decimal | None,
    quote: str,
    said: Child,
    *,
    signed: bool = False,
) -> Component:
    text = signed_amount(value, quote) if signed else amount(value, quote)
    tone = direction(value, quote) if signed else ""
    return figure(label, text, unit=quote, note=said, tone=tone, name=name, value=value)


def _ratio(label: str, name: str, value: float | Decimal | None, said: Child) -> Component:
    return figure(
        label,
        ABSENT if value is None else f"{value:.2f}".replace("-", "−"),
        note=said,
        name=name,
        value=_exact(value),
    )


def _percent(
    label: str, name: str, value: float | Decimal | None, said: Child, *, signed: bool = False
) -> Component:
    return figure(label, share(value, signed=signed), note=said, name=name, value=_exact(value))


def _exact(value: float | Decimal | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _equity(whole: EquityFigures, quote: str) -> list[Component]:
    return [
        # none follows the bar: they would be of another moment than the profit beside them
        _money("Equity", "equity", whole.equity, quote, "cash and positions at their price at the end"),
        _money("Cash", "cash", whole.cash, quote, "at the end"),
        _money("In positions", "invested", whole.invested, quote, "at their price at the end"),
        _money("Put in", "put-in", whole.put_in, quote, "deposits less withdrawals in the time"),
        _money(
            "Profit",
            "profit",
            whole.profit,
            quote,
            "change of equity less what was put in, net of fees",
            signed=True,
        ),
        _money("Realised", "realised", whole.realised, quote, "of it: by sales, net of fees", signed=True),
        _money(
            "Unrealised",
            "unrealised",
            whole.unrealised,
            quote,
            "of it: change of open positions' gain",
            signed=True,
        ),
        _money(
            "Unrealised now",
            "open-unrealised",
            whole.open_unrealised,
            quote,
            "open positions above their cost",
            signed=True,
        ),
    ]


def _returns(whole: EquityFigures) -> list[Component]:
    return [
        _percent("Return", "return", whole.total_return, "time-weighted: deposits are no gain", signed=True),
        _percent(
            "Buy and hold",
            "hold",
            whole.buy_and_hold,
            "equal parts of the symbols, without fees",
            signed=True,
        ),
        _percent("Difference", "excess", whole.excess, "return less buy and hold", signed=True),
        _percent(
            "A year, at this pace",
            "yearly",
            whole.yearly_return,
            "(1 + return)^(365 / days) − 1; from 30 days on",
            signed=True,
        ),
        figure(
            "Days", f"{whole.days:,}", note="daily returns there are (UTC)", name="days", value=whole.days
        ),
    ]


def _risk(whole: EquityFigures) -> list[Component]:
    return [
        _ratio("Sharpe", "sharpe", whole.sharpe, "mean daily return / its deviation × √365; from 7 days on"),
        _ratio("Sortino", "sortino", whole.sortino, "the same against losing days only"),
        _ratio("Calmar", "calmar", whole.calmar, "return of a year / drawdown; from 30 days on"),
        _percent("Exposure", "exposure", whole.exposure, "share of equity in positions, over time"),
    ]


def _fall(fall: Drawdown | None, quote: str) -> list[Component]:
    if fall is None:
        return [figure("Largest drawdown", ABSENT, note="it never fell below its highest")]
    recovered: list[Child] = (
        ["recovered ", moment(fall.recovered_at)] if fall.recovered_at else ["not recovered yet"]
    )
    when = html.Span([moment(fall.from_at), " to ", moment(fall.to_at)])
    return [
        _percent(
            "Largest drawdown",
            "drawdown",
            fall.share,
            "in the time: largest fall below the highest before it",
        ),
        _money("Given up in it", "drawdown-amount", fall.amount, quote, html.Span(recovered)),
        figure("Its time", length(fall.to_at - fall.from_at), note=when),
    ]


def _trips(found: Performance) -> list[Component]:
    trips, quote = found.trips, found.quote
    held = ABSENT if trips.held_s is None else length(timedelta(seconds=trips.held_s))
    return [
        figure(
            "Closed",
            f"{trips.trips:,}",
            note=f"{trips.wins} won, {trips.losses} lost",
            name="trips",
            value=trips.trips,
        ),
        _money("Net result", "trips-net", trips.net, quote, "of closed positions, net of fees", signed=True),
        _percent("Win rate", "win-rate", trips.win_rate, "won / closed"),
        _ratio("Profit factor", "profit-factor", trips.profit_factor, "sum won / sum lost"),
        _money("Expectancy", "expectancy", trips.expectancy, quote, "net result / closed", signed=True),
        _money("Average win", "average-win", trips.average_win, quote, "sum won / won"),
        _money("Average loss", "average-loss", trips.average_loss, quote, "sum lost / lost"),
        figure(
            "Losing streak",
            str(trips.losing_streak),
            note="longest, in order of closing",
            name="streak",
            value=trips.losing_streak,
        ),
        figure("Held on average", held, note="from opening to close"),
    ]


def _trading(found: Performance) -> list[Component]:
    times = "" if found.turnover_share is None else f"{found.turnover_share:.2f} × mean equity"
    of_turnover = percent(found.fees, found.turnover) if found.turnover else ""
    return [
        figure("Fills", f"{found.fills:,}", note="trades at the exchange", name="fills", value=found.fills),
        _money("Turnover", "turnover", found.turnover, found.quote, times or "bought and sold"),
        _money(
            "Fees",
            "fees",
            found.fees,
            found.quote,
            f"{of_turnover} of turnover" if of_turnover else "of all fills",
        ),
    ]


def _remarks(found: Performance) -> list[Component]:
    return [
        note("warning", f"Fees of {cost:f} {asset} have no stored price: they are left out of all figures.")
        for asset, cost in found.unpriced_fees.items()
    ]

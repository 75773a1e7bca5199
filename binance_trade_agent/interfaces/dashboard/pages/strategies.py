"""Strategies: what decides on which symbol, with which parameters, what each said last, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dash import Dash, Output, dcc
from dash.development.base_component import Component

from binance_trade_agent.domain.performance import Grouping
from binance_trade_agent.domain.records import DecisionRow, Session
from binance_trade_agent.interfaces.dashboard.components import badges
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.cards import card, heading
from binance_trade_agent.interfaces.dashboard.components.states import details, empty_state, loading
from binance_trade_agent.interfaces.dashboard.components.tables import Column, table
from binance_trade_agent.interfaces.dashboard.components.times import moment
from binance_trade_agent.interfaces.dashboard.decision_trace import values_list
from binance_trade_agent.interfaces.dashboard.live import Topic
from binance_trade_agent.interfaces.dashboard.page import Context, Page
from binance_trade_agent.interfaces.dashboard.performance_figures import breakdown
from binance_trade_agent.interfaces.dashboard.queries import address
from binance_trade_agent.interfaces.desks import Desk

#: What stands for every symbol that has none of its own, in a session's plan.
_OTHERS = "*"
_SYMBOLS = 20
#: Each start of the trader is one: so many are looked through, then as many as are read at once.
_SESSIONS, _MOST_SESSIONS = 50, 1000
#: Between two candles there may be many decisions that had nothing to look at: so many are looked through, then more.
_NEAR, _FAR = 6, 60


@dataclass(frozen=True, slots=True)
class Assigned:
    """A strategy as a session uses it; without `symbols` it is for every other."""

    name: str
    parameters: Mapping[str, Any]
    source: str
    symbols: tuple[str, ...]


def layout() -> Component:
    """The skeleton."""
    return html.Div(
        [
            heading(
                "Strategies", "What decides, with which parameters, what it said last and what came of it."
            ),
            html.Div(loading(), id="strategies-last"),
            html.Div(loading(), id="strategies-parameters", className="columns"),
            html.Div(loading(), id="strategies-effect"),
        ]
    )


def register(app: Dash, context: Context) -> None:
    """Connect each part with what it depends on."""
    for element, topics, draw in (
        ("strategies-last", (Topic.CYCLES,), last),
        ("strategies-parameters", (Topic.HEALTH,), parameters),
        ("strategies-effect", (Topic.ORDERS, Topic.HEALTH), effect),
    ):
        context.show(app, Output(element, "children"), topics, draw)


def last(desk: Desk) -> Component:
    """What each symbol's strategy said at the newest candle it saw."""
    symbols = desk.watch.status().symbols
    found = [row for symbol in symbols[:_SYMBOLS] if (row := _newest(desk, symbol)) is not None]
    columns: list[Column[DecisionRow]] = [
        Column("Symbol", lambda d: html.Strong(d.symbol), value=lambda d: d.symbol),
        Column("Strategy", lambda d: d.strategy or "", value=lambda d: d.strategy),
        Column("Said", lambda d: badges.action(d.action), value=lambda d: d.action),
        Column("Strength", lambda d: f"{d.strength or 0:.2f}", numeric=True, value=lambda d: d.strength),
        Column("Votes and reasons", _reasons, wide=True),
        Column("Candle", lambda d: moment(d.signal_candle), value=lambda d: d.signal_candle),
        Column(
            "", lambda d: dcc.Link("Why", href=address("/decisions", {"id": d.id}), className="act small")
        ),
    ]
    empty = empty_state(
        "No strategy was asked yet.",
        ["It is asked at each candle that closes. Start the trader with ", html.Code("make up"), "."],
    )
    more = len(symbols) - _SYMBOLS
    aside = [html.Small(f"{more} more symbols are on the page of decisions")] if more > 0 else []
    return card(
        "What they said last", table("strategies-last", "Votes", columns, found, empty=empty), aside=aside
    )


def parameters(desk: Desk) -> list[Component]:
    """Each strategy of the newest session with all its parameters."""
    sessions = _sessions(desk)
    if not sessions:
        none = empty_state(
            "No session yet.", ["Strategies and their parameters are stored when the trader starts."]
        )
        return [card("Parameters", none)]
    return [
        card(
            each.name,
            _parameters(each),
            aside=[html.Small(_begin_of(in_effect_since(each, sessions), sessions))],
        )
        for each in assigned(sessions[0])
    ]


def effect(desk: Desk) -> Component:
    """What round trips made since all strategies are in effect as they are, by the strategy that opened them."""
    sessions = _sessions(desk)
    since = max(
        (in_effect_since(each, sessions) for each in (assigned(sessions[0]) if sessions else [])),
        default=None,
    )
    if since is None or since >= desk.watch.now():
        return card("Since they took effect", empty_state("Nothing was traded yet."))
    begin = since.astimezone(UTC).replace(tzinfo=None).isoformat()
    found = desk.performance.performance(begin, by=Grouping.STRATEGY)
    return card(
        "Since they took effect",
        breakdown(found, Grouping.STRATEGY),
        aside=[
            html.Small(
                [
                    "round trips closed since ",
                    moment(since),
                    "; they took effect before" if _is_older(since, sessions) else "",
                    "; by hand: whoever asked",
                ]
            )
        ],
    )


def _begin_of(since: datetime, sessions: Sequence[Session]) -> list[Component | str]:
    return [f"in effect since {'before ' if _is_older(since, sessions) else ''}", moment(since)]


def _is_older(since: datetime, sessions: Sequence[Session]) -> bool:
    """Whether what began with the oldest session that is read may have been so before."""
    return len(sessions) >= _MOST_SESSIONS and since == sessions[-1].started_at


def in_effect_since(each: Assigned, sessions: Sequence[Session]) -> datetime:
    """Since when it decides as it does: a session that changed only other settings changed nothing of it.

    `sessions` come newest first, and `each` is of the first.
    """
    since = sessions[0].started_at
    for session in sessions:
        if each not in assigned(session):
            break
        since = session.started_at
    return since


def assigned(session: Session) -> list[Assigned]:
    """The session's strategies, equal ones together; one without parameters of a session that stored none."""
    plan = session.plan.get("strategies")
    if not plan:
        return [Assigned(session.strategy, {}, "", ())]
    groups: dict[tuple[str, str], list[str]] = {}
    for symbol, each in plan.items():
        groups.setdefault((each["name"], repr(each["params"])), []).append(symbol)
    return [
        Assigned(
            plan[symbols[0]]["name"],
            plan[symbols[0]]["params"],
            _source(plan[symbols[0]]["source"]),
            tuple(symbol for symbol in symbols if symbol != _OTHERS),
        )
        for symbols in groups.values()
    ]


def _sessions(desk: Desk) -> tuple[Session, ...]:
    """The newest sessions, newest first, back to the one since which each strategy is in effect."""
    for limit in (_SESSIONS, _MOST_SESSIONS):
        found = desk.watch.sessions(limit=limit)
        if len(found) < limit:
            break
        if all(in_effect_since(each, found) > found[-1].started_at for each in assigned(found[0])):
            break
    return found


def _source(source: Mapping[str, Any] | None) -> str:
    return " ".join(str(value) for value in source.values() if value) if source else "shipped"


def _origin(source: str) -> str:
    return "One of the shipped strategies." if source == "shipped" else f"From {source}."


def _parameters(each: Assigned) -> Component:
    symbols = ", ".join(each.symbols) or "every other symbol"
    values = [
        html.Div([html.Dt(name.replace("_", " ")), html.Dd(str(value))])
        for name, value in each.parameters.items()
    ]
    listed: Component = html.Dl(values, className="values") if values else html.P("It has no parameters.")
    return html.Div(
        [
            html.P([f"on {symbols}"], className="quiet-text"),
            listed,
            html.P(_origin(each.source), className="quiet-text"),
        ],
        className="card-body",
    )


def _newest(desk: Desk, symbol: str) -> DecisionRow | None:
    """The newest decision at which the strategy was asked, else the newest there is."""
    for limit in (_NEAR, _FAR):
        rows = desk.watch.decisions(limit=limit, symbol=symbol)
        asked = next((row for row in rows if row.values), None)
        if asked is not None or len(rows) < limit:
            break
    return asked or next(iter(rows), None)


def _reasons(row: DecisionRow) -> Component:
    """What it came to, then each vote; the numbers it reckoned with open."""
    first, *votes = [reason.text for reason in row.signal_reasons] or [row.reason]
    shown: list[Component] = [html.Div(first)]
    if votes:
        shown.append(html.Ul([html.Li(text) for text in votes], className="votes"))
    if row.nearest_miss:
        shown.append(html.Small(f"nearest: {row.nearest_miss}", className="under faded"))
    if row.values:
        shown.append(details(f"values of {row.symbol}", "Indicators", values_list(row.values)))
    return html.Div(shown)


PAGE = Page("/strategies", "Strategies", "strategies", 85, layout, register)

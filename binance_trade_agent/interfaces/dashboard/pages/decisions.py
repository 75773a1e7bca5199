"""Decisions: why it did or did not trade, one row a symbol and cycle."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from dash import Dash, Output, dcc
from dash.development.base_component import Component

from binance_trade_agent.control.explaining import since_of
from binance_trade_agent.control.performance import ALL
from binance_trade_agent.domain.decisions import Outcome
from binance_trade_agent.domain.explanation import Explanation
from binance_trade_agent.domain.funnel import Funnel
from binance_trade_agent.domain.gate_advice import GATES
from binance_trade_agent.domain.history_rows import DecisionFilter
from binance_trade_agent.domain.ranked_reasons import RankedReason
from binance_trade_agent.domain.records import DecisionRow
from binance_trade_agent.interfaces.dashboard.components import badges
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.cards import card, heading
from binance_trade_agent.interfaces.dashboard.components.choices import Choice, choices, named
from binance_trade_agent.interfaces.dashboard.components.exports import export_button
from binance_trade_agent.interfaces.dashboard.components.numbers import attributes, price
from binance_trade_agent.interfaces.dashboard.components.states import Child, empty_state, loading
from binance_trade_agent.interfaces.dashboard.components.tables import Column, table
from binance_trade_agent.interfaces.dashboard.components.times import moment
from binance_trade_agent.interfaces.dashboard.decision_trace import trace
from binance_trade_agent.interfaces.dashboard.holdings import quote_of
from binance_trade_agent.interfaces.dashboard.live import Topic
from binance_trade_agent.interfaces.dashboard.page import Context, CsvValue, Export, Page
from binance_trade_agent.interfaces.dashboard.queries import QUERY, address, asked, moment_of, symbol_of
from binance_trade_agent.interfaces.desks import Desk

_PATH = "/decisions"
_ROWS = 50
_REASONS = 12
_EXPORT_ROWS, _EXPORT_PAGE = 10_000, 1000
_PERIODS = (("", "any time"), ("1h", "1 hour"), ("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days"))
#: What the funnel is of where no time is asked for.
_FUNNEL_PERIOD = "24h"


def layout() -> Component:
    """The skeleton."""
    return html.Div(
        [
            heading(
                "Decisions", "One row a symbol and cycle: what it wanted, what stopped it, how near it came."
            ),
            html.Div(id="decisions-choices"),
            html.Div(id="decisions-one"),
            html.Div(loading(), id="decisions-rows"),
            html.Div(loading(), id="decisions-why", className="columns"),
        ]
    )


def register(app: Dash, context: Context) -> None:
    """Connect each part with what it depends on."""
    parts = (
        ("decisions-choices", (Topic.HEALTH,), filters, False),
        ("decisions-one", (Topic.ORDERS,), one, True),
        ("decisions-rows", (Topic.CYCLES,), rows, True),
        ("decisions-why", (Topic.CYCLES,), why, True),
    )
    for element, topics, draw, follows in parts:
        inputs = (QUERY,) if follows else ()
        context.show(app, Output(element, "children"), topics, draw, inputs=inputs)


def filters(desk: Desk) -> Component:
    """What the rows can be chosen by."""
    symbols = desk.watch.status().symbols
    return choices(
        Choice("symbol", "Symbol", [("", "All"), *((symbol, symbol) for symbol in symbols)]),
        Choice("outcome", "Outcome", named((outcome.value for outcome in Outcome), "All")),
        Choice("gate", "Blocked by gate", named(GATES, "Any")),
        Choice("reason", "Reason code", hint="such as warmup"),
        Choice("since", "In the last", _PERIODS),
        Choice("until", "Before", kind="moment"),
    )


def one(desk: Desk, search: str | None) -> Component | str:
    """The decision that is open, if one is."""
    query = asked(search)
    reference = query.get("id")
    return trace(desk, reference, address(_PATH, query, id=None)) if reference else ""


def rows(desk: Desk, search: str | None) -> Component:
    """A page of decisions, newest first."""
    query = asked(search)
    page = desk.history.decisions(wanted_of(query, desk.watch.now()), limit=_ROWS, cursor=query.get("cursor"))
    is_filtered = any(name not in {"id", "cursor"} for name in query)
    shown = table(
        "decisions-rows",
        "Decisions",
        _columns(query, quote_of(desk.watch)),
        page.rows,
        empty=_none(is_filtered),
    )
    pager: list[Component] = []
    if "cursor" in query:
        pager.append(dcc.Link("Newest", href=address(_PATH, query, cursor=None), className="act small"))
    if page.cursor:
        pager.append(dcc.Link("Older", href=address(_PATH, query, cursor=page.cursor), className="act small"))
    export = {name: value for name, value in query.items() if name not in {"id", "cursor"}}
    aside: list[Child] = [html.Small(_span(page.rows)), export_button("decisions", **export)]
    return card("Decisions", html.Div([shown, html.Div(pager, className="pager")]), aside=aside)


def why(desk: Desk, search: str | None) -> list[Component]:
    """How far the decisions of the period came, and what they stopped at; of the symbol asked for, or of all."""
    query = asked(search)
    found = desk.explainer.explain(symbol_of(query), query.get("since", _FUNNEL_PERIOD))
    span = [html.Small(["since ", moment(found.since)])]
    return [
        card("How far they came", _funnel(found), aside=span),
        card("What they stopped at", _reasons(found, query), aside=span),
    ]


def wanted_of(query: Mapping[str, str], now: datetime) -> DecisionFilter:
    """The filter that a query asks for.

    Raises:
        ConfigurationError: a symbol, a period or a time is none.
    """
    period = query.get("since")
    return DecisionFilter(
        symbol=symbol_of(query),
        outcome=query.get("outcome"),
        reason_code=query.get("reason"),
        gate=query.get("gate"),
        since=since_of(period, now) if period and period != ALL else None,
        until=moment_of(query, "until"),
    )


def _columns(query: Mapping[str, str], quote: str) -> list[Column[DecisionRow]]:
    return [
        Column("Time", lambda d: moment(d.decided_at), value=lambda d: d.decided_at),
        Column("Symbol", lambda d: html.Strong(d.symbol), value=lambda d: d.symbol),
        Column("Signal", lambda d: badges.action(d.action), value=lambda d: d.action),
        Column("Outcome", lambda d: badges.outcome(d.outcome), value=lambda d: d.outcome),
        Column(
            "Reason, and nearest miss",
            badges.reason,
            wide=True,
            value=lambda d: d.reason_code,
        ),
        Column("Gates", _gates, numeric=True, value=lambda d: sum(gate.passed for gate in d.gates)),
        Column("Price", lambda d: price(d.price), numeric=True, unit=quote, value=lambda d: d.price),
        Column("", lambda d: _open(d, query)),
    ]


def _gates(row: DecisionRow) -> str:
    return f"{sum(gate.passed for gate in row.gates)} of {len(row.gates)}" if row.gates else ""


def _open(row: DecisionRow, query: Mapping[str, str]) -> Component:
    link = dcc.Link("Why", href=address(_PATH, query, id=row.id), className="act small")
    said = f"Why: {row.symbol}, cycle {row.cycle_number}"
    return html.Span(link, title=said, **attributes(data_decision=row.id))


def _span(found: Sequence[DecisionRow]) -> list[Child]:
    return [moment(found[-1].decided_at), " to ", moment(found[0].decided_at)] if found else []


def _none(is_filtered: bool) -> Component:
    if is_filtered:
        return empty_state("No decision is all of this.", ["Take a filter away, or ask for a longer time."])
    return empty_state(
        "No decision yet.",
        ["Start the trader with ", html.Code("make up"), ". Each cycle then adds a row for each symbol."],
    )


def _funnel(found: Explanation) -> Component:
    funnel = found.funnel
    said = html.P(found.headline, className="card-body")
    if not funnel.decisions:
        return said
    stages = _stages(funnel)
    steps = [
        html.Li(
            [
                html.Span(word),
                html.Div(
                    html.Div(style={"width": f"{100 * count / funnel.decisions:.2f}%"}), className="part"
                ),
                html.Span(f"{count:,}", className="count", **attributes(data_value=str(count))),
                html.Small(_share(count, before)),
            ],
            **attributes(data_stage=word),
        )
        for (word, count), (_, before) in zip(stages, [("", 0), *stages], strict=False)
    ]
    return html.Div([said, html.Ol(steps, className="funnel")])


def _stages(funnel: Funnel) -> list[tuple[str, int]]:
    return [
        ("Decisions", funnel.decisions),
        ("Signals", funnel.signals),
        ("Allowed by risk", funnel.risk_passed),
        ("Sized", funnel.sized),
        ("Sent", funnel.sent),
        ("Traded", funnel.filled),
    ]


def _share(count: int, before: int) -> str:
    return f"{100 * count / before:.1f} %" if before else ""


def _reasons(found: Explanation, query: Mapping[str, str]) -> Component:
    columns: list[Column[RankedReason]] = [
        Column("Reason", lambda r: _reason(r, query), wide=True, value=lambda r: r.code),
        Column("Wanted", lambda r: badges.action(r.action) if r.action else "", value=lambda r: r.action),
        Column("Count", lambda r: f"{r.count:,}", numeric=True, value=lambda r: r.count),
        Column("Share", lambda r: f"{r.share * 100:.2f} %", numeric=True, value=lambda r: r.share),
        Column("Last", lambda r: moment(r.last_at), numeric=True, value=lambda r: r.last_at),
    ]
    empty = empty_state("Nothing was decided in this time.", ["A longer time may have something to tell."])
    return table("decisions-reasons", "Reasons", columns, found.reasons[:_REASONS], empty=empty)


def _reason(reason: RankedReason, query: Mapping[str, str]) -> Component:
    others = {name: value for name, value in query.items() if name in {"symbol", "since"}}
    link = dcc.Link(reason.title, href=address(_PATH, others, **_filter_of(reason)))
    return html.Span([link, html.Small(reason.text, className="under reason", title=reason.text)])


def _filter_of(reason: RankedReason) -> dict[str, str]:
    return {"gate" if reason.code in GATES and reason.action else "reason": reason.code}


def _export(desk: Desk, query: Mapping[str, str]) -> Iterator[Sequence[CsvValue]]:
    """Everything the filter asks for, up to 10,000 rows."""
    wanted, cursor = wanted_of(asked_of(query), desk.watch.now()), None
    for _ in range(_EXPORT_ROWS // _EXPORT_PAGE):
        page = desk.history.decisions(wanted, limit=_EXPORT_PAGE, cursor=cursor)
        for row in page.rows:
            yield _csv(row)
        cursor = page.cursor
        if cursor is None:
            return


def asked_of(query: Mapping[str, str]) -> dict[str, str]:
    """The same as `queries.asked`, of a request's arguments."""
    return {name: value for name, value in query.items() if value.strip()}


def _csv(row: DecisionRow) -> Sequence[CsvValue]:
    return (
        row.decided_at,
        row.cycle_number,
        row.symbol,
        row.action,
        row.strength,
        row.strategy,
        row.outcome,
        row.reason_code,
        row.reason,
        row.blocking_gate,
        row.nearest_miss,
        row.miss_distance,
        row.price,
        row.client_order_id,
        "; ".join(f"{name}={value!r}" for name, value in row.values.items()),
        row.id,
    )


_CSV = (
    "decided_at",
    "cycle",
    "symbol",
    "signal",
    "strength",
    "strategy",
    "outcome",
    "reason_code",
    "reason",
    "blocking_gate",
    "nearest_miss",
    "miss_distance",
    "price",
    "client_order_id",
    "values",
    "id",
)

PAGE = Page(
    _PATH, "Decisions", "decisions", 20, layout, register, exports=(Export("decisions", _CSV, _export),)
)

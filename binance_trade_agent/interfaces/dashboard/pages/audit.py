"""Audit: who did what to the trader, through what, why, and how it ended; and every call over MCP."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dash import Dash, Input, Output, State, dcc, no_update
from dash.development.base_component import Component

from binance_trade_agent.domain.acts import ActOutcome, AuditRow
from binance_trade_agent.domain.tool_calls import ASKED, DONE, ToolCall
from binance_trade_agent.interfaces.dashboard.components import badges
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.cards import card, heading
from binance_trade_agent.interfaces.dashboard.components.choices import Choice, choices
from binance_trade_agent.interfaces.dashboard.components.exports import export_button
from binance_trade_agent.interfaces.dashboard.components.numbers import ABSENT
from binance_trade_agent.interfaces.dashboard.components.states import Child, details, empty_state, loading
from binance_trade_agent.interfaces.dashboard.components.tables import Column, table
from binance_trade_agent.interfaces.dashboard.components.times import moment
from binance_trade_agent.interfaces.dashboard.live import Topic
from binance_trade_agent.interfaces.dashboard.page import Context, CsvValue, Export, Page
from binance_trade_agent.interfaces.dashboard.queries import QUERY, asked
from binance_trade_agent.interfaces.desks import Desk

_ROWS, _MORE, _EXPORTED = 50, 100, 10_000
_EVERY_MS = 5000
#: Details that name what an act was done to, in the order they are read.
_SUBJECT = ("side", "quantity", "share", "symbol", "symbols", "name", "program", "order")
_CALLS, _REFUSED = "calls", "refused"
_CHOICES = (
    Choice("what", "What", [("", "acts"), (_CALLS, "calls over MCP"), (_REFUSED, "refused calls over MCP")]),
    Choice("rows", "Rows", [("", f"newest {_ROWS}"), ("more", f"newest {_MORE}")]),
)
_OUTCOMES: Mapping[str, tuple[str, str]] = {
    ActOutcome.DONE: ("", "good"),
    ActOutcome.REFUSED: ("○", "warn"),
    ActOutcome.FAILED: ("✕", "bad"),
}


def layout() -> Component:
    """The skeleton."""
    return html.Div(
        [
            heading(
                "Audit",
                "Acts of people, agents and limits, and what each changed.",
                aside=[
                    export_button("audit", "Acts as CSV"),
                    export_button("tool-calls", "MCP calls as CSV"),
                ],
            ),
            choices(*_CHOICES),
            card("Newest first", html.Div(loading(), id="audit-rows")),
            # calls over MCP move no topic
            dcc.Interval(id="audit-tick", interval=_EVERY_MS),
            dcc.Store(id="audit-stamp"),
        ]
    )


def register(app: Dash, context: Context) -> None:
    """Acts follow the topic of control, calls their own newest row."""
    context.show(
        app,
        Output("audit-stamp", "data"),
        (),
        stamp,
        inputs=[Input("audit-tick", "n_intervals"), QUERY],
        states=[State("audit-stamp", "data")],
    )
    context.show(
        app,
        Output("audit-rows", "children"),
        (Topic.CONTROL,),
        lambda desk, _stamp, search: rows(desk, search),
        inputs=[Input("audit-stamp", "data")],
        states=[State("location", "search")],
    )


def stamp(desk: Desk, tick: int | None, search: str | None, before: str | None) -> Any:
    """What stands for the newest call, where calls are shown; no change else."""
    newest: tuple[ToolCall, ...] = ()
    if asked(search).get("what") in (_CALLS, _REFUSED):
        newest = desk.watch.tool_calls(limit=1)
    now = f"{search or ''} {newest[0].at.isoformat() if newest else ''}"
    return now if now != before else no_update


def rows(desk: Desk, search: str | None) -> Component:
    """The acts, or the calls that were asked for."""
    query = asked(search)
    limit = _MORE if "rows" in query else _ROWS
    what = query.get("what")
    if what in (_CALLS, _REFUSED):
        return calls(desk.watch.tool_calls(limit=limit, refused_only=what == _REFUSED))
    return acts(desk.watch.audit(limit=limit))


def acts(found: Sequence[AuditRow]) -> Component:
    """Acts: who did what, what that changed and why, how it ended; the rest opens."""
    columns: list[Column[AuditRow]] = [
        Column("Time", lambda row: moment(row.at), value=lambda row: row.at),
        Column("Act", _act, value=lambda row: row.action),
        Column("Change and reason", _change, wide=True),
        Column("Who", _who, value=lambda row: row.actor),
        Column("Outcome", _outcome, value=lambda row: row.outcome),
    ]
    empty = empty_state(
        "Nobody has done anything yet.",
        ["Each pause, halt, order by hand or changed setting becomes a row, and each limit that latched."],
    )
    return table("audit-acts", "Acts", columns, found, empty=empty, filterable=True)


def calls(found: Sequence[ToolCall]) -> Component:
    """Calls over MCP."""
    columns: list[Column[ToolCall]] = [
        Column("Time", lambda row: moment(row.at), value=lambda row: row.at),
        Column("Tool", lambda row: html.Strong(row.tool), value=lambda row: row.tool),
        Column("Caller", _caller, value=lambda row: row.caller),
        Column("Outcome", _call_outcome, value=lambda row: row.outcome),
        Column(
            "Took", lambda row: f"{row.took_ms:,.1f}", numeric=True, unit="ms", value=lambda row: row.took_ms
        ),
        Column("Arguments", lambda row: html.Code(row.arguments) if row.arguments else "", wide=True),
    ]
    empty = empty_state("No such call.", ["AI agents connect to the MCP server; README says how."])
    return table("audit-calls", "Calls over MCP", columns, found, empty=empty, filterable=True)


def _act(row: AuditRow) -> Component:
    """Its name, whether it was only tried out, and what it was done to."""
    subject = " ".join(row.details[name] for name in _SUBJECT if row.details.get(name))
    named = [html.Small(subject, className="under")] if subject else []
    tried: list[Child] = [" ", badges.badge("dry run", "quiet", "◌")] if "dry_run" in row.details else []
    return html.Span([html.Strong(row.action.replace("_", " ").capitalize()), *tried, *named])


def _change(row: AuditRow) -> Component:
    """From what to what, else what it was answered; beneath it the reason that was given."""
    parts: list[Component] = []
    if row.before or row.after:
        arrow = html.Span(" → ", className="faded")
        after = html.Strong(row.after or ABSENT)
        parts.append(html.Div([html.Span(row.before or ABSENT, className="faded"), arrow, after]))
    if row.answer and row.answer != row.after:
        parts.append(html.Div(row.answer))
    if row.reason:
        parts.append(html.Div(f"“{row.reason}”", className="because"))
    return html.Div([*parts, _details(row)])


def _details(row: AuditRow) -> Component:
    told = {name: value for name, value in sorted(row.details.items()) if value and name != "command"}
    facts: list[tuple[str, Child]] = [(name.replace("_", " "), value) for name, value in told.items()]
    facts += [("through", row.channel), ("act", str(row.id))]
    facts += [("ended", moment(row.finished_at))] if row.finished_at else []
    facts += [("key", html.Code(row.idempotency_key))] if row.idempotency_key else []
    listed = [part for name, value in facts for part in (html.Dt(name), html.Dd(value))]
    return details(f"act {row.id}", "Details", html.Dl(listed, className="facts"))


def _who(row: AuditRow) -> Component:
    through = [html.Small(f"through {row.channel}", className="under")] if row.channel != row.actor else []
    return html.Span([row.actor, *through])


def _outcome(row: AuditRow) -> Component:
    if row.outcome is None:
        return badges.badge("in hand", "warn", "…")
    glyph, tone = _OUTCOMES.get(row.outcome, ("", ""))
    return html.Span([badges.badge(row.outcome, tone, glyph), html.Small(_took(row), className="under")])


def _took(row: AuditRow) -> str:
    if row.finished_at is None:
        return ""
    seconds = (row.finished_at - row.at).total_seconds()
    return f"after {seconds:.1f} s" if seconds >= 0.1 else ""


def _caller(row: ToolCall) -> Component:
    return html.Span([row.caller, html.Small(row.tier or "no access", className="under")])


def _call_outcome(row: ToolCall) -> Child:
    tone = "good" if row.outcome == DONE else "quiet" if row.outcome == ASKED else "warn"
    return badges.badge(
        row.outcome.replace("_", " ").lower(), tone, "" if row.outcome in (DONE, ASKED) else "○"
    )


def _acts_csv(desk: Desk, query: Mapping[str, str]) -> Iterable[Sequence[CsvValue]]:
    for row in desk.watch.audit(limit=_EXPORTED):
        details = "; ".join(f"{name}={value}" for name, value in sorted(row.details.items()))
        yield (
            row.id,
            row.at,
            row.actor,
            row.channel,
            row.action,
            details,
            row.before,
            row.after,
            row.reason,
            row.outcome,
            row.answer,
            row.finished_at,
        )


def _calls_csv(desk: Desk, query: Mapping[str, str]) -> Iterable[Sequence[CsvValue]]:
    for row in desk.watch.tool_calls(limit=_EXPORTED):
        yield (row.at, row.caller, row.tier, row.tool, row.outcome, row.took_ms, row.arguments)


_ACTS = Export(
    "audit",
    (
        "id",
        "at",
        "actor",
        "channel",
        "action",
        "details",
        "before",
        "after",
        "reason",
        "outcome",
        "answer",
        "finished_at",
    ),
    _acts_csv,
)
_TOOL_CALLS = Export(
    "tool-calls", ("at", "caller", "tier", "tool", "outcome", "took_ms", "arguments"), _calls_csv
)

PAGE = Page("/audit", "Audit", "audit", 120, layout, register, exports=(_ACTS, _TOOL_CALLS))

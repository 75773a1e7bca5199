"""Risk: how much of each limit is used, what has latched, and the acts that stop trading."""

from collections.abc import Mapping
from decimal import Decimal

from dash import Dash, Output
from dash.development.base_component import Component

from binance_trade_agent.control.risk_state import LimitUse
from binance_trade_agent.domain.decisions import GateResult
from binance_trade_agent.interfaces.dashboard import reduce_only_acts
from binance_trade_agent.interfaces.dashboard.acting import act_button
from binance_trade_agent.interfaces.dashboard.components import badges
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.bars import bar
from binance_trade_agent.interfaces.dashboard.components.cards import card, figure, figures, heading
from binance_trade_agent.interfaces.dashboard.components.numbers import (
    ABSENT,
    amount,
    attributes,
    percent,
    quantity,
)
from binance_trade_agent.interfaces.dashboard.components.states import Child, empty_state, loading
from binance_trade_agent.interfaces.dashboard.components.tables import Column, table
from binance_trade_agent.interfaces.dashboard.components.times import moment
from binance_trade_agent.interfaces.dashboard.holdings import besides
from binance_trade_agent.interfaces.dashboard.live import STATES, Topic
from binance_trade_agent.interfaces.dashboard.page import Context, Page
from binance_trade_agent.interfaces.dashboard.steering_acts import steering_buttons
from binance_trade_agent.interfaces.desks import Desk

_ONE = Decimal(1)
#: What a limit is called, and what is counted against it.
_NAMES: Mapping[str, tuple[str, str]] = {
    "daily_loss": ("Loss of the day", "since 00:00 UTC or a resume, open positions included"),
    "drawdown": ("Drawdown now", "loss since the best moment"),
    "order_rate_minute": ("Entries a minute", "begun in the last 60 s"),
    "order_rate_day": ("Entries a day", "begun since 00:00 UTC"),
    "open_positions": ("Open positions", "held now, dust left out"),
    "total_exposure": ("Total exposure", "worth of what is held, of equity"),
    "symbol_exposure": ("Exposure", "worth of what is held of it, of equity"),
}
_COUNTS = frozenset({"order_rate_minute", "order_rate_day", "open_positions"})
_NO_SESSION = empty_state(
    "No limits are known yet.",
    [
        "They are those of the latest session: start the trader with ",
        html.Code("make up"),
        " or on System. What will hold is on Settings.",
    ],
)


def layout() -> Component:
    """The skeleton."""
    return html.Div(
        [
            heading("Risk", "What may still be lost, held and ordered before the trader stops by itself."),
            html.Div(loading(), id="risk-figures"),
            html.Div(
                [
                    card("Limits", html.Div(loading(), id="risk-limits"), style="wide"),
                    card("Stop and go", html.Div(loading(), id="risk-steering")),
                ],
                className="columns lead",
            ),
            html.Div(
                [
                    card("Where losses are counted from", html.Div(loading(), id="risk-marks")),
                    card(
                        "Only sold, not bought",
                        html.Div(loading(), id="risk-reduce-only"),
                        aside=[act_button(reduce_only_acts.REDUCE_ONLY, "Add a symbol", style="small")],
                    ),
                ],
                className="columns even",
            ),
            card("Gates of the newest order that was wanted", html.Div(loading(), id="risk-judged")),
            card("Every limit of this session", html.Div(loading(), id="risk-plan")),
        ]
    )


def register(app: Dash, context: Context) -> None:
    """Connect each part with what it depends on."""
    use = (Topic.CYCLES, Topic.ORDERS)
    parts = (
        ("risk-figures", (*use, Topic.CONTROL), key_figures),
        ("risk-limits", use, limits),
        ("risk-steering", (Topic.CONTROL, Topic.HEALTH), steering),
        ("risk-marks", (Topic.CYCLES, Topic.CONTROL), marks),
        ("risk-reduce-only", (Topic.CONTROL,), reduce_only),
        ("risk-judged", (Topic.CYCLES,), judged),
        ("risk-plan", (Topic.HEALTH,), plan),
    )
    for element, topics, draw in parts:
        context.show(app, Output(element, "children"), topics, draw)


def key_figures(desk: Desk) -> Component:
    """What is nearest to its limit, of each kind."""
    state = desk.risk.risk_state()
    found = {one.code: one for one in state.limits if one.symbol is None}
    reached = [name_of(one) for one in state.limits if one.is_reached]
    shown = [
        _figure(found.get(code), code, besides(state.dust) if code == "open_positions" else "")
        for code in ("daily_loss", "drawdown", "total_exposure", "open_positions", "order_rate_day")
    ]
    return figures(
        figure(
            "Limits reached",
            str(len(reached)) if state.limits else ABSENT,
            note=", ".join(reached) or "none",
            tone="down" if reached else "",
            name="limits-reached",
            value=len(reached),
        ),
        *shown,
        figure(
            "Only sold",
            str(len(state.control.reduce_only)),
            note=", ".join(sorted(state.control.reduce_only)) or "no symbol",
            name="reduce-only",
            value=len(state.control.reduce_only),
        ),
    )


def limits(desk: Desk) -> Component:
    """Each limit with its use and a bar."""
    columns: list[Column[LimitUse]] = [
        Column("Limit", _limit_name, value=name_of),
        Column("Used", lambda one: amount_of(one, one.used), numeric=True, value=lambda one: one.used),
        Column("", _bar),
        Column("Allowed", _allowed, numeric=True, value=lambda one: one.limit),
        Column("Left", _left, numeric=True),
    ]
    rows = desk.risk.risk_state().limits
    return table("risk-limits", "Limits", columns, rows, empty=_NO_SESSION)


def steering(desk: Desk) -> Component:
    """The state, who set it and why, what it means, and the buttons."""
    status = desk.watch.status()
    control = status.control
    word, tone = STATES[control.state]
    why = f"{control.reason} ({control.actor})" if control.reason else control.actor
    return html.Div(
        [
            html.P([badges.pill(word, tone), html.Span(" since "), moment(control.since)]),
            html.P(why, className="quiet-text"),
            html.Div(steering_buttons(status), className="buttons start"),
            html.P(
                "Pause: no new entries, exits go on. Halt: no order of any kind, what rests at the exchange"
                " stays. Flatten: sell everything at market, then halt.",
                className="quiet-text",
            ),
        ],
        className="card-body",
    )


def marks(desk: Desk) -> Component:
    """The marks that losses are counted from, and what has latched."""
    status, found = desk.watch.status(), desk.risk.risk_state().marks
    if found is None:
        return empty_state("No loss is counted yet.", ["The first cycle that knows the equity begins."])
    quote = status.equity.quote if status.equity else ""
    latched = (
        badges.badge(f"{found.latched.replace('_', ' ')}: entries are halted until Resume", "bad", "■")
        if found.latched
        else badges.badge("nothing", "quiet")
    )
    return html.Dl(
        [
            *_fact("Latched", latched, "latched", found.latched or ""),
            *_fact("Counted since", moment(found.since)),
            *_fact("Day", f"{found.day.isoformat()} (UTC)", "day", found.day.isoformat()),
            *_fact(
                "Equity when the day began", _money(found.day_equity, quote), "day-equity", found.day_equity
            ),
            *_fact(
                "Profit when the day began", _money(found.day_profit, quote), "day-profit", found.day_profit
            ),
            *_fact("Best profit so far", _money(found.peak_profit, quote), "peak-profit", found.peak_profit),
        ],
        className="facts card-body",
    )


def reduce_only(desk: Desk) -> Component:
    """The symbols that may only be sold, each with a way back."""
    rows = sorted(desk.watch.status().control.reduce_only.items())
    columns: list[Column[tuple[str, str]]] = [
        Column("Symbol", lambda row: html.Strong(row[0]), value=lambda row: row[0]),
        Column("Why", lambda row: row[1] or ABSENT, wide=True),
        Column(
            "",
            lambda row: act_button(
                reduce_only_acts.LIFT_REDUCE_ONLY,
                "Lift",
                target=row[0],
                style="small",
                name=f"Let {row[0]} be bought again",
            ),
            numeric=True,
        ),
    ]
    empty = empty_state(
        "Every symbol may be bought.", ["Add one to let what is held of it be sold, and no more be bought."]
    )
    return table("risk-reduce-only", "Only sold", columns, rows, empty=empty)


def judged(desk: Desk) -> Component:
    """The gates in their order, as the newest decision that wanted an order saw them."""
    decision = desk.risk.risk_state().judged
    if decision is None:
        return empty_state(
            "No order was wanted yet.",
            ["Gates are asked once the strategy says BUY or SELL; Overview says what it said last."],
        )
    columns: list[Column[GateResult]] = [
        Column("Gate", lambda gate: html.Strong(gate.gate.replace("_", " "))),
        Column("", lambda gate: _passed(gate, decision.blocking_gate)),
        Column("Observed", lambda gate: gate.observed or ABSENT, numeric=True),
        Column("Limit", lambda gate: gate.limit or ABSENT, numeric=True),
        Column("Because", lambda gate: gate.text, wide=True),
    ]
    told = html.P(
        [
            badges.action(decision.action),
            html.Strong(f" {decision.symbol} "),
            moment(decision.decided_at),
            " ",
            badges.outcome(decision.outcome),
        ]
    )
    empty = empty_state("No gate was asked.")
    return html.Div(
        [
            html.Div(told, className="card-body"),
            table("risk-gates", "Gates", columns, decision.gates, empty=empty),
        ]
    )


def plan(desk: Desk) -> Component:
    """All limits as the latest session has them."""
    rows = sorted(desk.risk.risk_state().plan.items())
    columns: list[Column[tuple[str, str]]] = [
        Column("Limit", lambda row: row[0].replace("_", " "), value=lambda row: row[0]),
        Column("Value", lambda row: row[1] or ABSENT, numeric=True, value=lambda row: row[1]),
    ]
    return table("risk-plan", "Limits of the session", columns, rows, empty=_NO_SESSION)


def name_of(one: LimitUse) -> str:
    """What a limit is called."""
    name = _NAMES.get(one.code, (one.code, ""))[0]
    return f"{name} of {one.symbol}" if one.symbol else name


def amount_of(one: LimitUse, value: Decimal | None) -> str:
    """A count, or a share in percent."""
    if value is None:
        return ABSENT
    if one.code in _COUNTS:
        return quantity(value)
    # where losses are counted
    return percent(value, _ONE) if value >= 0 else f"gain {percent(-value, _ONE)}"


def _figure(one: LimitUse | None, code: str, more: str) -> Component:
    label = _NAMES[code][0]
    if one is None:
        return figure(label, ABSENT)
    allowed = f"of {amount_of(one, one.limit)} allowed" if one.limit else "no limit"
    return figure(
        label,
        amount_of(one, one.used),
        note=", ".join(filter(None, (allowed, more))),
        tone="down" if one.is_reached else "",
        name=code.replace("_", "-"),
        value=one.used,
    )


def _limit_name(one: LimitUse) -> Component:
    counted = _NAMES.get(one.code, ("", ""))[1]
    reached = badges.badge("reached", "bad", "■") if one.is_reached else ""
    return html.Span(
        [
            html.Strong(name_of(one)),
            " ",
            reached,
            html.Small(counted, className="under"),
            html.Small(one.setting, className="under quiet-text"),
        ]
    )


def _bar(one: LimitUse) -> Child:
    if one.used is None or not one.limit:
        return ""
    return bar(f"{name_of(one)}: use", one.used, one.limit)


def _allowed(one: LimitUse) -> str:
    return amount_of(one, one.limit) if one.limit else "no limit"


def _left(one: LimitUse) -> str:
    if one.used is None or not one.limit:
        return ABSENT
    return amount_of(one, max(one.limit - one.used, Decimal(0)))


def _passed(gate: GateResult, blocking: str | None) -> Component:
    if gate.passed:
        return badges.badge("passed", "good", "✓")
    return badges.badge("blocked" if gate.gate == blocking else "would block", "bad", "✕")


def _fact(label: str, shown: Child, name: str = "", value: Decimal | str = "") -> list[Component]:
    declared = {"data_fact": name, "data_value": str(value)} if name else {}
    return [html.Dt(label), html.Dd(shown, **attributes(**declared))]


def _money(value: Decimal, quote: str) -> Component:
    return badges.with_unit(amount(value, quote), quote)


PAGE = Page("/risk", "Risk", "risk", 90, layout, register, acts=reduce_only_acts.ALL)

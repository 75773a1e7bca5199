"""Portfolio: the ledger beside the exchange, asset by asset, what moved it from outside, and what others have open."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from dash import Dash, Output
from dash.development.base_component import Component

from binance_trade_agent.control.watching import AgentStatus
from binance_trade_agent.domain.history_rows import AccountBook
from binance_trade_agent.domain.money import EXACT, ZERO, total
from binance_trade_agent.interfaces.dashboard.components import badges
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.cards import card, figure, figures, heading
from binance_trade_agent.interfaces.dashboard.components.exports import export_button
from binance_trade_agent.interfaces.dashboard.components.numbers import amount, quantity
from binance_trade_agent.interfaces.dashboard.components.states import Child, empty_state, loading, note
from binance_trade_agent.interfaces.dashboard.components.tables import Column, table
from binance_trade_agent.interfaces.dashboard.components.times import moment
from binance_trade_agent.interfaces.dashboard.held_tables import dust_table
from binance_trade_agent.interfaces.dashboard.holdings import Holding, holdings, parted
from binance_trade_agent.interfaces.dashboard.live import Topic
from binance_trade_agent.interfaces.dashboard.outside_tables import flows_table, foreign_table
from binance_trade_agent.interfaces.dashboard.page import Context, CsvValue, Export, Page
from binance_trade_agent.interfaces.dashboard.worth import worth_figure
from binance_trade_agent.interfaces.desks import Desk
from binance_trade_agent.telemetry.health import TraderCondition

_FLOWS = 50
_DIFFERENCE, _OPENING = "difference", "opening"
#: Incidents that are about the account, by the beginnings of their keys.
_OF_THE_ACCOUNT = ("balance_difference", "position_short", "moved_away", "stray_order", "exchange_reset")


@dataclass(frozen=True, slots=True)
class _Asset:
    """An asset of the account. `exchange` is what it showed when both agreed last, `ledger` what is explained of it.

    `ours` is what positions hold; the rest was there before, or was moved in, and is never sold.
    """

    name: str
    exchange: Decimal
    difference: Decimal
    ours: Decimal
    guarded: Decimal
    price: Decimal | None
    is_quote: bool
    is_touched: bool

    @property
    def ledger(self) -> Decimal:
        return EXACT.subtract(self.exchange, self.difference)

    @property
    def others(self) -> Decimal | None:
        return None if self.is_quote else EXACT.subtract(self.exchange, self.ours)

    @property
    def worth(self) -> Decimal | None:
        if self.is_quote:
            return self.exchange
        return None if self.price is None else self.ours * self.price


#: A trader writes down that both agree at most so often.
_NOTED_EVERY = timedelta(minutes=1)
#: So many cycles later at the latest there is an agreement again.
_PATIENCE = 3


def layout() -> Component:
    """The skeleton."""
    return html.Div(
        [
            heading("Portfolio", "What the ledger says the account holds, beside what the exchange shows."),
            html.Div(loading(), id="portfolio-account", className="stack"),
            html.Div(loading(), id="portfolio-flows"),
            html.Div(loading(), id="portfolio-foreign"),
        ]
    )


def register(app: Dash, context: Context) -> None:
    """Connect each part with what it depends on."""
    topics = (Topic.CYCLES, Topic.ORDERS, Topic.HEALTH)
    context.show(app, Output("portfolio-account", "children"), topics, account)
    context.show(app, Output("portfolio-flows", "children"), topics, flows)
    context.show(app, Output("portfolio-foreign", "children"), topics, foreign)


def account(desk: Desk) -> list[Component]:
    """Alarms, figures, the assets, and what is too little to be sold."""
    status, book = desk.watch.status(), desk.history.account_book()
    held = holdings(desk.watch)
    found = _assets(desk, status, book, held)
    untouched = len([row for row in found if not row.is_touched])
    about = [i for i in status.incidents if i.key.startswith(_OF_THE_ACCOUNT)]
    aside: list[Child] = [export_button("portfolio")]
    shown = [
        html.Div(
            [note(i.severity, i.text, moment(i.opened_at), title=i.key) for i in about], className="notes"
        ),
        key_figures(status, book),
        card(
            "Ledger and exchange",
            html.Div([_compared(status, book), assets([row for row in found if row.is_touched], untouched)]),
            aside=aside,
        ),
    ]
    _, dust = parted(held)
    if dust:
        small = html.Small("less than the exchange takes an order for; sold with the next position")
        shown.append(card("Too little to be sold", dust_table("portfolio-dust", dust), aside=[small]))
    return shown


def key_figures(status: AgentStatus, book: AccountBook) -> Component:
    """The row of key figures."""
    differing = [flow for flow in book.flows if flow.kind == _DIFFERENCE and flow.amount]
    return figures(
        worth_figure("Equity", "equity", status),
        worth_figure("Cash", "cash", status),
        worth_figure("In positions", "in-positions", status, live="exposure"),
        worth_figure("Put in", "put-in", status),
        worth_figure("Profit", "profit", status),
        worth_figure("Unrealised", "unrealised", status),
        figure(
            "Unexplained",
            str(len(differing)),
            note=", ".join(flow.asset for flow in differing) or "nothing differs",
            tone="down" if differing else "",
            name="differing",
            value=len(differing),
        ),
    )


def assets(rows: Sequence[_Asset], untouched: int) -> Component:
    """The ledger beside the exchange."""
    quote = next((row.name for row in rows if row.is_quote), "")
    columns: list[Column[_Asset]] = [
        Column("Asset", lambda a: html.Strong(a.name), value=lambda a: a.name),
        Column("Ledger", lambda a: quantity(a.ledger), numeric=True, value=lambda a: a.ledger),
        Column("Exchange", lambda a: quantity(a.exchange), numeric=True, value=lambda a: a.exchange),
        Column("Difference", _difference, numeric=True, value=lambda a: a.difference),
        Column(
            "Ours", lambda a: "" if a.is_quote else quantity(a.ours), numeric=True, value=lambda a: a.ours
        ),
        Column("Behind stops", _guarded, numeric=True, value=lambda a: a.guarded),
        Column("Not ours", _others, numeric=True, value=lambda a: a.others),
        Column(
            "Worth of ours",
            lambda a: amount(a.worth, quote),
            numeric=True,
            unit=quote,
            value=lambda a: a.worth,
        ),
    ]
    empty = empty_state(
        "No account yet.",
        ["The first start of the trader takes over what the account holds: ", html.Code("make up")],
    )
    shown = table("portfolio-assets", "Ledger and exchange", columns, rows, empty=empty)
    if not untouched:
        return shown
    words = f"{untouched} more assets were there before and were never touched; the CSV file has them."
    return html.Div([shown, html.P(words, className="card-body faded")])


def flows(desk: Desk) -> Component:
    """What moved the account from outside."""
    rows = desk.watch.outside_flows(limit=_FLOWS)
    aside = [html.Small("not profit or loss")]
    if rows:
        return card("Moved from outside", flows_table("portfolio-flows", rows), aside=aside)
    words = "Deposits, withdrawals, trades of others and differences that nothing explains stand here."
    return card("Moved from outside", empty_state("Nothing was moved from outside.", [words]), aside=aside)


def foreign(desk: Desk) -> Component:
    """Open orders of the account that are not ours."""
    rows = desk.watch.foreign_orders()
    aside = [html.Small("as last looked up; never touched")]
    if rows:
        return card("Orders of others", foreign_table("portfolio-foreign", rows), aside=aside)
    words = "Orders that a person or another program has open on the same account stand here."
    return card("Orders of others", empty_state("Nobody else has an order open.", [words]), aside=aside)


def _assets(desk: Desk, status: AgentStatus, book: AccountBook, held: Sequence[Holding]) -> list[_Asset]:
    balances = desk.watch.balances()
    quote = status.equity.quote if status.equity else ""
    traded = {position.base for position in desk.watch.positions()}
    quotes = {quote, *(position.quote for position in desk.watch.positions())} - {""}
    moved = {flow.asset for flow in book.flows if flow.kind != _OPENING}
    differences = {flow.asset: flow.amount for flow in book.flows if flow.kind == _DIFFERENCE}
    of_base: dict[str, list[Holding]] = {}
    for holding in held:
        of_base.setdefault(holding.position.base, []).append(holding)
    rows = []
    for name in sorted(balances.keys() | of_base.keys()):
        own = of_base.get(name, [])
        rows.append(
            _Asset(
                name=name,
                exchange=balances.get(name, ZERO),
                difference=differences.get(name, ZERO),
                ours=total(holding.position.quantity for holding in own),
                guarded=total(h.protection.covered for h in own if h.protection),
                price=own[0].last_price if own else None,
                is_quote=name in quotes,
                is_touched=name in quotes | traded | moved,
            )
        )
    return sorted(rows, key=lambda row: (not row.is_quote, -(row.worth or ZERO), row.name))


def _compared(status: AgentStatus, book: AccountBook) -> Component:
    """How old what stands beneath is, and what makes it new."""
    if book.agreed_at is None:
        return html.Div()
    ago = moment(book.agreed_at, "ago")
    every = f"in each cycle (every {status.interval_s:g} s)"
    if status.health.condition is not TraderCondition.CYCLING:
        after = f"The trader compares both again {every} once it runs: start it on the page System."
    elif status.as_of - book.agreed_at > _NOTED_EVERY + _PATIENCE * timedelta(seconds=status.interval_s):
        after = "Since then the account could not be read, or differs: see the incidents and the log."
    else:
        words = f"The trader compares both {every}, and notes once a minute that they agree: last "
        return html.P([words, ago, "."], className="card-note")
    old = note("warning", f"This is how both agreed last. {after}", ago)
    return html.Div(old, className="card-note")


def _difference(row: _Asset) -> Child:
    if not row.difference:
        return badges.badge("none", "good")
    sign = "+" if row.difference > 0 else ""
    title = "the exchange showed this much more (or less) than anything explains; it is booked, so both agree again"
    return badges.badge(f"{sign}{quantity(row.difference)}", "warn", "!", title=title)


def _guarded(row: _Asset) -> Child:
    return quantity(row.guarded) if row.ours else ""


def _others(row: _Asset) -> Child:
    if row.others is None:
        return ""
    short = row.others < 0
    text = quantity(row.others)
    return (
        badges.badge(text, "bad", "✕", title="the position is larger than what is there") if short else text
    )


def _export(desk: Desk, query: Mapping[str, str]) -> Iterator[Sequence[CsvValue]]:
    """Every asset, those that were never touched too."""
    found = _assets(desk, desk.watch.status(), desk.history.account_book(), holdings(desk.watch))
    for row in found:
        yield (
            row.name,
            row.ledger,
            row.exchange,
            row.difference,
            row.ours,
            row.guarded,
            row.others,
            row.price,
            row.worth,
        )


_CSV = (
    "asset",
    "ledger",
    "exchange",
    "difference",
    "ours",
    "behind_stops",
    "not_ours",
    "price",
    "worth_of_ours",
)

PAGE = Page(
    "/portfolio",
    "Portfolio",
    "portfolio",
    60,
    layout,
    register,
    exports=(Export("portfolio", _CSV, _export),),
)

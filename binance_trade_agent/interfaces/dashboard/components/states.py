"""What stands in for data: nothing yet, something wrong, not read yet, or not opened."""

from collections.abc import Sequence

from dash.development.base_component import Component

from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.numbers import attributes

Child = str | Component


def empty_state(title: str, advice: Sequence[Child] = ()) -> Component:
    """Nothing to show: `title` says so, `advice` what to do about it."""
    words = [html.P(list(advice), className="empty-advice")] if advice else []
    return html.Div([html.P(title, className="empty-title"), *words], className="empty")


def error_box(text: str) -> Component:
    """Something could not be read or done."""
    return html.Div(
        [html.Strong("This cannot be shown now. "), html.Span(text)], className="note bad", role="alert"
    )


def details(identifier: str, title: str, inside: Component) -> Component:
    """What opens on demand; it stays open over updates (assets/times.js), by its `identifier`."""
    return html.Details([html.Summary(title), inside], **attributes(data_kept=identifier))


def clamped(identifier: str, lines: Sequence[Component]) -> Component:
    """Lines that are cut to the room there is, until a click or Enter shows them whole; kept like `details`."""
    return html.Details(html.Summary(list(lines)), className="clamped", **attributes(data_kept=identifier))


def loading() -> Component:
    """Before the first answer; it is quiet, for it is usually gone at once."""
    return html.Div(className="loading", **attributes(aria_hidden="true"))


def note(severity: str, text: str, when: Child = "", *, title: str = "") -> Component:
    """One line that wants attention; `severity` is critical, warning or info."""
    tone, glyph = {"critical": ("bad", "✕"), "info": ("plain", "i")}.get(severity, ("warn", "!"))
    return html.Div(
        [
            html.Span(glyph, className="glyph", **attributes(aria_hidden="true")),
            html.Span(text),
            html.Span(when, className="when"),
        ],
        className=f"note {tone}",
        title=title,
        role="alert",
    )

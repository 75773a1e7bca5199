"""Bars: how much of something is used, and what was won or lost; their words stand beside them."""

from decimal import Decimal

from dash.development.base_component import Component

from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.numbers import attributes

_NEAR = Decimal("0.8")
_WHOLE = Decimal(100)


def bar(name: str, used: Decimal, limit: Decimal) -> Component:
    """`used` of `limit` (above 0): it takes another tone from 80 % on, and another at the limit.

    Less than nothing, a gain where losses are limited, is an empty bar.
    """
    share = max(used, Decimal(0)) / limit
    percent = min(share * _WHOLE, _WHOLE)
    tone = "full" if share >= 1 else "near" if share >= _NEAR else ""
    return html.Div(
        html.Div(style={"width": f"{percent:.1f}%"}),
        className=f"use {tone}".strip(),
        role="meter",
        **attributes(
            aria_label=name,
            aria_valuemin="0",
            aria_valuemax="100",
            aria_valuenow=f"{percent:.0f}",
            aria_valuetext=f"{share * _WHOLE:.0f} % of the limit",
        ),
    )


def net_bar(net: Decimal, most: Decimal) -> Component:
    """A bar to the right for a gain, to the left for a loss, of the largest there is; its number stands beside it."""
    share = abs(net) / most * _WHOLE / 2 if most else Decimal(0)
    side = {"left": "50%"} if net >= 0 else {"right": "50%"}
    return html.Div(
        html.Div(style={"width": f"{share:.1f}%", **side}, className="gain" if net >= 0 else "loss"),
        className="net-bar",
        **attributes(aria_hidden="true"),
    )

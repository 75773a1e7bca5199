"""`risk`: each limit and how much of it is used."""

from decimal import Decimal

from rich.console import Console

from binance_trade_agent.control.risk_state import LimitUse, RiskState
from binance_trade_agent.interfaces.cli.output import age, console, percent, print_json, table
from binance_trade_agent.interfaces.cli.session import at_desk

_COLUMNS = ("limit", "symbol", "used>", "allowed>", "left>", "state", "setting?")


def show_risk(as_json: bool) -> None:
    """The limits of the latest session, with their use."""
    with at_desk(tells_age=True) as (_, desk):
        state = desk.risk.risk_state()
    if as_json:
        print_json(
            {"as_of": state.as_of, "equity_at": state.equity_at, "limits": list(map(_row, state.limits))}
        )
    else:
        draw_risk(state, console())


def draw_risk(state: RiskState, screen: Console) -> None:
    """A row a limit; shares are of equity."""
    rows = [
        (
            one.code.replace("_", " "),
            one.symbol,
            # a gain is no use of a limit of losses
            _shown(one, None if one.used is None else max(one.used, Decimal(0))),
            _shown(one, one.limit) if one.limit else "no limit",
            _shown(one, _left(one)),
            "reached" if one.is_reached else None,
            one.setting,
        )
        for one in state.limits
    ]
    table("Risk limits", _COLUMNS, rows, screen=screen)
    if state.equity_at is not None:
        told = f"shares are of the equity {age(state.equity_at, state.as_of)} ago"
        screen.print(f"{told}; `decision last` shows every gate of an order", style="dim", highlight=False)


def _left(one: LimitUse) -> Decimal | None:
    """What is left of it; None where that is not known, or there is no limit."""
    return max(one.limit - one.used, Decimal(0)) if one.limit and one.used is not None else None


def _shown(one: LimitUse, value: Decimal | None) -> str | None:
    if value is None:
        return None
    return percent(value) if one.setting.endswith("_SHARE") else f"{value:,.0f}"


def _row(one: LimitUse) -> dict[str, object]:
    return {
        "code": one.code,
        "setting": one.setting,
        "symbol": one.symbol,
        "limit": one.limit,
        "used": one.used,
        "remaining": _left(one),
        "reached": one.is_reached,
    }

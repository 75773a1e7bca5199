"""What the book is worth, as the bar and several pages show it: all of it comes from one reading of the status.

The browser lets whatever a page shows of it follow the bar (assets/live.js), so that one screen never tells two
figures for one thing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dash.development.base_component import Component

from binance_trade_agent.control.watching import AgentStatus
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.interfaces.dashboard.components.cards import figure
from binance_trade_agent.interfaces.dashboard.components.numbers import (
    amount,
    direction,
    percent,
    signed_amount,
)


@dataclass(frozen=True, slots=True)
class Worth:
    """An amount of quote currency as it is shown; `note` is about it."""

    text: str
    unit: str
    value: Decimal | None
    tone: str = ""
    note: str = ""

    def answer(self) -> dict[str, str | None]:
        """For the pulse of the bar."""
        value = None if self.value is None else to_wire(self.value)
        return {
            "text": self.text,
            "unit": self.unit if value is not None else "",
            "value": value,
            "tone": self.tone,
            "note": self.note,
        }


def worth_of(status: AgentStatus) -> Mapping[str, Worth]:
    """Equity and what it is made of, by name; without a note where there is nothing yet. Positions count with dust."""
    row, profit = status.equity, status.profit
    whole = row.total if row else None
    put_in = whole - profit if whole is not None and profit is not None else None
    quote = row.quote if row else ""

    def shown(value: Decimal | None, note: str = "") -> Worth:
        return Worth(amount(value, quote), quote, value, note=note if value is not None else "")

    def gained(value: Decimal | None, note: str = "") -> Worth:
        return Worth(signed_amount(value, quote), quote, value, direction(value, quote), note)

    def of_equity(part: Decimal | None) -> str:
        return f"{percent(part, whole)} of equity" if part is not None and whole else ""

    cash, held = (row.cash, row.positions_value) if row else (None, None)
    return {
        "equity": shown(whole, f"{amount(put_in, quote)} put in" if put_in is not None else ""),
        "profit": gained(
            profit, percent(profit, put_in, signed=True) if profit is not None and put_in else ""
        ),
        "exposure": shown(held, of_equity(held)),
        "cash": shown(cash, of_equity(cash)),
        "put-in": shown(put_in, "opening and transfers"),
        "unrealised": gained(row.unrealised if row else None, "of what is held, dust included"),
    }


def today_answer(status: AgentStatus, today: Decimal | None) -> dict[str, str | None]:
    """Today's profit for the pulse, and the day (UTC) that it is of."""
    row = status.equity
    quote, whole = (row.quote, row.total) if row else ("", None)
    share = percent(today, whole - today, signed=True) if whole is not None and today is not None else ""
    told = Worth(signed_amount(today, quote), quote, today, direction(today, quote), share)
    day: date | None = row.at.date() if row and today is not None else None
    return told.answer() | {"day": day.isoformat() if day else None}


def worth_figure(label: str, name: str, status: AgentStatus, *, live: str = "") -> Component:
    """A key figure that follows the bar's reading: of the same name, or of `live`."""
    worth = worth_of(status)[live or name]
    return figure(
        label,
        worth.text,
        unit=worth.unit,
        note=worth.note,
        tone=worth.tone,
        name=name,
        value=worth.value,
        live=live or name,
        live_note=True,
    )

"""Moments, as UTC on the wire: the browser shows them in the viewer's zone, with UTC on hover (assets/times.js)."""

from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dash.development.base_component import Component
from flask import has_request_context, request

from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.numbers import ABSENT, attributes

#: The header with the viewer's time zone, which assets/live.js puts on every request.
ZONE_HEADER = "X-Time-Zone"


def moment(at: datetime | None, shown: Literal["time", "date", "ago"] = "time") -> Component:
    """A time of day (with its date when that is not today), a date, or an age that counts; a dash for None."""
    if at is None:
        return html.Span(ABSENT)
    utc = at.astimezone(UTC)
    text = utc.strftime("%Y-%m-%d" if shown == "date" else "%H:%M:%S")
    return html.Time(
        text,
        dateTime=utc.isoformat(timespec="milliseconds"),
        title=utc.strftime("%Y-%m-%d %H:%M:%S UTC"),
        **attributes(data_shown=shown),
    )


def zone_named(name: str | None) -> ZoneInfo:
    """The time zone of that name; UTC when there is none."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # a name is looked up as a file: it may be a folder's, or longer than any file's
        return ZoneInfo("UTC")


def viewer_zone() -> ZoneInfo:
    """The zone of whoever asks, for charts: plotly knows no zones."""
    return zone_named(request.headers.get(ZONE_HEADER) if has_request_context() else None)


def chart_times(moments: list[datetime]) -> list[str]:
    """Moments as plotly takes them, in the viewer's zone."""
    zone = viewer_zone()
    return [at.astimezone(zone).replace(tzinfo=None).isoformat(timespec="seconds") for at in moments]

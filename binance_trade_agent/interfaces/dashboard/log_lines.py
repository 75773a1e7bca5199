"""Lines of logs as people read them: a time, a level, what happened, and its details."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dash.development.base_component import Component

from binance_trade_agent.interfaces.dashboard.components import badges
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.states import Child, details
from binance_trade_agent.interfaces.dashboard.components.times import moment

#: Told in front, or not at all.
_NOT_DETAILS = frozenset({"timestamp", "level", "logger", "program", "event", "summary", "exception"})
_TONES = {"warning": ("!", "warn"), "error": ("✕", "bad"), "critical": ("✕", "bad"), "debug": ("", "quiet")}


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line; one that is no event of ours is all `text`."""

    at: datetime | None
    level: str
    text: str
    details: str = ""
    exception: str = ""


def parsed(line: str) -> LogLine:
    """The event in a line, or the line as it is."""
    try:
        event = json.loads(line)
    except json.JSONDecodeError:
        return LogLine(None, "", line)
    if not isinstance(event, dict):
        return LogLine(None, "", line)
    summary = event.get("summary")
    return LogLine(
        _moment_of(event.get("timestamp")),
        str(event.get("level", "info")),
        str(summary or event.get("event", "")),
        "" if summary else _details(event),
        str(event.get("exception", "")),
    )


def log_line(line: LogLine) -> Component:
    """A row of the log."""
    level: Child = badges.badge(line.level, *reversed(_TONES[line.level])) if line.level in _TONES else ""
    trace = (
        [details(f"trace {line.at} {line.text[:40]}", "Traceback", html.Pre(line.exception, tabIndex=0))]
        if line.exception
        else []
    )
    more = [html.Span(line.details, className="quiet-text")] if line.details else []
    when = [moment(line.at)] if line.at else []
    return html.Li(
        [*when, level, html.Span([html.Span(line.text), " ", *more, *trace], className="log-text")]
    )


def _details(event: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in event.items() if name not in _NOT_DETAILS)


def _moment_of(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo else None

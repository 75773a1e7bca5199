"""What a page was asked for, as the query of its address: links lead to it, a reload keeps it, Back undoes it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

from dash import Input

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.symbol_names import is_symbol

#: An input of `Context.show` for parts that follow the query; `asked` reads it.
QUERY = Input("location", "search")


def asked(search: str | None) -> dict[str, str]:
    """The query's values by name; of a name that is there twice the last, empty ones left out."""
    return {name: value for name, value in parse_qsl((search or "").removeprefix("?")) if value.strip()}


def address(path: str, query: Mapping[str, str], **changes: str | None) -> str:
    """`path` with the query after `changes`, of which None takes a value away."""
    wanted = {name: value for name, value in {**query, **changes}.items() if value}
    return f"{path}?{urlencode(wanted)}" if wanted else path


def symbol_of(query: Mapping[str, str]) -> str | None:
    """The symbol asked for, None for all.

    Raises:
        ConfigurationError: it has not the form of one.
    """
    symbol = query.get("symbol", "").upper()
    if symbol and not is_symbol(symbol):
        raise ConfigurationError(f"{symbol[:40]!r} is no symbol; for example BTCUSDT")
    return symbol or None


def moment_of(query: Mapping[str, str], name: str) -> datetime | None:
    """The time of that name (ISO 8601, UTC unless it says otherwise), None if it is not there.

    Raises:
        ConfigurationError: it is no time.
    """
    text = query.get(name)
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{text[:40]!r} is no time; for example 2026-11-23T08:00") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)

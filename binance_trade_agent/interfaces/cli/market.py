"""`market`: prices as the trader last saw them, or as the exchange says now."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import typer
from rich.console import Console

from binance_trade_agent.bootstrap.desk import Desk
from binance_trade_agent.control.market import MarketNow
from binance_trade_agent.domain.errors import ExchangeError, NoMarketData
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.interfaces.cli.output import age, console, print_json, table
from binance_trade_agent.interfaces.cli.session import at_desk

_COLUMNS = (
    "symbol",
    "price>",
    "bid>",
    "ask>",
    "spread, bp>",
    "24 h, %>",
    "high 24 h?>",
    "low 24 h?>",
    "volume 24 h?>",
    "age>",
    "seen by",
)

_NO_DAY = (
    "24 hours are shown once 24 hours of candles of a minute or longer are stored without a gap; `market --fresh` asks"
    " the exchange for them"
)


def show_market(symbol: str | None, fresh: bool, as_json: bool) -> None:
    """A row a symbol; status 1 where one could not be shown, or was to be fresh and is not."""
    with at_desk() as (_, desk):
        status = desk.watch.status()
        symbols = (symbol.upper(),) if symbol else status.symbols
        rows, complete = _rows(desk, symbols, fresh)
        old = _old(rows, status.as_of, 2 * timedelta(seconds=status.interval_s))
    if as_json:
        print_json(rows)
    elif rows or complete:
        draw_market(rows, console(), status.as_of)
        if any(row.change_24h is None for row in rows):
            typer.echo(_NO_DAY, err=True)
    if old and not fresh:
        typer.echo(old, err=True)
    raise typer.Exit(ExitCode.OK if complete else ExitCode.FAILURE)


def draw_market(rows: Sequence[MarketNow], screen: Console, now: datetime) -> None:
    """The table, with the age of each row."""
    cells = [
        (
            row.symbol,
            row.price,
            row.bid,
            row.ask,
            row.spread_bps,
            None if row.change_24h_percent is None else f"{row.change_24h_percent:+.2f}",
            row.high_24h,
            row.low_24h,
            row.volume_24h,
            age(row.seen_at, now),
            row.source,
        )
        for row in rows
    ]
    table("Market", _COLUMNS, cells, screen=screen)


def _rows(desk: Desk, symbols: Sequence[str], fresh: bool) -> tuple[list[MarketNow], bool]:
    """What can be shown, and whether that is all that was asked for; the rest is said on stderr."""
    rows: list[MarketNow] = []
    complete = True
    for symbol in symbols:
        try:
            if fresh:
                rows.append(desk.market.fresh(symbol))
                continue
        except ExchangeError as error:
            complete = False
            typer.echo(f"{symbol}: the exchange cannot be asked: {error}", err=True)
        try:
            rows.append(desk.market.now(symbol))
        except NoMarketData as error:
            complete = False
            typer.echo(f"{error}: add --fresh" if not fresh else str(error), err=True)
    return rows, complete


def _old(rows: Sequence[MarketNow], now: datetime, limit: timedelta) -> str | None:
    """A sentence where the oldest row is older than `limit`."""
    oldest = min((row.seen_at for row in rows), default=now)
    if now - oldest <= limit:
        return None
    return f"as of {oldest:%Y-%m-%d %H:%M:%S} UTC, {age(oldest, now)} ago; `market --fresh` asks the exchange now"

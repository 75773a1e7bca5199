"""What pages work out of many rows, worked out again by plain means: statistics, shares, drawdown, counts of a day.

It is compared together with `truths`, which tells what stands in single rows.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from itertools import groupby, pairwise
from typing import Any

from tests.browser.truths import Book, Row, Truth

_DAY_US = 86_400_000_000
_SHARE = Decimal("0.0001")
_SIDE = {"BUY": 1, "SELL": -1}


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, Decimal(0))


def _trips(book: Book) -> list[dict[str, Any]]:
    """Those that closed, in the order they did."""
    return book.rows("select * from round_trips where closed_at is not null order by closed_at")


def _statistics(trips: list[dict[str, Any]]) -> dict[str, Any]:
    results = [Decimal(row["realised"]) for row in trips]
    lost = [-result for result in results if result < 0]
    won = [result for result in results if result > 0]
    streaks = [len(list(run)) for is_lost, run in groupby(results, lambda result: result < 0) if is_lost]
    count = len(results)
    return {
        "win-rate": Decimal(len(won)) / count if count else None,
        "profit-factor": _sum(won) / _sum(lost) if lost else None,
        "expectancy": _sum(results) / count if count else None,
        "average-win": _sum(won) / len(won) if won else None,
        "average-loss": _sum(lost) / len(lost) if lost else None,
        "streak": max(streaks, default=0),
        "held": round(sum(row["closed_at"] - row["opened_at"] for row in trips) / count / 1e6)
        if count
        else None,
    }


def _fee(fill: Row) -> Decimal:
    """In quote currency: the demo pays in the coin it bought, and else in quote."""
    paid, is_base = Decimal(fill["commission"]), fill["symbol"].startswith(fill["commission_asset"])
    return paid * Decimal(fill["price"]) if is_base else paid


def _days(book: Book, table: str, moment: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of a table by day (UTC), the newest day first."""
    rows = book.rows(f"select * from {table} where {moment} > 0 order by {moment} desc")  # noqa: S608 - our own words
    by_day = groupby(rows, lambda row: row[moment] // _DAY_US)
    return {
        datetime.fromtimestamp(day * _DAY_US / 1e6, tz=UTC).date().isoformat(): list(found)
        for day, found in by_day
    }


def _of_fills(fills: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "Fees of all fills": _sum(map(_fee, fills)),
        "turnover": _sum(Decimal(fill["quote_quantity"]) for fill in fills),
    }


def _trades(book: Book) -> Truth:
    if not book.count("equity"):
        return Truth()
    told = _statistics(_trips(book))
    figures = {"profit-factor": told["profit-factor"], "average": told["expectancy"], "held": told["held"]}
    closed = _days(book, "round_trips", "closed_at")
    rows = []
    for day, fills in _days(book, "fills", "traded_at").items():
        trips = closed.get(day, [])
        spent = _of_fills(fills)
        rows.append(
            {
                "Day": day,
                "Trades": len(trips),
                "Won": _statistics(trips)["win-rate"],
                "Net": _sum(Decimal(row["realised"]) for row in trips),
                "Fees of all fills": spent["Fees of all fills"],
                "Traded in all": spent["turnover"],
            }
        )
    return Truth(figures, {"trades-by-day": rows})


def _curve(book: Book) -> list[tuple[int, float, float, float]]:
    """Each snapshot: when, what one unit put in is worth, equity, its part in positions."""
    points: list[tuple[int, float, float, float]] = []
    unit, before, put_in = 1.0, 0.0, 0.0
    for row in book.rows("select * from equity order by at"):
        invested = float(row["positions_value"])
        whole, contributed = float(row["cash"]) + invested, float(row["contributed"])
        unit *= whole / (before + contributed - put_in)
        before, put_in = whole, contributed
        points.append((row["at"], unit, whole, invested))
    return points


def _performance(book: Book) -> Truth:
    points = _curve(book)
    if not points:
        return Truth()
    told = _statistics(_trips(book))
    names = ("win-rate", "profit-factor", "expectancy", "average-win", "average-loss", "streak")
    top, fall = 1.0, 0.0
    for _, unit, _, _ in points:
        top = max(top, unit)
        fall = max(fall, 1 - unit / top)
    invested = sum((then[0] - now[0]) * now[3] / now[2] for now, then in pairwise(points))
    figures = {
        **{name: told[name] for name in names},
        "return": points[-1][1] - 1,
        "drawdown": fall or None,
        "exposure": invested / (points[-1][0] - points[0][0]) if len(points) > 1 else None,
        "days": len(_days(book, "equity", "at")),
    }
    return Truth(figures)


def _risk(book: Book) -> Truth:
    marks, newest = book.one("select * from loss_marks"), book.one("select * from equity order by at desc")
    if not marks or not newest:
        return Truth()
    whole = Decimal(newest["cash"]) + Decimal(newest["positions_value"])
    put_in = Decimal(newest["contributed"])
    day_profit, peak = Decimal(marks["day_profit"]), Decimal(marks["peak_profit"])
    capital = Decimal(marks["day_equity"]) + put_in - (Decimal(marks["day_equity"]) - day_profit)
    midnight = datetime.now(tz=UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    since = round(midnight.timestamp() * 1e6)
    figures: dict[str, Any] = {
        "drawdown": ((peak - whole + put_in) / (peak + put_in)).quantize(_SHARE, ROUND_DOWN),
        "total-exposure": (Decimal(newest["positions_value"]) / whole).quantize(_SHARE),
        "order-rate-day": book.count("orders", f"purpose = 'entry' and created_at >= {since}"),
    }
    if marks["day"] == midnight.date().isoformat():
        figures["daily-loss"] = ((day_profit - whole + put_in) / capital).quantize(_SHARE, ROUND_DOWN)
    return Truth(figures)


def _orders(book: Book) -> Truth:
    rows = [
        {
            "Symbol": row["symbol"],
            "Side": row["side"],
            "Quantity": Decimal(row["quantity"]),
            "Since": _moment(row["created_at"]),
        }
        for row in book.rows(
            "select * from orders where status in ('OPEN', 'PARTIALLY_FILLED') order by symbol, created_at"
        )
    ]
    return Truth(tables={"orders-open": rows})


def _moment(at_us: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)).isoformat()


def _positions(book: Book) -> Truth:
    legs = book.rows(
        "select symbol, quantity, max(stop_price) as stop, max(price) as target from orders"
        " where status = 'OPEN' and purpose in ('stop', 'target') group by client_list_id order by symbol"
    )
    rows = [
        {
            "Symbol": row["symbol"],
            "Held by": "exchange",
            "Quantity": Decimal(row["quantity"]),
            "Stop": Decimal(row["stop"]),
            "Target": Decimal(row["target"]),
        }
        for row in legs
    ]
    return Truth(tables={"positions-levels": rows})


def _decisions(book: Book) -> Truth:
    """Of the trader's own decisions; those that people asked for are no part of the funnel."""
    if not (decisions := book.count("decisions", "scheduled")):
        return Truth()
    signals = book.count("decisions", "scheduled and action != 'HOLD'")
    return Truth({"stage-Decisions": decisions, "stage-Signals": signals})


def _overview(book: Book) -> Truth:
    """What each asset came to by all fills is what the ledger holds."""
    held: dict[str, Decimal] = {}
    for fill in book.rows("select * from fills"):
        base = fill["symbol"].removesuffix("USDT")
        quantity = _SIDE[fill["side"]] * Decimal(fill["quantity"])
        fee = Decimal(fill["commission"]) if fill["commission_asset"] == base else Decimal(0)
        held[fill["symbol"]] = held.get(fill["symbol"], Decimal(0)) + quantity - fee
    rows = [{"Quantity": quantity} for _, quantity in sorted(held.items()) if quantity]
    return Truth(tables={"overview-positions": rows})


def _system(book: Book) -> Truth:
    beats = [
        {"Last sign": _moment(row["at"])} for row in book.rows("select * from heartbeats order by process")
    ]
    return Truth(tables={"system-heartbeats": beats})


DERIVED: Mapping[str, Callable[[Book], Truth]] = {
    "/": _overview,
    "/decisions": _decisions,
    "/orders": _orders,
    "/performance": _performance,
    "/positions": _positions,
    "/risk": _risk,
    "/system": _system,
    "/trades": _trades,
}

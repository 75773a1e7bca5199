"""What the page of trades shows."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from dash.development.base_component import Component

from binance_trade_agent.control.performance import PerformanceView
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.history_rows import RoundTripRow
from binance_trade_agent.domain.performance import PerformanceRows
from binance_trade_agent.domain.trip_statistics import ClosedTrip
from binance_trade_agent.interfaces.dashboard.pages import trades
from tests.fakes import START, FakeClock, FakeDesk, fake_desk
from tests.performances import DAY, dealt, rows_of, trip
from tests.unit.interfaces.test_dashboard_overview import in_bitcoin, text


def closed_trip(number: int = 1, **changes: Any) -> RoundTripRow:
    """A trade of two hours that lost."""
    first = RoundTripRow(
        symbol="ETHUSDT",
        number=number,
        opened_at=START - timedelta(hours=3),
        closed_at=START - timedelta(hours=1),
        entry_price=Decimal("3000"),
        exit_price=Decimal("2970"),
        bought=Decimal("0.5"),
        sold=Decimal("0.5"),
        fees=Decimal("2.985"),
        profit=Decimal("-17.985"),
        entry_reason="EMA 12 crossed above EMA 26",
        exit_reason="stop at 2,970.00",
    )
    return replace(first, **changes)


def desk_with(*rows: RoundTripRow) -> FakeDesk:
    desk = fake_desk()
    desk.history_reads.trips = rows
    return desk


class GivenRows:
    """Answers with the rows of a test."""

    def __init__(self, rows: PerformanceRows) -> None:
        self.rows = rows

    def performance_rows(
        self, *, since: datetime, until: datetime, symbol: str | None = None
    ) -> PerformanceRows:
        return self.rows


def measured(*trips: ClosedTrip) -> FakeDesk:
    """A desk whose performance knows these trades, and fees where there are any."""
    dealings = (dealt(0, "4000", "4"), dealt(8, "2000", "2")) if trips else ()
    rows = rows_of([], trips=trips, dealings=dealings)
    return replace(
        fake_desk(empty=not trips),
        performance=PerformanceView(GivenRows(rows), FakeClock(DAY + timedelta(days=10))),
    )


TRIPS = (trip("10", 1), trip("-4", 2), trip("6", 24 * 8))


def figures_of(component: Any) -> dict[str, str]:
    """The exact value of each key figure."""
    if isinstance(component, list | tuple):
        return {name: value for child in component for name, value in figures_of(child).items()}
    if not isinstance(component, Component):
        return {}
    own = getattr(component, "data-figure", None)
    return ({own: getattr(component, "data-value", "")} if own else {}) | figures_of(
        getattr(component, "children", None)
    )


def test_a_trade_shows_its_result_its_time_and_both_reasons() -> None:
    told = text(trades.rows(desk_with(closed_trip()), ""))

    assert "ETHUSDT trade 1 0.5 3,000.00 2,970.00 −17.98 −1.20 % 2.98 2 h from" in told
    assert "in  EMA 12 crossed above EMA 26" in told
    assert "out  stop at 2,970.00" in told


def test_what_was_sold_stands_beside_what_was_bought() -> None:
    trip = closed_trip(bought=Decimal("0.0116"), sold=Decimal("0.0115"), profit=Decimal("3.45"))
    told = text(trades.rows(desk_with(trip), ""))

    # 3.45 of 0.0115 * 3000
    assert "0.0115 of 0.0116 bought 3,000.00 2,970.00 +3.45 +10.00 %" in told


def test_a_book_in_bitcoin_shows_satoshis() -> None:
    trip = closed_trip(symbol="ETHBTC", profit=Decimal("-0.00012"), fees=Decimal("0.00003"))
    told = text(trades.rows(in_bitcoin(desk_with(trip)), ""))
    assert "−0.00012000" in told
    assert "0.00003000" in told


def test_the_period_and_the_symbol_choose_and_pages_follow() -> None:
    desk = desk_with(*(closed_trip(number) for number in range(30, 0, -1)), closed_trip(symbol="BTCUSDT"))
    first = text(trades.rows(desk, ""))
    assert first.count("ETHUSDT") == 25
    assert first.endswith("Older")
    assert text(trades.rows(desk, "?cursor=25")).endswith("Newest")
    assert "ETHUSDT" not in text(trades.rows(desk, "?symbol=BTCUSDT"))
    old = closed_trip(closed_at=START - timedelta(days=40))
    assert "No trade has closed in the last 30 days." in text(trades.rows(desk_with(old), ""))
    assert "trade 1" in text(trades.rows(desk_with(old), "?since=all"))
    with pytest.raises(ConfigurationError):
        trades.rows(desk, "?since=yesterday")


def test_figures_are_exact_and_pieces_of_time_are_summed() -> None:
    drawn = trades.told(measured(*TRIPS), "?since=all&by=week")
    assert figures_of(drawn) == {
        "trips": "3",
        "net": "12",
        "wins": "2",
        "profit-factor": "4",
        "average": "4",
        "fees": "6",
        "held": "3600",
    }
    told = " ".join(text(drawn).split())
    assert "2026-W11 1 100.00 % +6.00 2.00 2,000.00 2026-W10 2 50.00 % +6.00 4.00 4,000.00" in told
    assert "2026-03-10" in text(trades.told(measured(*TRIPS), "?since=all"))
    assert "2026-03" in text(trades.told(measured(*TRIPS), "?since=all&by=month"))


def test_an_empty_database_says_what_to_do() -> None:
    desk = measured()
    assert "why nothing was bought" in text(trades.rows(desk, ""))
    assert "Closed 0" in text(trades.told(desk, ""))
    assert "Ask for a longer time" in text(trades.rows(desk, "?since=7d"))


def test_the_file_holds_every_trade_of_the_period_to_the_last_digit() -> None:
    (export,) = trades.PAGE.exports
    rows = list(export.rows(desk_with(closed_trip(), closed_trip(2)), {"symbol": "", "since": "7d"}))
    assert len(rows) == 2
    named = dict(zip(export.columns, rows[0], strict=True))
    assert (named["profit"], named["held_s"], named["exit_reason"]) == (
        Decimal("-17.985"),
        7200,
        "stop at 2,970.00",
    )

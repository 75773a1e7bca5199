"""What the page of performance shows."""

from decimal import Decimal
from typing import Any

import pytest

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.interfaces.dashboard.pages import performance
from tests.fakes import fake_desk
from tests.unit.interfaces.test_dashboard_overview import text


def declared(component: Any) -> dict[str, str]:
    """Name of each figure -> its exact value."""
    if isinstance(component, list | tuple):
        return {name: value for child in component for name, value in declared(child).items()}
    name = getattr(component, "data-figure", None)
    if name is not None:
        return {name: getattr(component, "data-value", "")}
    children = getattr(component, "children", None)
    return declared(children) if children is not None else {}


def test_every_figure_is_that_of_the_read_model() -> None:
    desk = fake_desk()
    shown = performance.figures(desk, "")
    found = desk.performance.performance("30d")
    assert found.figures is not None

    exact = declared(shown)
    assert Decimal(exact["equity"]) == found.figures.equity == 1010
    assert Decimal(exact["profit"]) == found.figures.profit
    assert float(exact["return"]) == found.figures.total_return
    assert Decimal(exact["trips-net"]) == found.trips.net == 10
    assert Decimal(exact["fees"]) == Decimal("0.5")
    assert "mean daily return / its deviation" in text(shown)
    assert exact["sharpe"] == ""


def test_its_figures_are_of_one_reading_and_none_follows_the_bar() -> None:
    shown = performance.figures(fake_desk(), "")
    assert "data-figure" in str(shown)
    assert "data-live" not in str(shown)


def test_the_breakdown_is_the_one_asked_for() -> None:
    desk = fake_desk()
    assert "By symbol" in text(performance.figures(desk, "?by=symbol"))
    assert "BTCUSDT" in text(performance.figures(desk, "?by=symbol"))
    assert "2026-03-02" in text(performance.figures(desk, ""))
    for search in ("?by=moon", "?period=soon", "?symbol=a/b"):
        with pytest.raises(ConfigurationError):
            performance.figures(desk, search)


def test_figures_of_one_symbol_are_those_its_trades_tell() -> None:
    desk = fake_desk()
    shown = text(performance.figures(desk, "?symbol=BTCUSDT"))
    assert "Round trips" in shown
    assert "time-weighted" not in shown


def test_the_chart_is_of_the_time_asked_for() -> None:
    desk = fake_desk()
    shown = performance.figure_of(desk, "?period=7d").to_plotly_json()["operations"]
    found = {tuple(each["location"]): each["params"]["value"] for each in shown}
    assert [trace["name"] for trace in found[("data",)]] == ["Equity", "Drawdown"]
    assert found[("layout", "uirevision")] == "7d"


def test_an_empty_database_says_what_to_do() -> None:
    desk = fake_desk(empty=True)
    assert performance.style(desk, "").endswith("gone")
    assert "make up" in text(performance.empty(desk, ""))

"""What the chart of a market is made of."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.market import CandleInterval, SeenIndicators
from binance_trade_agent.interfaces.dashboard import candle_chart
from binance_trade_agent.interfaces.dashboard.pages import market
from tests.fake_market import minutes
from tests.fakes import START, FakeDesk, fake_desk
from tests.resting import with_oco
from tests.unit.interfaces.test_dashboard_overview import text


def desk_with_candles(count: int = 60) -> FakeDesk:
    """Candles of a minute until now, each decided on."""
    desk = with_oco(fake_desk())
    candles = minutes([62_000 + 10 * (n % 7) for n in range(count)], until=START)
    desk.market_reads.candle_rows["BTCUSDT"] = candles
    desk.market_reads.indicator_rows["BTCUSDT"] = tuple(
        SeenIndicators(
            candle.close_time,
            "combined_default",
            {
                "close": float(candle.close),
                "ema": 62_010.0 + n,
                "rsi": 40.0 + n % 5,
                "rsi_slow": 45.0,
                "macd": -1.5,
            },
        )
        for n, candle in enumerate(candles)
    )
    return desk


def drawn(desk: FakeDesk, search: str) -> list[dict[str, object]]:
    patch = market.figure_of(desk, search).to_plotly_json()
    return next(each["params"]["value"] for each in patch["operations"] if each["location"] == ["data"])


def notes(desk: FakeDesk) -> list[dict[str, object]]:
    patch: Any = market.figure_of(desk, "")
    found: list[dict[str, object]] = next(
        each["params"]["value"]
        for each in patch.to_plotly_json()["operations"]
        if each["location"] == ["layout", "annotations"]
    )
    return found


def named(traces: list[dict[str, object]], name: str) -> dict[str, object]:
    return next(trace for trace in traces if trace["name"] == name)


def test_a_longer_candle_is_made_of_the_stored_ones() -> None:
    stored = minutes(["10", "12", "9", "11", "20", "21"], until=START + timedelta(minutes=1))
    second, third = candle_chart.merged(stored, CandleInterval.M3)

    # 09:27 to 09:29 whole, 09:30 so far; 09:25 to 09:26 lack their beginning
    assert [c.open_time.minute for c in (second, third)] == [27, 30]
    assert (second.open, second.high, second.low, second.close) == (
        Decimal(12),
        Decimal(20),
        Decimal(9),
        Decimal(20),
    )
    assert second.volume == Decimal(6)
    assert third.close_time - third.open_time == timedelta(minutes=3)


def test_a_longer_candle_that_is_alone_is_shown_as_far_as_it_is_known() -> None:
    (only,) = candle_chart.merged(
        minutes(["10", "12"], until=START - timedelta(minutes=3)), CandleInterval.M3
    )
    assert (only.open_time.minute, only.high) == (24, Decimal(12))


def test_indicators_are_those_that_decisions_stored() -> None:
    desk = desk_with_candles()
    traces = drawn(desk, "")

    candles = named(traces, "BTCUSDT")
    ema = named(traces, "ema")
    assert ema["x"] == candles["x"]
    assert ema["y"] == [62_010.0 + n for n in range(60)]
    assert ema["yaxis"] == "y"
    assert [trace["name"] for trace in traces if trace.get("yaxis") == "y2"] == ["macd"]


def desk_that_sees(values: dict[str, float]) -> FakeDesk:
    """Besides what it sees of the candles."""
    desk = desk_with_candles()
    rows = desk.market_reads.indicator_rows["BTCUSDT"]
    desk.market_reads.indicator_rows["BTCUSDT"] = tuple(
        replace(row, values={**row.values, **values}) for row in rows
    )
    return desk


def on_axis(desk: FakeDesk, axis: str, search: str = "") -> list[object]:
    return [trace["name"] for trace in drawn(desk, search) if trace.get("yaxis") == axis]


def test_what_runs_from_0_to_100_has_a_pane_of_its_own_even_where_the_price_is_as_much() -> None:
    desk = desk_that_sees({"adx": 20.0})
    desk.market_reads.candle_rows["BTCUSDT"] = minutes([40 + n % 7 for n in range(60)], until=START)
    assert on_axis(desk, "y3") == ["rsi", "rsi_slow", "adx"]


def test_what_that_pane_has_no_room_for_can_be_chosen() -> None:
    desk = desk_that_sees({"adx": 20.0, "plus_di": 30.0, "minus_di": 10.0})
    assert on_axis(desk, "y3") == ["rsi", "rsi_slow", "adx"]
    assert on_axis(desk, "y2") == ["macd"]
    assert on_axis(desk, "y2", "?indicator=minus_di") == ["minus_di"]
    offered = str(market.filters(desk, ""))
    assert '"plus_di"' in offered
    assert '"minus_di"' in offered


def test_what_is_named_so_and_runs_elsewhere_is_not_in_that_pane() -> None:
    desk = desk_that_sees({"rsi_slope": -3.0, "adx_price": 62_000.0})
    assert on_axis(desk, "y3") == ["rsi", "rsi_slow"]
    assert on_axis(desk, "y2", "?indicator=rsi_slope") == ["rsi_slope"]
    assert "adx_price" in on_axis(desk, "y")


def test_no_two_indicators_of_a_chart_look_the_same() -> None:
    desk = desk_with_candles()
    many = (
        {f"band_{n}": 62_000.0 for n in range(9)}
        | {f"macd_{n}": 1.0 for n in range(9)}
        | {f"rsi_{n}": 5.0 for n in range(9)}
    )
    rows = desk.market_reads.indicator_rows["BTCUSDT"]
    desk.market_reads.indicator_rows["BTCUSDT"] = tuple(
        replace(row, values={"macd": 1.0, **many}) for row in rows
    )
    lines = [each["line"] for each in drawn(desk, "") if each["name"] in {*many, "macd"}]
    styles = {(line["color"], line["dash"]) for line in lines}  # type: ignore[index]
    assert len(styles) == len(lines) == 12


def test_a_line_runs_on_between_decisions_and_is_broken_where_there_were_none_for_long() -> None:
    desk = desk_with_candles()
    rows = desk.market_reads.indicator_rows["BTCUSDT"]
    desk.market_reads.indicator_rows["BTCUSDT"] = (*rows[20:40:5], *rows[57:])

    ema = named(drawn(desk, ""), "ema")
    assert ema["y"] == [62_030.0, 62_035.0, 62_040.0, 62_045.0, None, 62_067.0, 62_068.0, 62_069.0]


def test_a_longer_interval_shows_the_last_value_of_each_candle() -> None:
    traces = drawn(desk_with_candles(), "?interval=15m")

    assert len(named(traces, "BTCUSDT")["x"]) == 4  # type: ignore[arg-type]
    assert named(traces, "ema")["y"] == [62_024.0, 62_039.0, 62_054.0, 62_069.0]


def test_fills_and_the_levels_of_the_position_are_marked() -> None:
    desk = desk_with_candles()
    traces = drawn(desk, "")

    bought = named(traces, "Bought")
    assert (bought["y"], bought["text"]) == ([62490.075], ["0.016"])
    assert {"Stop", "Target"} & {trace["name"] for trace in traces} == set()
    assert {note["text"] for note in notes(desk) if note["yref"] == "y domain"} == {
        "↑ Average cost 62,552.63 (+0.84 %)   ↑ Target 64,000.00 (+3.18 %)",
        "↓ Stop 61,000.00 (−1.66 %)",
    }
    assert "Stop USDT 61,000.00 −2.40 % from here Target USDT 64,000.00" in text(market.now(desk, ""))
    candles = desk.market_reads.candle_rows["BTCUSDT"]
    desk.market_reads.candle_rows["BTCUSDT"] = (
        replace(candles[0], low=Decimal(61_200)),
        *candles[1:-1],
        replace(candles[-1], high=Decimal(64_000)),
    )
    traces = drawn(desk, "")
    assert named(traces, "Average cost")["y"] == [pytest.approx(62552.6276, abs=1e-3)] * 2
    assert named(traces, "Stop")["y"] == [61000.0, 61000.0]
    assert named(traces, "Target")["y"] == [64000.0, 64000.0]

    desk.reads.position_rows = tuple(replace(row, quantity=Decimal(0)) for row in desk.reads.position_rows)
    assert not {"Average cost", "Stop", "Target"} & {trace["name"] for trace in drawn(desk, "")}


def test_another_symbol_or_interval_has_a_chart_of_its_own() -> None:
    def key_of(search: str) -> object:
        return market.place(desk, search).to_plotly_json()["props"]["key"]

    desk = desk_with_candles()
    keys = {key_of(search) for search in ("", "?interval=5m", "?symbol=ETHUSDT")}
    assert len(keys) == 3
    assert key_of("?indicator=macd") in keys


def test_nothing_stored_says_what_to_do() -> None:
    desk = fake_desk(empty=True)
    assert drawn(desk, "") == []
    assert market.style(desk, "").endswith("gone")
    assert "make up" in text(market.empty(desk, ""))
    assert market.now(desk, "") == ""


def test_an_interval_that_cannot_be_made_is_refused() -> None:
    desk = desk_with_candles()
    for interval in ("1s", "7m", "1d"):
        with pytest.raises(ConfigurationError):
            market.figure_of(desk, f"?interval={interval}")


def test_what_another_strategy_saw_before_the_time_shown_has_no_line_no_pane_and_no_choice() -> None:
    desk = desk_with_candles()
    rows = desk.market_reads.indicator_rows["BTCUSDT"]
    desk.market_reads.indicator_rows["BTCUSDT"] = tuple(
        replace(row, candle=row.candle - timedelta(days=1)) for row in rows
    )
    assert not {"ema", "rsi", "rsi_slow", "macd"} & {trace["name"] for trace in drawn(desk, "")}
    assert on_axis(desk, "y2") == on_axis(desk, "y3") == []
    assert "macd" not in str(market.filters(desk, ""))


def test_where_24_hours_are_not_stored_it_says_so() -> None:
    assert "24 hours are not stored yet" in " ".join(text(market.now(desk_with_candles(), "")).split())

"""What `performance` prints: whole on 80 columns, and without colours."""

import io
from datetime import timedelta
from decimal import Decimal

import orjson
import pytest
from rich.console import Console

from binance_trade_agent.domain.performance import Grouping, measure
from binance_trade_agent.interfaces.cli.output import print_json
from binance_trade_agent.interfaces.cli.performance import draw_performance
from tests.performances import DAY, dealt, equity_row, rows_of, trip

UNTIL = DAY + timedelta(days=40)


def found(days: int = 3, grouping: Grouping | None = None, symbol: str | None = None, **changes):
    rows = [
        equity_row(24 * day + 1, str(1000000 + 1000 * (day % 3)), "1000000", "2500") for day in range(days)
    ]
    trips = (trip("1234.5"), trip("-50", 30, symbol="1000SATSUSDT", strategy="a_strategy_with_a_long_name"))
    made = rows_of(rows, trips=trips, dealings=(dealt(0, "123456.78", "12.5"),), **changes)
    return measure(made, since=DAY, until=UNTIL, symbol=symbol, grouping=grouping)


def shown(performance) -> str:
    on = Console(width=80, file=io.StringIO(), no_color=True)
    draw_performance(performance, on)
    text = on.file.getvalue()
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    assert "…" not in text
    return " ".join(text.split())


def test_all_figures_are_there() -> None:
    prices = {"BTCUSDT": Decimal(100), "ETHUSDT": Decimal(10)}
    last = {"BTCUSDT": Decimal(110), "ETHUSDT": Decimal(12)}
    text = shown(found(40, first_prices=prices, last_prices=last))
    for part in (
        "Performance 2026-03-02 01:00 to 2026-04-11 00:00 UTC, in USDT",
        "equity 1,000,000.00 time-weighted +0.00 %",
        "buy and hold +15.00 %",
        "Buy and hold: ETHUSDT +20.00 %, BTCUSDT +10.00 %.",
        "closed 2",
        "net result +1,184.50",
        "profit factor 24.69",
        "longest losing streak 1",
        "fills 2 largest 0.20 %",
        "turnover 123,456.78 amount 2,000.00",
    ):
        assert part in text, part
    assert "take 7 days" not in text


def test_too_few_days_are_told() -> None:
    text = shown(found())
    assert "Sharpe –" in text
    assert "Sharpe and Sortino take 7 days, what is said of a year 30; there are 3." in text
    assert "largest none" in text


@pytest.mark.parametrize("grouping", Grouping)
def test_every_breakdown_fits(grouping: Grouping) -> None:
    text = shown(found(3, grouping))
    assert f"By {grouping}" in text
    names = {"day": "2026-03-03", "week": "2026-W10", "month": "2026-03", "symbol": "1000SATSUSDT"}
    assert names.get(grouping, "a_strategy_with_a_long_name") in text


def test_many_days_are_not_all_shown() -> None:
    assert "28 rows more with --json" in shown(found(90, Grouping.DAY))


def test_one_symbol_and_fees_without_a_price() -> None:
    text = shown(found(3, Grouping.DAY, "BTCUSDT", unpriced_fees={"BNB": Decimal("0.00001230")}))
    assert "Performance of BTCUSDT" in text
    assert "equity" not in text
    assert "0.0000123 BNB of fees are not in these figures: no price of BNBUSDT is stored." in text


def test_an_empty_book_says_so() -> None:
    text = shown(measure(rows_of([]), since=DAY, until=UNTIL, grouping=Grouping.DAY))
    assert "No equity is stored yet" in text
    assert "none yet" in text


def test_json_has_exact_amounts_and_stable_keys(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(found(3, Grouping.SYMBOL))
    parsed = orjson.loads(capsys.readouterr().out)
    assert parsed["figures"]["equity"] == "1002000"
    assert parsed["figures"]["sharpe"] is None
    assert list(parsed["slices"][0]) == [
        "name",
        "equity",
        "profit",
        "total_return",
        "trips",
        "turnover",
        "fees",
    ]
    assert parsed["slices"][0]["trips"]["net"] == "1234.5"

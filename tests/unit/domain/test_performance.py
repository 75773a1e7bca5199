"""Figures of a small account, computed by hand.

day  hour  equity  put in   unit value
1    12    1000    1000     1
1    23    1100    1000     1.1                      +100
2    12    1600    1500     1.1 × 1600/(1100+500)    a deposit of 500: no gain
2    23    1280    1500     1.1 × 1280/1600 = 0.88   -320
3    12    1000    1220     0.88 × 1000/(1280-280)   a withdrawal of 280: no loss
3    23    1300    1220     0.88 × 1300/1000 = 1.144 +300
"""

import math
from datetime import timedelta
from decimal import Decimal

import pytest

from binance_trade_agent.domain.equity_curve import Cost, DayEnd, EquityCurve, microseconds_of, trace
from binance_trade_agent.domain.performance import Grouping, measure
from binance_trade_agent.domain.return_statistics import daily_returns, sharpe_ratio, sortino_ratio, yearly
from binance_trade_agent.domain.trip_statistics import trip_statistics
from tests.performances import DAY, HOUR, dealt, equity_row, point, rows_of, trip

SNAPSHOTS = [
    equity_row(12, "1000", "1000"),
    equity_row(23, "1100", "1000"),
    equity_row(36, "1600", "1500", invested="800"),
    equity_row(47, "1280", "1500", invested="320"),
    equity_row(60, "1000", "1220"),
    equity_row(71, "1300", "1220"),
]
PRICES = {
    "first_prices": {"BTCUSDT": Decimal(100), "ETHUSDT": Decimal(10), "SOLUSDT": Decimal(1)},
    "last_prices": {"BTCUSDT": Decimal(130), "ETHUSDT": Decimal(9)},
}


def measured(**changes):
    rows = rows_of(SNAPSHOTS, **changes)
    return measure(rows, since=DAY, until=DAY + timedelta(days=3), grouping=Grouping.DAY)


def test_neither_a_deposit_nor_a_withdrawal_is_a_return() -> None:
    figures = measured().figures
    assert figures is not None
    assert figures.total_return == pytest.approx(0.144)
    assert (figures.equity, figures.profit, figures.put_in) == (1300, 80, 1220)
    assert figures.realised + figures.unrealised == figures.profit
    assert figures.days == 3


def test_the_drawdown_has_its_ends_and_its_recovery() -> None:
    fall = measured().figures.drawdown
    assert fall.share == pytest.approx(0.2)
    assert fall.amount == 320
    assert (fall.from_at, fall.to_at, fall.recovered_at) == (
        DAY + 36 * HOUR,
        DAY + 47 * HOUR,
        DAY + 71 * HOUR,
    )


def test_a_fall_within_a_day_counts() -> None:
    rows = [equity_row(1, "100", "100"), equity_row(2, "50", "100"), equity_row(3, "100", "100")]
    fall = trace(map(point, rows), (), whole=True).fall
    assert (fall.share, fall.recovered_at) == (0.5, DAY + 3 * HOUR)


def test_a_fall_that_lasts_has_no_recovery() -> None:
    rows = [equity_row(1, "100", "100"), equity_row(2, "90", "100"), equity_row(3, "95", "100")]
    assert trace(map(point, rows), (), whole=True).fall.recovered_at is None


def test_a_first_snapshot_below_what_was_put_in_is_a_loss() -> None:
    rows = rows_of([equity_row(1, "99", "100"), equity_row(2, "98", "100")])
    figures = measure(rows, since=DAY, until=DAY + HOUR).figures
    assert figures.total_return == pytest.approx(-0.02)
    assert (figures.profit, figures.drawdown.amount, figures.drawdown.from_at) == (-2, 2, DAY + HOUR)


def test_exposure_is_weighted_with_time() -> None:
    # half for 11 hours, a quarter for 13, nothing for 35
    assert measured().figures.exposure == pytest.approx((0.5 * 11 + 0.25 * 13) / 59)


def test_fees_in_a_third_asset_are_taken_off_once() -> None:
    cost = Cost(microseconds_of(DAY + 37 * HOUR), 16.0)
    found = measured(costs=(cost,), dealings=(dealt(1, "640", "17", "16"),))
    figures = found.figures
    assert figures.total_return == pytest.approx(1.1 * (1280 - 16) / 1600 * 1.3 - 1)
    assert (figures.profit, figures.realised, found.fees, found.outside_fees) == (64, 64, 17, 16)
    assert [one.profit for one in found.slices] == [100, -336, 300]


def test_buy_and_hold_is_the_mean_of_symbols_with_both_prices() -> None:
    found = measured(**PRICES)
    assert found.buy_and_hold == pytest.approx({"BTCUSDT": 0.3, "ETHUSDT": -0.1})
    assert found.figures.buy_and_hold == pytest.approx(0.1)
    assert found.figures.excess == pytest.approx(0.044)


def test_days_add_up_to_the_whole() -> None:
    slices = measured(dealings=(dealt(0, "640"), dealt(2, "1200"))).slices
    assert [one.name for one in slices] == ["2026-03-02", "2026-03-03", "2026-03-04"]
    assert [one.profit for one in slices] == [100, -320, 300]
    assert [one.total_return for one in slices] == pytest.approx([0.1, -0.2, 0.3])
    assert [one.turnover for one in slices] == [640, 0, 1200]


def test_a_time_that_begins_later_counts_from_the_snapshot_before_it() -> None:
    found = measure(rows_of(SNAPSHOTS[1:], whole=False), since=DAY, until=DAY, grouping=Grouping.DAY)
    figures = found.figures
    assert figures.total_return == pytest.approx(0.88 / 1.1 * 1.3 - 1)
    assert (figures.profit, figures.put_in, figures.realised, figures.days) == (-20, 220, -20, 2)
    assert [one.profit for one in found.slices] == [-320, 300]


def test_turnover_is_related_to_the_equity_at_days_ends() -> None:
    found = measured(dealings=(dealt(0, "1000"), dealt(1, "840")))
    assert (found.turnover, found.turnover_share) == (1840, Decimal("1.5"))  # mean of 1100, 1280, 1300


def test_a_day_without_snapshots_has_a_return_of_nothing() -> None:
    ends = [(0, 1.1), (3, 1.21)]
    days = tuple(DayEnd((DAY + timedelta(days=n)).date(), DAY + timedelta(days=n), unit) for n, unit in ends)
    assert daily_returns(EquityCurve(DAY, days, None, None)) == pytest.approx([0.1, 0, 0, 0.1])


RETURNS = [0.01, -0.01, 0.02, 0.0, 0.01, -0.02, 0.04]  # sum 0.05, sum of squares 0.0027


def test_sharpe_and_sortino_as_computed_by_hand() -> None:
    spread = math.sqrt((0.0027 - 0.05**2 / 7) / 6)
    assert sharpe_ratio(RETURNS) == pytest.approx(0.05 / 7 / spread * math.sqrt(365))
    assert sharpe_ratio(RETURNS) == pytest.approx(6.906, abs=0.001)
    assert sortino_ratio(RETURNS) == pytest.approx(0.05 / 7 / math.sqrt(0.0005 / 7) * math.sqrt(365))


def test_too_few_days_tell_nothing() -> None:
    assert sharpe_ratio(RETURNS[:6]) is None
    assert sortino_ratio(RETURNS[:6]) is None
    assert sharpe_ratio([0.01] * 8) is None
    assert sortino_ratio([0.01] * 8) is None
    assert yearly(0.1, 29) is None
    assert yearly(0.1, 73) == pytest.approx(1.1**5 - 1)
    assert yearly(1e300, 30) is None
    figures = measured().figures
    assert (figures.sharpe, figures.sortino, figures.calmar, figures.yearly_return) == (None,) * 4


def test_round_trips_as_computed_by_hand() -> None:
    results = ["10", "-5", "-3", "0", "-2", "-1", "20"]
    found = trip_statistics([trip(result, hours) for hours, result in enumerate(results, 1)])
    assert (found.trips, found.wins, found.losses) == (7, 2, 4)
    assert (found.net, found.won, found.lost) == (19, 30, 11)
    assert found.win_rate == Decimal(2) / 7
    assert found.profit_factor == Decimal(30) / 11
    assert found.expectancy == Decimal(19) / 7
    assert (found.average_win, found.average_loss) == (15, Decimal("2.75"))
    assert (found.losing_streak, found.held_s) == (2, 3600)


def test_a_fee_in_a_third_asset_makes_a_small_win_a_loss() -> None:
    found = trip_statistics([trip("1", outside_fees="1.5")])
    assert (found.net, found.losses, found.lost) == (Decimal("-0.5"), 1, Decimal("0.5"))


def test_no_round_trips_have_no_ratios() -> None:
    found = trip_statistics([])
    assert (found.trips, found.net, found.losing_streak) == (0, 0, 0)
    assert {found.win_rate, found.profit_factor, found.expectancy, found.average_win, found.held_s} == {None}


def test_by_symbol_and_strategy_the_best_first() -> None:
    trips = (trip("-4"), trip("7", symbol="ETHUSDT", strategy=None), trip("3", symbol="ETHUSDT"))
    rows = rows_of(SNAPSHOTS, trips=trips, dealings=(dealt(0, "9", symbol="SOLUSDT"), dealt(1, "5", "1")))
    found = measure(rows, since=DAY, until=DAY, grouping=Grouping.SYMBOL).slices
    assert [(one.name, one.trips.net, one.turnover) for one in found] == [
        ("ETHUSDT", 10, 0),
        ("SOLUSDT", 0, 9),
        ("BTCUSDT", -4, 5),
    ]
    found = measure(rows, since=DAY, until=DAY, grouping=Grouping.STRATEGY).slices
    assert [(one.name, one.trips.net, one.fees) for one in found] == [
        ("unknown", 7, None),
        ("ema_cross", -1, None),
    ]


@pytest.mark.parametrize(
    ("grouping", "names"), [(Grouping.WEEK, ["2026-W10", "2026-W11"]), (Grouping.MONTH, ["2026-03"])]
)
def test_weeks_and_months_add_up_too(grouping, names) -> None:
    rows = rows_of([*SNAPSHOTS, equity_row(24 * 8, "1400", "1220")])
    found = measure(rows, since=DAY, until=DAY, grouping=grouping)
    assert [one.name for one in found.slices] == names
    assert sum(one.profit for one in found.slices) == found.figures.profit == 180
    assert found.slices[0].equity == (1300 if len(names) == 2 else 1400)


def test_one_symbol_has_no_equity_of_its_own() -> None:
    found = measure(rows_of(SNAPSHOTS, trips=(trip("2"),), **PRICES), since=DAY, until=DAY, symbol="BTCUSDT")
    assert (found.figures, found.turnover_share, found.trips.net) == (None, None, 2)


def test_before_the_first_snapshot_there_are_no_figures() -> None:
    found = measure(rows_of([]), since=DAY, until=DAY, grouping=Grouping.DAY)
    assert (found.figures, found.slices, found.trips.trips) == (None, (), 0)


def test_equity_that_was_all_withdrawn_keeps_its_return() -> None:
    rows = [equity_row(1, "100", "100"), equity_row(2, "110", "100"), equity_row(3, "0", "-10")]
    rows += [equity_row(4, "0", "-10"), equity_row(5, "50", "40"), equity_row(6, "55", "40")]
    assert trace(map(point, rows), (), whole=True).days[-1].unit == pytest.approx(1.21)

"""Figures agree with each other, whatever the account did."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from binance_trade_agent.domain.money import total
from binance_trade_agent.domain.performance import Grouping, measure
from binance_trade_agent.domain.trip_statistics import trip_statistics
from tests.performances import DAY, dealt, equity_row, rows_of, trip

AMOUNTS = st.decimals("-1000", "1000", places=2, allow_nan=False)
SYMBOLS = st.sampled_from(["BTCUSDT", "ETHUSDT", "SOLUSDT"])
TRIPS = st.lists(
    st.builds(
        lambda result, hours, symbol, strategy, fee: trip(
            str(result), hours, symbol=symbol, strategy=strategy, outside_fees=str(fee)
        ),
        AMOUNTS,
        st.integers(1, 400),
        SYMBOLS,
        st.sampled_from(["ema_cross", "grid", None]),
        st.decimals("0", "5", places=3),
    ),
    max_size=30,
).map(tuple)
DEALINGS = st.lists(
    st.builds(
        lambda day, turnover, fee, symbol: dealt(day, str(abs(turnover)), str(fee), str(fee), symbol=symbol),
        st.integers(0, 16),
        AMOUNTS,
        st.decimals("0", "5", places=3),
        SYMBOLS,
    ),
    max_size=10,
    unique_by=lambda one: (one.day, one.symbol),
).map(tuple)


@st.composite
def snapshots(draw):
    """Equity from hour to hour: gains, losses, deposits, withdrawals of at most all."""
    whole, put_in, hours, rows = Decimal(1000), Decimal(1000), 0, []
    for _ in range(draw(st.integers(1, 25))):
        hours += draw(st.integers(1, 40))
        flow = max(draw(st.one_of(st.just(Decimal(0)), AMOUNTS)), -whole)
        gain = max(draw(AMOUNTS), -(whole + flow))
        whole, put_in = whole + flow + gain, put_in + flow
        invested = whole * draw(st.integers(0, 4)) / 4
        rows.append(equity_row(hours, str(whole), str(put_in), str(invested)))
    return rows


def measured(rows, grouping=None):
    return measure(rows, since=DAY, until=DAY + timedelta(days=60), grouping=grouping)


@given(snapshots(), st.booleans())
def test_shares_are_shares(rows, whole) -> None:
    figures = measured(rows_of(rows, whole=whole)).figures
    if figures is None:
        assert len(rows) == 1
        return
    assert figures.total_return >= -1
    assert figures.exposure is None or 0 <= figures.exposure <= 1 + 1e-12
    if figures.drawdown is None:
        assert figures.total_return >= 0
    else:
        assert 0 < figures.drawdown.share <= 1
        assert figures.drawdown.from_at <= figures.drawdown.to_at
        recovered = figures.drawdown.recovered_at
        assert recovered is None or recovered > figures.drawdown.to_at


@given(snapshots(), TRIPS, DEALINGS, st.booleans())
def test_pieces_of_time_add_up(rows, trips, dealings, whole) -> None:
    made = rows_of(rows, trips=trips, dealings=dealings, whole=whole)
    for grouping in (Grouping.DAY, Grouping.WEEK, Grouping.MONTH):
        found = measured(made, grouping)
        if found.figures is not None:
            assert total(one.profit or Decimal(0) for one in found.slices) == found.figures.profit
            product = 1.0
            for one in found.slices:
                product *= 1 + (one.total_return or 0)
            assert abs(product - 1 - found.figures.total_return) <= 1e-9 * max(1, product)
            assert found.figures.realised + found.figures.unrealised == found.figures.profit
        assert total(one.trips.net for one in found.slices) == found.trips.net
        assert total(one.fees or Decimal(0) for one in found.slices) == found.fees


@given(snapshots(), TRIPS, DEALINGS)
def test_symbols_and_strategies_add_up(rows, trips, dealings) -> None:
    made = rows_of(rows, trips=trips, dealings=dealings)
    for grouping in (Grouping.SYMBOL, Grouping.STRATEGY):
        found = measured(made, grouping)
        assert total(one.trips.net for one in found.slices) == found.trips.net
        assert sum(one.trips.trips for one in found.slices) == found.trips.trips
    by_symbol = measured(made, Grouping.SYMBOL)
    assert total(one.turnover or Decimal(0) for one in by_symbol.slices) == by_symbol.turnover


@given(TRIPS)
def test_ratios_of_round_trips_agree(trips) -> None:
    found = trip_statistics(trips)
    assert found.won - found.lost == found.net
    assert 0 <= found.losing_streak <= found.losses <= found.trips - found.wins
    if found.profit_factor is None:
        assert found.lost == 0
    else:
        assert (found.profit_factor > 1) == (found.net > 0)
    if trips:
        assert 0 <= found.win_rate <= 1
        assert abs(found.expectancy * found.trips - found.net) < Decimal("1e-20")
        assert (found.expectancy > 0) == (found.net > 0)

"""Aggregation against a plain second implementation in Decimal."""

from decimal import Decimal

import numpy as np
import pytest

from binance_trade_agent.exchange.simulator.market.base import Kline
from binance_trade_agent.exchange.simulator.market.candles import (
    INTERVAL_MS,
    Column,
    Scale,
    aggregate,
    between,
    empty_table,
    interval_ms,
    joined,
    klines_from,
)

SCALE = Scale(2, 5, 7)


def random_table(rows, step_ms, seed=1, missing=()):
    draw = np.random.default_rng(seed)
    table = empty_table(rows)
    table[:, Column.OPEN_MS] = 1_722_816_000_000 + np.arange(rows) * step_ms
    table[:, Column.OPEN : Column.VOLUME] = draw.integers(1, 10**7, (rows, 4))
    table[:, Column.HIGH] = table[:, Column.OPEN : Column.VOLUME].max(axis=1)
    table[:, Column.LOW] = table[:, Column.OPEN : Column.VOLUME].min(axis=1)
    table[:, Column.VOLUME :] = draw.integers(0, 10**12, (rows, 5))
    return np.delete(table, list(missing), axis=0)


def plainly_aggregated(klines, length_ms):
    """The definition, one candle at a time."""
    groups = {}
    for kline in klines:
        groups.setdefault(kline.open_ms // length_ms * length_ms, []).append(kline)
    return [
        Kline(
            open_ms=open_ms,
            close_ms=open_ms + length_ms - 1,
            open=group[0].open,
            high=max(one.high for one in group),
            low=min(one.low for one in group),
            close=group[-1].close,
            volume=sum((one.volume for one in group), Decimal(0)),
            quote_volume=sum((one.quote_volume for one in group), Decimal(0)),
            trades=sum(one.trades for one in group),
            taker_buy_base=sum((one.taker_buy_base for one in group), Decimal(0)),
            taker_buy_quote=sum((one.taker_buy_quote for one in group), Decimal(0)),
        )
        for open_ms, group in groups.items()
    ]


@pytest.mark.parametrize("interval", INTERVAL_MS)
@pytest.mark.parametrize("missing", [(), range(40, 500), (0, 1, 7, 1999)])
def test_aggregate_is_the_definition(interval, missing):
    length_ms = INTERVAL_MS[interval]
    step_ms = 1000 if length_ms < 3_600_000 else 60_000
    table = random_table(2000, step_ms, missing=missing)
    expected = plainly_aggregated(klines_from(table, step_ms, SCALE), length_ms)
    assert klines_from(aggregate(table, length_ms), length_ms, SCALE) == expected


def test_aggregate_of_nothing_is_nothing():
    assert len(aggregate(empty_table(), 60_000)) == 0
    assert len(joined([])) == 0


def test_between_includes_the_start_and_excludes_the_end():
    table = random_table(10, 1000)
    start = int(table[3, Column.OPEN_MS])
    assert between(table, start, start + 2000)[:, Column.OPEN_MS].tolist() == [start, start + 1000]


def test_numbers_are_exact():
    table = empty_table(1)
    table[0] = (0, 8711, 8711, 8711, 8711, 386541300000, 350952511469000, 1, 1, 1)
    kline = klines_from(table, 1000, Scale(2, 8, 8))[0]
    assert str(kline.open) == "87.11"
    assert str(kline.volume) == "3865.41300000"
    assert str(kline.quote_volume) == "3509525.11469000"


def test_unknown_interval_is_refused():
    with pytest.raises(ValueError, match="'1w' is not one of 1s, 1m"):
        interval_ms("1w")

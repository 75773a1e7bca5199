"""The generated market: one path for one seed, whoever asks when; lively; exact."""

import itertools
from decimal import Decimal

import numpy as np
import pytest

from binance_trade_agent.exchange.simulator.market.candles import INTERVAL_MS
from binance_trade_agent.exchange.simulator.market.clock import SteppedClock
from binance_trade_agent.exchange.simulator.market.generated import GeneratedMarket, SteppedGeneratedMarket
from tests.unit.exchange.market.test_candles import plainly_aggregated

ANCHOR = 1_790_000_123_456
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SYMBOLS = ("BTCUSDT", "ETHUSDT", "FOOUSDT")


def market_at(now_ms=ANCHOR, seed=1, symbols=SYMBOLS, **settings):
    clock = SteppedClock(now_ms)
    return GeneratedMarket(symbols, seed=seed, anchor_ms=ANCHOR, clock=clock, **settings), clock


def latest(market, interval, limit, symbol="BTCUSDT"):
    return market.klines(symbol, interval, start_ms=None, end_ms=None, limit=limit)


def seconds(market, start_ms, count, symbol="BTCUSDT"):
    found = []
    for first in range(start_ms, start_ms + count * 1000, 1_000_000):
        found += market.klines(symbol, "1s", start_ms=first, end_ms=None, limit=1000)
    return found[:count]


def log_returns(klines):
    return np.diff(np.log(np.array([kline.close for kline in klines], dtype=float)))


@pytest.mark.parametrize(
    ("interval", "count"), [("1s", 1000), ("1m", 1000), ("5m", 1000), ("15m", 800), ("1h", 800)]
)
def test_history_is_there_from_the_first_moment(interval, count):
    klines = latest(market_at()[0], interval, count)
    length_ms = INTERVAL_MS[interval]
    assert len(klines) == count
    assert klines[-1].open_ms == ANCHOR // length_ms * length_ms
    assert all(b.open_ms - a.open_ms == length_ms for a, b in itertools.pairwise(klines))
    assert all(a.close_ms == a.open_ms + length_ms - 1 for a in klines)


def test_same_seed_same_path_and_another_seed_another():
    one, other = latest(market_at(seed=1)[0], "1s", 500), latest(market_at(seed=2)[0], "1s", 500)
    assert one == latest(market_at(seed=1)[0], "1s", 500)
    assert [kline.close for kline in one] != [kline.close for kline in other]


def test_path_depends_neither_on_polling_nor_on_other_symbols():
    polled, clock = market_at()
    for _ in range(200):
        clock.move_to(clock.now_ms() + 1700)
        polled.advance()
        latest(polled, "1m", 3, "FOOUSDT")
        polled.depth("ETHUSDT", 5)
    alone, _ = market_at(clock.now_ms(), symbols=("BTCUSDT",))
    assert latest(polled, "1s", 500) == latest(alone, "1s", 500)
    assert latest(polled, "1m", 100) == latest(alone, "1m", 100)


def test_restarted_simulator_continues_the_market_days_later():
    before, clock = market_at()
    clock.move_to(ANCHOR + 12 * DAY_MS)
    after, _ = market_at(ANCHOR + 12 * DAY_MS)
    assert latest(before, "1s", 1000) == latest(after, "1s", 1000)
    assert before.trades("BTCUSDT", 1000) == after.trades("BTCUSDT", 1000)
    assert before.depth("BTCUSDT", 20) == after.depth("BTCUSDT", 20)


def test_closed_candles_never_change_and_the_open_one_ends_as_it_closed():
    market, clock = market_at()
    seen = {}
    for _ in range(60):
        clock.move_to(clock.now_ms() + 333)
        for kline in latest(market, "1s", 30):
            if kline.close_ms < clock.now_ms():
                assert seen.setdefault(kline.open_ms, kline) == kline
    assert len(seen) > 40


def test_candles_are_exactly_their_trades():
    market, clock = market_at()
    told = []
    market.subscribe(lambda symbol, trades: told.extend(trades) if symbol == "BTCUSDT" else None)
    for _ in range(37):
        clock.move_to(clock.now_ms() + 830)
        market.advance()
    assert [trade.trade_id for trade in told] == sorted({trade.trade_id for trade in told})
    first_ms = ANCHOR // 1000 * 1000 + 1000
    for kline in market.klines("BTCUSDT", "1s", start_ms=first_ms, end_ms=None, limit=1000):
        own = [trade for trade in told if kline.open_ms <= trade.time_ms <= kline.close_ms]
        bought = [trade for trade in own if not trade.buyer_is_maker]
        assert (kline.open, kline.close) == (own[0].price, own[-1].price)
        assert kline.high == max(trade.price for trade in own)
        assert kline.low == min(trade.price for trade in own)
        assert kline.volume == sum(trade.quantity for trade in own)
        assert kline.quote_volume == sum(trade.price * trade.quantity for trade in own)
        assert kline.taker_buy_base == sum(trade.quantity for trade in bought)
        assert kline.taker_buy_quote == sum(trade.price * trade.quantity for trade in bought)
        assert kline.trades == len(own)
    assert market.last_price("BTCUSDT") == told[-1].price
    assert market.trades("BTCUSDT", 20) == told[-20:]


@pytest.mark.parametrize("interval", ["1m", "5m", "1h", "4h"])
def test_longer_candles_are_aggregates_of_the_seconds(interval):
    market, _ = market_at()
    length_ms = INTERVAL_MS[interval]
    start_ms = (ANCHOR - 5 * HOUR_MS) // length_ms * length_ms
    base = seconds(market, start_ms, (ANCHOR - start_ms) // 1000 + 1)
    expected = plainly_aggregated(base, length_ms)
    assert market.klines("BTCUSDT", interval, start_ms=start_ms, end_ms=None, limit=1000) == expected


@pytest.mark.parametrize("interval", ["15m", "1h", "12h", "1d"])
def test_longer_candles_are_aggregates_of_the_minutes_far_back(interval):
    market, _ = market_at()
    start_ms = (ANCHOR - 3 * DAY_MS) // DAY_MS * DAY_MS
    minutes = []
    for first in range(start_ms, ANCHOR, 60_000_000):
        minutes += market.klines("BTCUSDT", "1m", start_ms=first, end_ms=None, limit=1000)
    expected = plainly_aggregated(minutes, INTERVAL_MS[interval])
    assert market.klines("BTCUSDT", interval, start_ms=start_ms, end_ms=None, limit=1000) == expected


def test_path_has_no_seam_between_hours_nor_where_seconds_begin():
    market, _ = market_at()
    hours = latest(market, "1h", 200)
    for one, two in itertools.pairwise(hours):
        assert abs(two.open / one.close - 1) < Decimal("0.02")
    near = seconds(market, ANCHOR // HOUR_MS * HOUR_MS - 5000, 10)
    for one, two in itertools.pairwise(near):
        assert abs(two.open / one.close - 1) < Decimal("0.003")


def test_window_rules():
    market, _ = market_at()
    minute = ANCHOR // 60_000 * 60_000

    def opens(**window):
        return [kline.open_ms for kline in market.klines("BTCUSDT", "1m", **window)]

    assert opens(start_ms=minute - 600_000, end_ms=None, limit=3) == [
        minute - 600_000 + n * 60_000 for n in range(3)
    ]
    assert opens(start_ms=minute - 600_001, end_ms=None, limit=1) == [minute - 600_000]
    assert opens(start_ms=minute - 59_999, end_ms=None, limit=5) == [minute]
    assert opens(start_ms=None, end_ms=minute - 60_000, limit=2) == [minute - 120_000, minute - 60_000]
    assert opens(start_ms=None, end_ms=minute - 60_001, limit=1) == [minute - 120_000]
    assert opens(start_ms=minute - 180_000, end_ms=minute - 60_000, limit=9) == [
        minute - 180_000,
        minute - 120_000,
        minute - 60_000,
    ]
    assert opens(start_ms=ANCHOR + 60_000, end_ms=None, limit=5) == []
    assert opens(start_ms=minute, end_ms=minute - 60_000, limit=5) == []
    assert opens(start_ms=0, end_ms=None, limit=1)[0] < ANCHOR - 80 * DAY_MS


@pytest.mark.parametrize("seed", range(5))
def test_returns_look_like_a_market(seed):
    market, _ = market_at(seed=seed)
    base = seconds(market, ANCHOR - 5 * HOUR_MS, 18_000)
    returns = log_returns(base)
    centred = returns - returns.mean()
    size = abs(centred) - abs(centred).mean()
    assert (centred**4).mean() / centred.var() ** 2 > 4
    for lag in (1, 10, 60):
        assert (size[lag:] * size[:-lag]).mean() / size.var() > 0.03
    minute_sd = log_returns(base[::60]).std()
    assert 0.0012 < minute_sd < 0.003


@pytest.mark.parametrize("seed", range(5))
def test_trends_within_every_few_minutes(seed):
    """In any five minutes some stretch of 60 s moves by more than a random walk's usual minute."""
    market, _ = market_at(seed=seed)
    closes = np.log(np.array([kline.close for kline in seconds(market, ANCHOR - HOUR_MS, 3600)], dtype=float))
    moves = abs(closes[60:] - closes[:-60])
    strongest = [moves[first : first + 300].max() for first in range(0, len(moves) - 300, 300)]
    assert min(strongest) > 0.0015


def test_symbols_move_together_but_not_alike():
    market, _ = market_at()
    one = log_returns(latest(market, "1m", 1000, "BTCUSDT"))
    two = log_returns(latest(market, "1m", 1000, "ETHUSDT"))
    assert 0.3 < np.corrcoef(one, two)[0, 1] < 0.8


def test_volatility_scales_the_moves():
    calm, _ = market_at(volatility=Decimal("0.0005"))
    wild, _ = market_at(volatility=Decimal("0.005"))
    calm_sd, wild_sd = (log_returns(latest(market, "1m", 1000)).std() for market in (calm, wild))
    assert 8 < wild_sd / calm_sd < 12


def test_price_stays_sane_for_months():
    market, clock = market_at(symbols=("BTCUSDT",))
    for day in (30, 90, 365):
        clock.move_to(ANCHOR + day * DAY_MS)
        assert 20_000 < market.last_price("BTCUSDT") < 400_000


def test_prices_and_quantities_stand_on_the_rules_grid():
    market, _ = market_at(symbols=("BTCUSDT", "DOGEUSDT", "ETHBTC"))
    for symbol in market.symbols:
        filters = {item["filterType"]: item for item in market.rules(symbol)["filters"]}
        for trade in market.trades(symbol, 50):
            assert trade.price % Decimal(filters["PRICE_FILTER"]["tickSize"]) == 0
            assert trade.quantity % Decimal(filters["LOT_SIZE"]["stepSize"]) == 0


def test_last_update_id_rises_with_time():
    market, clock = market_at()
    ids = []
    for _ in range(20):
        clock.move_to(clock.now_ms() + 250)
        ids.append(market.depth("BTCUSDT", 1).last_update_id)
    assert ids == sorted(set(ids))


def test_late_advance_leaves_out_what_is_older_than_the_longest_sleep():
    market, clock = market_at(symbols=("BTCUSDT",), longest_sleep_ms=10_000)
    told = []
    market.subscribe(lambda symbol, trades: told.extend(trades))
    clock.move_to(ANCHOR + DAY_MS)
    market.advance()
    assert len(told) == 40
    assert told[-1].price == market.last_price("BTCUSDT")


def test_stepped_market_moves_only_when_told():
    market = SteppedGeneratedMarket(SYMBOLS, seed=1, anchor_ms=ANCHOR, base_interval="1m")
    told = []
    market.subscribe(lambda symbol, trades: told.append((symbol, len(trades))))
    start_ms = market.now_ms()
    assert start_ms % 60_000 == 5
    assert market.step(3) == start_ms + 180_000
    market.advance()
    assert sum(count for symbol, count in told if symbol == "BTCUSDT") == 3 * 240
    klines = latest(market, "1m", 2)
    assert klines[-1].open_ms == market.now_ms() - 5
    assert klines[-1].trades == 1
    with pytest.raises(ValueError, match="at least one"):
        market.step(0)
    with pytest.raises(ValueError, match="no 1s candles"):
        latest(market, "1s", 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"symbols": ()}, "each named once"),
        ({"symbols": ("BTCUSDT", "BTCUSDT")}, "each named once"),
        ({"symbols": ("BTCXYZ",)}, "known quote assets"),
        ({"base_interval": "7m"}, "'7m' is not one of"),
        ({"volatility": Decimal(0)}, "volatility"),
        ({"volatility": Decimal("0.5")}, "volatility"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        market_at(**settings)


def test_unknown_symbol_and_interval_are_refused():
    market, _ = market_at()
    with pytest.raises(ValueError, match="unknown symbol 'XRPUSDT'"):
        market.depth("XRPUSDT", 5)
    with pytest.raises(ValueError, match="'2m' is not one of"):
        latest(market, "2m", 5)
    with pytest.raises(ValueError, match="limit must be at least 1"):
        latest(market, "1m", 0)

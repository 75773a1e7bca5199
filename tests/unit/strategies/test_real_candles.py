"""The shipped strategies on real candles, bar by bar against their rules; and against another program's trades."""

import csv

import pytest

from binance_trade_agent.strategies.base import Candles
from binance_trade_agent.strategies.registry import create_strategy
from binance_trade_agent.strategies.walk import walk
from tests.real_candles import FILES, real_candles, real_file
from tests.unit.strategies.plain_rules import BUY, RULES, SELL, tape_of

FIVE_MINUTES = "BTCUSDT-5m-20220801-20230927.parquet"
TRADES = "BTCUSDT-5m-rsi14-30-70.freqtrade-2026.9.trades.csv"
#: What the slower rules see of the longest file: a crash in November 2022, the gap of 24 March 2023, the end.
STRETCHES = {"crash": slice(27_000, 32_000), "gap": slice(65_000, 70_000), "end": slice(116_739, 121_739)}
SLOW = ("combined_default", "combined_default with vetoes", "vwap_reversion")
SHORT = [name for name in FILES if "-1h-" in name]
MINUTES = [name for name in FILES if "-1m-" in name]


def part_of(candles: Candles, part: slice) -> Candles:
    columns = ("open", "high", "low", "close", "volume", "opened_s", "closed_s")
    return Candles.from_arrays(**{name: getattr(candles, name)[part] for name in columns})


def assert_follows(label: str, candles: Candles) -> None:
    """Every action where the rule says, BUY and SELL among them."""
    name, parameters, rule = RULES[label]
    strategy = create_strategy(name, parameters)
    expected = rule(tape_of(candles))
    found = [strategy.advise(bar).action for bar in strategy.bars(candles)]
    differing = [t for t, action in enumerate(expected) if action is not None and found[t] is not action]
    assert differing == []
    assert len(found) == len(expected)
    assert {BUY, SELL} <= set(expected)
    assert expected.count(None) < len(expected) / 1000


@pytest.mark.parametrize("label", RULES)
@pytest.mark.parametrize("file", SHORT)
def test_each_action_is_where_the_rule_says(file: str, label: str) -> None:
    assert_follows(label, real_candles(file))


@pytest.mark.parametrize("label", [label for label in RULES if label != "combined_default with vetoes"])
@pytest.mark.parametrize("file", MINUTES)
def test_each_action_is_where_the_rule_says_in_a_month_of_minutes(file: str, label: str) -> None:
    assert_follows(label, real_candles(file))


@pytest.mark.parametrize("label", [label for label in RULES if label not in SLOW])
def test_each_action_is_where_the_rule_says_in_121_739_candles(label: str) -> None:
    assert_follows(label, real_candles(FIVE_MINUTES))


@pytest.mark.parametrize("stretch", STRETCHES)
@pytest.mark.parametrize("label", SLOW)
def test_each_action_is_where_the_rule_says_in_a_stretch(label: str, stretch: str) -> None:
    assert_follows(label, part_of(real_candles(FIVE_MINUTES), STRETCHES[stretch]))


def test_the_longest_file_has_one_gap_and_it_is_looked_at() -> None:
    opened = real_candles(FIVE_MINUTES).opened_s.tolist()
    (gap,) = [t for t in range(1, len(opened)) if opened[t] - opened[t - 1] != 300]
    assert opened[gap] - opened[gap - 1] == 300 + 80 * 60
    assert gap in range(len(opened))[STRETCHES["gap"]]


def test_rsi_level_makes_the_395_trades_of_freqtrade() -> None:
    """RSI 14 with 30 and 70, from the first RSI on: equal times and prices; one more is open at the end."""
    candles = real_candles(FIVE_MINUTES)
    with real_file(TRADES).open(newline="") as file:
        theirs = [
            (row["open_date"], row["close_date"], float(row["open_rate"]), float(row["close_rate"]))
            for row in csv.DictReader(file)
        ]
    *closed, still_open = walk(create_strategy("rsi_level"), candles, first=14).trades
    ours = [
        (
            str(candles.opened_at(t.opened_index)),
            str(candles.opened_at(t.closed_index)),
            t.entry_price,
            t.exit_price,
        )
        for t in closed
        if t.closed_index is not None
    ]
    assert len(theirs) == 395
    assert ours == theirs
    assert still_open.closed_index is None
    assert str(candles.opened_at(still_open.opened_index)) == "2023-09-27 14:20:00+00:00"


def test_rsi_level_loses_only_the_trades_within_its_warmup() -> None:
    candles, strategy = part_of(real_candles(FIVE_MINUTES), slice(5000)), create_strategy("rsi_level")
    whole, warm = walk(strategy, candles, first=14).trades, walk(strategy, candles).trades
    assert warm == whole[2:]
    assert whole[1].opened_index < strategy.warmup_candles < whole[2].opened_index

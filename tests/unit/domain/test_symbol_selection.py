"""A rule for symbols: read from text, written back, and applied to what is listed."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_trade_agent.domain.market import Listing
from binance_trade_agent.domain.symbol_selection import (
    SymbolRule,
    checked_patterns,
    is_excluded,
    is_rule,
    parse,
    select,
)

FULL = "quote=USDT, top=20, max_spread_bps=10, min_price=0.0001, max_price=100000, min_volume=1000000"
TOP_TWO = SymbolRule("USDT", 2)
WIDE = SymbolRule("USDT", 500)


def listed(
    symbol: str, volume: int = 1000, *, price: str = "10", bid: str = "9.99", ask: str = "10.01"
) -> Listing:
    quote = "BTC" if symbol.endswith("BTC") else "USDT"
    return Listing(
        symbol, symbol.removesuffix(quote), quote, Decimal(price), Decimal(bid), Decimal(ask), Decimal(volume)
    )


def test_a_rule_is_read_and_written_back() -> None:
    rule = parse(FULL)
    assert rule == SymbolRule(
        quote="USDT",
        top=20,
        max_spread_bps=Decimal(10),
        min_price=Decimal("0.0001"),
        max_price=Decimal(100_000),
        min_volume=Decimal(1_000_000),
    )
    assert str(rule) == FULL
    assert parse(" TOP=3 ,quote = usdt,") == SymbolRule("USDT", 3)
    assert str(parse("top=3,quote=USDT,max_spread_bps=10.50")) == "quote=USDT, top=3, max_spread_bps=10.5"


AMOUNTS = st.none() | st.decimals(0, 10**9, allow_nan=False, allow_infinity=False, places=6)


@given(AMOUNTS, AMOUNTS, st.integers(1, 500))
def test_what_was_written_reads_the_same(spread: Decimal | None, volume: Decimal | None, top: int) -> None:
    rule = SymbolRule("USDC", top, max_spread_bps=spread, min_volume=volume)
    assert parse(str(rule)) == rule


def test_only_an_equals_sign_makes_a_rule() -> None:
    assert is_rule("quote=USDT, top=3")
    assert not is_rule("BTCUSDT,ETHUSDT")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("quote=USDT", "top is missing"),
        ("top=5", "quote is missing"),
        ("quote=USDT, topp=5", "topp is no condition; did you mean top?"),
        ("quote=USDT, top=5, max_spread=5", "did you mean max_spread_bps?"),
        ("quote=USDT, top=5, zzz=5", "known are quote, top, max_spread_bps"),
        ("quote=USDT, top=5, top=6", "top is named twice"),
        ("quote=USDTT, top=5", "quote=USDTT: it is no known quote currency; did you mean USDT?"),
        ("quote=, top=5", "quote=: it is no known quote currency"),
        ("quote=USDT, top=0", "top=0: it is no whole number from 1 to 500"),
        ("quote=USDT, top=501", "from 1 to 500"),
        ("quote=USDT, top=2.5", "from 1 to 500"),
        ("quote=USDT, top=" + "9" * 5000, "from 1 to 500"),
        ("quote=USDT, top=²", "from 1 to 500"),
        ("quote=USDT, top=5, min_price=cheap", "min_price=cheap: it is no number like 1000 or 0.5"),
        ("quote=USDT, top=5, min_price=-1", "it is no number"),
        ("quote=USDT, top=5, min_price=NaN", "it is no number"),
        ("quote=USDT, top=5, min_volume=1E+999999", "it is no number"),
        ("quote=USDT, top=5, min_volume=", "it is no number"),
        ("quote=USDT, top=5, min_price=2, max_price=1", "min_price=2 is above max_price=1"),
        ("=5, quote=USDT, top=5", "an empty name is no condition"),
        ("quote=USDT, top=5, BTCUSDT", "btcusdt is no condition"),
    ],
)
def test_a_rule_that_cannot_be_is_explained(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        parse(text)
    assert problem in str(caught.value)


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"topp is no condition.*top is missing.*min_price=x"):
        parse("quote=USDT, topp=1, min_price=x")


def test_patterns_are_symbols_or_shell_patterns() -> None:
    patterns = checked_patterns(["usdcusdt", "*UPUSDT", "?DOWNUSDT", "USDCUSDT"])
    assert patterns == ("USDCUSDT", "*UPUSDT", "?DOWNUSDT")
    assert is_excluded("USDCUSDT", patterns)
    assert is_excluded("BTCUPUSDT", patterns)
    assert not is_excluded("USDCUSD", patterns)
    assert not is_excluded("UPUSDTX", patterns)
    with pytest.raises(ValueError, match="A B is neither a symbol nor a pattern"):
        checked_patterns(["BTCUSDT", "a b"])


def test_the_largest_volumes_are_selected_and_names_decide_among_equals() -> None:
    listings = [listed("AAAUSDT", 5), listed("CCCUSDT", 9), listed("BBBUSDT", 9), listed("DDDUSDT", 7)]
    for order in (listings, listings[::-1]):
        selection = select(replace(WIDE, top=3), order)
        assert selection.symbols == ("BBBUSDT", "CCCUSDT", "DDDUSDT")
        assert selection.rejected == {"top": 1}


@pytest.mark.parametrize(
    ("rule", "bad", "reason"),
    [
        (WIDE, listed("ETHBTC"), "quote"),
        (WIDE, listed("币安人生USDT"), "name"),
        (WIDE, listed("USDCUSDT"), "exclude"),
        (WIDE, listed("BTCUPUSDT"), "exclude"),
        (WIDE, listed("NEWUSDT", price="0"), "no_price"),
        (replace(WIDE, min_price=Decimal(10)), listed("LOWUSDT", price="9.99"), "min_price"),
        (replace(WIDE, max_price=Decimal(10)), listed("HIGHUSDT", price="10.01"), "max_price"),
        (replace(WIDE, min_volume=Decimal(1000)), listed("THINUSDT", 999), "min_volume"),
        (replace(WIDE, max_spread_bps=Decimal(20)), listed("WIDEUSDT", bid="9.98"), "max_spread_bps"),
        (replace(WIDE, max_spread_bps=Decimal(20)), listed("VOIDUSDT", ask="0"), "max_spread_bps"),
    ],
)
def test_each_condition_keeps_out_what_breaks_it_and_nothing_at_its_limit(
    rule: SymbolRule, bad: Listing, reason: str
) -> None:
    good = listed("GOODUSDT")
    assert good.spread_bps == 20
    selection = select(rule, [bad, good], ("USDCUSDT", "*UPUSDT"))
    assert (selection.symbols, selection.rejected) == (("GOODUSDT",), {reason: 1})


def test_the_first_broken_condition_counts() -> None:
    selection = select(replace(WIDE, min_price=Decimal(99)), [listed("ETHBTC"), listed("AAAUSDT")])
    assert selection.rejected == {"quote": 1, "min_price": 1}
    assert selection.symbols == ()
    assert selection.text == (
        "0 of 2 symbols that can be traded fit quote=USDT, top=500, min_price=99; "
        "kept out by quote 1, min_price 1"
    )


def test_a_spread_that_nobody_limits_does_not_matter() -> None:
    assert select(WIDE, [listed("VOIDUSDT", bid="0")]).symbols == ("VOIDUSDT",)


def test_a_selection_is_recorded_with_what_it_was_judged_by() -> None:
    selection = select(TOP_TWO, [listed("AAAUSDT", 5), listed("ETHBTC")], ("*UPUSDT",))
    assert selection.record() == {
        "text": selection.text,
        "rule": "quote=USDT, top=2",
        "exclude": ["*UPUSDT"],
        "listed": 2,
        "rejected": {"quote": 1},
        "chosen": [{"symbol": "AAAUSDT", "price": "10", "quote_volume": "5", "spread_bps": "20.0000"}],
    }
    assert selection.text == "1 of 2 symbols that can be traded fit quote=USDT, top=2; kept out by quote 1"


@given(
    st.permutations([listed(f"S{number:03d}USDT", number % 7) for number in range(30)]), st.integers(1, 40)
)
def test_the_order_of_the_listings_does_not_matter(listings: list[Listing], top: int) -> None:
    rule = SymbolRule("USDT", top)
    selection = select(rule, listings)
    assert selection.symbols == select(rule, sorted(listings, key=lambda each: each.symbol)).symbols
    assert len(selection.chosen) + sum(selection.rejected.values()) == len(listings)

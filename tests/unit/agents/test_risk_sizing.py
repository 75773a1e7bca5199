"""What an entry costs by each method, by numbers worked out by hand."""

import math
from dataclasses import replace
from decimal import Decimal

import pytest

from binance_trade_agent.agents.risk import RiskLimits
from binance_trade_agent.agents.risk.sizing import entry_target
from binance_trade_agent.domain.market import CandleInterval, MarketSnapshot
from binance_trade_agent.domain.modes import SizingMethod
from binance_trade_agent.strategies.base import Candles
from tests.trading_views import candles_of, portfolio_of, snapshot_of
from tests.unit.agents.risk_cases import D, approved, blocked

ATR = RiskLimits(sizing=SizingMethod.ATR_RISK, per_trade_share=D("0.004"), atr_stops=D(2))
VOLATILITY = RiskLimits(sizing=SizingMethod.VOLATILITY_TARGET, volatility_target=D("0.20"))

#: 100 returns of ± ln 1.01: their standard deviation is ln 1.01 x √(100 / 99)
SWINGS = [100, 101] * 50 + [100]


def ranging(count: int, width: int) -> MarketSnapshot:
    """Candles that close at 100 and reach `width` from low to high: so much is the average true range."""
    flat = snapshot_of([100] * count)
    candles = tuple(
        replace(candle, high=D(100) + D(width) / 2, low=D(100) - D(width) / 2) for candle in flat.candles
    )
    return replace(flat, candles=candles)


def test_a_share_of_equity() -> None:
    # 10 % of 1000 at 100.02 and 0.1 % fee: 100 / 100.12002 = 0.9988
    assert approved(limits=RiskLimits(order_share=D("0.10"))).quantity == D("0.998")


def test_a_fixed_amount() -> None:
    # 50 / 100.12002 = 0.4994
    limits = RiskLimits(sizing=SizingMethod.QUOTE, order_quote=D(50))
    assert approved(limits=limits).quantity == D("0.499")


def test_a_fixed_amount_of_nothing_says_so() -> None:
    text = blocked("lot_size", limits=RiskLimits(sizing=SizingMethod.QUOTE))
    assert "0 BTC (of 0 BTC wanted: 0 USDT an entry)" in text


def test_risk_by_average_true_range() -> None:
    # 0.4 % of 1000 are 4; two ranges of 2 are 4 a unit
    order = approved(snapshot=ranging(15, 2), limits=ATR)
    assert order.quantity == 1
    assert order.gates[-1].text == (
        "1 BTC can be sold again after fees and a fall of 2%:"
        " a fall of 2 average true ranges of 2 USDT costs 0.4% of equity"
    )
    assert approved(snapshot=ranging(300, 4), limits=ATR).quantity == D("0.5")
    # 10 units are wanted, a quarter of equity is left: 250 / 100.12002
    capped = replace(ATR, per_trade_share=D("0.04"))
    assert approved(snapshot=ranging(300, 2), limits=capped).quantity == D("2.497")


def test_without_an_average_true_range_the_size_is_nothing() -> None:
    text = blocked("lot_size", snapshot=ranging(14, 2), limits=ATR)
    assert "the average true range needs 15 candles, 14 are there" in text
    text = blocked("lot_size", snapshot=ranging(50, 0), limits=ATR)
    assert "the average true range is 0: nothing to measure the risk by" in text


def test_target_of_volatility() -> None:
    # a year has 525,600 minutes: 0.00995033 x √(100 / 99) x √525600 = 7.2502; 200 / 7.2502 = 27.586
    order = approved(snapshot=snapshot_of(SWINGS), limits=VOLATILITY)
    assert order.quantity == D("0.275")
    assert "20% of equity a year at a yearly volatility of 725.0%" in order.gates[-1].text


def test_without_a_volatility_the_size_is_nothing() -> None:
    text = blocked("lot_size", snapshot=snapshot_of(SWINGS[:20]), limits=VOLATILITY)
    assert "the volatility needs 21 candles, 20 are there" in text
    text = blocked("lot_size", snapshot=snapshot_of([100] * 60), limits=VOLATILITY)
    assert "the volatility is 0: nothing to measure the risk by" in text


@pytest.mark.parametrize(
    ("interval", "candles_a_year"),
    [(CandleInterval.M1, 525_600), (CandleInterval.H1, 8_760), (CandleInterval.D1, 365)],
)
def test_volatility_is_taken_to_a_year_by_the_interval(interval: CandleInterval, candles_a_year: int) -> None:
    target = entry_target(
        VOLATILITY,
        equity=D(1000),
        quote="USDT",
        candles=Candles(candles_of(SWINGS, interval)),
        interval=interval,
        unit_cost=D(100),
    )
    yearly = math.log(1.01) * math.sqrt(100 / 99 * candles_a_year)
    assert float(target.cost) == pytest.approx(200 / yearly, rel=1e-9)


@pytest.mark.parametrize(
    ("limits", "snapshot", "quantity"),
    [
        # 25 / 100.12002 = 0.2497
        (RiskLimits(), snapshot_of([100] * 5), "0.249"),
        (RiskLimits(sizing=SizingMethod.QUOTE, order_quote=D(100)), snapshot_of([100] * 5), "0.249"),
        (ATR, ranging(15, 2), "0.25"),
        # 6.8965 / 100.12002
        (VOLATILITY, snapshot_of(SWINGS), "0.068"),
    ],
    ids=["share", "quote", "atr_risk", "volatility_target"],
)
def test_a_signal_may_ask_for_a_part_of_an_entry(
    limits: RiskLimits, snapshot: MarketSnapshot, quantity: str
) -> None:
    assert approved(snapshot=snapshot, limits=limits, share=D("0.25")).quantity == D(quantity)


def test_a_part_that_is_too_small_says_what_was_asked_for() -> None:
    text = blocked("lot_size", share=D("0.01"))
    assert "0.009 BTC (of 0.009 BTC wanted: 1% of a usual entry: 10% of equity)" in text
    assert "0 BTC wanted" in blocked("lot_size", share=D(-1))


def test_a_persons_quantity_is_not_scaled() -> None:
    assert approved(quantity=D("0.5"), share=D("0.1")).quantity == D("0.5")


@pytest.mark.parametrize("method", SizingMethod)
def test_no_equity_is_no_size_and_no_error(method: SizingMethod) -> None:
    limits = RiskLimits(sizing=method, order_quote=Decimal(50))
    blocked("symbol_exposure", limits=limits, portfolio=portfolio_of(0), snapshot=snapshot_of(SWINGS))

"""Settings lead to the market they describe."""

import pytest

from binance_trade_agent.exchange.simulator.market.clock import SteppedClock
from binance_trade_agent.exchange.simulator.market.factory import MarketConfig, MarketKind, market_from
from binance_trade_agent.exchange.simulator.market.generated import GeneratedMarket, SteppedGeneratedMarket
from binance_trade_agent.exchange.simulator.market.relay import RelayMarket
from binance_trade_agent.exchange.simulator.market.replay import ReplayMarket, SteppedReplayMarket
from tests.unit.exchange.market.recorded import rows_of, write_binance

ANCHOR = 1_790_000_123_456


@pytest.mark.parametrize(
    ("kind", "stepped", "market_type"),
    [
        (MarketKind.GENERATED, False, GeneratedMarket),
        (MarketKind.GENERATED, True, SteppedGeneratedMarket),
        (MarketKind.REPLAY, False, ReplayMarket),
        (MarketKind.REPLAY, True, SteppedReplayMarket),
        (MarketKind.RELAY, False, RelayMarket),
    ],
)
def test_kind_and_mode_choose_the_market(tmp_path, kind, stepped, market_type):
    config = MarketConfig(
        kind=kind,
        symbols=("BTCUSDT",),
        anchor_ms=ANCHOR,
        base_interval="1m",
        files={"BTCUSDT": write_binance(tmp_path / "a.csv", rows_of(10))},
        stepped=stepped,
        relay_url="http://127.0.0.1:1",
    )
    market = market_from(config, SteppedClock(ANCHOR))
    assert type(market) is market_type
    assert market.symbols == ("BTCUSDT",)
    assert market.base_interval == "1m"
    assert hasattr(market, "step") == stepped


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": MarketKind.REPLAY}, "no candle file for BTCUSDT"),
        ({"kind": MarketKind.RELAY}, "needs the address"),
        ({"kind": MarketKind.RELAY, "stepped": True, "relay_url": "http://127.0.0.1:1"}, "cannot be stepped"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        market_from(MarketConfig(symbols=("BTCUSDT",), anchor_ms=ANCHOR, **settings))

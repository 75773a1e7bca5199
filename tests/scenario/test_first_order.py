"""The shipped defaults trade within a minute of a generated market, whatever its seed."""

from pathlib import Path

from binance_trade_agent.domain.decisions import Outcome
from binance_trade_agent.exchange.simulator.market.factory import MarketConfig, MarketKind, market_from
from tests.floor import trading_floor

SEEDS = range(20)
SYMBOLS = ("BTCUSDT", "ETHUSDT")
INTERVAL_S = 5
FIRST_MINUTE = 60 // INTERVAL_S


async def traded_within_a_minute(seed: int, folder: Path) -> bool:
    market = market_from(
        MarketConfig(MarketKind.GENERATED, SYMBOLS, anchor_ms=1_700_000_000_000, seed=seed, stepped=True)
    )
    async with trading_floor(folder, market) as floor:
        for _ in range(FIRST_MINUTE):
            report = await floor.cycle()
            if any(decision.outcome is Outcome.PLACED for decision in report.decisions):
                orders = floor.trader.store.reads.orders()
                return [order.status for order in orders].count("FILLED") >= 1
            await floor.step(INTERVAL_S)
    return False


async def test_at_least_nineteen_of_twenty_seeds_trade_in_the_first_minute(tmp_path: Path) -> None:
    traded = []
    for seed in SEEDS:
        (tmp_path / str(seed)).mkdir()
        traded.append(await traded_within_a_minute(seed, tmp_path / str(seed)))
    assert sum(traded) >= 19, f"seeds without an order: {[s for s in SEEDS if not traded[s]]}"

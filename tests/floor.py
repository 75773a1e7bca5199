"""A whole trader against the real simulator over a real socket, in one process, with time in the test's hand."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from binance_trade_agent.bootstrap.trader import Trader, build_trader
from binance_trade_agent.control.sessions import SessionKeeper
from binance_trade_agent.domain.decisions import CycleReport
from binance_trade_agent.domain.records import Session
from binance_trade_agent.exchange.simulator.market.base import Market, Stepped
from binance_trade_agent.exchange.simulator.server import SimulatorServer
from binance_trade_agent.exchange.simulator.spot import AccountSpec
from binance_trade_agent.orchestrator import TradingOrchestrator
from binance_trade_agent.settings import SIMULATOR_KEY_PAIR, load_settings


class SteppedMarket(Market, Stepped, Protocol):
    """A market in whose time nothing passes by itself."""


OPENING = Decimal(10_000)


class MarketClock:
    """The trader's clock, kept at the simulated market's time; `monotonic` is real."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._market.now_ms() / 1000, tz=UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True)
class Floor:
    """One trader and its exchange. `cycle` runs the next tick at the market's present time."""

    market: SteppedMarket
    simulator: SimulatorServer
    trader: Trader
    session: Session
    keeper: SessionKeeper
    orchestrator: TradingOrchestrator

    async def cycle(self) -> CycleReport:
        number = self.keeper.next_cycle_number(self.session)
        return await self.orchestrator.run_cycle(number, self.trader.clock.now())

    async def step(self, candles: int = 1) -> None:
        """Let virtual time pass and have the trader's exchange time follow it."""
        self.market.step(candles)
        await self.trader.exchange.connect()

    def exchange_balances(self) -> dict[str, Decimal]:
        (account,) = self.simulator.exchange.accounts
        return {asset: balance.free + balance.locked for asset, balance in account.balances.items()}


@asynccontextmanager
async def trading_floor(
    folder: Path, market: SteppedMarket, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Floor]:
    """A floor on `market`, its database and its simulator's database in `folder`."""
    key, secret = SIMULATOR_KEY_PAIR
    simulator = SimulatorServer(
        market, [AccountSpec(key, secret, {"USDT": OPENING})], folder / "simulator.db"
    )
    await simulator.start()
    settings = load_settings(
        {
            "TRADING_MODE": "simulated",
            "TRADING_SYMBOLS": ",".join(market.symbols),
            "CANDLE_INTERVAL": market.base_interval,
            "DATA_DIR": str(folder),
            "SIMULATOR_PORT": str(simulator.port),
            **(environment or {}),
        },
        folder,
    )
    trader = build_trader(settings, clock=MarketClock(market))
    try:
        await trader.exchange.connect()
        keeper = SessionKeeper(trader.store.sessions, trader.clock)
        session = keeper.enter(trader.session_request("trading"))
        yield Floor(market, simulator, trader, session, keeper, trader.orchestrator(session))
    finally:
        await trader.close()
        await simulator.close()

"""Agents and orchestrator over a real database and `FakeExchange`, with a strategy that does what it is told."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from binance_trade_agent.agents.execution.place import TradeExecutionAgent
from binance_trade_agent.agents.execution.protect import ProtectionAgent
from binance_trade_agent.agents.execution.resolve import OrderResolver
from binance_trade_agent.agents.execution.sending import OrderSender
from binance_trade_agent.agents.market_data import MarketDataAgent
from binance_trade_agent.agents.portfolio import PortfolioAgent
from binance_trade_agent.agents.reconciliation import AccountReconciler
from binance_trade_agent.agents.risk import RiskLimits, RiskManagementAgent
from binance_trade_agent.agents.signal import SignalAgent
from binance_trade_agent.agents.user_data import UserDataAgent
from binance_trade_agent.bootstrap.trader import Store, open_store
from binance_trade_agent.control.sessions import SessionKeeper, SessionRequest
from binance_trade_agent.domain.decisions import CycleReport, SignalAction
from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.domain.protection import ProtectionPlan
from binance_trade_agent.domain.records import DecisionRow, OrderRow, Session
from binance_trade_agent.domain.user_events import UserEvent
from binance_trade_agent.orchestrator import TradingDesk, TradingOrchestrator, TradingPlan
from binance_trade_agent.settings import load_settings
from binance_trade_agent.storage.database import parse_url, sqlite_path
from binance_trade_agent.storage.migration import migrate
from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.indicators import FloatArray
from tests.fake_exchange import FakeExchange
from tests.fakes import FakeClock

#: No rest after exits or losses, and no limit that a sharp test price could meet.
UNRESTRAINED = RiskLimits(
    max_data_age=timedelta(minutes=3),
    cooldown_candles=0,
    loss_cooldown_candles=0,
    max_losing_streak=0,
    daily_loss_share=Decimal(0),
    max_drawdown_share=Decimal(0),
    max_price_jump_share=Decimal(1),
)


class Marked(Strategy):
    """BUY on a candle that closes at 101, SELL at 99, an error at 666."""

    name: ClassVar[str] = "marked"

    @property
    def warmup_candles(self) -> int:
        return 1

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        return {"close": candles.close}

    def decide(self, bar: Bar) -> Advice:
        close = bar.value("close")
        if close == 666:
            raise RuntimeError("the plug-in is broken")
        action = {101.0: SignalAction.BUY, 99.0: SignalAction.SELL}.get(close, SignalAction.HOLD)
        makers = {SignalAction.BUY: Advice.buy, SignalAction.SELL: Advice.sell}
        if action is SignalAction.HOLD:
            return Advice.hold("quiet", "nothing to do")
        return makers[action](1.0, "marked", f"the close is {close}")


class OneStrategy:
    """A strategy book with the same strategy for every symbol."""

    problems = ()

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy
        self.warmup_candles = strategy.warmup_candles

    def of(self, symbol: str) -> Strategy:
        return self._strategy

    def names(self) -> tuple[str, ...]:
        return (self._strategy.name,)

    def plan(self) -> dict[str, object]:
        return {"*": {"name": self._strategy.name, "params": {}, "source": None}}


class ExchangeClock(FakeClock):
    """The local clock, always in step with the exchange's."""

    def __init__(self, exchange: FakeExchange) -> None:
        super().__init__()
        self._exchange = exchange

    def now(self):  # type: ignore[no-untyped-def]
        return self._exchange.time


class DeafStream:
    """A user stream that never tells anything."""

    def __init__(self) -> None:
        self.expected: list[str] = []

    async def run(self, deliver: Callable[[UserEvent], None]) -> None:
        await asyncio.Event().wait()

    def expect(self, client_order_id: str) -> None:
        self.expected.append(client_order_id)


@dataclass
class DeskUnderTest:
    """`cycle` runs the next cycle; rows come newest first."""

    exchange: FakeExchange
    store: Store
    clock: ExchangeClock
    keeper: SessionKeeper
    session: Session
    orchestrator: TradingOrchestrator
    user_data: UserDataAgent
    stream: DeafStream

    @property
    def next_number(self) -> int:
        return self.keeper.next_cycle_number(self.session)

    async def cycle(self) -> CycleReport:
        return await self.orchestrator.run_cycle(self.next_number, self.clock.now())

    @property
    def decisions(self) -> tuple[DecisionRow, ...]:
        # the clock stands still unless it is moved: cycles tell what came after what
        rows = self.store.reads.decisions(limit=1000)
        return tuple(sorted(rows, key=lambda row: row.cycle_number, reverse=True))

    @property
    def orders(self) -> tuple[OrderRow, ...]:
        return self.store.reads.orders(limit=1000)


@cache
def migrated() -> bytes:
    """The file of an empty database at the newest schema: to make one takes a fifth of a second each time."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "book.db"
        migrate(f"sqlite:///{path}")
        return path.read_bytes()


def make_desk(
    folder: Path,
    exchange: FakeExchange | None = None,
    limits: RiskLimits | None = None,
    protection: ProtectionPlan | None = None,
    symbols: tuple[str, ...] | None = None,
    strategy: Strategy | None = None,
) -> DeskUnderTest:
    """A desk on the database in `folder`; a second one on the same folder is the process after a restart."""
    exchange = exchange or FakeExchange()
    symbols = symbols or exchange.symbols
    strategy = strategy or Marked()
    settings = load_settings(
        {"TRADING_MODE": "simulated", "TRADING_SYMBOLS": ",".join(symbols), "DATA_DIR": str(folder)},
        folder,
    )
    database = sqlite_path(parse_url(settings.database_url))
    if not database.exists():
        database.write_bytes(migrated())
    store, clock = open_store(settings), ExchangeClock(exchange)
    keeper = SessionKeeper(store.sessions, clock)
    session = keeper.enter(SessionRequest("trading", "simulated", "marked", symbols, {}, timedelta(0)))
    limits = limits or UNRESTRAINED
    stream = DeafStream()
    sender = OrderSender(exchange, store.journal, stream)
    execution = TradeExecutionAgent(exchange, store.journal, store.control, clock, sender)
    user_data = UserDataAgent(store.journal, store.ledger)
    desk = TradingDesk(
        exchange=exchange,
        market_data=MarketDataAgent(exchange, interval=CandleInterval.M1, history=50),
        signal=SignalAgent(lambda symbol: strategy, max_signal_age=timedelta(minutes=3)),
        risk=RiskManagementAgent(limits),
        execution=execution,
        protection=ProtectionAgent(
            exchange,
            store.journal,
            store.ledger,
            store.control,
            clock,
            execution,
            sender,
            protection or ProtectionPlan(),
        ),
        reconciler=AccountReconciler(
            exchange, store.journal, store.ledger, clock, symbols=symbols, quote="USDT"
        ),
        user_data=user_data,
        resolver=OrderResolver(exchange, store.journal, store.ledger),
        portfolio=PortfolioAgent(store.ledger, clock, "USDT"),
        journal=store.journal,
        decisions=store.decisions,
        control=store.control,
        clock=clock,
    )
    plan = TradingPlan(session.id, symbols, "USDT", CandleInterval.M1)
    orchestrator = TradingOrchestrator(plan, desk)
    return DeskUnderTest(exchange, store, clock, keeper, session, orchestrator, user_data, stream)


def booked_equals_held(desk: DeskUnderTest) -> bool:
    """Whether the ledger and the exchange hold the same, to the last digit."""
    booked = {asset: amount for asset, amount in desk.store.ledger.balances().items() if amount}
    return booked == {
        asset: amount for asset, amount in desk.exchange.balances.items() if amount != Decimal(0)
    }

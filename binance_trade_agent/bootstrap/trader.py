"""Builds the trader: the only process that loads the adapter, the strategies and the agents."""

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

import structlog

from binance_trade_agent.agents.execution.place import TradeExecutionAgent
from binance_trade_agent.agents.execution.protect import ProtectionAgent
from binance_trade_agent.agents.execution.resolve import OrderResolver
from binance_trade_agent.agents.execution.sending import OrderSender
from binance_trade_agent.agents.market_data import MarketDataAgent
from binance_trade_agent.agents.portfolio import PortfolioAgent
from binance_trade_agent.agents.reconciliation import AccountReconciler
from binance_trade_agent.agents.risk import RiskManagementAgent
from binance_trade_agent.agents.signal import SignalAgent
from binance_trade_agent.agents.user_data import UserDataAgent
from binance_trade_agent.bootstrap.books import open_settings_book
from binance_trade_agent.bootstrap.clock import SystemClock
from binance_trade_agent.bootstrap.exchange import exchange_config
from binance_trade_agent.bootstrap.overrides import in_force
from binance_trade_agent.bootstrap.plan import session_plan, signal_life
from binance_trade_agent.bootstrap.risk import risk_limits
from binance_trade_agent.bootstrap.strategies import StrategyBook, settings_strategies
from binance_trade_agent.control.projections import IGNORED_OVERRIDE, Projector
from binance_trade_agent.control.sessions import SessionRequest
from binance_trade_agent.domain.modes import TradingMode
from binance_trade_agent.domain.overrides import Override
from binance_trade_agent.domain.protection import ProtectionPlan
from binance_trade_agent.domain.records import INCIDENT_TOPIC, Book, Incident, Session
from binance_trade_agent.exchange.binance.adapter import BinanceExchange
from binance_trade_agent.orchestrator import TradingDesk, TradingOrchestrator, TradingPlan
from binance_trade_agent.ports import (
    Bans,
    Clock,
    ControlState,
    DecisionLog,
    Exchange,
    Lease,
    Ledger,
    OrderJournal,
    Outbox,
    Overrides,
    ReadModels,
    Sessions,
    UserStream,
    WeightBook,
)
from binance_trade_agent.settings import Settings
from binance_trade_agent.storage.bans import SqlBans, SqlWeights
from binance_trade_agent.storage.books import next_epoch
from binance_trade_agent.storage.control_state import SqlControlState
from binance_trade_agent.storage.database import Database
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.journal import SqlOrderJournal
from binance_trade_agent.storage.lease import lease_for
from binance_trade_agent.storage.ledger import SqlLedger
from binance_trade_agent.storage.outbox import SqlOutbox
from binance_trade_agent.storage.overrides import SqlOverrides
from binance_trade_agent.storage.read_models import SqlReadModels
from binance_trade_agent.storage.sessions import SqlSessions

_log = structlog.get_logger("autonomous_trader")


@dataclass(frozen=True, slots=True)
class Store:
    """Everything the trader keeps, on one book."""

    database: Database
    book: Book
    journal: OrderJournal
    ledger: Ledger
    decisions: DecisionLog
    control: ControlState
    overrides: Overrides
    sessions: Sessions
    outbox: Outbox
    reads: ReadModels
    bans: Bans
    weights: WeightBook
    lease: Lease


@dataclass(frozen=True, slots=True)
class Trader:
    """The parts of a trader, ready to begin a session."""

    settings: Settings
    clock: Clock
    store: Store
    exchange: Exchange
    strategies: StrategyBook
    projector: Projector
    stream: UserStream
    user_data: UserDataAgent
    #: What was set at run time when `settings` were made; None before it was asked.
    overrides: tuple[Override, ...] | None = None

    @property
    def is_outdated(self) -> bool:
        """Whether a setting was changed at run time since."""
        return self.store.overrides.all() != self.overrides

    def up_to_date(self) -> Self:
        """This trader by what is set at run time now; what cannot be is ignored, with an incident."""
        overrides = self.store.overrides.all()
        if overrides == self.overrides:
            return self
        found = in_force(self.settings, overrides)
        self._note_ignored(found.ignored)
        # files of strategies are read anew only where their parameters want it
        same = found.settings.strategy_params == self.settings.strategy_params
        strategies = self.strategies if same else settings_strategies(found.settings)
        return replace(self, settings=found.settings, strategies=strategies, overrides=overrides)

    def _note_ignored(self, ignored: tuple[tuple[Override, str], ...]) -> None:
        now, outbox = self.clock.now(), self.store.outbox
        texts = {
            f"{IGNORED_OVERRIDE}:{override.name}": f"{override.name}, {override.origin}, is ignored: {problem}"
            for override, problem in ignored
        }
        for key, text in texts.items():
            _log.error("a setting changed at run time is ignored", problem=text)
            outbox.raise_incident(Incident(key, text, "critical", now), told=text)
        for incident in self.store.reads.incidents():
            if incident.key.startswith(IGNORED_OVERRIDE) and incident.key not in texts:
                outbox.clear_incident(incident.key, now)

    def session_request(self, kind: str) -> SessionRequest:
        """What the settings ask a session of `kind` to be; without symbols where a rule selects them."""
        settings = self.settings
        return SessionRequest(
            kind=kind,
            mode=settings.mode.value,
            strategy=", ".join(self.strategies.names()),
            symbols=settings.symbols,
            settings={name: shown for name, shown, _, _ in settings.sources()},
            duration=settings.duration if kind == "trading" else timedelta(0),
            plan=session_plan(settings, self.strategies.plan(), risk_limits(settings)),
        )

    def orchestrator(self, session: Session) -> TradingOrchestrator:
        """The orchestrator of `session`."""
        settings, store, exchange, clock = self.settings, self.store, self.exchange, self.clock
        plan = TradingPlan(session.id, session.symbols, settings.quote, settings.candle_interval)
        sender = OrderSender(exchange, store.journal, self.stream)
        execution = TradeExecutionAgent(exchange, store.journal, store.control, clock, sender)
        desk = TradingDesk(
            exchange=exchange,
            market_data=MarketDataAgent(
                exchange,
                interval=settings.candle_interval,
                history=_history(settings, self.strategies),
            ),
            signal=SignalAgent(self.strategies.of, max_signal_age=signal_life(settings)),
            risk=RiskManagementAgent(risk_limits(settings)),
            execution=execution,
            protection=ProtectionAgent(
                exchange,
                store.journal,
                store.ledger,
                store.control,
                clock,
                execution,
                sender,
                protection_plan(settings),
            ),
            reconciler=AccountReconciler(
                exchange,
                store.journal,
                store.ledger,
                clock,
                symbols=session.symbols,
                quote=settings.quote,
                may_be_reset=self.may_be_reset,
            ),
            user_data=self.user_data,
            resolver=OrderResolver(exchange, store.journal, store.ledger),
            portfolio=PortfolioAgent(store.ledger, clock, settings.quote),
            journal=store.journal,
            decisions=store.decisions,
            control=store.control,
            clock=clock,
        )
        return TradingOrchestrator(plan, desk)

    @property
    def may_be_reset(self) -> bool:
        """Whether this exchange forgets its orders now and then; one with real money does not."""
        return self.settings.mode is not TradingMode.LIVE

    def begin_new_book(self) -> None:
        """Leave this book as it is and begin the account's next one; the trader must be built anew."""
        now = self.clock.now()
        self.store.decisions.close_interrupted(now)
        text = "the exchange was reset: a new book begins, the old one is kept"
        self.store.outbox.enqueue(INCIDENT_TOPIC, text, now)
        next_epoch(self.store.database, self.store.book)

    async def close(self) -> None:
        """Let go of the exchange and the database."""
        await self.exchange.close()
        self.store.database.close()


def build_trader(settings: Settings, *, clock: Clock | None = None) -> Trader:
    """A trader on the settings' book; must be called inside a running event loop.

    Raises:
        ConfigurationError: the settings cannot work.
        StorageError: the database cannot be used.
    """
    clock = clock or SystemClock()
    strategies = settings_strategies(settings)
    store = open_store(settings)
    exchange = BinanceExchange(exchange_config(settings), clock, store.bans, store.weights)
    projector = Projector(
        store.outbox,
        store.control,
        stop_entries_on_difference=settings.mode is TradingMode.LIVE,
    )
    user_data = UserDataAgent(store.journal, store.ledger)
    stream = exchange.user_stream()
    trader = Trader(settings, clock, store, exchange, strategies, projector, stream, user_data)
    return trader.up_to_date()


def open_store(settings: Settings) -> Store:
    """The storage of the settings' book, at the newest schema."""
    database, book = open_settings_book(settings)
    return Store(
        database=database,
        book=book,
        journal=SqlOrderJournal(database, book),
        ledger=SqlLedger(database, book),
        decisions=SqlDecisionLog(database, book),
        control=SqlControlState(database, book),
        overrides=SqlOverrides(database, book),
        sessions=SqlSessions(database, book),
        outbox=SqlOutbox(database, book),
        reads=SqlReadModels(database, book),
        bans=SqlBans(database, exchange_config(settings).rest_url),
        weights=SqlWeights(database, exchange_config(settings).rest_url),
        lease=lease_for(settings.database_url, book),
    )


def _history(settings: Settings, strategies: StrategyBook) -> int:
    """How many candles a decision sees: what is set, or what strategies and correlations need if that is more.

    A cycle decides on every candle since the one before it: the oldest of them wants its warm-up, too.
    """
    # one more, for a cycle that comes late
    fresh = math.ceil(settings.period / settings.candle_interval.duration) + 1
    return max(
        settings.candle_history, strategies.warmup_candles + fresh, settings.risk_correlation_candles + 1
    )


def protection_plan(settings: Settings) -> ProtectionPlan:
    """Where the settings want stops and targets."""
    return ProtectionPlan(
        stop_share=settings.stop_loss_share,
        target_share=settings.take_profit_share,
        trailing_share=settings.trailing_stop_share,
    )

"""Steps of the trader's start, before its first session: each waits no longer than a stop allows."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any, Self

import structlog

from binance_trade_agent.agents.reconciliation import detect_wipe
from binance_trade_agent.bootstrap.clock import SystemClock
from binance_trade_agent.bootstrap.symbols import resolve_symbols
from binance_trade_agent.bootstrap.trader import Trader, open_store
from binance_trade_agent.control.projections import EXCHANGE_RESET, RECONCILIATION, raise_told
from binance_trade_agent.control.sessions import SessionKeeper, SessionRequest
from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.errors import (
    ConfigurationError,
    ExchangeError,
    ExchangeReset,
    LeaseHeld,
    StorageError,
)
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.operator_rules import strategy_symbol_rules
from binance_trade_agent.domain.records import Incident
from binance_trade_agent.domain.user_events import UserEvent
from binance_trade_agent.ports import UserStream
from binance_trade_agent.settings import Settings
from binance_trade_agent.telemetry.health import REFUSED_START
from binance_trade_agent.telemetry.metrics import TraderMetrics

_log = structlog.get_logger("autonomous_trader")

#: How long a start waits for an exchange that is itself just starting, and for another's lease.
CONNECT_PATIENCE_S = 10.0
LEASE_PATIENCE_S = 15.0


async def take_lease(trader: Trader, held: ExitStack, stop: asyncio.Event) -> None:
    """Hold the trading lease until `held` is left; raises `LeaseHeld` when another process keeps it."""
    give_up_at = trader.clock.monotonic() + LEASE_PATIENCE_S
    while True:
        try:
            held.enter_context(trader.store.lease.acquire())
        except LeaseHeld:
            if stop.is_set() or trader.clock.monotonic() >= give_up_at:
                raise
            await trader.clock.sleep(0.2)
        else:
            # whoever held it until now may have traded
            trader.store.database.forget()
            return


def note_refused_start(settings: Settings, problems: Sequence[str]) -> None:
    """Leave word in the book that the trader ended because of its configuration; the next start takes it back.

    A session that a kill interrupted is left as it is, for a start that can go on with it. Where another trader
    runs, or the database is what cannot be used, nothing is written.
    """
    text = (
        f"ended with exit code {ExitCode.CONFIGURATION}, its configuration cannot work: {'; '.join(problems)}"
    )
    try:
        store = open_store(settings)
        try:
            with store.lease.acquire():
                now = SystemClock().now()
                store.outbox.clear_incident(REFUSED_START, now)
                store.outbox.raise_incident(Incident(REFUSED_START, text, "critical", now))
        finally:
            store.database.close()
    except (ConfigurationError, LeaseHeld, StorageError) as error:
        _log.warning("nothing tells in the book why this start ended", reason=str(error))


def check_named_symbols(trader: Trader) -> None:
    """That each symbol with a strategy of its own is traded, or held: what is held is still sold by it.

    Raises:
        ConfigurationError: STRATEGY_BY_SYMBOL names others; where a rule selects the symbols, it may.
    """
    settings = trader.settings
    if settings.symbol_rule is not None:
        return
    positions = trader.store.ledger.positions()
    held = [symbol for symbol, position in positions.items() if position.quantity > 0]
    problems = list(strategy_symbol_rules(settings.strategy_by_symbol, settings.symbols, held))
    if problems:
        raise ConfigurationError(*problems)


def serve_metrics(trader: Trader, metrics: TraderMetrics, held: ExitStack) -> None:
    """Serve `/metrics` until `held` is left; raises `ConfigurationError` when the port is taken."""
    host, port = trader.settings.metrics_host, trader.settings.metrics_port
    if not port:
        return
    try:
        server = metrics.serve(host, port)
    except OSError as error:
        raise ConfigurationError(
            f"METRICS_PORT={port}: the metrics cannot listen on {host}:{port} ({error.strerror});"
            " end what uses it, set another port, or 0 for no metrics"
        ) from error
    held.callback(server.server_close)
    held.callback(server.shutdown)


async def pause_before_start(wait: timedelta, stop: asyncio.Event) -> None:
    """Wait as earlier failed starts demand, or until told to stop."""
    if wait:
        _log.warning("earlier starts failed: waiting before this one", wait_s=wait.total_seconds())
        waiter = asyncio.create_task(stop.wait())
        await asyncio.wait({waiter}, timeout=wait.total_seconds())
        waiter.cancel()


class FollowedStream:
    """The user data stream, if there is one, followed by a task of its own while the context lasts."""

    def __init__(self, stream: UserStream | None, deliver: Callable[[UserEvent], None]) -> None:
        self._stream = stream
        self._deliver = deliver
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._stream is not None:
            self._task = asyncio.create_task(self._stream.run(self._deliver))
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def check(self) -> None:
        """Raise what ended the task, if it has ended: a process that no longer listens must not seem to."""
        if self._task is not None and self._task.done():
            self._task.result()


async def connect(trader: Trader, stop: asyncio.Event) -> None:
    """Reach the exchange and check the symbols; neither an exchange out of reach nor a stop is an error.

    Raises:
        ConfigurationError: the exchange does not know a symbol.
    """
    reaching = asyncio.create_task(_reach(trader))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({reaching, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if reaching.done():
        reaching.result()
    reaching.cancel()
    await asyncio.wait({reaching})


async def with_symbols(trader: Trader, keeper: SessionKeeper, request: SessionRequest) -> SessionRequest:
    """The request with what it trades: the symbols named, those of a session that goes on, or what the rule selects.

    Without any while the exchange cannot be asked: cycles say so, and the rule is asked again.

    Raises:
        ConfigurationError: the rule selects nothing.
    """
    rule = trader.settings.symbol_rule
    if rule is None:
        return request
    before = keeper.selected_before(request)
    if before is not None:
        return _selected(request, before.symbols, before.plan.get("selection", {}))
    try:
        selection = await resolve_symbols(rule, trader.settings.trading_symbols_exclude, trader.exchange)
    except ExchangeError as error:
        _log.warning("what the rule for symbols selects cannot be asked now", reason=str(error))
        return request
    _log.info("symbols selected", symbols=",".join(selection.symbols), text=selection.text)
    return _selected(request, selection.symbols, selection.record())


def _selected(request: SessionRequest, symbols: tuple[str, ...], record: Mapping[str, Any]) -> SessionRequest:
    return replace(request, symbols=symbols, plan={**request.plan, "selection": record})


async def check_for_reset(trader: Trader) -> None:
    """Look whether the exchange forgot this book's orders while nobody watched; raises `ExchangeReset` if it did.

    With real money a reset is not believed: it is an incident, and a person decides.
    """
    store = trader.store
    try:
        is_reset = await detect_wipe(trader.exchange, store.journal, store.ledger)
    except ExchangeError as error:
        _log.warning("whether the exchange was reset cannot be asked now", reason=str(error))
        return
    text = "the exchange knows none of this book's orders any more, and its balances differ"
    now = trader.clock.now()
    if not is_reset:
        store.outbox.clear_incident(EXCHANGE_RESET, now)
        return
    if trader.may_be_reset:
        raise ExchangeReset(text)
    control = store.control.write(
        TradingState.ENTRIES_HALTED,
        reason=text,
        actor=RECONCILIATION,
        at=now,
        only_from=(TradingState.RUNNING,),
    )
    incident = Incident(EXCHANGE_RESET, text, "critical", now)
    raise_told(store.outbox, incident, control, RECONCILIATION, since=now)


async def _reach(trader: Trader) -> None:
    give_up_at = trader.clock.monotonic() + CONNECT_PATIENCE_S
    while True:
        try:
            await trader.exchange.connect()
            await trader.exchange.rules(trader.settings.symbols)
        except ExchangeError as error:
            if trader.clock.monotonic() >= give_up_at:
                _log.warning("the exchange cannot be reached; cycles go on and say so", reason=str(error))
                return
            await trader.clock.sleep(0.2)
        else:
            return

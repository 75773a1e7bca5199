"""`ports.UserStream` over the WebSocket API: subscribed for ever, through whatever ends a subscription.

One task reads and delivers, so events come in the order in which the exchange sent them. What ends a
subscription is told once as `StreamLost`; the next one begins with `StreamOpened`, after which everything has to be
looked up, and that is why nothing here tries to fill a gap. A subscription that is renewed in time
(it is 23 h old, or the exchange has announced that it shuts down) lives on until the next one is there.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from random import SystemRandom

import aiohttp
import structlog

from binance_trade_agent.domain.errors import ExchangeError, Throttled
from binance_trade_agent.domain.user_events import OrderReported, StreamLost, StreamOpened, UserEvent
from binance_trade_agent.exchange.binance.ban_gate import BanGate
from binance_trade_agent.exchange.binance.clock_offset import ExchangeClock
from binance_trade_agent.exchange.binance.config import BinanceConfig
from binance_trade_agent.exchange.binance.mapping import MALFORMED
from binance_trade_agent.exchange.binance.stream_events import Payload, unknown_parts, user_event
from binance_trade_agent.exchange.binance.user_socket import UserSocket, open_session
from binance_trade_agent.ports import Clock

Deliver = Callable[[UserEvent], None]

_log = structlog.get_logger("user_stream")

#: Orders whose reports are remembered, for reports that overtake the answer to the request.
_REMEMBERED = 1000
#: Kinds of unknown events and fields that are logged.
_MOST_NOTICES = 100


@dataclass(frozen=True, slots=True)
class StreamTimes:
    """Limits of time, in seconds. The exchange itself ends a connection after 24 h."""

    open_within_s: float = 10
    prove_every_s: float = 30
    prove_within_s: float = 10
    report_within_s: float = 10
    renew_after_s: float = 23 * 3600
    first_wait_s: float = 0.5
    longest_wait_s: float = 60
    #: How often the limits above are looked at while nothing arrives.
    look_every_s: float = 1


class BinanceUserStream:
    """The account's events; see `ports.UserStream`. Shares clock and bans with the exchange's other requests."""

    def __init__(
        self,
        config: BinanceConfig,
        exchange_clock: ExchangeClock,
        clock: Clock,
        bans: BanGate,
        times: StreamTimes | None = None,
    ) -> None:
        self._config = config
        self._exchange_clock = exchange_clock
        self._clock = clock
        self._bans = bans
        self._times = times or StreamTimes()
        self._waits = _Waits(self._times.first_wait_s, self._times.longest_wait_s)
        self._expected = _ExpectedReports(clock, self._times.report_within_s)
        self._noticed: set[str] = set()

    async def run(self, deliver: Deliver) -> None:
        """Deliver events until cancelled; what `deliver` raises ends it."""
        async with open_session() as session:
            current = await self._connect_first(session, deliver)
            while True:
                current = await self._follow(current, session, deliver)

    def expect(self, client_order_id: str) -> None:
        """A report of this order must come soon, or has come lately; else the subscription is deaf.

        What is expected without a subscription is forgotten: the next one begins with a look-up of everything.
        """
        self._expected.add(client_order_id)

    async def _connect_first(self, session: aiohttp.ClientSession, deliver: Deliver) -> UserSocket:
        try:
            return await self._open(session)
        except ExchangeError as error:
            failure = error
        _log.warning("user_stream_lost", reason=str(failure))
        deliver(StreamLost(str(failure)))
        return await self._connect(session, self._wait_after(failure))

    async def _connect(self, session: aiohttp.ClientSession, wait_s: float) -> UserSocket:
        """A new subscription, after `wait_s` seconds and however many attempts it takes."""
        while True:
            await self._clock.sleep(wait_s)
            try:
                return await self._open(session)
            except ExchangeError as failure:
                wait_s = self._wait_after(failure)
                _log.warning("user_stream_unavailable", reason=str(failure), wait_s=round(wait_s, 1))

    async def _open(self, session: aiohttp.ClientSession) -> UserSocket:
        self._bans.check()
        try:
            return await UserSocket.open(
                session,
                self._config,
                self._exchange_clock,
                self._clock,
                within_s=self._times.open_within_s,
            )
        except Throttled as demand:
            self._bans.impose(demand)
            raise

    async def _follow(
        self, current: UserSocket, session: aiohttp.ClientSession, deliver: Deliver
    ) -> UserSocket:
        """Deliver a subscription's events until it is over or there is a successor, which is returned."""
        successor: asyncio.Task[UserSocket] | None = None
        try:
            self._expected.start()
            _log.info("user_stream_opened")
            deliver(StreamOpened())
            while successor is None or not successor.done():
                if successor is None and self._must_renew(current):
                    successor = asyncio.create_task(self._connect(session, self._wait_to_renew(current)))
                event = await self._hear(current)
                if event is not None:
                    deliver(event)
                if isinstance(event, StreamLost):
                    break
            await current.close()
            return await (successor or self._connect(session, self._wait_after_loss(current)))
        except BaseException:
            if successor is not None:
                await _abandon(successor)
            raise
        finally:
            await current.close()

    async def _hear(self, current: UserSocket) -> UserEvent | None:
        """The next event; its own failure is one too. None if nothing came, or nothing of meaning."""
        times = self._times
        try:
            await current.check(every_s=times.prove_every_s, within_s=times.prove_within_s)
            payload = await current.receive(times.look_every_s)
        except ExchangeError as error:
            if isinstance(error, Throttled):
                self._bans.impose(error)
            return _lost(str(error))
        if payload is not None:
            return self._meaning(payload)
        if late := self._expected.overdue():
            return _lost(f"deaf: no report of {late} within {times.report_within_s:g} s")
        return None

    def _meaning(self, payload: Payload) -> UserEvent | None:
        try:
            for part in unknown_parts(payload):
                self._notice(part)
            event = user_event(payload)
        except MALFORMED as error:
            return _lost(f"malformed {payload['e']}: {type(error).__name__}: {error}")
        if isinstance(event, OrderReported):
            self._expected.heard(event.order.client_order_id)
        return event

    def _notice(self, part: str) -> None:
        if part not in self._noticed and len(self._noticed) < _MOST_NOTICES:
            self._noticed.add(part)
            _log.warning("user_event_unknown", part=part)

    def _must_renew(self, current: UserSocket) -> bool:
        return current.is_ending or current.age_s >= self._times.renew_after_s

    def _wait_to_renew(self, current: UserSocket) -> float:
        if not self._is_settled(current):
            # every new connection may turn out to be an ending one
            return self._waits.next()
        self._waits.reset()
        return 0.0

    def _wait_after_loss(self, current: UserSocket) -> float:
        if self._is_settled(current):
            self._waits.reset()
        return self._waits.next()

    def _is_settled(self, current: UserSocket) -> bool:
        """Whether it lasted long enough for a new one to be worth trying at once."""
        return current.age_s >= self._times.prove_every_s

    def _wait_after(self, failure: ExchangeError) -> float:
        wait_s = self._waits.next()
        return max(wait_s, failure.retry_after_s) if isinstance(failure, Throttled) else wait_s


class _Waits:
    """Seconds before the next attempt: doubled each time up to the longest, each shortened at random by up to half."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s = self._next_s = first_s
        self._longest_s = longest_s
        self._random = SystemRandom()

    def next(self) -> float:
        wait_s = self._next_s
        self._next_s = min(2 * wait_s, self._longest_s)
        return self._random.uniform(wait_s / 2, wait_s)

    def reset(self) -> None:
        self._next_s = self._first_s


class _ExpectedReports:
    """Orders of which a report must come, and those of which one came lately."""

    def __init__(self, clock: Clock, within_s: float) -> None:
        self._clock = clock
        self._within_s = within_s
        self._due: dict[str, float] = {}
        self._heard: OrderedDict[str, None] = OrderedDict()

    def start(self) -> None:
        """A subscription begins: what was expected of the last one is looked up now."""
        self._due.clear()

    def add(self, client_order_id: str) -> None:
        if client_order_id not in self._heard:
            self._due.setdefault(client_order_id, self._clock.monotonic() + self._within_s)

    def heard(self, client_order_id: str) -> None:
        self._due.pop(client_order_id, None)
        self._heard[client_order_id] = None
        self._heard.move_to_end(client_order_id)
        if len(self._heard) > _REMEMBERED:
            self._heard.popitem(last=False)

    def overdue(self) -> str | None:
        """An order whose report is late."""
        now = self._clock.monotonic()
        return next((order for order, due in self._due.items() if now >= due), None)


def _lost(reason: str) -> StreamLost:
    _log.warning("user_stream_lost", reason=reason)
    return StreamLost(reason)


async def _abandon(successor: asyncio.Task[UserSocket]) -> None:
    """End an attempt, and close what it may have come to."""
    successor.cancel()
    await asyncio.wait([successor])
    if not successor.cancelled() and successor.exception() is None:
        await successor.result().close()

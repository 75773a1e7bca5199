"""One connection to the WebSocket API with one subscription to the account's events.

Every way in which it can end is one of the domain's errors: whatever was not asked for and says
that something is wrong ends it, because what it would tell of the subscription is not known.
That it lives is proved by an event, or by the exchange listing the subscription
(`session.subscriptions`). Where that method is not known, subscribing again proves it: -2035 says that it
is active, while a success says that it had been lost unnoticed. Pings prove nothing.
"""

import asyncio
import hashlib
import hmac
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
import orjson

from binance_trade_agent.domain.errors import ExchangeError, Refused, Throttled, Unavailable
from binance_trade_agent.exchange.binance.clock_offset import ExchangeClock
from binance_trade_agent.exchange.binance.config import BinanceConfig
from binance_trade_agent.exchange.binance.errors import TIMESTAMP_REFUSED, from_answer
from binance_trade_agent.exchange.binance.mapping import MALFORMED
from binance_trade_agent.exchange.binance.stream_events import Payload
from binance_trade_agent.exchange.binance.timestamps import to_ms
from binance_trade_agent.ports import Clock

SUBSCRIBE = "userDataStream.subscribe.signature"
LIST_SUBSCRIPTIONS = "session.subscriptions"
_TIME = "time"
_ALREADY_ACTIVE = -2035

#: No ban lasts longer (rest-api.md, IP limits).
_LONGEST_BAN_S = 3 * 24 * 3600
_CLOSE_WITHIN_S = 0.5
#: Sending blocks only when the exchange has stopped reading.
_SEND_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class _Question:
    """A request whose answer proves that the subscription lives; `due` in monotonic seconds."""

    id: str
    method: str
    due: float


def open_session() -> aiohttp.ClientSession:
    """A session for `UserSocket.open`; it honours no proxy variables and follows no redirect."""
    tracing = aiohttp.TraceConfig()
    tracing.on_request_redirect.append(_refuse_redirect)
    return aiohttp.ClientSession(
        headers={"User-Agent": "binance-trade-agent"},
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[tracing],
    )


class UserSocket:
    """Made by `open`. Times are monotonic seconds of the clock."""

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        config: BinanceConfig,
        exchange_clock: ExchangeClock,
        clock: Clock,
    ) -> None:
        self._socket = socket
        self._config = config
        self._exchange_clock = exchange_clock
        self._clock = clock
        self._requests = 0
        self._subscription_id = -1
        self._question: _Question | None = None
        self._listing_is_known = True
        self._heard_at = self._opened_at = clock.monotonic()
        #: Whether the exchange has said that it will close this connection.
        self.is_ending = False

    @classmethod
    async def open(
        cls,
        session: aiohttp.ClientSession,
        config: BinanceConfig,
        exchange_clock: ExchangeClock,
        clock: Clock,
        *,
        within_s: float,
    ) -> Self:
        """Connect and subscribe, measuring the exchange's clock first if that is due.

        Raises:
            ExchangeError: it did not come to a subscription in `within_s` seconds.
        """
        try:
            async with asyncio.timeout(within_s):
                socket = await session.ws_connect(
                    config.ws_api_url,
                    autoping=False,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_WITHIN_S),
                )
                opened = cls(socket, config, exchange_clock, clock)
                try:
                    await opened._subscribe()
                except BaseException:
                    await opened.close()
                    raise
                return opened
        except aiohttp.WSServerHandshakeError as refusal:
            raise _handshake_failure(refusal, exchange_clock) from refusal
        except TimeoutError as error:
            raise Unavailable(f"no subscription within {within_s:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise _lost(error) from error

    @property
    def age_s(self) -> float:
        """Seconds since it was opened."""
        return self._clock.monotonic() - self._opened_at

    async def receive(self, within_s: float) -> Payload | None:
        """The next event of the account; None if none came in time, or something else came.

        Raises:
            ExchangeError: the subscription is over.
        """
        frame = await self._next_frame(within_s)
        if frame is None:
            return None
        event = _event_in(frame)
        if event is None:
            await self._take_answer(frame)
            return None
        self._heard_at = self._clock.monotonic()
        if event["e"] == "eventStreamTerminated":
            raise Unavailable("the exchange ended the subscription (eventStreamTerminated)")
        if event["e"] == "serverShutdown":
            self.is_ending = True
            return None
        return event

    async def check(self, *, every_s: float, within_s: float) -> None:
        """Ask for proof that the subscription lives if there was none for `every_s`.

        Raises:
            Unavailable: it was asked for, and none came in `within_s`.
        """
        now = self._clock.monotonic()
        if self._question is not None:
            if now >= self._question.due:
                raise Unavailable(f"deaf: no answer to {self._question.method} within {within_s:g} s")
        elif now - self._heard_at >= every_s:
            await self._ask(now + within_s)

    async def close(self) -> None:
        """Close the connection, within a second whatever the exchange does; may be called again."""
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * _CLOSE_WITHIN_S):
                await self._socket.close()

    async def _subscribe(self) -> None:
        if self._exchange_clock.is_due:
            await self._measure_clock()
        asked_at = self._clock.monotonic()
        try:
            result = await self._call(SUBSCRIBE, self._signed())
        except Refused as refusal:
            if refusal.code == TIMESTAMP_REFUSED:
                self._exchange_clock.expire(asked_at)
            raise
        try:
            self._subscription_id = int(result["subscriptionId"])
        except MALFORMED as error:
            raise Unavailable(f"{SUBSCRIBE}: unreadable answer: {type(error).__name__}") from error
        self._heard_at = self._opened_at = self._clock.monotonic()

    async def _measure_clock(self) -> None:
        """A clock that stays as it was shows in the subscription's refusal."""
        with suppress(Refused, *MALFORMED):
            self._exchange_clock.measured(int((await self._call(_TIME))["serverTime"]))

    async def _call(self, method: str, params: Mapping[str, object] | None = None) -> Any:
        """The result of a request; events before it are left out, since all that was before is looked up."""
        identity = await self._send(method, params)
        while True:
            frame = await self._next_frame(None)
            if frame is None or _event_in(frame) is not None:
                continue
            if frame.get("id") != identity or frame.get("status") != 200:
                raise self._failure(frame)
            return frame.get("result")

    async def _ask(self, due: float) -> None:
        if self._listing_is_known:
            identity = await self._send(LIST_SUBSCRIPTIONS)
            self._question = _Question(identity, LIST_SUBSCRIPTIONS, due)
        else:
            identity = await self._send(SUBSCRIBE, self._signed())
            self._question = _Question(identity, SUBSCRIBE, due)

    async def _take_answer(self, frame: Payload) -> None:
        question, succeeded = self._question, frame.get("status") == 200
        if question is None or frame.get("id") != question.id:
            if not succeeded:
                raise self._failure(frame)
            return
        self._question = None
        if succeeded:
            self._check_listed(question, frame)
        elif not await self._is_excused(question, self._failure(frame)):
            return
        self._heard_at = self._clock.monotonic()

    def _check_listed(self, question: _Question, frame: Payload) -> None:
        if question.method == SUBSCRIBE:
            raise Unavailable("deaf: the subscription had ended unnoticed")
        try:
            listed = {int(row["subscriptionId"]) for row in frame["result"]}
        except MALFORMED as error:
            raise Unavailable(f"{LIST_SUBSCRIPTIONS}: unreadable answer: {type(error).__name__}") from error
        if self._subscription_id not in listed:
            raise Unavailable("deaf: the exchange does not list the subscription")

    async def _is_excused(self, question: _Question, failure: ExchangeError) -> bool:
        """Whether a failed answer is the proof all the same; asks in the other way if that may help."""
        if isinstance(failure, Throttled):
            raise failure
        if question.method == LIST_SUBSCRIPTIONS:
            self._listing_is_known = False
            await self._ask(question.due)
            return False
        if isinstance(failure, Refused) and failure.code == _ALREADY_ACTIVE:
            return True
        raise failure

    async def _send(self, method: str, params: Mapping[str, object] | None = None) -> str:
        self._requests += 1
        identity = str(self._requests)
        request = {"id": identity, "method": method} | ({"params": params} if params else {})
        try:
            async with asyncio.timeout(_SEND_WITHIN_S):
                await self._socket.send_str(orjson.dumps(request).decode())
        except (aiohttp.ClientError, OSError) as error:
            raise _lost(error) from error
        return identity

    def _signed(self) -> dict[str, object]:
        """Key, time and signature: over the raw parameters, sorted by name (web-socket-api.md, SIGNED requests)."""
        stamp = self._exchange_clock.stamp()
        params: dict[str, object] = {
            "apiKey": self._config.api_key,
            "recvWindow": stamp.recv_window_ms,
            "timestamp": stamp.timestamp_ms,
        }
        payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
        signature = hmac.new(self._config.api_secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
        return params | {"signature": signature}

    async def _next_frame(self, within_s: float | None) -> Payload | None:
        """The next frame; None if none came in time, or a ping came."""
        try:
            async with asyncio.timeout(within_s):
                message = await self._socket.receive()
        except TimeoutError:
            return None
        if message.type is aiohttp.WSMsgType.PING:
            await self._pong(message.data)
        if message.type in {aiohttp.WSMsgType.PING, aiohttp.WSMsgType.PONG}:
            return None
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise Unavailable(_ending(message))
        try:
            frame = orjson.loads(message.data)
        except orjson.JSONDecodeError as error:
            raise Unavailable("a frame that is not JSON") from error
        if not isinstance(frame, dict):
            raise Unavailable("a frame that is not an object")
        return frame

    async def _pong(self, data: bytes) -> None:
        try:
            async with asyncio.timeout(_SEND_WITHIN_S):
                await self._socket.pong(data)
        except (aiohttp.ClientError, OSError) as error:
            raise _lost(error) from error

    def _failure(self, frame: Payload) -> ExchangeError:
        """The error that a frame without an event tells of; `retryAfter` is a time, in ms since 1970."""
        error, status = frame.get("error", frame), frame.get("status")
        wait_s: str | None = None
        with suppress(*MALFORMED):
            left_ms = int(error["data"]["retryAfter"]) - to_ms(self._exchange_clock.now())
            wait_s = str(min(max(math.ceil(left_ms / 1000), 1), _LONGEST_BAN_S))
        return from_answer(
            status if isinstance(status, int) else 400,
            orjson.dumps(error),
            wait_s,
            self._exchange_clock.now(),
            False,
            "WebSocket API",
        )


def _event_in(frame: Payload) -> Payload | None:
    """The event of a frame: wrapped by the WebSocket API or by a combined stream, or bare."""
    event = frame.get("event", frame.get("data", frame))
    return event if isinstance(event, dict) and "e" in event else None


def _ending(message: aiohttp.WSMessage) -> str:
    if message.type is aiohttp.WSMsgType.CLOSE:
        return f"closed by the exchange ({message.data} {message.extra or ''}".rstrip() + ")"
    if message.type is aiohttp.WSMsgType.ERROR:
        return f"a broken frame ({type(message.data).__name__})"
    if message.type is aiohttp.WSMsgType.BINARY:
        return "a frame that is not text"
    return "the connection was lost"


def _handshake_failure(refusal: aiohttp.WSServerHandshakeError, clock: ExchangeClock) -> ExchangeError:
    """A 418, or a 429 that names a time, is about all requests; a plain 429 is about connections only."""
    retry_after = refusal.headers.get("Retry-After") if refusal.headers else None
    if refusal.status == 418 or (refusal.status == 429 and retry_after):
        return from_answer(refusal.status, b"", retry_after, clock.now(), False, "WebSocket API")
    return Unavailable(f"the connection was refused: HTTP {refusal.status}")


def _lost(error: Exception) -> Unavailable:
    return Unavailable(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


async def _refuse_redirect(*_: object) -> None:
    # the key and a signature would go to whatever address it names
    raise aiohttp.ClientConnectionError("the connection was redirected, which is not followed")

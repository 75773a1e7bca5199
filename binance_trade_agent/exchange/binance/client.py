"""python-binance's client with everything below its method names replaced by what an order needs.

The library overwrites timestamp and recvWindow, follows redirects, lets aiohttp re-send,
hides the response's headers and gives up when Binance's own -1007 is due. This
subclass signs and sends itself; names, paths and parameters of calls stay the library's.
"""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import orjson
import yarl
from binance.async_client import AsyncClient

from binance_trade_agent.domain.errors import Throttled, Unavailable
from binance_trade_agent.exchange.binance.ban_gate import BanGate
from binance_trade_agent.exchange.binance.clock_offset import ExchangeClock
from binance_trade_agent.exchange.binance.config import BinanceConfig
from binance_trade_agent.exchange.binance.errors import from_answer, from_transport, undecided
from binance_trade_agent.exchange.binance.network_time import NetworkTime
from binance_trade_agent.exchange.binance.weight import WeightBudget
from binance_trade_agent.exchange.binance.weight_costs import cost_of

MAX_CONNECTIONS = 16
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
#: Share of the request's time in which the connection must be up: only before that is a failure surely harmless.
_CONNECT_SHARE = 2 / 3


class ExchangeClient(AsyncClient):  # type: ignore[misc]  # the library has no types
    """Sends each request exactly once, to the configured address only; needs a running event loop."""

    def __init__(
        self,
        config: BinanceConfig,
        clock: ExchangeClock,
        bans: BanGate,
        weight: WeightBudget,
        network: NetworkTime,
    ) -> None:
        self._config = config
        self._exchange_clock = clock
        self._bans = bans
        self._weight = weight
        self._network = network
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)
        self._confine(config)
        super().__init__(config.api_key, config.api_secret)

    def _confine(self, config: BinanceConfig) -> None:
        """Point every address the library knows, futures and margin included, at the configured exchange."""
        for name in (name for name in dir(AsyncClient) if name.endswith("_URL")):
            is_websocket = name.startswith("WS_")
            setattr(self, name, config.ws_api_url if is_websocket else config.rest_url)
        for name in ("API_URL", "API_TESTNET_URL", "API_DEMO_URL"):
            setattr(self, name, f"{config.rest_url}/api")
        self.MARGIN_API_URL = f"{config.rest_url}/sapi"

    def _init_session(self) -> aiohttp.ClientSession:
        total_s = self._config.request_timeout_s
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
            headers={"Accept": "application/json", "User-Agent": "binance-trade-agent"},
            timeout=aiohttp.ClientTimeout(total=total_s, connect=total_s * _CONNECT_SHARE),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        # aiohttp re-sends GET, PUT and DELETE when a kept-alive connection drops: a cancel could arrive
        # twice. It offers no public switch but to give up keep-alive.
        session._retry_connection = False
        return session

    async def close_connection(self) -> None:
        """Close the session; the library's WebSocket objects were never connected."""
        await self.session.close()

    async def _request(
        self, method: str, uri: str, signed: bool, force_params: bool = False, **kwargs: Any
    ) -> Any:
        """Send once and return the decoded answer.

        Raises:
            ExchangeError: as the table in `errors` says; `Throttled` without a request while a ban is in force
                or when the request would break the weight budget.
            KeyError: the request's cost is not known (`weight_costs`).
        """
        params = kwargs.get("data") or {}
        writes = method != "get"
        path = urlsplit(uri).path
        request = f"{method.upper()} {path}"
        cost = cost_of(method, path.partition("/api/v3/")[2], params)
        async with self._slot(request):
            # only now: what has waited for a connection must hear of a ban that came meanwhile
            self._bans.check(places=cost.places)
            sent_in = self._weight.admit(cost, request)
            headers: Mapping[str, str] = {}
            try:
                with self._network.waiting():
                    payload = self._encode(params, signed)
                    status, headers, body = await self._send(method, uri, payload, signed)
            except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
                raise from_transport(error, writes, request) from error
            finally:
                self._weight.settle(cost, headers, sent_in)
            if not 200 <= status < 300:
                failure = from_answer(
                    status, body, headers.get("Retry-After"), self._exchange_clock.now(), writes, request
                )
                if isinstance(failure, Throttled):
                    self._bans.impose(failure)
                raise failure
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise undecided(writes, f"{request}: the answer is not JSON ({len(body)} bytes)") from error

    @asynccontextmanager
    async def _slot(self, request: str) -> AsyncIterator[None]:
        """One of the connections; raises `Unavailable` if none is free within the time to connect."""
        try:
            async with asyncio.timeout(self._config.request_timeout_s * _CONNECT_SHARE):
                await self._slots.acquire()
        except TimeoutError as error:
            raise Unavailable(f"{request}: not sent, all connections were busy") from error
        try:
            yield
        finally:
            self._slots.release()

    async def _send(
        self, method: str, uri: str, payload: str, signed: bool
    ) -> tuple[int, Mapping[str, str], bytes]:
        in_query = method == "get"
        address = f"{uri}?{payload}" if in_query and payload else uri
        async with self.session.request(
            method.upper(),
            yarl.URL(address, encoded=True),
            data=None if in_query else payload.encode(),
            headers=({"X-MBX-APIKEY": self._config.api_key} if signed else {}) | ({} if in_query else _FORM),
            allow_redirects=False,
        ) as response:
            return response.status, response.headers, await response.read()

    def _encode(self, params: Mapping[str, Any], signed: bool) -> str:
        """The percent-encoded parameters, signed over exactly these bytes (HMAC-SHA256, signature last).

        A timestamp and recvWindow among `params` are kept; else those of now are added.
        """
        values = {name: str(value) for name, value in params.items() if value is not None}
        if not signed:
            return urlencode(values)
        if "timestamp" not in values:
            stamp = self._exchange_clock.stamp()
            values |= {"timestamp": str(stamp.timestamp_ms), "recvWindow": str(stamp.recv_window_ms)}
        text = urlencode(values)
        signature = hmac.new(self._config.api_secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        return f"{text}&signature={signature}"

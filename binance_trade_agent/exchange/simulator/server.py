"""The exchange simulator's server: Binance Spot REST and market streams over a `Market`."""

import asyncio
import errno
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Middleware

from binance_trade_agent.exchange.simulator.admission import Admission
from binance_trade_agent.exchange.simulator.connections import Liveness
from binance_trade_agent.exchange.simulator.control_routes import ControlRoutes
from binance_trade_agent.exchange.simulator.fault_routes import FaultRoutes
from binance_trade_agent.exchange.simulator.faults.book import FaultBook
from binance_trade_agent.exchange.simulator.faults.conditions import Conditions
from binance_trade_agent.exchange.simulator.faults.interception import Interceptor
from binance_trade_agent.exchange.simulator.faults.market import DistortedMarket
from binance_trade_agent.exchange.simulator.faults.rule import Spec
from binance_trade_agent.exchange.simulator.faults.statistics import Statistics
from binance_trade_agent.exchange.simulator.faults.visibility import Visibility
from binance_trade_agent.exchange.simulator.foreign_routes import ForeignRoutes
from binance_trade_agent.exchange.simulator.gate import Gate
from binance_trade_agent.exchange.simulator.list_routes import ListRoutes
from binance_trade_agent.exchange.simulator.market.base import Market
from binance_trade_agent.exchange.simulator.market_routes import MarketRoutes
from binance_trade_agent.exchange.simulator.spot import DEFAULT_COMMISSION_RATE, AccountSpec, SpotExchange
from binance_trade_agent.exchange.simulator.storage import Storage
from binance_trade_agent.exchange.simulator.streams import PING_INTERVAL_S, StreamHub
from binance_trade_agent.exchange.simulator.trading_routes import TradingRoutes
from binance_trade_agent.exchange.simulator.user_streams import UserStreamHub
from binance_trade_agent.exchange.simulator.ws_api import WsApi

__all__ = ["AccountSpec", "PortInUse", "SimulatorServer"]

_TICK_S = 0.25


class PortInUse(Exception):
    """Another program listens on the port."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is in use")
        self.port = port


class SimulatorServer:
    """One exchange on one port. `database` None keeps everything in memory; `port` 0 takes a free one.

    `middlewares` stand around every handler, outermost first; `faults` are in force from the start.

    Raises `StorageError` when the database cannot be used and `BadRule` for faults that this exchange
    cannot have, here, and `PortInUse` from `start`.
    """

    def __init__(
        self,
        market: Market,
        accounts: Sequence[AccountSpec],
        database: Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        commission_rate: Decimal = DEFAULT_COMMISSION_RATE,
        middlewares: Sequence[Middleware] = (),
        ping_interval_s: float = PING_INTERVAL_S,
        faults: Sequence[Spec] = (),
    ) -> None:
        self._market = DistortedMarket(market)
        self._host = host
        self._port = port
        self._storage = Storage(database)
        self.exchange = SpotExchange(self._market, self._storage, accounts, commission_rate)
        self._ping_interval_s = ping_interval_s
        self._hub = StreamHub(market, ping_interval_s)
        self.user_streams = UserStreamHub(self._market.now_ms)
        self.exchange.listen(self.user_streams.accept)
        self._visibility = Visibility()
        self._statistics = Statistics()
        self._book = FaultBook(Conditions(self.exchange, self._market, self.user_streams, self._visibility))
        self._interceptor = Interceptor(self.exchange, self._book, self._statistics, self._visibility)
        self._admission = Admission(self.exchange, self._visibility)
        self._app = web.Application(middlewares=middlewares)
        self._add_routes()
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=2)
        self._ticking: asyncio.Task[None] | None = None
        self._book.add(faults)

    def _add_routes(self) -> None:
        gate = Gate(self.exchange, self._interceptor, self._admission)
        routes = [
            *MarketRoutes(self.exchange, self._market.true).routes(),
            *TradingRoutes(self.exchange).routes(),
            *ListRoutes(self.exchange).routes(),
        ]
        for route in routes:
            self._app.router.add_route(route.method, route.full_path, gate.handler(route))
        liveness = Liveness(self._ping_interval_s)
        self._ws_api = WsApi(
            self.exchange, routes, self._admission, self._interceptor, self.user_streams, liveness
        )
        for method in ("POST", "PUT", "DELETE"):
            self._app.router.add_route(method, "/api/v3/userDataStream", gate.gone)
        self._hub.add_to(self._app)
        self._ws_api.add_to(self._app)
        ControlRoutes(self.exchange, self._market, self._hub.publish).add_to(self._app)
        FaultRoutes(self._book, self._statistics).add_to(self._app)
        ForeignRoutes(self.exchange).add_to(self._app)

    @property
    def port(self) -> int:
        """The port it listens on, once started."""
        return self._port

    @property
    def rest_url(self) -> str:
        """Base address for REST, without a path."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def stream_url(self) -> str:
        """Base address for streams, without a path."""
        return f"ws://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Start the market's background work and listen; raises `PortInUse`."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        try:
            await site.start()
        except OSError as error:
            await self.close()
            if error.errno == errno.EADDRINUSE:
                raise PortInUse(self._port) from error
            raise
        self._port = self._runner.addresses[0][1]
        await self._market.start()
        self._ticking = asyncio.create_task(self._tick())

    async def wait(self) -> None:
        """Wait for as long as it serves; raises what ended its background work (a full disk, say)."""
        if self._ticking is not None:
            await asyncio.shield(self._ticking)

    async def close(self) -> None:
        """Stop listening, end the streams, give the database up."""
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
            self._ticking = None
        self._interceptor.close()
        await self._hub.close()
        await self._ws_api.close()
        await self._runner.cleanup()
        await self._market.close()
        self._storage.close()

    async def _tick(self) -> None:
        while True:
            self._market.advance()
            self._hub.publish()
            await asyncio.sleep(_TICK_S)

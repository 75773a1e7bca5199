"""The process dies or is stopped while the exchange has the order and the answer is still due."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from aiohttp import web

from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.exchange.simulator.market.factory import MarketConfig, MarketKind, market_from
from binance_trade_agent.exchange.simulator.server import SimulatorServer
from binance_trade_agent.exchange.simulator.spot import AccountSpec
from binance_trade_agent.settings import SIMULATOR_KEY_PAIR
from tests.processes import Installation, installation, running

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


#: Longer than a stop may wait: what ends in time did not wait for the answer.
PATIENT = {"BINANCE_REQUEST_TIMEOUT_SECONDS": "120"}


class LateAnswer:
    """Carries new orders out at once and keeps the answer back until `released`."""

    def __init__(self) -> None:
        self.executed = asyncio.Event()
        self.released = asyncio.Event()

    @property
    def middleware(self) -> Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]:
        @web.middleware
        async def hold(request: web.Request, handler: Handler) -> web.StreamResponse:
            answer = await handler(request)
            if request.method == "POST" and request.path == "/api/v3/order":
                self.executed.set()
                await self.released.wait()
            return answer

        return hold


@asynccontextmanager
async def exchange_with(late: LateAnswer, folder: Path) -> AsyncIterator[Installation]:
    place = installation(
        folder, {"SIGNAL_AGENT_TEST_MODE": "true", "TRADING_INTERVAL_SECONDS": "0.5", **PATIENT}
    )
    market = market_from(
        MarketConfig(MarketKind.GENERATED, place.settings.symbols, anchor_ms=1_790_000_000_000, seed=3)
    )
    server = SimulatorServer(
        market,
        [AccountSpec(*SIMULATOR_KEY_PAIR, {"USDT": Decimal(10_000)})],
        folder / "exchange.db",
        port=place.settings.simulator_port,
        middlewares=[late.middleware],
    )
    await server.start()
    # the stream would tell what the answer keeps back
    server.user_streams.silent = True
    try:
        yield place
    finally:
        late.released.set()
        await server.close()


async def finish_and_check(place: Installation) -> None:
    with running(place.trader()) as trader:
        assert await asyncio.to_thread(trader.wait, 60) == ExitCode.OK, place.output
    with place.desk() as desk:
        (order,) = desk.watch.orders()
        assert order.status == "FILLED"
        (truth,) = await asyncio.to_thread(place.truth, "orders")
        assert truth["clientOrderId"] == order.client_order_id
        booked = sum(fill.quantity for fill in desk.watch.fills())
        assert booked == order.executed == Decimal(truth["executedQty"])
        outcomes = {cycle.outcome for cycle in desk.watch.cycles()}
        assert outcomes
        assert outcomes <= {"interrupted", "completed"}


async def test_kill_9_in_the_post_is_adopted_not_repeated(tmp_path: Path) -> None:
    late = LateAnswer()
    async with exchange_with(late, tmp_path) as place:
        with running(place.trader()) as trader:
            await asyncio.wait_for(late.executed.wait(), 60)
            trader.kill()
            trader.wait(60)
        with place.desk() as desk:
            (order,) = desk.watch.orders()
            assert order.status == "INTENT"
        late.released.set()
        await finish_and_check(place)


async def test_sigterm_in_the_post_leaves_it_unknown_before_the_answer(tmp_path: Path) -> None:
    late = LateAnswer()
    async with exchange_with(late, tmp_path) as place:
        with running(place.trader()) as trader:
            await asyncio.wait_for(late.executed.wait(), 60)
            trader.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(trader.wait, 60) == ExitCode.SIGTERM, place.output
        with place.desk() as desk:
            (order,) = desk.watch.orders()
            assert order.status == "UNKNOWN"
            (decision,) = desk.watch.decisions()
            assert decision.outcome == "unknown"
            cycles = desk.watch.cycles()
            assert cycles
            assert all(cycle.outcome != "open" for cycle in cycles)
            # a start more than ten seconds after a stop is a run of its own, which would buy once more
            desk.steering.pause("to see what it adopts", actor="ann", channel="cli")
        late.released.set()
        await finish_and_check(place)

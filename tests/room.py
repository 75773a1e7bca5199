"""A person's side and a trader's side of one book."""

import asyncio
from decimal import Decimal
from typing import Any

from binance_trade_agent.control.commands import CommandRunner
from binance_trade_agent.control.protections import protection_seen
from binance_trade_agent.control.steering import Steering
from binance_trade_agent.domain.acts import AuditRow
from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.orders import ExchangeOrder, OrderType, Side
from binance_trade_agent.domain.records import CommandResult
from binance_trade_agent.orchestrator import OrderRequest
from tests.desk import DeskUnderTest
from tests.fakes import FakeLauncher, FakeLease


class Room:
    """A trader's side (`runner`) and a person's (`steering`) of one book."""

    def __init__(self, desk: DeskUnderTest, *, stays: bool = True) -> None:
        self.desk = desk
        self.exchange = desk.exchange
        self.steering = Steering(desk.store.control, FakeLease(), FakeLauncher(), desk.clock)
        self.runner = CommandRunner(
            desk.store.control,
            desk.orchestrator,
            desk.clock,
            lambda: desk.next_number,
            desk.store.ledger,
            desk.store.journal,
            stays=stays,
            dust=lambda: {each.symbol for each in protection_seen(desk.store.reads) if each.is_dust},
        )

    async def buy(self, symbol: str = "BTCUSDT") -> None:
        request = OrderRequest(side=Side.BUY, quantity=Decimal("0.5"))
        await self.desk.orchestrator.execute_trading_workflow(self.desk.next_number, symbol, request=request)

    def ask_to_flatten(self, key: str = "k") -> asyncio.Task[CommandResult]:
        asked = self.steering.flatten("fire", actor="ann", channel="cli", idempotency_key=key, timeout_s=900)
        return asyncio.create_task(asked)

    async def carry_out(self, asked: asyncio.Task[CommandResult]) -> CommandResult:
        """Steps with the clock moving on, until the answer is there."""
        while not asked.done():
            await asyncio.sleep(0)
            if await self.runner.run_next() is None:
                self.desk.clock.advance(1)
        return await asked

    async def trade(self, symbol: str = "BTCUSDT", **asked: Any) -> CommandResult:
        """What comes of an order that a person asks for."""
        return await self.carry_out(asyncio.create_task(self.asked_to_trade(symbol, **asked)))

    async def asked_to_trade(self, symbol: str = "BTCUSDT", **asked: Any) -> CommandResult:
        who: dict[str, Any] = {"actor": "ann", "channel": "cli"}
        return await self.steering.trade(symbol, **who | asked)

    async def cancel(self, client_order_id: str, *, force: bool = False) -> CommandResult:
        asked = self.steering.cancel(client_order_id, actor="ann", channel="cli", force=force)
        return await self.carry_out(asyncio.create_task(asked))

    @property
    def state(self) -> TradingState:
        return self.desk.store.control.read().state

    @property
    def sales(self) -> list[tuple[str, Decimal]]:
        return [
            (intent.symbol, intent.quantity)
            for intent in self.exchange.sent
            if intent.side is Side.SELL and intent.order_type is OrderType.MARKET
        ]

    def audit(self, action: str) -> AuditRow:
        return next(row for row in self.desk.store.reads.audit() if row.action == action)

    def resting(self) -> list[ExchangeOrder]:
        return [order for order in self.exchange.orders.values() if not order.status.is_terminal]

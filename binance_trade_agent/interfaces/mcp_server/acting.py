"""The tools that act. Each act is stored with who did it before anything happens."""

import uuid
from decimal import Decimal
from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from binance_trade_agent.domain.orders import Side
from binance_trade_agent.domain.records import CommandStatus
from binance_trade_agent.interfaces.desks import DeskDoor
from binance_trade_agent.interfaces.mcp_server.access import caller
from binance_trade_agent.interfaces.mcp_server.answers import Control, WorkflowAnswer
from binance_trade_agent.interfaces.mcp_server.refusals import RefusalCode, refusal, refusals

CHANNEL = "mcp"

Symbol = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{5,20}$", description="The symbol, such as BTCUSDT")]
Quantity = Annotated[
    Decimal | None,
    Field(
        gt=0,
        lt=Decimal("1e15"),
        description="Amount of the base currency, best as text; without it the risk rules size the order."
        " One above a limit is refused, never shrunk",
    ),
]
OrderSide = Annotated[
    Side | None, Field(description="Without it the strategy decides, and HOLD means no order")
]
IdempotencyKey = Annotated[
    str | None,
    Field(
        pattern=r"^[\x21-\x7e]{1,64}$",
        description="Any text of your own; the same key again returns the first result and trades nothing",
    ),
]
ActReason = Annotated[str, Field(min_length=1, max_length=200, description="Why; it is shown and kept")]


async def execute_trading_workflow(
    ctx: Context[DeskDoor],
    symbol: Symbol,
    quantity: Quantity = None,
    side: OrderSide = None,
    idempotency_key: IdempotencyKey = None,
) -> WorkflowAnswer:
    """Run market data, signal, risk and execution once for one symbol, and trade if they all agree.

    It may place a real order in the modes testnet, demo and live. Works whether the trader runs or not.
    """
    key = idempotency_key or uuid.uuid4().hex
    with refusals():
        # If the client goes away only this waiting ends: the command is stored, and carried out.
        result = await ctx.request_context.lifespan_context.desk().steering.trade(
            symbol.upper(), quantity, side, actor=_actor(), channel=CHANNEL, idempotency_key=key
        )
    if result.status is CommandStatus.REFUSED:
        raise refusal(RefusalCode.REFUSED, result.text)
    if result.status is CommandStatus.FAILED:
        raise refusal(RefusalCode.FAILED, result.text)
    return WorkflowAnswer(
        text=result.text,
        details=dict(result.details),
        idempotency_key=key,
        finished_at=result.finished_at,
    )


def pause_trading(ctx: Context[DeskDoor], reason: ActReason) -> Control:
    """No new entries until resumed; exits go on. A halted trader stays halted. Survives restarts."""
    with refusals():
        steering = ctx.request_context.lifespan_context.desk().steering
        return Control.of(steering.pause(reason, actor=_actor()))


def resume_trading(ctx: Context[DeskDoor], reason: ActReason) -> Control:
    """Allow entries again, whatever stopped them (a pause, a limit or the kill switch)."""
    with refusals():
        steering = ctx.request_context.lifespan_context.desk().steering
        return Control.of(steering.resume(reason, actor=_actor()))


def _actor() -> str:
    return f"{CHANNEL}:{caller().name}"

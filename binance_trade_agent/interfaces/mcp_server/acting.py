"""The tools that act. Each act is stored with who did it before anything happens."""

import uuid

from mcp.server.mcpserver import Context

from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.grants import Tier
from binance_trade_agent.domain.records import CommandStatus
from binance_trade_agent.interfaces.mcp_server.access import caller
from binance_trade_agent.interfaces.mcp_server.answers import Control, WorkflowAnswer
from binance_trade_agent.interfaces.mcp_server.arguments import (
    ActReason,
    IdempotencyKey,
    OrderSide,
    Quantity,
    Symbol,
    upper,
)
from binance_trade_agent.interfaces.mcp_server.refusals import RefusalCode, refusal, refusals
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox, desk_of

CHANNEL = "mcp"
#: What a limit or the kill switch has stopped is not for a token that only controls to start again.
_LATCHED = frozenset({TradingState.HALTED, TradingState.ENTRIES_HALTED})


async def execute_trading_workflow(
    ctx: Context[Toolbox],
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
        result = await desk_of(ctx).steering.trade(
            upper(symbol), quantity, side, actor=_actor(), channel=CHANNEL, idempotency_key=key
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


def pause_trading(ctx: Context[Toolbox], reason: ActReason) -> Control:
    """No new entries until resumed; exits go on. A halted trader stays halted. Survives restarts."""
    with refusals():
        steering = desk_of(ctx).steering
        return Control.of(steering.pause(reason, actor=_actor(), channel=CHANNEL))


def halt_trading(ctx: Context[Toolbox], reason: ActReason) -> Control:
    """The kill switch: no order of any kind, exits included, until resumed with a token that trades."""
    with refusals():
        return Control.of(desk_of(ctx).steering.halt(reason, actor=_actor()))


def resume_trading(ctx: Context[Toolbox], reason: ActReason) -> Control:
    """Allow entries again. After a halt or a loss limit this needs a token that trades."""
    with refusals():
        steering, state = desk_of(ctx).steering, desk_of(ctx).watch.status().control.state
        if state in _LATCHED and caller().tier < Tier.TRADE:
            raise refusal(
                RefusalCode.FORBIDDEN,
                f"trading is {state.value}: lifting that needs a token of the tier trade; ask the operator",
            )
        return Control.of(steering.resume(reason, actor=_actor(), channel=CHANNEL))


def _actor() -> str:
    return f"{CHANNEL}:{caller().name}"

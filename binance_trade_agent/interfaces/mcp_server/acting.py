"""The tools that act. Each act is stored with who did it before anything happens."""

import json
import uuid

from mcp.server.mcpserver import Context

from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.grants import Tier
from binance_trade_agent.domain.records import CommandResult, CommandStatus
from binance_trade_agent.interfaces.mcp_server.access import caller
from binance_trade_agent.interfaces.mcp_server.answers import Control, WorkflowAnswer
from binance_trade_agent.interfaces.mcp_server.arguments import (
    ActReason,
    ClientOrderId,
    Confirmation,
    IdempotencyKey,
    OrderSide,
    Quantity,
    Symbol,
    upper,
)
from binance_trade_agent.interfaces.mcp_server.caps import admission, foresee
from binance_trade_agent.interfaces.mcp_server.confirming import ToConfirm, agreed
from binance_trade_agent.interfaces.mcp_server.refusals import RefusalCode, refusal, refusals
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox, desk_of
from binance_trade_agent.interfaces.mcp_server.wording import flatten_words, order_words

CHANNEL = "mcp"
#: What a limit or the kill switch has stopped is not for a token that only controls to start again.
_NOT_LATCHED = frozenset({TradingState.RUNNING, TradingState.PAUSED})


async def execute_trading_workflow(
    ctx: Context[Toolbox],
    symbol: Symbol,
    quantity: Quantity = None,
    side: OrderSide = None,
    idempotency_key: IdempotencyKey = None,
    confirmation: Confirmation = None,
) -> WorkflowAnswer:
    """Run market data, signal, risk and execution once for one symbol, and trade if they all agree.

    It may place a real order in the modes testnet, demo and live; in live mode a first call only returns a code to
    confirm with. Works whether the trader runs or not.
    """
    name = upper(symbol)
    with refusals():
        desk = desk_of(ctx)
        admit = admission(desk, caller().caps, name, quantity)

        def what() -> str:
            foresee(desk, admit, _actor(), idempotency_key)
            return order_words(desk.watch, name, side, quantity)

        key = await agreed(
            ctx,
            act=json.dumps(["trade", name, str(quantity), side, idempotency_key]),
            key=idempotency_key or uuid.uuid4().hex,
            code=confirmation,
            what=what,
        )
        if isinstance(key, ToConfirm):
            return WorkflowAnswer.to_confirm(key)
        # If the client goes away only this waiting ends: the command is stored, and carried out.
        result = await desk.steering.trade(
            name, quantity, side, actor=_actor(), channel=CHANNEL, idempotency_key=key, admit=admit
        )
    return _answer(result, key)


def pause_trading(ctx: Context[Toolbox], reason: ActReason) -> Control:
    """No new entries until resumed; exits go on. A halted trader stays halted. Survives restarts."""
    with refusals():
        steering = desk_of(ctx).steering
        return Control.of(steering.pause(reason, actor=_actor(), channel=CHANNEL))


def halt_trading(ctx: Context[Toolbox], reason: ActReason) -> Control:
    """The kill switch: no order of any kind, exits included, until resumed with a token that trades."""
    with refusals():
        return Control.of(desk_of(ctx).steering.halt(reason, actor=_actor(), channel=CHANNEL))


def resume_trading(ctx: Context[Toolbox], reason: ActReason) -> Control:
    """Allow entries again. After a halt or a loss limit this needs a token that trades."""
    allowed = frozenset(TradingState) if caller().tier >= Tier.TRADE else _NOT_LATCHED
    with refusals():
        held = desk_of(ctx).steering.resume(reason, actor=_actor(), channel=CHANNEL, only_from=allowed)
    if held.refused:
        raise refusal(
            RefusalCode.FORBIDDEN,
            f"trading is {held.state.value} ({held.reason}): lifting that needs a token of the tier trade;"
            " ask the operator",
        )
    return Control.of(held)


async def flatten_positions(
    ctx: Context[Toolbox],
    reason: ActReason,
    idempotency_key: IdempotencyKey = None,
    confirmation: Confirmation = None,
) -> WorkflowAnswer:
    """Cancel our entries, sell everything the trader bought, then halt. Entries stop at once, even if selling fails.

    In live mode a first call only returns a code to confirm with.
    """
    with refusals():
        desk = desk_of(ctx)
        key = await agreed(
            ctx,
            act=json.dumps(["flatten", idempotency_key]),
            key=idempotency_key or uuid.uuid4().hex,
            code=confirmation,
            what=lambda: flatten_words(desk.watch),
        )
        if isinstance(key, ToConfirm):
            return WorkflowAnswer.to_confirm(key)
        result = await desk.steering.flatten(reason, actor=_actor(), channel=CHANNEL, idempotency_key=key)
    return _answer(result, key)


async def cancel_order(
    ctx: Context[Toolbox],
    client_order_id: ClientOrderId,
    reason: ActReason,
    idempotency_key: IdempotencyKey = None,
) -> WorkflowAnswer:
    """Cancel one resting entry order of ours. A stop or target that guards a position stays: a person cancels that."""
    key = idempotency_key or uuid.uuid4().hex
    with refusals():
        result = await desk_of(ctx).steering.cancel(
            client_order_id, actor=_actor(), channel=CHANNEL, reason=reason, idempotency_key=key
        )
    return _answer(result, key)


def _answer(result: CommandResult, key: str) -> WorkflowAnswer:
    """What came of a command; raises the refusal of one that was not carried out."""
    if result.status is CommandStatus.REFUSED:
        raise refusal(RefusalCode.REFUSED, result.told)
    if result.status is CommandStatus.FAILED:
        raise refusal(RefusalCode.FAILED, result.told)
    return WorkflowAnswer(
        text=result.told,
        details=dict(result.details),
        idempotency_key=key,
        finished_at=result.finished_at,
        repeated=result.repeated,
    )


def _actor() -> str:
    return f"{CHANNEL}:{caller().name}"

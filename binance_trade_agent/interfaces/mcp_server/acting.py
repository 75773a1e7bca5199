"""The tools that stop and start trading. Each act is stored with who did it before anything happens."""

import json
import uuid
from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from binance_trade_agent.control.resting import entries_to_cancel
from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.grants import Tier
from binance_trade_agent.interfaces.mcp_server.access import caller
from binance_trade_agent.interfaces.mcp_server.act_answers import RestrictedAnswer, SteeredAnswer
from binance_trade_agent.interfaces.mcp_server.answers import WorkflowAnswer
from binance_trade_agent.interfaces.mcp_server.arguments import (
    ActReason,
    ClientOrderId,
    Confirmation,
    IdempotencyKey,
    Symbol,
)
from binance_trade_agent.interfaces.mcp_server.carrying_out import CHANNEL, actor, answer_of, steering_of
from binance_trade_agent.interfaces.mcp_server.confirming import ToConfirm, agreed
from binance_trade_agent.interfaces.mcp_server.refusals import RefusalCode, refusal, refusals
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox, desk_of, toolbox_of
from binance_trade_agent.interfaces.mcp_server.wording import flatten_words

#: What a limit or the kill switch has stopped is not for a token that only controls to start again.
_NOT_LATCHED = frozenset({TradingState.RUNNING, TradingState.PAUSED})
_FLATTEN_TIMES = 3

Symbols = Annotated[list[Symbol], Field(min_length=1, max_length=50, description="Such as BTCUSDT")]
On = Annotated[bool, Field(strict=True, description="true: buy nothing of them; false: lift that")]


def pause_trading(
    ctx: Context[Toolbox], reason: ActReason, idempotency_key: IdempotencyKey = None
) -> SteeredAnswer:
    """No new entries until resumed; exits go on. A halted trader stays halted. Survives restarts."""
    with refusals():
        resting = entries_to_cancel(desk_of(ctx).history)
        done = desk_of(ctx).steering.pause(
            reason, actor=actor(), channel=CHANNEL, idempotency_key=idempotency_key
        )
    return SteeredAnswer.after(done, resting)


def halt_trading(
    ctx: Context[Toolbox], reason: ActReason, idempotency_key: IdempotencyKey = None
) -> SteeredAnswer:
    """The kill switch: no order of any kind, exits included, until resumed with a token that trades."""
    with refusals():
        resting = entries_to_cancel(desk_of(ctx).history)
        done = desk_of(ctx).steering.halt(
            reason, actor=actor(), channel=CHANNEL, idempotency_key=idempotency_key
        )
    return SteeredAnswer.after(done, resting)


def resume_trading(
    ctx: Context[Toolbox], reason: ActReason, idempotency_key: IdempotencyKey = None
) -> SteeredAnswer:
    """Allow entries again. After a halt or a loss limit this needs a token that trades."""
    allowed = frozenset(TradingState) if caller().tier >= Tier.TRADE else _NOT_LATCHED
    with refusals():
        held = desk_of(ctx).steering.resume(
            reason, actor=actor(), channel=CHANNEL, only_from=allowed, idempotency_key=idempotency_key
        )
    if held.refused:
        raise refusal(
            RefusalCode.FORBIDDEN,
            f"trading is {held.state.value} ({held.reason}): lifting that needs a token of the tier trade;"
            " ask the operator",
        )
    return SteeredAnswer.after(held)


def set_reduce_only(
    ctx: Context[Toolbox], symbols: Symbols, on: On, reason: ActReason, idempotency_key: IdempotencyKey = None
) -> RestrictedAnswer:
    """Let nothing of some symbols be bought until it is lifted; what is held of them is sold as ever."""
    with refusals():
        done = desk_of(ctx).steering.reduce_only(
            symbols, reason, on=on, actor=actor(), channel=CHANNEL, idempotency_key=idempotency_key
        )
    return RestrictedAnswer.of(done)


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
        result = await steering_of(ctx).flatten(
            reason,
            actor=actor(),
            channel=CHANNEL,
            idempotency_key=key,
            timeout_s=_FLATTEN_TIMES * toolbox_of(ctx).patience_s,
        )
    return await answer_of(ctx, result, key)


async def cancel_order(
    ctx: Context[Toolbox],
    client_order_id: ClientOrderId,
    reason: ActReason,
    idempotency_key: IdempotencyKey = None,
) -> WorkflowAnswer:
    """Cancel one resting entry order of ours. A stop or target that guards a position stays: a person cancels that."""
    key = idempotency_key or uuid.uuid4().hex
    with refusals():
        result = await steering_of(ctx).cancel(
            client_order_id,
            actor=actor(),
            channel=CHANNEL,
            reason=reason,
            idempotency_key=key,
            timeout_s=toolbox_of(ctx).patience_s,
        )
    return await answer_of(ctx, result, key)

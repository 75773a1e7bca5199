"""The tools that may place an order, tell what would become of one, or move a position's stop and target."""

import json
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.interfaces.mcp_server.access import caller
from binance_trade_agent.interfaces.mcp_server.answers import WorkflowAnswer
from binance_trade_agent.interfaces.mcp_server.arguments import (
    AskedSide,
    Confirmation,
    IdempotencyKey,
    LevelPrice,
    LimitPrice,
    OrderReason,
    OrderSide,
    Quantity,
    Symbol,
    TimeLimit,
    upper,
)
from binance_trade_agent.interfaces.mcp_server.caps import admission, foresee
from binance_trade_agent.interfaces.mcp_server.carrying_out import CHANNEL, actor, answer_of, steering_of
from binance_trade_agent.interfaces.mcp_server.confirming import ToConfirm, agreed
from binance_trade_agent.interfaces.mcp_server.refusals import RefusalCode, refusal, refusals
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox, desk_of, toolbox_of
from binance_trade_agent.interfaces.mcp_server.wording import in_mode, order_words

DryRun = Annotated[bool, Field(strict=True, description="Only tell what would happen; needs no confirmation")]
BackToSettings = Annotated[
    bool, Field(strict=True, description="Drop the asked prices: what the settings say holds again")
]


@dataclass(frozen=True, slots=True)
class _Order:
    """What is asked for."""

    symbol: str
    quantity: Decimal | None
    side: Side | None
    limit_price: Decimal | None = None
    time_limit_s: int | None = None

    def __post_init__(self) -> None:
        if self.limit_price is not None and self.side is Side.SELL:
            raise refusal(
                RefusalCode.BAD_ARGUMENT,
                "limit_price: only a BUY rests at a price; to sell at one, give the position a target with"
                " set_protection",
            )
        if self.limit_price is not None and self.side is None:
            raise refusal(RefusalCode.BAD_ARGUMENT, "limit_price: it is of a BUY, so give side BUY too")
        if self.time_limit_s is not None and self.limit_price is None:
            raise refusal(
                RefusalCode.BAD_ARGUMENT,
                "time_limit_s: it is of an order that rests, so give limit_price too",
            )

    def named(self, kind: str, key: str | None) -> str:
        """The act with all its arguments, told from any other."""
        price = None if self.limit_price is None else str(self.limit_price)
        return json.dumps([kind, self.symbol, str(self.quantity), self.side, price, self.time_limit_s, key])


async def execute_trading_workflow(
    ctx: Context[Toolbox],
    symbol: Symbol,
    quantity: Quantity = None,
    side: OrderSide = None,
    dry_run: DryRun = False,
    reason: OrderReason = "",
    idempotency_key: IdempotencyKey = None,
    confirmation: Confirmation = None,
) -> WorkflowAnswer:
    """Run market data, signal, risk and execution once for one symbol, and trade if they all agree.

    Real money in live mode, where a first call only returns a code to confirm with. Works with the trader stopped too.
    """
    order = _Order(upper(symbol), quantity, side)
    if dry_run and confirmation is None:
        return await _dry_run(ctx, order, reason, idempotency_key)
    if dry_run:
        raise refusal(RefusalCode.BAD_ARGUMENT, "confirmation: a dry run needs none")
    return await _place(ctx, "trade", order, reason, idempotency_key, confirmation)


async def place_order(
    ctx: Context[Toolbox],
    symbol: Symbol,
    side: AskedSide,
    quantity: Quantity = None,
    limit_price: LimitPrice = None,
    time_limit_s: TimeLimit = None,
    reason: OrderReason = "",
    idempotency_key: IdempotencyKey = None,
    confirmation: Confirmation = None,
) -> WorkflowAnswer:
    """Buy or sell by hand, at market or with a BUY that rests; the risk gates hold as ever.

    Real money in live mode, where a first call only returns a code to confirm with. preview_order tells before what
    would happen.
    """
    order = _Order(upper(symbol), quantity, side, limit_price, time_limit_s)
    return await _place(ctx, "order", order, reason, idempotency_key, confirmation)


async def preview_order(
    ctx: Context[Toolbox],
    symbol: Symbol,
    side: OrderSide = None,
    quantity: Quantity = None,
    limit_price: LimitPrice = None,
) -> WorkflowAnswer:
    """What an order would come to, asked of the same data, signal and risk gates. It never trades, whatever they say."""
    return await _dry_run(ctx, _Order(upper(symbol), quantity, side, limit_price), "", None)


async def set_protection(
    ctx: Context[Toolbox],
    symbol: Symbol,
    stop_price: LevelPrice = None,
    target_price: LevelPrice = None,
    back_to_settings: BackToSettings = False,
    reason: OrderReason = "",
    idempotency_key: IdempotencyKey = None,
    confirmation: Confirmation = None,
) -> WorkflowAnswer:
    """Move the stop, the target, or both, of an open position to prices of your own, until it is closed.

    In live mode a first call only returns a code to confirm with.
    """
    if back_to_settings == (stop_price is not None or target_price is not None):
        raise refusal(
            RefusalCode.BAD_ARGUMENT, "give stop_price, target_price or both; or else back_to_settings alone"
        )
    name = upper(symbol)
    with refusals():
        desk = desk_of(ctx)
        key = await agreed(
            ctx,
            act=json.dumps(["protect", name, str(stop_price), str(target_price), idempotency_key]),
            key=idempotency_key or uuid.uuid4().hex,
            code=confirmation,
            what=lambda: in_mode(desk.watch, _protection_words(name, stop_price, target_price)),
        )
        if isinstance(key, ToConfirm):
            return WorkflowAnswer.to_confirm(key)
        result = await steering_of(ctx).protect(
            name,
            stop_price=stop_price,
            target_price=target_price,
            actor=actor(),
            channel=CHANNEL,
            reason=reason,
            idempotency_key=key,
            timeout_s=toolbox_of(ctx).patience_s,
        )
    return await answer_of(ctx, result, key)


async def _dry_run(ctx: Context[Toolbox], order: _Order, reason: str, key: str | None) -> WorkflowAnswer:
    key = key or uuid.uuid4().hex
    with refusals():
        result = await steering_of(ctx).trade(
            order.symbol,
            order.quantity,
            order.side,
            limit_price=order.limit_price,
            actor=actor(),
            channel=CHANNEL,
            reason=reason,
            idempotency_key=key,
            dry_run=True,
            timeout_s=toolbox_of(ctx).patience_s,
        )
    return await answer_of(ctx, result, key)


async def _place(
    ctx: Context[Toolbox], kind: str, order: _Order, reason: str, asked_key: str | None, code: str | None
) -> WorkflowAnswer:
    with refusals():
        desk = desk_of(ctx)
        admit = admission(desk, caller().caps, order.symbol, order.quantity, order.limit_price)

        def what() -> str:
            foresee(desk, admit, actor(), asked_key)
            return order_words(desk.watch, order.symbol, order.side, order.quantity, order.limit_price)

        key = await agreed(
            ctx,
            act=order.named(kind, asked_key),
            key=asked_key or uuid.uuid4().hex,
            code=code,
            what=what,
        )
        if isinstance(key, ToConfirm):
            return WorkflowAnswer.to_confirm(key)
        # If the client goes away only this waiting ends: the command is stored, and carried out.
        result = await steering_of(ctx).trade(
            order.symbol,
            order.quantity,
            order.side,
            limit_price=order.limit_price,
            time_limit_s=order.time_limit_s,
            actor=actor(),
            channel=CHANNEL,
            reason=reason,
            idempotency_key=key,
            admit=admit,
            timeout_s=toolbox_of(ctx).patience_s,
        )
    return await answer_of(ctx, result, key)


def _protection_words(symbol: str, stop: Decimal | None, target: Decimal | None) -> str:
    levels = [
        f"{name} to {to_wire(price)}"
        for name, price in (("stop", stop), ("target", target))
        if price is not None
    ]
    return f"Move the {' and the '.join(levels) or 'stop and target back to the settings'}, of {symbol}"

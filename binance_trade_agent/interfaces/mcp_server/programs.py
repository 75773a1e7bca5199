"""The tools that start and stop the trading loop, through supervisord."""

from collections.abc import Callable
from functools import partial

import anyio.to_thread
from mcp.server.mcpserver import Context

from binance_trade_agent.bootstrap.supervisor_rpc import SupervisionError
from binance_trade_agent.control.programs import ProgramAct, ProgramActFailed
from binance_trade_agent.control.steering import Stage
from binance_trade_agent.interfaces.mcp_server.act_answers import ProgramAnswer
from binance_trade_agent.interfaces.mcp_server.arguments import ActReason, IdempotencyKey
from binance_trade_agent.interfaces.mcp_server.carrying_out import CHANNEL, actor, tell_done, teller
from binance_trade_agent.interfaces.mcp_server.refusals import RefusalCode, refusal, refusals
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox, desk_of


async def start_trading_loop(
    ctx: Context[Toolbox], reason: ActReason, idempotency_key: IdempotencyKey = None
) -> ProgramAnswer:
    """Start the trader's process; one that runs is left alone. It lifts neither pause nor halt."""
    with refusals():
        start = desk_of(ctx).programs.start
    return await _done(
        ctx, partial(start, actor=actor(), channel=CHANNEL, reason=reason, idempotency_key=idempotency_key)
    )


async def stop_trading_loop(
    ctx: Context[Toolbox], reason: ActReason, idempotency_key: IdempotencyKey = None
) -> ProgramAnswer:
    """End the trader's process after the order in hand; entries that rest are taken back, positions and their stops stay.

    To stop buying for a while, pause_trading is better.
    """
    with refusals():
        stop = desk_of(ctx).programs.stop
    return await _done(
        ctx, partial(stop, actor=actor(), channel=CHANNEL, reason=reason, idempotency_key=idempotency_key)
    )


async def _done(ctx: Context[Toolbox], act: Callable[[], ProgramAct]) -> ProgramAnswer:
    tell = teller(ctx)
    await tell(Stage.HANDED_OVER)
    with refusals():
        try:
            done = await anyio.to_thread.run_sync(act)
        except SupervisionError as error:
            raise refusal(RefusalCode.REFUSED, str(error)) from error
        except ProgramActFailed as error:
            raise refusal(RefusalCode.FAILED, str(error)) from error
    await tell_done(ctx)
    return ProgramAnswer(
        text=done.told,
        program=done.program,
        before=done.before,
        after=done.after,
        done_at=done.done_at,
        repeated=done.repeated,
    )

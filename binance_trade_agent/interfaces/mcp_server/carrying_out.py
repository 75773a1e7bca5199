"""What the tools that act share: in whose name, how a client is told how far an act is, what came of a command."""

from mcp.server.mcpserver import Context

from binance_trade_agent.control.steering import Stage, Steering, Tell
from binance_trade_agent.domain.records import CommandResult, CommandStatus
from binance_trade_agent.interfaces.mcp_server.access import caller
from binance_trade_agent.interfaces.mcp_server.answers import WorkflowAnswer
from binance_trade_agent.interfaces.mcp_server.refusals import RefusalCode, refusal
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox, desk_of

CHANNEL = "mcp"
_STAGES = 3
_AFTER_A_FAILURE = "See get_status and get_orders for what holds now; another attempt needs a new key"


def actor() -> str:
    """Who acts, for the audit."""
    return f"{CHANNEL}:{caller().name}"


def teller(ctx: Context[Toolbox]) -> Tell:
    """Reports progress to the client; to one that did not ask for it, nothing."""

    async def tell(stage: Stage) -> None:
        await ctx.report_progress(list(Stage).index(stage) + 1, _STAGES, stage.value)

    return tell


async def tell_done(ctx: Context[Toolbox]) -> None:
    """The last report of progress."""
    await ctx.report_progress(_STAGES, _STAGES, "done")


def steering_of(ctx: Context[Toolbox]) -> Steering:
    """The acts, with their progress told to the client."""
    return desk_of(ctx).steering.telling(teller(ctx))


async def answer_of(ctx: Context[Toolbox], result: CommandResult, key: str) -> WorkflowAnswer:
    """What came of a command; raises the refusal of one that was not carried out."""
    await tell_done(ctx)
    if result.status is CommandStatus.REFUSED:
        raise refusal(RefusalCode.REFUSED, result.told)
    if result.status is CommandStatus.FAILED:
        # what is told of an earlier attempt says that by itself
        hint = "" if result.repeated else f". {_AFTER_A_FAILURE}"
        raise refusal(RefusalCode.FAILED, f"{result.told}{hint}")
    return WorkflowAnswer(
        text=result.told,
        details=dict(result.details),
        idempotency_key=key,
        finished_at=result.finished_at,
        repeated=result.repeated,
    )

"""What every tool has at hand."""

from dataclasses import dataclass, field
from pathlib import Path

from mcp.server.mcpserver import Context

from binance_trade_agent.bootstrap.launched_changes import LaunchedChanges
from binance_trade_agent.bootstrap.log_tail import LogTail
from binance_trade_agent.interfaces.desks import Desk, DeskDoor
from binance_trade_agent.interfaces.mcp_server.confirmations import Confirmations


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The desk, and what of the installation can be told."""

    door: DeskDoor
    #: Set where orders must be asked for twice.
    confirmations: Confirmations | None = None
    logs: LogTail = field(default_factory=lambda: LogTail(Path("logs")))
    changes: LaunchedChanges = field(default_factory=LaunchedChanges)
    #: How long a tool waits for what it asked for; to sell everything takes three times as long.
    patience_s: float = 60.0


def toolbox_of(ctx: Context[Toolbox]) -> Toolbox:
    """The toolbox of the call."""
    return ctx.request_context.lifespan_context


def desk_of(ctx: Context[Toolbox]) -> Desk:
    """The desk; raises as `DeskDoor.desk` does."""
    return toolbox_of(ctx).door.desk()

"""The tool that changes a setting while the trader runs."""

import json
import uuid
from typing import Annotated

import anyio.to_thread
from mcp.server.mcpserver import Context
from pydantic import Field

from binance_trade_agent.bootstrap.launched_changes import ChangeAsked, ChangeUnknown
from binance_trade_agent.interfaces.mcp_server.act_answers import ChangeAnswer
from binance_trade_agent.interfaces.mcp_server.arguments import ActReason, Confirmation, IdempotencyKey
from binance_trade_agent.interfaces.mcp_server.carrying_out import CHANNEL, actor
from binance_trade_agent.interfaces.mcp_server.confirming import ToConfirm, agreed
from binance_trade_agent.interfaces.mcp_server.refusals import RefusalCode, refusal, refusals
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox, desk_of, toolbox_of
from binance_trade_agent.interfaces.mcp_server.wording import in_mode

SettingName = Annotated[
    str, Field(pattern=r"^[A-Za-z_]{1,60}$", description="Such as RISK_MAX_SPREAD_BPS; see get_settings")
]
SettingValue = Annotated[
    str | None, Field(max_length=5000, description="As text; null takes back what was set at run time")
]


async def update_setting(
    ctx: Context[Toolbox],
    name: SettingName,
    value: SettingValue,
    reason: ActReason,
    idempotency_key: IdempotencyKey = None,
    confirmation: Confirmation = None,
) -> ChangeAnswer:
    """Change a setting of risk, protection, entries or strategies while the trader runs; checked as a start would.

    In live mode a first call only returns a code to confirm with.
    """
    name = name.upper()
    with refusals():
        desk = desk_of(ctx)
        key = await agreed(
            ctx,
            act=json.dumps(["setting", name, value, idempotency_key]),
            key=idempotency_key or uuid.uuid4().hex,
            code=confirmation,
            what=lambda: in_mode(desk.watch, _words(name, value)),
        )
        if isinstance(key, ToConfirm):
            return ChangeAnswer.to_confirm(name, key)
        asked = ChangeAsked(name, value, actor(), CHANNEL, reason, key)
        try:
            done = await anyio.to_thread.run_sync(toolbox_of(ctx).changes.change, asked)
        except ChangeUnknown as error:
            raise refusal(RefusalCode.PENDING, f"{error}; ask again with the key {key}") from error
    return ChangeAnswer.of(done, key)


def _words(name: str, value: str | None) -> str:
    return f"Take back what was set of {name}" if value is None else f"Set {name} to {value[:200]}"

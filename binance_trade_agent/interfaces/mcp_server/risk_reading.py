"""The tool that tells the risk limits and their use."""

from datetime import datetime

from mcp.server.mcpserver import Context

from binance_trade_agent.control.risk_state import shown
from binance_trade_agent.interfaces.mcp_server.answers import Control, GateAnswer
from binance_trade_agent.interfaces.mcp_server.plain import Plain
from binance_trade_agent.interfaces.mcp_server.refusals import refusals
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox, desk_of


class LimitAnswer(Plain):
    """A limit and how much of it is used; shares are of equity, a `limit` of 0 is none."""

    code: str
    setting: str
    symbol: str | None
    limit: str
    used: str | None
    remaining: str | None
    reached: bool


class JudgedAnswer(Plain):
    """The gates of the newest decision that wanted an order."""

    decision_id: str
    symbol: str
    action: str | None
    decided_at: datetime
    blocking_gate: str | None
    gates: list[GateAnswer]


class RiskAnswer(Plain):
    """`limits` are empty before the first session; `all_limits` are every limit in force."""

    as_of: datetime
    control: Control
    equity_at: datetime | None
    limits: list[LimitAnswer]
    all_limits: dict[str, str]
    newest_judged: JudgedAnswer | None


def get_risk_state(ctx: Context[Toolbox]) -> RiskAnswer:
    """The risk limits with their use: losses, exposure, order rate; and the gates of the newest order that was wanted."""
    with refusals():
        state = desk_of(ctx).risk.risk_state()
    judged = state.judged
    return RiskAnswer(
        as_of=state.as_of,
        control=Control.of(state.control),
        equity_at=state.equity_at,
        limits=[
            LimitAnswer(
                code=one.code,
                setting=one.setting,
                symbol=one.symbol,
                limit=shown(one.limit) or "0",
                used=shown(one.used),
                remaining=shown(max(one.limit - one.used, one.limit * 0))
                if one.limit and one.used is not None
                else None,
                reached=one.is_reached,
            )
            for one in state.limits
        ],
        all_limits=dict(state.plan),
        newest_judged=JudgedAnswer(
            decision_id=judged.id,
            symbol=judged.symbol,
            action=judged.action,
            decided_at=judged.decided_at,
            blocking_gate=judged.blocking_gate,
            gates=[GateAnswer.of(gate) for gate in judged.gates],
        )
        if judged
        else None,
    )

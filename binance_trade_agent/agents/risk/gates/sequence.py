"""Which gates an order passes, and in which order.

Those for entries also keep a person's order within the limits; the ones that restrain the strategy
only do not hold a person back who names a side, and has seen the chart. Exits are held back by as
little as possible: neither by the spread, nor by pauses, nor by limits.
"""

from collections.abc import Callable

from binance_trade_agent.agents.risk.gates.control import (
    daily_loss,
    drawdown,
    entries_halted,
    halted,
    not_traded,
    paused,
    reduce_only,
)
from binance_trade_agent.agents.risk.gates.exposure import (
    correlation,
    free_balance,
    open_positions,
    symbol_exposure,
    total_exposure,
)
from binance_trade_agent.agents.risk.gates.market import (
    price_jump,
    spread,
    stale_data,
    unresolved_order,
    warmup,
)
from binance_trade_agent.agents.risk.gates.pace import (
    cooldown,
    losing_streak,
    loss_cooldown,
    one_action_per_candle,
    order_rate_day,
    order_rate_minute,
)
from binance_trade_agent.agents.risk.gates.size import dust, entry_size, exit_size, position
from binance_trade_agent.agents.risk.proposal import Proposal
from binance_trade_agent.domain.decisions import GateResult
from binance_trade_agent.domain.orders import Side

Gate = Callable[[Proposal], GateResult]

_ENTRY: tuple[Gate, ...] = (
    halted,
    paused,
    reduce_only,
    daily_loss,
    drawdown,
    entries_halted,
    not_traded,
    unresolved_order,
    stale_data,
    warmup,
    spread,
    price_jump,
    one_action_per_candle,
    cooldown,
    loss_cooldown,
    losing_streak,
    order_rate_minute,
    order_rate_day,
    open_positions,
    symbol_exposure,
    total_exposure,
    correlation,
    free_balance,
    entry_size,
)

_EXIT: tuple[Gate, ...] = (
    halted,
    unresolved_order,
    stale_data,
    one_action_per_candle,
    position,
    dust,
    exit_size,
)

_STRATEGY_ONLY: frozenset[Gate] = frozenset(
    {warmup, one_action_per_candle, cooldown, loss_cooldown, losing_streak}
)


def gates_for(proposal: Proposal) -> tuple[Gate, ...]:
    """The gates of an entry or an exit; a person's own side skips those that restrain the strategy only."""
    gates = _ENTRY if proposal.side is Side.BUY else _EXIT
    if proposal.by_hand:
        return tuple(gate for gate in gates if gate not in _STRATEGY_ONLY)
    return gates

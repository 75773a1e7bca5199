"""The risk agent: a proposal through its gates, in order; every one of them is asked."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from binance_trade_agent.agents.risk.gates.sequence import gates_for
from binance_trade_agent.agents.risk.limits import RiskContext, RiskLimits
from binance_trade_agent.agents.risk.proposal import Proposal
from binance_trade_agent.agents.risk.windows import Windows
from binance_trade_agent.domain.decisions import (
    Approved,
    ControlSnapshot,
    Refused,
    RiskVerdict,
    Signal,
)
from binance_trade_agent.domain.market import MarketSnapshot
from binance_trade_agent.domain.orders import OrderType, Purpose, Side
from binance_trade_agent.domain.portfolio import PortfolioView


@dataclass(frozen=True, slots=True)
class RiskManagementAgent:
    """Holds the operator's limits; nothing it decides depends on an earlier decision."""

    limits: RiskLimits
    _windows: Windows = field(default_factory=Windows, init=False, repr=False, compare=False)

    def assess(
        self,
        signal: Signal,
        snapshot: MarketSnapshot,
        portfolio: PortfolioView,
        *,
        control: ControlSnapshot,
        context: RiskContext,
        quantity: Decimal | None = None,
        at_most: bool = False,
        side: Side | None = None,
        limit_price: Decimal | None = None,
        time_limit: timedelta | None = None,
    ) -> RiskVerdict:
        """An order with the size it may have, or what blocked it; either carries all gates in order.

        `side` is a person's choice and overrides the signal's; it skips the gates `warmup`,
        `one_action_per_candle`, `cooldown`, `loss_cooldown` and `losing_streak`, which restrain
        the strategy, and no other.
        `quantity` is in base currency; one over a limit is refused, never shrunk, unless it says what an exit
        may sell `at_most`. `limit_price`
        makes an entry a LIMIT order at that price, which every gate takes for what it costs, for
        `time_limit` or the operator's. Raises `ValueError` for a HOLD without a side: there is
        nothing to assess.
        """
        proposal = Proposal(
            side=side or Side(signal.action.value),
            by_hand=side is not None,
            quantity=None if at_most else quantity,
            share=signal.share,
            snapshot=snapshot,
            portfolio=portfolio,
            control=control,
            context=context,
            limits=self.limits,
            windows=self._windows,
            asked_price=limit_price,
            at_most=quantity if at_most else None,
        )
        gates = tuple(gate(proposal) for gate in gates_for(proposal))
        if not all(gate.passed for gate in gates):
            return Refused(proposal.symbol, gates)
        price = proposal.limit_price
        return Approved(
            symbol=proposal.symbol,
            side=proposal.side,
            quantity=proposal.sized,
            reference_price=proposal.price,
            purpose=Purpose.ENTRY if proposal.side is Side.BUY else Purpose.EXIT,
            gates=gates,
            order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
            price=price,
            time_limit=None if price is None else time_limit or self.limits.entry_time_limit,
        )

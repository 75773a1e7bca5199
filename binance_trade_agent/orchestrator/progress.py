"""How far the symbols' decisions have come: the last candle seen, and the last one ordered on."""

from collections.abc import Iterable
from datetime import datetime

from binance_trade_agent.domain.decisions import Decision
from binance_trade_agent.domain.market import Candle, CandleInterval, MarketSnapshot
from binance_trade_agent.orchestrator.cycle import Cycle
from binance_trade_agent.ports import DecisionLog


class Progress:
    """symbol -> open time of a candle; read from the decision log once, kept up to date by `remember`."""

    def __init__(self, decisions: DecisionLog) -> None:
        self.last_seen: dict[str, datetime] = decisions.last_candles()
        self.last_traded: dict[str, datetime] = decisions.last_entry_candles()

    def new_candles(
        self, decisions: Iterable[Decision], cycle: Cycle
    ) -> dict[str, tuple[CandleInterval, tuple[Candle, ...]]]:
        """The candles that `decisions` were the first to see; a symbol's first one saw its whole history first."""
        seen = {decision.symbol for decision in decisions if decision.candles_seen}
        return {
            view.symbol: (
                view.interval,
                view.fresh_candles if view.symbol in self.last_seen else view.candles,
            )
            for view in cycle.views.values()
            if isinstance(view, MarketSnapshot) and view.symbol in seen
        }

    def remember(self, cycle: Cycle) -> None:
        """Take over what a stored cycle has seen and ordered."""
        for symbol, (_, candles) in self.new_candles(cycle.decisions, cycle).items():
            self.last_seen[symbol] = candles[-1].open_time
        for result in cycle.executions:
            symbol = result.order.intent.symbol
            if symbol in self.last_seen:
                self.last_traded[symbol] = self.last_seen[symbol]

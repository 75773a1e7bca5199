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
        #: Symbols whose whole window this process has stored.
        self._stored: set[str] = set()

    def new_candles(
        self, decisions: Iterable[Decision], cycle: Cycle
    ) -> dict[str, tuple[CandleInterval, tuple[Candle, ...]]]:
        """The candles that `decisions` saw and that may not be stored yet: the whole window at a symbol's first."""
        looked_at = {symbol for decision in decisions for symbol in _looked_at(decision)}
        return {
            view.symbol: (
                view.interval,
                view.fresh_candles if view.symbol in self._stored else view.candles,
            )
            for view in cycle.views.values()
            if isinstance(view, MarketSnapshot) and view.symbol in looked_at
        }

    def remember(self, cycle: Cycle) -> None:
        """Take over what a stored cycle has seen and ordered."""
        self._stored |= set(self.new_candles(cycle.decisions, cycle))
        for decision in cycle.decisions:
            if decision.last_candle is not None:
                self.last_seen[decision.symbol] = decision.last_candle
        for result in cycle.executions:
            symbol = result.order.intent.symbol
            if symbol in self.last_seen:
                self.last_traded[symbol] = self.last_seen[symbol]


def _looked_at(decision: Decision) -> tuple[str, ...]:
    """The symbols whose candles a decision was made on: its own, and those it was compared with."""
    if decision.inputs is None:
        return ()
    assessment = decision.inputs.assessment
    return (decision.symbol, *(assessment.windows if assessment is not None else ()))

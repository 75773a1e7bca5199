"""Watches the limits on losses: at a breach entries are halted until a person resumes."""

from dataclasses import replace

from binance_trade_agent.agents.risk import LATCHING_GATES, breached_limit
from binance_trade_agent.domain.decisions import ControlSnapshot, TradingState
from binance_trade_agent.domain.loss_limits import LossMarks, marks_after
from binance_trade_agent.domain.portfolio import PortfolioView
from binance_trade_agent.orchestrator.desk import TradingDesk


class LossWatch:
    """Keeps the marks that losses are counted from; the decision log stores them with each cycle."""

    def __init__(self, desk: TradingDesk) -> None:
        self._desk = desk
        self._marks = desk.decisions.loss_marks()

    def look(
        self, portfolio: PortfolioView, control: ControlSnapshot, *, is_dry: bool = False
    ) -> tuple[LossMarks | None, dict[str, str]]:
        """The marks by the present worth of `portfolio`, and an incident where a limit is breached.

        A breach latches: control state ENTRIES_HALTED, whose actor is the limit's gate; it is an incident until
        somebody resumes. The decisions of this cycle meet the gate itself. While the worth is not known the marks stay.
        A dry run leaves marks and state as they are.
        """
        equity = self._desk.portfolio.equity(portfolio)
        if equity is None:
            return self._marks, {} if is_dry else _latched_alarm(control)
        resumed = (
            self._marks is not None
            and self._marks.latched is not None
            and control.state is TradingState.RUNNING
        )
        marks = marks_after(self._marks, equity, self._desk.exchange.now(), resumed=resumed)
        if is_dry:
            return marks, {}
        breach = breached_limit(marks, equity, self._desk.risk.limits)
        alarms = _latched_alarm(control)
        if breach is not None:
            limit, text = breach
            # a person's pause or halt stands; at its end the limit is looked at again
            if control.state is TradingState.RUNNING:
                control = self._desk.control.write(
                    TradingState.ENTRIES_HALTED,
                    reason=text,
                    actor=limit,
                    at=self._desk.clock.now(),
                    only_from=(TradingState.RUNNING,),
                )
            # what has halted entries stays what is told, though the loss goes on changing
            alarms[f"loss_limit:{limit}"] = control.reason if control.actor == limit else text
        self._marks = replace(marks, latched=control.actor) if _is_latched(control) else marks
        return self._marks, alarms


def _is_latched(control: ControlSnapshot) -> bool:
    return control.state is TradingState.ENTRIES_HALTED and control.actor in LATCHING_GATES


def _latched_alarm(control: ControlSnapshot) -> dict[str, str]:
    """The incident of a limit that has halted entries: also where its cycle was killed before it raised one."""
    return {f"loss_limit:{control.actor}": control.reason} if _is_latched(control) else {}

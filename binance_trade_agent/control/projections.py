"""What a finished cycle means to people who are not watching: messages to send, incidents to raise or clear."""

from datetime import datetime, timedelta

from binance_trade_agent.domain.acts import FLATTEN_INCIDENT
from binance_trade_agent.domain.decisions import (
    ControlSnapshot,
    CycleKind,
    CycleReport,
    Outcome,
    TradingState,
)
from binance_trade_agent.domain.records import Incident
from binance_trade_agent.ports import ControlState, Outbox

#: Who halts entries where account and ledger differ.
RECONCILIATION = "reconciliation"
#: Conditions that are put right when they are found.
_BOOKED = frozenset({"balance_difference", "moved_away"})
#: How long a booked difference stays an incident.
_DIFFERENCE_SHOWN = timedelta(hours=1)
#: Conditions that every cycle looks at, whatever its symbols.
_OF_THE_BOOK = frozenset({"stray_order", "position_short", "contradictory_report", "loss_limit"})
#: Conditions that only a symbol's turn can find again.
_SEEN_BY_TURNS = frozenset({"unprotected", "strategy_failed"})
#: A setting changed at run time that cannot be; whoever reads the settings raises and clears it.
IGNORED_OVERRIDE = "override_ignored"
#: With real money: the exchange knows nothing of the book any more; each start looks.
EXCHANGE_RESET = "exchange_reset"
#: Conditions that others raise and clear.
_OF_OTHERS = frozenset({IGNORED_OVERRIDE, FLATTEN_INCIDENT, EXCHANGE_RESET})
#: Reasons of a turn that did not ask the strategy.
_UNASKED = frozenset({"no_new_candle", "looked_after"})
#: Outcomes of a turn that saw too little to find such a condition again.
_UNSEEING = frozenset({Outcome.NO_DATA, Outcome.INTERRUPTED})


class Projector:
    """Writes what a cycle means to the outbox. Incidents stay until the condition is gone."""

    def __init__(
        self,
        outbox: Outbox,
        control: ControlState,
        *,
        stop_entries_on_difference: bool,
    ) -> None:
        self._outbox = outbox
        self._control = control
        self._stop_entries = stop_entries_on_difference
        #: key -> when it was last raised
        self._open: dict[str, datetime] = {}

    def project(self, report: CycleReport) -> None:
        """Raise, clear and enqueue what `report` calls for; a dry run leaves that to the next cycle."""
        if report.dry_run:
            return
        at = report.finished_at
        for text in (*(execution.text for execution in report.executions), *report.traded):
            self._outbox.enqueue("order", text, at)
        conditions = self._conditions(report)
        control = self._stopped(report) if conditions else report.control
        for key, (text, severity) in conditions.items():
            incident = Incident(key, text, severity, at)
            raise_told(self._outbox, incident, control, _halting(key), since=report.start.started_at)
        over = [
            key
            for key, raised_at in self._open.items()
            if key not in conditions and _is_over(key, raised_at, report)
        ]
        for key in over:
            self._outbox.clear_incident(key, at)
            del self._open[key]
        self._open |= dict.fromkeys(conditions, at)

    def _stopped(self, report: CycleReport) -> ControlSnapshot:
        """The control state now, after a difference has halted entries where it is to."""
        if self._stop_entries and report.differences and report.control.state is TradingState.RUNNING:
            return self._control.write(
                TradingState.ENTRIES_HALTED,
                reason="the exchange's balances differ from the ledger",
                actor=RECONCILIATION,
                at=report.finished_at,
                # a person may have halted or paused since the cycle began
                only_from=(TradingState.RUNNING,),
            )
        return self._control.read()

    def adopt(self, incidents: tuple[Incident, ...]) -> None:
        """Know the incidents that an earlier process left open, so that they can be cleared."""
        self._open = {incident.key: incident.opened_at for incident in incidents}

    def _conditions(self, report: CycleReport) -> dict[str, tuple[str, str]]:
        found: dict[str, tuple[str, str]] = {}
        for asset, difference in report.differences.items():
            text = f"nothing explained {difference:+f} {asset}: booked as a difference"
            found[f"balance_difference:{asset}"] = (text, "warning")
        found |= {key: (text, "critical") for key, text in report.alarms.items()}
        for decision in report.decisions:
            if decision.outcome in (Outcome.UNRESOLVED, Outcome.UNKNOWN):
                text = f"{decision.symbol}: {decision.reason.text}"
                found[f"unresolved_order:{decision.symbol}"] = (text, "critical")
            elif decision.outcome is Outcome.NO_DATA:
                found[f"no_data:{decision.symbol}"] = (
                    f"{decision.symbol}: {decision.reason.text}",
                    "warning",
                )
            elif decision.outcome is Outcome.FAILED:
                found[f"strategy_failed:{decision.symbol}"] = (decision.reason.text, "critical")
        return found


def _halting(key: str) -> str:
    """Who halts entries where the condition is found; empty for one that does not."""
    kind, _, subject = key.partition(":")
    return {"loss_limit": subject, "balance_difference": RECONCILIATION}.get(kind, "")


def raise_told(
    outbox: Outbox, incident: Incident, control: ControlSnapshot, actor: str, *, since: datetime
) -> None:
    """Raise an incident and tell it, also whether `actor` has halted entries because of it.

    One that is open already is raised and told anew where entries were halted by it again, not before `since`.
    """
    is_halted = control.state is TradingState.ENTRIES_HALTED and control.actor == actor
    note = "; entries are halted until somebody resumes, exits go on" if is_halted else ""
    outbox.raise_incident(incident, told=incident.text + note, anew=is_halted and control.since >= since)


def _is_over(key: str, raised_at: datetime, report: CycleReport) -> bool:
    """Whether `report` could have found the condition `key` again, or nobody will look any more."""
    kind, _, subject = key.partition(":")
    if kind in _BOOKED:
        # booked when it was found, so it never comes again: a person shall see it nevertheless
        return report.finished_at - raised_at >= _DIFFERENCE_SHOWN
    if kind in _OF_OTHERS:
        return False
    if kind in _OF_THE_BOOK:
        return True
    decided = next((decision for decision in report.decisions if decision.symbol == subject), None)
    if decided is not None and kind in _SEEN_BY_TURNS:
        is_unseen = decided.outcome in _UNSEEING
        if is_unseen or (kind == "strategy_failed" and decided.reason.code in _UNASKED):
            return False
    return subject in report.start.symbols or report.start.kind is CycleKind.SCHEDULED

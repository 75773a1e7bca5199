"""The log line of a cycle: what is new in it. Every reason is recorded in each cycle, but told only when it changes."""

from collections import Counter
from collections.abc import Iterable

from binance_trade_agent.domain.decisions import CycleKind, CycleReport, Decision, Outcome, TradingState
from binance_trade_agent.domain.portfolio import Equity

#: Outcomes that are told with one word and their reason's code; the whole reason is in the decision's row.
_QUIET = {Outcome.HELD: "hold", Outcome.REFUSED: "refused", Outcome.HALTED: "halted"}
#: With more quiet symbols than this the line counts them instead of naming each.
_NAMED = 6


class CycleLine:
    """Writes the line of one cycle after another, and remembers what it has told."""

    def __init__(self) -> None:
        #: subject (a symbol, an alarm's key, the control state) -> what was last told of it
        self._told: dict[str, str] = {}

    def of(self, report: CycleReport) -> str:
        """Worth against what was put in, orders, troubles, reasons that changed, how many did not, the time taken."""
        start = report.start
        parts = [
            f"cycle {start.number}" if start.kind is CycleKind.SCHEDULED else f"{start.kind} {start.number}"
        ]
        if report.equity is not None:
            parts.append(_equity_text(report.equity))
        parts += [f">> {text}" for text in report.traded]
        changed = [decision for decision in report.decisions if self._is_news(decision)]
        parts += [_loud_text(decision) for decision in changed if decision.outcome not in _QUIET]
        parts += self._alarms(report)
        parts += _quiet_texts([decision for decision in changed if decision.outcome in _QUIET])
        if same := len(report.decisions) - len(changed):
            parts.append(f"{same} as before")
        if start.skipped_ticks:
            parts.append(f"{start.skipped_ticks} ticks skipped")
        parts += self._state(report)
        parts.append(f"{report.duration_s * 1000:.0f} ms")
        return " | ".join(parts)

    def _is_news(self, decision: Decision) -> bool:
        """Whether the decision says something else than the symbol's last; an order is always news."""
        now = f"{decision.outcome} {decision.reason.code}"
        is_news = decision.outcome is Outcome.PLACED or self._told.get(decision.symbol) != now
        self._told[decision.symbol] = now
        return is_news

    def _alarms(self, report: CycleReport) -> list[str]:
        """Alarms whose text has not been told yet; one that is gone may come again."""
        fresh = [text for key, text in report.alarms.items() if self._told.get(f"alarm {key}") != text]
        gone = [key for key in self._told if key.startswith("alarm ") and key[6:] not in report.alarms]
        if report.start.kind is CycleKind.SCHEDULED:
            for key in gone:
                del self._told[key]
        self._told |= {f"alarm {key}": text for key, text in report.alarms.items()}
        return [f"!! {text}" for text in fresh]

    def _state(self, report: CycleReport) -> list[str]:
        """The control state unless it is RUNNING, with who and why when it is new."""
        control = report.control
        whole = f"{control.state} by {control.actor}: {control.reason}"
        is_news = self._told.get("control state") != whole
        self._told["control state"] = whole
        if control.state is TradingState.RUNNING:
            return []
        return [whole if is_news else control.state.value]


def _loud_text(decision: Decision) -> str:
    if decision.outcome is Outcome.PLACED:
        return f">> {decision.reason.text}"
    return f"!! {decision.symbol} {decision.outcome.value}: {decision.reason.text}"


def _quiet_texts(decisions: list[Decision]) -> Iterable[str]:
    if len(decisions) > _NAMED:
        counts = Counter(_QUIET[decision.outcome] for decision in decisions)
        return [", ".join(f"{count} {word}" for word, count in counts.most_common())]
    return [f"{d.symbol} {_QUIET[d.outcome]} ({d.reason.code.replace('_', ' ')})" for d in decisions]


def _equity_text(equity: Equity) -> str:
    total = equity.total
    text = f"equity {total:,.2f} {equity.quote}"
    if equity.contributed:
        change = round((total / equity.contributed - 1) * 100, 2) + 0  # + 0: no minus sign on a zero
        text += f" ({change:+.2f} %)"
    return text

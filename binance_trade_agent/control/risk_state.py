"""The risk limits and how much of each is used, from what is stored: asks neither exchange nor strategy."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from binance_trade_agent.control.protections import Protection
from binance_trade_agent.control.watching import AgentStatus, Watch
from binance_trade_agent.domain.decisions import ControlSnapshot
from binance_trade_agent.domain.loss_limits import LossMarks
from binance_trade_agent.domain.money import ZERO, to_wire
from binance_trade_agent.domain.portfolio import Equity
from binance_trade_agent.domain.records import DecisionRow, EquityRow
from binance_trade_agent.ports import Clock, ReadModels

_SHARE = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class LimitUse:
    """A limit under its gate's code. `limit` 0 is none; shares are of equity. `used` is None while it is not known."""

    code: str
    setting: str
    limit: Decimal
    used: Decimal | None
    symbol: str | None = None

    @property
    def is_reached(self) -> bool:
        """Whether nothing is left of it."""
        return self.used is not None and 0 < self.limit <= self.used


@dataclass(frozen=True, slots=True)
class RiskState:
    """Limits with their use, and the newest decision that the gates judged.

    `limits` are those of the latest session, empty before the first; `equity_at` is when the equity was
    reckoned that shares are of. `plan` is every limit of the session as text; `marks` is where losses are
    counted from. `dust` counts what is held and too little to be sold: it is no open position.
    """

    as_of: datetime
    control: ControlSnapshot
    equity_at: datetime | None
    limits: tuple[LimitUse, ...]
    plan: Mapping[str, str]
    judged: DecisionRow | None
    marks: LossMarks | None
    dust: int = 0


class RiskReader:
    """Reads the risk state. Raises `StorageError`."""

    def __init__(self, reads: ReadModels, watch: Watch, clock: Clock) -> None:
        self._reads = reads
        self._watch = watch
        self._clock = clock

    def reading(self, through: Callable[[ReadModels], ReadModels]) -> "RiskReader":
        """The same reader, whose reads go `through` something of the caller."""
        return RiskReader(through(self._reads), self._watch.reading(through), self._clock)

    def risk_state(self) -> RiskState:
        """Limits and use now."""
        status = self._watch.status()
        plan: Mapping[str, str] = status.session.plan.get("risk", {}) if status.session else {}
        marks = self._reads.loss_marks()
        guarded = self._watch.protection()
        return RiskState(
            as_of=status.as_of,
            control=status.control,
            equity_at=status.equity.at if status.equity else None,
            limits=tuple(self._limits(plan, status, marks, guarded)) if plan else (),
            plan=plan,
            judged=self._judged(),
            marks=marks,
            dust=sum(one.is_dust for one in guarded),
        )

    def _judged(self) -> DecisionRow | None:
        """The newest decision with gates."""
        found = [
            row
            for outcome in ("refused", "placed")
            for row in self._reads.decisions(limit=1, outcome=outcome)
            if row.gates
        ]
        return max(found, key=lambda row: row.decided_at, default=None)

    def _limits(
        self,
        plan: Mapping[str, str],
        status: AgentStatus,
        marks: LossMarks | None,
        guarded: Sequence[Protection],
    ) -> Iterator[LimitUse]:
        def use(code: str, name: str, used: Decimal | None, symbol: str | None = None) -> Iterator[LimitUse]:
            if name in plan:
                yield LimitUse(code, f"RISK_{name.upper()}", Decimal(plan[name]), used, symbol)

        equity = status.equity
        whole = equity.total if equity and equity.total > 0 else None
        yield from use("daily_loss", "daily_loss_share", _day_loss(marks, equity, status.as_of))
        yield from use("drawdown", "max_drawdown_share", _drawdown(marks, equity))
        minute, day = self._entries(status.as_of)
        yield from use("order_rate_minute", "max_orders_per_minute", Decimal(minute))
        yield from use("order_rate_day", "max_orders_per_day", Decimal(day))
        yield from use(
            "open_positions", "max_open_positions", Decimal(sum(not one.is_dust for one in guarded))
        )
        exposure = equity.positions_value if equity else ZERO
        yield from use("total_exposure", "max_total_share", _share(exposure, whole))
        held = {position.symbol: position.quantity for position in self._watch.positions()}
        for one in guarded:
            worth = held[one.symbol] * one.last_price if one.last_price is not None else None
            used = _share(worth, whole) if worth is not None else None
            yield from use("symbol_exposure", "max_symbol_share", used, one.symbol)

    def _entries(self, now: datetime) -> tuple[int, int]:
        """Entries of the last minute and of the day (UTC)."""
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        made = self._reads.entries(since=midnight)
        return sum(now - at < timedelta(minutes=1) for at in made), len(made)


def shown(value: Decimal | None) -> str | None:
    """A share or a count as text."""
    return None if value is None else to_wire(value)


def _share(amount: Decimal, whole: Decimal | None) -> Decimal | None:
    return (amount / whole).quantize(_SHARE) if whole is not None else None


def _day_loss(marks: LossMarks | None, row: EquityRow | None, now: datetime) -> Decimal | None:
    """Of a day that has no mark yet nothing is lost yet."""
    equity = _equity(row)
    if marks is None or equity is None:
        return None
    return _lost(marks.day_loss(equity)) if marks.day == now.date() else ZERO


def _drawdown(marks: LossMarks | None, row: EquityRow | None) -> Decimal | None:
    equity = _equity(row)
    return _lost(marks.drawdown(equity)) if marks is not None and equity is not None else None


def _lost(share: Decimal) -> Decimal:
    """Rounded as the gates' sentences are: a loss below its limit never reads as at it."""
    return share.quantize(_SHARE, ROUND_DOWN)


def _equity(row: EquityRow | None) -> Equity | None:
    if row is None or row.contributed is None:
        return None
    return Equity(
        at=row.at,
        quote=row.quote,
        cash=row.cash,
        positions_value=row.positions_value,
        realised=row.realised,
        unrealised=row.unrealised,
        contributed=row.contributed,
    )

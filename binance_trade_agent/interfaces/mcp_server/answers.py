"""The structured answers of the tools. Money, prices and quantities are exact decimals as text; times are UTC."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, Field

from binance_trade_agent.control.watching import AgentStatus
from binance_trade_agent.domain.decisions import ControlSnapshot, GateResult
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.records import CancelRow, DecisionRow, FillRow, OrderRow
from binance_trade_agent.interfaces.mcp_server.confirming import ToConfirm

#: Of what the trader keeps fresh while it runs.
AS_OF: Any = Field(description="when the trader last kept it fresh; None before its first cycle")


class Health(BaseModel):
    """Whether the trader does what it should."""

    condition: str
    healthy: bool
    text: str


class Control(BaseModel):
    """The control state, who set it and why."""

    state: str
    reason: str
    actor: str
    since: datetime
    reduce_only: dict[str, str] = Field(description="symbol -> why nothing of it is bought")

    @classmethod
    def of(cls, control: ControlSnapshot) -> "Control":
        """The answer for `control`."""
        return cls(
            state=control.state.value,
            reason=control.reason,
            actor=control.actor,
            since=control.since,
            reduce_only=dict(control.reduce_only),
        )


class SessionAnswer(BaseModel):
    """One run of the trader."""

    started_at: datetime
    deadline: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    exit_code: int | None


class CycleAnswer(BaseModel):
    """The newest cycle."""

    number: int
    outcome: str
    started_at: datetime
    duration_s: float | None
    skipped_ticks: int


class IncidentAnswer(BaseModel):
    """A condition that a person must know of."""

    key: str
    severity: str
    text: str
    opened_at: datetime


class OrderAnswer(BaseModel):
    """An order. `executed` is in base currency, `quote_executed` in quote currency.

    `price` is the limit, `stop_price` the trigger; the legs of an order list share its `client_list_id`.
    """

    client_order_id: str
    exchange_order_id: int | None
    symbol: str
    side: str
    type: str
    purpose: str = Field(
        description="entry, exit, stop or target; an open stop or target rests: nothing is wrong"
    )
    quantity: str
    price: str | None
    stop_price: str | None
    client_list_id: str | None
    executed: str
    quote_executed: str
    average_price: str | None
    status: str
    reason: str
    decision_id: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: OrderRow) -> "OrderAnswer":
        """The answer for `row`."""
        return cls(
            client_order_id=row.client_order_id,
            exchange_order_id=row.exchange_order_id,
            symbol=row.symbol,
            side=row.side,
            type=row.order_type,
            purpose=row.purpose,
            quantity=to_wire(row.quantity),
            price=decimal_text(row.price),
            stop_price=decimal_text(row.stop_price),
            client_list_id=row.client_list_id,
            executed=to_wire(row.executed),
            quote_executed=to_wire(row.quote_executed),
            average_price=average_text(row.average_price),
            status=row.status,
            reason=row.reason,
            decision_id=row.decision_id,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class OrdersAnswer(BaseModel):
    """Orders, newest first."""

    as_of: datetime | None = AS_OF
    orders: list[OrderAnswer]


class FillAnswer(BaseModel):
    """One trade of an order of ours. The commission is in `commission_asset`."""

    symbol: str
    trade_id: int
    client_order_id: str
    side: str
    price: str
    quantity: str
    quote_quantity: str
    commission: str
    commission_asset: str
    traded_at: datetime

    @classmethod
    def of(cls, row: FillRow) -> "FillAnswer":
        """The answer for `row`."""
        return cls(
            symbol=row.symbol,
            trade_id=row.trade_id,
            client_order_id=row.client_order_id,
            side=row.side,
            price=to_wire(row.price),
            quantity=to_wire(row.quantity),
            quote_quantity=to_wire(row.quote_quantity),
            commission=to_wire(row.commission),
            commission_asset=row.commission_asset,
            traded_at=row.traded_at,
        )


class FillsAnswer(BaseModel):
    """Fills, newest first."""

    as_of: datetime | None = AS_OF
    fills: list[FillAnswer]


class CancelAnswer(BaseModel):
    """A cancel. `client_order_id` is the order's, `replaced_by` that of the order sent in its place."""

    cancel_id: str
    client_order_id: str
    replaced_by: str | None
    symbol: str
    status: str
    reason: str
    created_at: datetime

    @classmethod
    def of(cls, row: CancelRow) -> "CancelAnswer":
        """The answer for `row`."""
        return cls(
            cancel_id=row.cancel_id,
            client_order_id=row.client_order_id,
            replaced_by=row.replaced_by,
            symbol=row.symbol,
            status=row.status,
            reason=row.reason,
            created_at=row.created_at,
        )


class StatusAnswer(BaseModel):
    """The whole agent at a glance. `profit` is equity now less what was put in."""

    as_of: datetime
    mode: str
    mode_note: str
    symbols: list[str]
    strategy: str
    interval_s: float
    health: Health
    control: Control
    session: SessionAnswer | None
    last_cycle: CycleAnswer | None
    next_cycle_due: datetime | None
    cycles: int
    decisions: int
    unscheduled_decisions: int = Field(
        description="of `decisions`: after a fill or by hand, between two ticks"
    )
    orders_by_status: dict[str, int]
    unresolved_orders: list[OrderAnswer]
    unresolved_cancels: list[CancelAnswer]
    quote: str | None
    equity: str | None
    profit: str | None
    exposure: str
    incidents: list[IncidentAnswer]

    @classmethod
    def of(cls, status: AgentStatus) -> "StatusAnswer":
        """The answer for `status`."""
        equity = status.equity
        return cls(
            as_of=status.as_of,
            mode=status.mode,
            mode_note=status.mode_note,
            symbols=list(status.symbols),
            strategy=status.strategy,
            interval_s=status.interval_s,
            health=Health(
                condition=status.health.condition.value,
                healthy=status.health.healthy,
                text=status.health.text,
            ),
            control=Control.of(status.control),
            session=_session(status),
            last_cycle=_cycle(status),
            next_cycle_due=status.next_cycle_due,
            cycles=status.cycles,
            decisions=status.decisions,
            unscheduled_decisions=status.unscheduled_decisions,
            orders_by_status=dict(status.orders_by_status),
            unresolved_orders=[OrderAnswer.of(row) for row in status.unresolved],
            unresolved_cancels=[CancelAnswer.of(row) for row in status.unresolved_cancels],
            quote=equity.quote if equity else None,
            equity=decimal_text(equity.total) if equity else None,
            profit=decimal_text(status.profit),
            exposure=to_wire(status.exposure),
            incidents=[
                IncidentAnswer(key=i.key, severity=i.severity, text=i.text, opened_at=i.opened_at)
                for i in status.incidents
            ],
        )


class GateAnswer(BaseModel):
    """One risk gate: its limit and what it saw."""

    gate: str
    passed: bool
    limit: str
    observed: str
    text: str

    @classmethod
    def of(cls, gate: GateResult) -> "GateAnswer":
        """The answer for `gate`."""
        return cls(
            gate=gate.gate, passed=gate.passed, limit=gate.limit, observed=gate.observed, text=gate.text
        )


class DecisionAnswer(BaseModel):
    """Why one symbol was traded or not in one cycle."""

    id: str
    cycle: int
    symbol: str
    decided_at: datetime
    action: str | None
    strength: float | None
    strategy: str | None
    outcome: str
    reason_code: str
    reason: str
    nearest_miss: str | None
    blocking_gate: str | None
    gates: list[GateAnswer]
    indicator_values: dict[str, float]
    price: str | None
    client_order_id: str | None

    @classmethod
    def of(cls, row: DecisionRow) -> "DecisionAnswer":
        """The answer for `row`."""
        return cls(
            id=row.id,
            cycle=row.cycle_number,
            symbol=row.symbol,
            decided_at=row.decided_at,
            action=row.action,
            strength=row.strength,
            strategy=row.strategy,
            outcome=row.outcome,
            reason_code=row.reason_code,
            reason=row.reason,
            nearest_miss=row.nearest_miss,
            blocking_gate=row.blocking_gate,
            gates=[GateAnswer.of(gate) for gate in row.gates],
            indicator_values=dict(row.values),
            price=decimal_text(row.price),
            client_order_id=row.client_order_id,
        )


class DecisionsAnswer(BaseModel):
    """Decisions, newest first."""

    as_of: datetime | None = AS_OF
    decisions: list[DecisionAnswer]


class WorkflowAnswer(BaseModel):
    """What one workflow came to. Ask again with the same key to get the same answer without a second trade.

    With `confirmation` set nothing was done yet: call again with that code, and all else unchanged.
    """

    text: str
    details: dict[str, str]
    idempotency_key: str
    finished_at: datetime | None
    repeated: bool = False
    confirmation: str | None = None
    confirm_within_s: float | None = None

    @classmethod
    def to_confirm(cls, asked: ToConfirm) -> "WorkflowAnswer":
        """The answer of a call that did nothing yet."""
        return cls(
            text=asked.text,
            details={},
            idempotency_key=asked.key,
            finished_at=None,
            confirmation=asked.code,
            confirm_within_s=asked.within_s,
        )


def decimal_text(value: Decimal | None) -> str | None:
    """Plain decimal notation; None stays None."""
    return None if value is None else to_wire(value)


def average_text(value: Decimal | None) -> str | None:
    """A quotient, to the eight places that Binance's prices have at most."""
    return None if value is None else to_wire(value.quantize(Decimal("1e-8")))


def _session(status: AgentStatus) -> SessionAnswer | None:
    session = status.session
    if session is None:
        return None
    return SessionAnswer(
        started_at=session.started_at,
        deadline=session.deadline,
        ended_at=session.ended_at,
        end_reason=session.end_reason,
        exit_code=session.exit_code,
    )


def _cycle(status: AgentStatus) -> CycleAnswer | None:
    cycle = status.last_cycle
    if cycle is None:
        return None
    return CycleAnswer(
        number=cycle.number,
        outcome=cycle.outcome,
        started_at=cycle.started_at,
        duration_s=cycle.duration_s,
        skipped_ticks=cycle.skipped_ticks,
    )

"""Values that storage tests write, and what a real cycle would hand over."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from binance_trade_agent.domain.decisions import (
    ControlSnapshot,
    CycleKind,
    CycleOutcome,
    CycleReport,
    CycleStart,
    Decision,
    GateResult,
    Outcome,
    Reason,
    Signal,
    SignalAction,
    TradingState,
)
from binance_trade_agent.domain.market import Candle
from binance_trade_agent.domain.money import product, total
from binance_trade_agent.domain.orders import (
    CancelIntent,
    ExchangeOrder,
    Fill,
    OrderIntent,
    OrderListIntent,
    OrderStatus,
    OrderType,
    Purpose,
    RequestStamp,
    Side,
    TimeInForce,
)
from binance_trade_agent.domain.portfolio import Equity
from binance_trade_agent.domain.records import Session

T0 = datetime(2024, 8, 5, 0, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
_numbers = itertools.count(1)


def session(session_id: str = "s1", **changes) -> Session:
    values = {
        "id": session_id,
        "kind": "run",
        "mode": "simulated",
        "strategy": "combined_default",
        "symbols": ("BTCUSDT", "ETHUSDT"),
        "settings": {"TRADING_INTERVAL_SECONDS": "120"},
        "duration_minutes": 0,
        "started_at": T0,
        "deadline": None,
    }
    return Session(**(values | changes))


def cycle_start(cycle_id: str = "c1", number: int = 1, symbols: Sequence[str] = ("BTCUSDT",)) -> CycleStart:
    at = T0 + number * MINUTE
    return CycleStart(cycle_id, number, CycleKind.SCHEDULED, at, at, tuple(symbols))


def gate(passed: bool = True) -> GateResult:
    return GateResult("free_balance", passed, "≥ 10 USDT", "1000 USDT", "enough is free")


def decision(decision_id: str, symbol: str = "BTCUSDT", **changes) -> Decision:
    values = {
        "id": decision_id,
        "symbol": symbol,
        "decided_at": T0 + MINUTE,
        "outcome": Outcome.HELD,
        "reason": Reason("hold", "nothing to do"),
        "signal": Signal(
            symbol,
            "combined_default",
            SignalAction.HOLD,
            0.25,
            (Reason("rsi", "RSI is 50"),),
            {"rsi": 50.5, "macd": float("nan")},
            T0,
        ),
        "price": Decimal("50000.01"),
        "first_candle": T0 - MINUTE,
        "last_candle": T0,
        "candles_seen": 2,
        "step_ms": {"signal": 1.5},
    }
    return Decision(**(values | changes))


def report(
    start: CycleStart,
    decisions: Sequence[Decision],
    outcome: CycleOutcome = CycleOutcome.COMPLETED,
    equity: Equity | None = None,
) -> CycleReport:
    return CycleReport(
        start=start,
        outcome=outcome,
        control=ControlSnapshot(TradingState.RUNNING, "initial", "system", T0),
        decisions=tuple(decisions),
        executions=(),
        equity=equity,
        unresolved=0,
        finished_at=start.started_at + timedelta(seconds=2),
        duration_s=2.0,
        own_ms=12.5,
    )


def equity(number: int = 1, cash: str = "1000") -> Equity:
    return Equity(
        T0 + number * MINUTE, "USDT", Decimal(cash), Decimal("10.5"), Decimal("0.1"), Decimal("-0.2")
    )


def candle(minute: int) -> Candle:
    at = T0.replace(microsecond=0) + minute * MINUTE
    prices = [Decimal(text) for text in ("50000.1", "50001.10", "49999", "50000.00000001")]
    return Candle(at, at + MINUTE, *prices, Decimal("1.23456789"))


def intent(
    client_order_id: str | None = None,
    *,
    side: Side = Side.BUY,
    quantity: str = "1",
    symbol: str = "BTCUSDT",
    purpose: Purpose = Purpose.ENTRY,
    created_at: datetime = T0,
    **changes,
) -> OrderIntent:
    made = OrderIntent(
        client_order_id or f"bta-{next(_numbers)}",
        symbol,
        side,
        OrderType.MARKET,
        Decimal(quantity),
        purpose,
        RequestStamp(1722816000123, 5000),
        Decimal("50000"),
        created_at,
    )
    return replace(made, **changes)


def order_list(list_id: str | None = None, quantity: str = "1", symbol: str = "BTCUSDT") -> OrderListIntent:
    list_id = list_id or f"bta-{next(_numbers)}"
    leg = {"side": Side.SELL, "quantity": quantity, "symbol": symbol, "client_list_id": list_id}
    stop = intent(**leg, purpose=Purpose.STOP, order_type=OrderType.STOP_LOSS, stop_price=Decimal("49000.01"))
    target = intent(
        **leg,
        purpose=Purpose.TARGET,
        order_type=OrderType.LIMIT_MAKER,
        price=Decimal("52000"),
        time_in_force=TimeInForce.GTC,
        expires_at=T0 + MINUTE,
    )
    return OrderListIntent(list_id, symbol, stop, target, stop.stamp, T0)


def cancel(target: OrderIntent, cancel_id: str | None = None, **changes) -> CancelIntent:
    made = CancelIntent(
        cancel_id or f"bta-{next(_numbers)}",
        target.symbol,
        target.client_order_id,
        target.client_list_id,
        None,
        RequestStamp(1722816060123, 5000),
        "exit",
        T0 + MINUTE,
    )
    return replace(made, **changes)


def fill(
    trade_id: int,
    quantity: str = "0.5",
    price: str = "50000",
    *,
    order_id: int = 7,
    side: Side = Side.BUY,
    symbol: str = "BTCUSDT",
    commission: str = "0.0005",
    commission_asset: str = "BTC",
) -> Fill:
    return Fill(
        symbol,
        trade_id,
        order_id,
        side,
        Decimal(price),
        Decimal(quantity),
        product(Decimal(quantity), Decimal(price)),
        Decimal(commission),
        commission_asset,
        T0 + timedelta(seconds=trade_id),
        is_maker=False,
    )


def exchange_order(
    sent: OrderIntent,
    status: OrderStatus,
    fills: Sequence[Fill] = (),
    *,
    executed: str | None = None,
    order_id: int = 7,
) -> ExchangeOrder:
    booked = total([fill.quantity for fill in fills])
    quote = total([fill.quote_quantity for fill in fills])
    amount = booked if executed is None else Decimal(executed)
    return ExchangeOrder(
        symbol=sent.symbol,
        client_order_id=sent.client_order_id,
        exchange_order_id=order_id,
        side=sent.side,
        status=status,
        quantity=sent.quantity,
        executed=amount,
        quote_executed=quote if amount == booked else product(amount, sent.reference_price),
        updated_at=sent.created_at + timedelta(seconds=1),
        fills=tuple(fills),
    )

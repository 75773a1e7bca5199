"""What a replay says of decisions that cannot be taken again, and how it counts differences."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from binance_trade_agent.backtest.checks import check_fills, check_marks
from binance_trade_agent.backtest.kinds import Part, kind_of
from binance_trade_agent.backtest.replay import unreplayable
from binance_trade_agent.backtest.replay_report import Tally, is_same, shown
from binance_trade_agent.backtest.restoring import SessionTerms
from binance_trade_agent.domain.decisions import DecisionInputs, Reason
from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.domain.loss_limits import LossMarks
from binance_trade_agent.domain.market import Candle, CandleInterval
from binance_trade_agent.domain.orders import Fill, Side
from binance_trade_agent.domain.records import (
    Booking,
    CycleRow,
    DecisionRow,
    OrderRow,
    PositionMoveRow,
    Session,
)
from binance_trade_agent.domain.symbol_rules import SymbolRules

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ONE = Decimal(1)

SESSION = Session("s1", "trading", "simulated", "marked", ("BTCUSDT",), {}, 0, NOW, None)

HELD = DecisionRow(
    id="d1",
    cycle_id="c1",
    cycle_number=1,
    symbol="BTCUSDT",
    decided_at=NOW,
    action="HOLD",
    strength=0.0,
    strategy="marked",
    outcome="held",
    reason_code="quiet",
    reason="nothing to do",
    nearest_miss=None,
    values={},
    gates=(),
    blocking_gate=None,
    price=ONE,
    first_candle=None,
    last_candle=None,
    candles_seen=0,
    client_order_id=None,
    step_ms={},
    signal_reasons=(Reason("quiet", "nothing to do"),),
    inputs=DecisionInputs(NOW, NOW, 50, 1, ONE, ONE, ONE, ONE, "BTCUSDT-1", 1),
)


@dataclass
class FakeSource:
    """A `ReplaySource` of decisions alone."""

    rows: tuple[DecisionRow, ...]

    def session(self, reference: str) -> Session | None:
        return SESSION

    def sessions(self, limit: int) -> tuple[Session, ...]:
        return (SESSION,)

    def cycles(self, session_id: str) -> tuple[CycleRow, ...]:
        return (CycleRow("c1", "s1", 1, "scheduled", NOW, NOW, NOW, 0.1, 1.0, 0, "completed"),)

    def decisions(self, session_id: str) -> Iterator[DecisionRow]:
        return iter(self.rows)

    def candles(
        self, symbol: str, interval: CandleInterval, newest: datetime, *, before: int, after: int
    ) -> tuple[Candle, ...]:
        return ()

    def rules(self) -> dict[str, SymbolRules]:
        return {}

    def bookings(self) -> tuple[Booking, ...]:
        return ()

    def moves(self) -> tuple[PositionMoveRow, ...]:
        return ()

    def orders(self, session_id: str) -> tuple[OrderRow, ...]:
        return ()


@pytest.mark.parametrize(
    ("row", "part", "name"),
    [
        (HELD, Part.ALL, ""),
        (replace(HELD, inputs=None), Part.NOTHING, "stored without what it saw"),
        (replace(HELD, outcome="interrupted"), Part.NOTHING, "interrupted"),
        (
            replace(HELD, outcome="no_data", reason_code="throttled", inputs=None),
            Part.NOTHING,
            "nothing to decide on (throttled)",
        ),
        (
            replace(HELD, outcome="no_data", reason_code="no_account"),
            Part.NOTHING,
            "nothing to decide on (no_account)",
        ),
        (replace(HELD, reason_code="looked_after"), Part.NOTHING, "looked after between two ticks"),
        (replace(HELD, strategy="protection"), Part.RISK, "an exit that was watched for here"),
        (
            replace(HELD, strategy="ann", signal_reasons=(Reason("requested", "BUY was asked for"),)),
            Part.RISK,
            "asked for by a person",
        ),
        (replace(HELD, outcome="failed", strategy=None, signal_reasons=()), Part.ALL, ""),
    ],
)
def test_each_kind_of_decision_is_told_apart(row: DecisionRow, part: Part, name: str) -> None:
    kind = kind_of(row)
    assert kind.part is part
    assert kind.name == name


def test_a_session_without_a_plan_is_counted_by_kind() -> None:
    rows = (HELD, replace(HELD, id="d2", inputs=None), replace(HELD, id="d3", outcome="interrupted"))
    report = unreplayable(FakeSource(rows), SESSION)
    assert (report.decisions, report.recomputed, report.cycles) == (3, 0, 1)
    assert report.not_recomputed == {"interrupted": 1, "recorded by an earlier version": 2}
    assert report.is_same


def test_a_plan_that_cannot_be_read_is_an_error_with_the_session_in_it() -> None:
    with pytest.raises(StorageError, match="s1"):
        SessionTerms.of(replace(SESSION, plan={"quote": "USDT", "candle_interval": "7m"}))


def test_numbers_are_the_same_to_the_last_bit_and_nan_is_nan() -> None:
    assert is_same(math.nan, math.nan)
    assert is_same(Decimal("1.10"), Decimal("1.1"))
    assert not is_same(0.1 + 0.2, 0.3)
    assert not is_same(math.nan, None)


def test_values_are_shown_so_that_a_difference_is_seen() -> None:
    assert shown(0.1 + 0.2) == "0.30000000000000004"
    assert (shown(Decimal("1.500")), shown(None)) == ("1.5", "none")


@pytest.mark.parametrize(("value", "found"), [("200", 0), ("200.00000001", 0), ("200.1", 1)])
def test_the_value_of_a_fill_is_its_price_times_its_quantity(value: str, found: int) -> None:
    tally = Tally()
    check_fills(
        tally,
        [Fill("BTCUSDT", 7, 1, Side.BUY, Decimal(100), Decimal(2), Decimal(value), ONE, "BNB", NOW, False)],
    )
    assert tally.by_field.total() == found


def test_marks_of_one_count_never_fall_and_a_day_keeps_its_beginning() -> None:
    before = LossMarks(date(2026, 5, 4), Decimal(5), Decimal(1000), Decimal(9), NOW)
    tally = Tally()
    check_marks(tally, HELD, before, replace(before, peak_profit=Decimal(10)))
    check_marks(tally, HELD, None, before)
    check_marks(tally, HELD, before, replace(before, since=NOW.replace(hour=13), peak_profit=Decimal(1)))
    tomorrow = replace(before, day=date(2026, 5, 5), day_profit=Decimal(7), day_equity=Decimal(1002))
    check_marks(tally, HELD, before, tomorrow)
    assert tally.differences == []
    check_marks(tally, HELD, before, replace(before, peak_profit=Decimal(8), day_profit=Decimal(6)))
    check_marks(tally, HELD, tomorrow, before)
    assert [difference.field for difference in tally.differences] == [
        "marks: peak",
        "marks: profit at the day's beginning",
        "marks: day",
    ]

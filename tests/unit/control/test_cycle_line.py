"""The line of a cycle tells what is new in it."""

from dataclasses import replace
from decimal import Decimal

from binance_trade_agent.control.cycle_line import CycleLine
from binance_trade_agent.domain.decisions import CycleKind, Outcome, TradingState
from binance_trade_agent.domain.portfolio import Equity
from tests.fakes import START
from tests.unit.control.fakes import decision, report

QUIET = decision("BTCUSDT", Outcome.HELD, "nothing to do")


def test_the_line_of_a_cycle() -> None:
    equity = Equity(START, "USDT", Decimal(9000), Decimal(1100), Decimal(0), Decimal(0), Decimal(10000))
    told = report(
        QUIET,
        decision("ETHUSDT", Outcome.PLACED, "BUY 1 at 2"),
        number=12,
        equity=equity,
        skipped=2,
        state=TradingState.PAUSED,
    )
    assert CycleLine().of(told) == (
        "cycle 12 | equity 10,100.00 USDT (+1.00 %) | >> BUY 1 at 2 | BTCUSDT hold (code)"
        " | 2 ticks skipped | PAUSED by me: lunch | 250 ms"
    )


def test_the_line_of_a_workflow_names_it_and_does_without_equity() -> None:
    line = CycleLine().of(report(QUIET, number=3, kind=CycleKind.WORKFLOW))
    assert line == "workflow 3 | BTCUSDT hold (code) | 250 ms"


def test_many_quiet_symbols_are_counted_and_trouble_stands_out() -> None:
    quiet = [decision(f"S{n}USDT", Outcome.HELD, "nothing") for n in range(7)]
    refused = decision("AUSDT", Outcome.REFUSED, "too much")
    trouble = decision("BUSDT", Outcome.NO_DATA, "no route")
    line = CycleLine().of(report(*quiet, refused, trouble, number=4))
    assert line == "cycle 4 | !! BUSDT no_data: no route | 7 hold, 1 refused | 250 ms"


def test_a_change_that_rounds_to_zero_has_no_minus_sign() -> None:
    equity = Equity(START, "USDT", Decimal("9999.9999"), *[Decimal(0)] * 3, Decimal(10000))
    told = report(QUIET, equity=equity)
    assert "(+0.00 %)" in CycleLine().of(told)


def test_a_reason_is_told_when_it_changes_and_counted_while_it_does_not() -> None:
    line = CycleLine()
    trouble = decision("ETHUSDT", Outcome.NO_DATA, "no route")
    line.of(report(QUIET, trouble, number=1))
    assert line.of(report(QUIET, trouble, number=2)) == "cycle 2 | 2 as before | 250 ms"
    refused = decision("BTCUSDT", Outcome.REFUSED, "too wide")
    assert "BTCUSDT refused (code) | 1 as before" in line.of(report(refused, trouble, number=3))
    assert "BTCUSDT hold (code) | 1 as before" in line.of(report(QUIET, trouble, number=4))


def test_every_order_is_told() -> None:
    line = CycleLine()
    placed = decision("ETHUSDT", Outcome.PLACED, "BUY 1 at 2")
    assert [">> BUY 1 at 2" in line.of(report(placed, number=n)) for n in (1, 2)] == [True, True]


def test_who_stopped_it_is_told_once_and_the_state_always() -> None:
    line = CycleLine()
    paused = report(QUIET, number=1, state=TradingState.PAUSED)
    assert "PAUSED by me: lunch" in line.of(paused)
    assert line.of(paused) == "cycle 1 | 1 as before | PAUSED | 250 ms"
    line.of(report(QUIET, number=2))
    assert "PAUSED by me: lunch" in line.of(paused)


def test_an_alarm_is_told_again_once_it_was_gone() -> None:
    line = CycleLine()
    quiet = report(QUIET, number=1)
    alarmed = replace(quiet, alarms={"unprotected:BTCUSDT": "no stop rests"})
    assert "!! no stop rests" in line.of(alarmed)
    assert "no stop" not in line.of(alarmed)
    line.of(quiet)
    assert "!! no stop rests" in line.of(alarmed)

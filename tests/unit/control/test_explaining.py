"""The explainer gathers what an explanation needs, and understands what "since" means."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from binance_trade_agent.control.explaining import Explainer, since_of
from binance_trade_agent.control.watching import Watch, WatchPlan
from binance_trade_agent.domain.decision_summary import DecisionSummary
from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.records import (
    Incident,
)
from binance_trade_agent.telemetry.health import REFUSED_START, STOPPED
from tests.fakes import START, FakeClock, FakeControlState, FakeReadModels, empty_status, traded_reads
from tests.resting import oco
from tests.summaries import count_of, decision_of, gate, order_of, summary_of

HOLD = count_of(800, "between_levels", "RSI 41.2 is between 30 and 70")


def explained(
    reads: FakeReadModels, by_symbol: dict[str | None, DecisionSummary] | None = None, **changes: Any
) -> tuple[Explainer, FakeReadModels]:
    reads = replace(reads, summaries=by_symbol or {}, **changes)
    clock = FakeClock()
    plan = WatchPlan("simulated", "", ("BTCUSDT", "ETHUSDT"), "rsi_momentum", timedelta(seconds=5))
    return Explainer(reads, Watch(reads, clock, plan), clock), reads


def running(whole: DecisionSummary, **changes: Any) -> tuple[Explainer, FakeReadModels]:
    by_symbol = {None: whole, **changes.pop("by_symbol", {})}
    return explained(traded_reads(FakeControlState(), START, 5), by_symbol, **changes)


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("30m", timedelta(minutes=30)),
        ("90 s", timedelta(seconds=90)),
        ("24H", timedelta(hours=24)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
        ("15min", timedelta(minutes=15)),
        ("2026-05-04T08:00", timedelta(minutes=90)),
        ("2026-05-04 08:00:00Z", timedelta(minutes=90)),
        ("2026-05-04T10:00+02:00", timedelta(minutes=90)),
        ("2026-05-04", timedelta(hours=9, minutes=30)),
    ],
)
def test_since_is_a_span_or_a_time(text: str, ago: timedelta) -> None:
    assert since_of(text, START) == START - ago


@pytest.mark.parametrize(
    "text", ["", "soon", "24", "-3h", "0m", "999999w", "2026-13-01", "2026-05-04T10:00", "1999-01-01", "h"]
)
def test_what_is_no_past_time_is_refused_in_words(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"--since .*expected"):
        since_of(text, START)


def test_a_running_trader_that_holds() -> None:
    explainer, reads = running(whole=summary_of(HOLD))
    found = explainer.explain("btcusdt", "30m")
    assert reads.summaries_asked[0] == (START - timedelta(minutes=30), START, "BTCUSDT")
    assert (found.symbol, found.code, found.conditions) == ("BTCUSDT", "between_levels", ())


def test_a_stopped_trader_is_told_with_how_to_start_it() -> None:
    explainer, reads = running(whole=summary_of(HOLD))
    assert reads.stored.session is not None
    ended = replace(reads.stored.session, ended_at=START, end_reason=STOPPED)
    reads.stored = replace(reads.stored, session=ended)
    found = explainer.explain()
    assert found.code == "stopped"
    assert "the trader was stopped by a shutdown (such as `make down`) at 09:30:00 UTC" in found.headline
    assert "`make up`, or `binance-trade-agent start`" in found.conditions[0].advice


def test_a_refused_start_is_told_with_its_problem() -> None:
    explainer, reads = running(whole=summary_of(HOLD))
    assert reads.stored.session is not None
    ended = replace(reads.stored.session, ended_at=START, end_reason=STOPPED)
    refused = Incident(REFUSED_START, "ended: strategy 'foo' is not known", "critical", START)
    reads.stored = replace(reads.stored, session=ended, incidents=(refused,))
    found = explainer.explain()
    assert found.code == "misconfigured"
    assert "the trader ended: strategy 'foo' is not known" in found.headline
    assert "Correct the setting" in found.conditions[0].advice


def test_an_empty_database_says_that_it_never_ran() -> None:
    explainer, _ = explained(empty_reads())
    found = explainer.explain()
    assert [condition.code for condition in found.conditions] == ["never_started", "no_cycles"]


def test_settings_of_the_session_are_the_values_that_advice_names() -> None:
    explainer, reads = running(whole=summary_of(count_of(3, "spread", "wide", gate="spread")))
    assert reads.stored.session is not None
    session = replace(reads.stored.session, settings={"RISK_MAX_SPREAD_BPS": "2"})
    reads.stored = replace(reads.stored, session=session)
    (change,) = explainer.explain().changes
    assert (change.setting, change.value) == ("RISK_MAX_SPREAD_BPS", "2")


def test_a_pause_is_told_with_its_actor() -> None:
    explainer, reads = running(whole=summary_of(HOLD))
    reads.control.write(TradingState.PAUSED, reason="lunch", actor="ann", at=START)
    assert explainer.explain().code == "paused"


def test_orders_are_joined_with_their_decisions_and_what_guards_the_position() -> None:
    placed = count_of(1, "placed", "sent", action="BUY", outcome="placed")
    row = decision_of(decision_id="d1", action="BUY", outcome="placed")
    whole = summary_of(placed, orders=[order_of(1)])
    explainer, _ = running(whole=whole, decision_rows=(row,), order_rows=oco("l1", START))
    found = explainer.explain()
    (trade,) = found.trades
    assert trade.values == row.values
    assert trade.protection == "stop 61000 and target 64000 at the exchange"
    assert [funnel.filled for funnel in found.funnels] == [1]


def test_several_order_lists_are_told_with_all_their_levels() -> None:
    placed = count_of(1, "placed", "sent", action="BUY", outcome="placed")
    whole = summary_of(placed, orders=[order_of(1)])
    lists = [
        oco(f"l{number}", START, quantity="0.001", stop=f"6{number}000.00", target=f"6{number + 4}000.00")
        for number in (1, 2, 3)
    ]
    two, _ = running(whole=whole, order_rows=(*lists[0], *lists[1]))
    (trade,) = two.explain().trades
    assert trade.protection == "stops 61000 and 62000, targets 65000 and 66000 at the exchange"
    three, _ = running(whole=whole, order_rows=(*lists[0], *lists[1], *lists[2]))
    (trade,) = three.explain().trades
    assert trade.protection == (
        "3 orders or order lists, stops from 61000 to 63000, targets from 65000 to 67000, at the exchange"
    )


def test_more_fills_than_a_summary_names_are_counted_by_symbol_in_one_look() -> None:
    placed = [
        count_of(30, "placed", "sent", action="BUY", outcome="placed", symbol=symbol)
        for symbol in ("BTCUSDT", "ETHUSDT")
    ]
    filled = {"BTCUSDT": 31, "ETHUSDT": 29}
    whole = replace(summary_of(*placed, orders=[order_of(1)]), filled=60, filled_of=filled)
    explainer, _ = running(whole=whole)
    assert {one.symbol: one.filled for one in explainer.explain().funnels} == filled


def test_decisions_before_the_session_began_are_of_another_one() -> None:
    wide = gate("spread", False, "50 bps", "61.3 bps")
    row = decision_of(action="BUY", outcome="refused", gates=[wide])
    explainer, reads = running(whole=summary_of(count_of(1, "spread", "wide", gate="spread"), blocked=[row]))
    assert reads.stored.session is not None
    session = replace(
        reads.stored.session, settings={"RISK_MAX_SPREAD_BPS": "80"}, started_at=row.decided_at + timedelta(1)
    )
    reads.stored = replace(reads.stored, session=session)
    (change,) = explainer.explain().changes
    assert (change.value, change.needed) == ("80", None)


def empty_reads() -> FakeReadModels:
    state = FakeControlState()
    return FakeReadModels(state, empty_status(state))


def test_the_time_asked_about_is_utc() -> None:
    explainer, reads = running(whole=summary_of(HOLD))
    explainer.explain(None, "2026-05-04T09:00")
    assert reads.summaries_asked[0][0] == datetime(2026, 5, 4, 9, 0, tzinfo=UTC)

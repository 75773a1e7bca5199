"""What the page of decisions shows, and what its address asks for."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from binance_trade_agent.domain.decision_summary import DecisionSummary, ReasonCount
from binance_trade_agent.domain.decisions import GateResult, Outcome, Reason
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.interfaces.dashboard.pages import decisions
from binance_trade_agent.interfaces.dashboard.queries import address, asked, moment_of
from tests.fakes import START, FakeDesk, fake_desk
from tests.unit.interfaces.test_dashboard_overview import text


def links(component: Any) -> dict[str, str]:
    """Text of each link -> where it leads."""
    if isinstance(component, list | tuple):
        return {word: href for child in component for word, href in links(child).items()}
    if getattr(component, "href", None):
        return {text(component): component.href}
    children = getattr(component, "children", None)
    return links(children) if children is not None else {}


def desk_with_a_refusal() -> FakeDesk:
    """The newest decision on BTCUSDT passed one gate and was blocked by two."""
    desk = fake_desk()
    first = desk.reads.decision_rows[0]
    gates = (
        GateResult("paused", True, "not PAUSED", "RUNNING", "trading is not paused"),
        GateResult("cooldown", False, "3 candles", "1 candle", "1 candle since the last order"),
        GateResult("spread", False, "50 bps", "61 bps", "the spread is too wide"),
    )
    refused = replace(
        first,
        id="refused-1",
        action="BUY",
        outcome="refused",
        reason_code="cooldown",
        gates=gates,
        blocking_gate="cooldown",
        signal_reasons=(Reason("score_buy", "score 0.75 of 4 voters"), Reason("vote_rsi", "+1: RSI 28.1")),
        values={"rsi": 28.1234567, "ema_fast": 62855.4},
    )
    desk.reads.decision_rows = (refused, *desk.reads.decision_rows[1:])
    return desk


def test_rows_are_those_of_the_filter() -> None:
    desk = desk_with_a_refusal()
    everything = text(decisions.rows(desk, ""))
    assert everything.count("Why") == len(desk.reads.decision_rows)
    assert "RSI 31.8, buys below 30" in everything

    refused = text(decisions.rows(desk, "?outcome=refused&gate=cooldown"))
    assert refused.count("Why") == 2
    assert "1 of 3" in refused
    assert "HOLD" not in refused

    nothing = text(decisions.rows(desk, "?symbol=DOGEUSDT"))
    assert "No decision is all of this." in nothing


def test_older_rows_and_the_file_are_of_the_same_filter() -> None:
    desk = fake_desk()
    first = desk.reads.decision_rows[0]
    desk.reads.decision_rows = tuple(replace(first, id=f"dec-{number}") for number in range(120))

    newest = links(decisions.rows(desk, f"?symbol={first.symbol}&id=dec-3"))
    assert newest["CSV"] == f"/export/decisions.csv?symbol={first.symbol}"
    older = newest["Older"]
    assert asked(older.partition("?")[2]) == {"symbol": first.symbol, "id": "dec-3", "cursor": "50"}

    last = links(decisions.rows(desk, "?cursor=100"))
    assert "Older" not in last
    assert last["Newest"] == "/decisions"


def test_a_decision_shows_every_gate_in_order_with_limit_and_observed() -> None:
    shown = text(decisions.one(desk_with_a_refusal(), "?id=refused-1&outcome=refused"))

    assert "Risk gates in order: 3 asked, 2 blocked" in shown
    order = [shown.index(word) for word in ("1 paused", "2 cooldown", "3 spread")]
    assert order == sorted(order)
    assert "✕ blocked first 1 candle 3 candles 1 candle since the last order" in shown
    assert "✕ blocked 61 bps 50 bps the spread is too wide" in shown
    assert "+1: RSI 28.1" in shown
    assert "rsi 28.1235" in shown
    assert "ema_fast 62,855.40" in shown


def test_a_decision_leads_to_its_order() -> None:
    desk = fake_desk()
    order = desk.reads.order_rows[2]
    placed = replace(
        desk.reads.decision_rows[0], id="placed-1", outcome="placed", client_order_id=order.client_order_id
    )
    desk.reads.decision_rows = (placed,)

    shown = decisions.one(desk, "?id=placed-1")
    assert links(shown)[order.client_order_id] == f"/orders?id={order.client_order_id}"
    assert "▲ BUY 0.016 BTCUSDT (entry), 100.00 % executed, filled" in " ".join(text(shown).split())
    assert decisions.one(desk, "") == ""
    assert "There is no such decision." in text(decisions.one(desk, "?id=gone"))


def test_the_funnel_and_the_reasons_are_the_periods() -> None:
    desk = fake_desk()

    def counted(action: str, outcome: str, code: str, gate: str | None, count: int) -> ReasonCount:
        return ReasonCount("BTCUSDT", action, outcome, code, gate, count, START, START, f"{code} text")

    counts = (
        counted("HOLD", Outcome.HELD, "no_cross", None, 90),
        counted("BUY", Outcome.REFUSED, "cooldown", "cooldown", 9),
        counted("BUY", Outcome.PLACED, "placed", None, 1),
    )
    desk.reads.summaries[None] = DecisionSummary(START, START, 50, counts, 1, 1, {}, {}, ())

    cards = decisions.why(desk, "?since=7d")
    shown = " ".join(text(cards).split())
    assert "Decisions 100 Signals 10 10.0 % Allowed by risk 1 10.0 % Sized 1 100.0 % Sent 1" in shown
    assert "9 9.00 %" in shown
    since, until, _ = desk.reads.summaries_asked[-1]
    assert (until - since).days == 7
    led = links(cards)
    assert "/decisions?since=7d&gate=cooldown" in led.values()
    assert "/decisions?since=7d&reason=no_cross" in led.values()


def test_rows_and_funnel_are_of_the_same_time() -> None:
    desk = fake_desk()
    desk.reads.summaries[None] = DecisionSummary(START, START, 50, (), 0, 0, {}, {}, ())
    decisions.why(desk, "?since=24h")
    since, _, _ = desk.reads.summaries_asked[-1]

    assert decisions.wanted_of(asked("?since=24h"), desk.watch.now()).since == since
    assert decisions.wanted_of(asked("?since=all"), desk.watch.now()).since is None


def test_the_file_has_every_row_to_the_last_digit() -> None:
    desk = desk_with_a_refusal()
    export = decisions.PAGE.exports[0]
    written = [dict(zip(export.columns, row, strict=True)) for row in export.rows(desk, {"gate": "cooldown"})]

    assert [row["id"] for row in written] == ["refused-1", "dec-478"]
    assert written[0]["values"] == "rsi=28.1234567; ema_fast=62855.4"
    assert written[0]["price"] == Decimal(str(desk.reads.decision_rows[0].price))


def test_an_empty_database_says_what_to_do() -> None:
    desk = fake_desk(empty=True)
    assert "make up" in text(decisions.rows(desk, ""))
    assert "Nothing was decided in this time." in text(decisions.why(desk, ""))
    offered = json.loads(getattr(decisions.filters(desk), "data-choices"))
    names = [each["name"] for each in offered]
    assert names == ["symbol", "outcome", "gate", "reason", "since", "until"]


def test_what_cannot_be_meant_is_refused() -> None:
    desk = fake_desk()
    for search in ("?symbol=B/T", "?since=soon", "?until=never", "?cursor=x"):
        with pytest.raises(ConfigurationError):
            decisions.rows(desk, search)


def test_a_query_is_read_and_written() -> None:
    query = asked("?a=1&b=&c=x%20y")
    assert query == {"a": "1", "c": "x y"}
    assert address("/p", query, a=None, d="2") == "/p?c=x+y&d=2"
    assert address("/p", {}, a=None) == "/p"
    at = moment_of({"until": "2026-05-04T09:30"}, "until")
    assert at == START

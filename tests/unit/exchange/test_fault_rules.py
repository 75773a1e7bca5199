"""Fault rules: what is understood, what is refused and how, which requests a rule meets."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from binance_trade_agent.exchange.simulator.faults.answers import READY
from binance_trade_agent.exchange.simulator.faults.kinds import ON_REQUESTS, Kind
from binance_trade_agent.exchange.simulator.faults.parsing import (
    ARGUMENTS,
    BadRule,
    parse_rule,
    parse_rules,
    read_rules,
)
from binance_trade_agent.exchange.simulator.faults.rule import Rule, Seen

NEEDED: Mapping[Kind, dict[str, Any]] = {
    Kind.ANSWER: {"error": "-1007"},
    Kind.EXECUTE_THEN_ANSWER: {"status": 502, "body": "<html>"},
    Kind.DELAY: {"delay_s": 0.5},
    Kind.INVISIBLE: {"delay_s": 3},
    Kind.PARTIAL: {"share": 0.4},
    Kind.CLOCK: {"shift_ms": -60_000},
    Kind.RULES: {"symbol": "BTCUSDT", "changes": {"status": "HALT"}},
    Kind.FEE_ASSET: {"asset": "BNB"},
    Kind.STREAM_EVENT: {"event": {"e": "unheardOf"}},
}


def seen(method: str, path: str, **parameters: str) -> Seen:
    return Seen(method, path, lambda: parameters)


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_is_understood_with_what_it_needs(kind: Kind) -> None:
    spec = parse_rule({"fault": kind.value, **NEEDED.get(kind, {})})
    assert spec.kind is kind
    assert spec.count == (1 if kind in ON_REQUESTS else None)


@pytest.mark.parametrize("kind", list(NEEDED))
def test_each_kind_insists_on_what_it_needs(kind: Kind) -> None:
    with pytest.raises(BadRule):
        parse_rule({"fault": kind.value})


def test_everything_a_request_rule_can_say() -> None:
    spec = parse_rule(
        {
            "match": {"method": "POST", "path": "/api/v3/order", "params": {"side": "BUY"}},
            "skip": 2,
            "count": None,
            "fault": "execute_then_answer",
            "status": 503,
            "code": -1007,
            "msg": "Timeout",
            "headers": {"X-Cache": "Miss"},
        }
    )
    assert (spec.skip, spec.count) == (2, None)
    assert spec.answer is not None
    assert (spec.answer.status, spec.answer.code, spec.answer.message) == (503, -1007, "Timeout")
    assert spec.answer.headers == {"X-Cache": "Miss"}
    assert parse_rule({"fault": "partial", "share": 0.1}).share == Decimal("0.1")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("delay", "a rule must be a JSON object"),
        ({}, "fault must be one of answer, execute_then_answer"),
        ({"fault": "explode"}, "fault must be one of answer, execute_then_answer"),
        ({"fault": ["answer"]}, "fault must be one of"),
        ({"fault": "reset", "delay_s": 1}, "reset takes fault, match, skip, count; not delay_s"),
        ({"fault": "clock", "shift_ms": 1, "count": 1}, "clock takes fault, shift_ms; not count"),
        ({"fault": "wipe", "match": {}}, "wipe takes fault; not match"),
        ({"fault": "reset", "skip": -1}, "skip must be a whole number from 0"),
        ({"fault": "reset", "skip": True}, "skip must be a whole number from 0"),
        ({"fault": "reset", "count": 0}, "count must be a whole number from 1"),
        ({"fault": "reset", "count": "1"}, "count must be a whole number from 1"),
        ({"fault": "reset", "match": []}, "match must be a JSON object"),
        ({"fault": "reset", "match": {"host": "x"}}, "match takes method, path, params; not host"),
        ({"fault": "reset", "match": {"method": "PATCH"}}, "match.method must be one of GET, POST"),
        ({"fault": "reset", "match": {"path": 1}}, "match.path must be a text"),
        ({"fault": "reset", "match": {"params": {"limit": 5}}}, "match.params.limit must be a text"),
        ({"fault": "answer"}, "an answer needs error, or status with code and msg, or status with body"),
        ({"fault": "answer", "error": "-9"}, "error must be one of -1000, -1001"),
        ({"fault": "answer", "error": "-1007", "status": 500}, "error brings its own status"),
        ({"fault": "answer", "status": 99, "body": ""}, "status must be a whole number from 200 to 599"),
        ({"fault": "answer", "status": 500, "code": -1}, "msg must be a text"),
        ({"fault": "answer", "status": 500, "body": "", "msg": "x"}, "msg goes with code only"),
        (
            {"fault": "answer", "status": 500, "code": -1, "msg": "x", "content_type": "a/b"},
            "content_type goes with body only",
        ),
        ({"fault": "answer", "error": "-1007", "headers": {"A": 1}}, "headers.A must be a text"),
        ({"fault": "delay", "delay_s": "1"}, "delay_s must be a number from 0"),
        ({"fault": "partial", "share": 1}, "share must lie between 0 and 1"),
        ({"fault": "partial", "share": 2}, "share must be a number from 0 to 1"),
        ({"fault": "rules", "symbol": "BTCUSDT", "changes": {}}, "changes must name what changes"),
        ({"fault": "rules", "symbol": "B", "changes": {"status": "OPEN"}}, "changes.status must be one of"),
        ({"fault": "rules", "symbol": "B", "changes": {"filters": {"A": 1}}}, "changes.filters.A must be"),
        ({"fault": "stream_drop", "close_code": 1}, "close_code must be a whole number from 1000"),
        ({"fault": "stream_refuse", "status": 200}, "status must be a whole number from 400"),
    ],
)
def test_what_is_not_understood_is_refused_in_a_sentence(rule: Any, words: str) -> None:
    with pytest.raises(BadRule) as refusal:
        parse_rule(rule)
    assert words in str(refusal.value)


def test_a_list_says_which_rule_is_wrong() -> None:
    assert [spec.kind for spec in parse_rules([{"fault": "reset"}, {"fault": "hold"}])] == ["reset", "hold"]
    with pytest.raises(BadRule, match=r"^rule 2 of 2: fault must be"):
        parse_rules([{"fault": "reset"}, {"fault": "no"}])


@pytest.mark.parametrize(("text", "words"), [("{}", "must hold a JSON list"), ("[", "not JSON")])
def test_a_file_holds_a_list(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "faults.json"
    path.write_text(text)
    with pytest.raises(BadRule, match=words):
        read_rules(path)
    path.write_text('[{"fault": "stream_silent"}]')
    assert [spec.kind for spec in read_rules(path)] == [Kind.STREAM_SILENT]


def test_a_rule_meets_what_matches_after_its_skips_and_no_more_than_its_count() -> None:
    match = {"method": "POST", "path": "/api/v3/order", "params": {"side": "BUY"}}
    rule = Rule(1, parse_rule({"fault": "reset", "match": match, "skip": 1, "count": 2}))
    buy = seen("POST", "/api/v3/order", side="BUY", symbol="BTCUSDT")
    others = [
        seen("GET", "/api/v3/order", side="BUY"),
        seen("POST", "/api/v3/order/test", side="BUY"),
        seen("POST", "/api/v3/order", side="SELL"),
        seen("POST", "/api/v3/order"),
    ]
    assert [rule.meets(request) for request in others] == [False] * 4
    assert [rule.meets(buy) for _ in range(5)] == [False, True, True, False, False]
    assert (rule.seen, rule.fired) == (5, 2)


def test_a_path_may_be_a_prefix_and_a_rule_without_end() -> None:
    rule = Rule(1, parse_rule({"fault": "reset", "match": {"path": "/api/v3/*"}, "count": None}))
    assert all(rule.meets(seen("GET", "/api/v3/time")) for _ in range(100))
    assert not rule.meets(seen("GET", "/sapi/v1/system/status"))


def test_a_rule_about_orders_sees_requests_for_new_orders_only() -> None:
    rule = Rule(1, parse_rule({"fault": "invisible", "delay_s": 1, "count": None}))
    placing = [
        ("POST", "/api/v3/order"),
        ("POST", "/api/v3/order/cancelReplace"),
        ("POST", "/api/v3/orderList/oco"),
        ("WS", "order.place"),
        ("WS", "order.cancelReplace"),
        ("WS", "orderList.place.oco"),
    ]
    others = [
        ("POST", "/api/v3/order/test"),
        ("GET", "/api/v3/order"),
        ("DELETE", "/api/v3/orderList"),
        ("WS", "order.status"),
    ]
    assert [rule.meets(seen(*each)) for each in placing] == [True] * 6
    assert [rule.meets(seen(*each)) for each in others] == [False] * 4


@pytest.mark.parametrize("name", list(READY))
def test_ready_answers_are_complete(name: str) -> None:
    answer = READY[name]
    assert 200 <= answer.status <= 599
    assert (answer.body is None) == bool(answer.message)
    assert (answer.retry_after_s is not None) == (answer.status in {418, 429})


def test_a_ban_says_until_when() -> None:
    ban = READY["418"].with_headers({"retry-after": "60"})
    assert ban.headers == {"retry-after": "60"}
    assert "banned until 61000." in ban.text(1000)


def test_the_documentation_names_every_kind_argument_and_ready_answer() -> None:
    text = (Path(__file__).parents[3] / "docs" / "fault-rules.md").read_text(encoding="utf-8")
    arguments = {argument for each in ARGUMENTS.values() for argument in each}
    assert [name for name in [*Kind, *arguments] if f"`{name}`" not in text] == []
    names = text.partition("may go with each.")[2].partition("##")[0]
    assert {" ".join(name.split()) for name in names.split(",")} == set(READY)

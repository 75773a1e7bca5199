"""What is kept of calls over MCP: written in batches, found again, pruned in small steps."""

from datetime import timedelta

from binance_trade_agent.domain.tool_calls import ToolCall
from binance_trade_agent.storage.books import open_book
from binance_trade_agent.storage.read_models import SqlReadModels
from binance_trade_agent.storage.tool_calls import SqlToolCalls
from tests.integration.storage.samples import MINUTE, T0


def call(number: int, *, caller: str = "claude", outcome: str = "DONE") -> ToolCall:
    return ToolCall(T0 + number * MINUTE, caller, "read", "get_status", "{}", outcome, 1.25 * number)


def test_calls_are_kept_and_found_by_caller_and_outcome(database, book):
    calls, reads = SqlToolCalls(database, book), SqlReadModels(database, book)
    calls.write([])
    calls.write([call(1), call(2, caller="watcher"), call(3, outcome="FORBIDDEN"), call(4, outcome="ASKED")])

    assert reads.tool_calls() == (
        call(4, outcome="ASKED"),
        call(3, outcome="FORBIDDEN"),
        call(2, caller="watcher"),
        call(1),
    )
    assert reads.tool_calls(limit=1) == (call(4, outcome="ASKED"),)
    assert reads.tool_calls(caller="watcher") == (call(2, caller="watcher"),)
    assert reads.tool_calls(refused_only=True) == (call(3, outcome="FORBIDDEN"),)
    assert reads.tool_calls(caller="watcher", refused_only=True) == ()


def test_old_calls_and_those_beyond_the_newest_go_in_steps_and_only_of_the_book(database, book):
    other = open_book(database, mode="paper", address="local", account="other", quote="USDT")
    SqlToolCalls(database, other).write([call(0)])
    calls, reads = SqlToolCalls(database, book), SqlReadModels(database, book)
    calls.write([call(number) for number in range(10)])
    old = T0 + 3 * MINUTE

    assert calls.prune(older_than=old, keep=100, at_most=2) == 2
    assert calls.prune(older_than=old, keep=100, at_most=2) == 1
    assert calls.prune(older_than=old, keep=100, at_most=2) == 0
    assert [row.at for row in reads.tool_calls()] == [T0 + n * MINUTE for n in range(9, 2, -1)]

    assert calls.prune(older_than=old, keep=4, at_most=100) == 3
    assert [row.at for row in reads.tool_calls()] == [T0 + n * MINUTE for n in range(9, 5, -1)]
    assert SqlReadModels(database, other).tool_calls() == (call(0),)
    assert calls.prune(older_than=T0 - timedelta(days=1), keep=4, at_most=100) == 0

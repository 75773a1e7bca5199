from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import cast

import pytest
from sqlalchemy import select

from binance_trade_agent.domain.acts import Act, ActKind, ActOutcome
from binance_trade_agent.domain.caps import AskedOrder
from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.errors import ConfigurationError, StorageError
from binance_trade_agent.domain.records import (
    BanScope,
    Command,
    CommandKind,
    CommandResult,
    CommandStatus,
    Heartbeat,
    Incident,
)
from binance_trade_agent.storage import models
from binance_trade_agent.storage.bans import SqlBans, SqlWeights
from binance_trade_agent.storage.books import open_book
from binance_trade_agent.storage.control_state import SqlControlState
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.outbox import SqlOutbox
from binance_trade_agent.storage.read_models import SqlReadModels
from binance_trade_agent.storage.sessions import SqlSessions
from tests.integration.storage.samples import MINUTE, T0, cycle_start, session

COMMAND = Command("k1", CommandKind.WORKFLOW, {"symbol": "BTCUSDT"}, "key", "ann", "cli", T0)


@pytest.fixture
def control(database, book):
    return SqlControlState(database, book)


@pytest.fixture
def sessions(database, book):
    return SqlSessions(database, book)


def audit(database):
    with database.read() as transaction:
        rows = transaction.scalars(select(models.Audit).order_by(models.Audit.id))
        return [
            (row.actor, row.channel, row.action, row.text, row.before, row.after, row.outcome) for row in rows
        ]


def test_a_new_book_runs_and_a_new_live_one_starts_paused(control, database):
    assert (control.read().state, control.read().reason) == (TradingState.RUNNING, "initial")
    live = open_book(database, mode="live", address="binance", account="a", quote="USDT")
    found = SqlControlState(database, live).read()
    assert (found.state, found.reason) == (TradingState.PAUSED, "a fresh live install starts paused")


def test_the_state_is_latched_with_its_audit_row(control, database):
    written = control.write(TradingState.HALTED, reason="drawdown", actor="ann", at=T0)
    assert control.read() == written
    control.write(TradingState.RUNNING, reason="all well", actor="bob", at=T0 + MINUTE)
    assert (control.read().state, control.read().actor, control.read().since) == (
        TradingState.RUNNING,
        "bob",
        T0 + MINUTE,
    )
    assert audit(database) == [
        ("ann", "trader", "halt", "drawdown", "RUNNING", "HALTED", "done"),
        ("bob", "trader", "resume", "all well", "HALTED", "RUNNING", "done"),
    ]
    # what a state forbids the trader itself is no act
    control.write(TradingState.PAUSED, reason="no", actor="limit", at=T0, only_from=())
    assert len(audit(database)) == 2


def act(kind=ActKind.PAUSE, key=None, at=T0):
    return Act(kind, "ann", "cli", "lunch", at, key)


def test_a_state_act_is_done_once_for_its_key(control, database):
    first = control.steer(act(key="k"), TradingState.PAUSED)
    assert (first.state, first.reason, first.done_at, first.repeated) == (
        TradingState.PAUSED,
        "lunch",
        T0,
        False,
    )
    control.steer(act(ActKind.RESUME, at=T0 + MINUTE), TradingState.RUNNING)
    again = control.steer(act(key="k", at=T0 + 2 * MINUTE), TradingState.PAUSED)
    assert (again.state, again.done_at, again.repeated) == (TradingState.RUNNING, T0, True)
    with pytest.raises(ConfigurationError, match="used for another act"):
        control.steer(act(ActKind.HALT, key="k"), TradingState.HALTED)
    with pytest.raises(ConfigurationError, match="used for another act"):
        control.submit(replace(COMMAND, idempotency_key="k"))
    assert control.read().state is TradingState.RUNNING
    assert [row[2] for row in audit(database)] == ["pause", "resume"]


def test_a_refused_state_act_is_in_the_audit(control, book, database):
    control.steer(act(ActKind.HALT), TradingState.HALTED)
    refused = control.steer(act(at=T0 + MINUTE), TradingState.PAUSED, only_from={TradingState.RUNNING})
    assert (refused.state, refused.refused) == (TradingState.HALTED, True)
    row, halt = SqlReadModels(database, book).audit()
    assert (row.action, row.before, row.after, row.outcome) == ("pause", "HALTED", "HALTED", "refused")
    assert row.answer == "it stays HALTED, set by ann: lunch"
    assert (halt.at, halt.finished_at, halt.idempotency_key) == (T0, T0, None)
    assert SqlReadModels(database, book).audit(since=T0 + MINUTE) == (row,)
    assert SqlReadModels(database, book).audit(limit=1) == (row,)


def test_the_state_is_set_once_by_many_at_once_with_one_key(control, database):
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: control.steer(act(key="k"), TradingState.PAUSED), range(16)))
    assert sorted(each.repeated for each in done) == [False] + [True] * 15
    assert len(audit(database)) == 1


def told(database, book):
    return [(topic, text) for _, topic, text in SqlOutbox(database, book).unsent(100)]


def test_what_people_do_to_trading_is_told_once_with_the_act(database, book):
    control = SqlControlState(database, book)
    pause = Act(ActKind.PAUSE, "ann", "cli", "lunch", T0, "k")
    for _ in range(2):
        control.steer(pause, TradingState.PAUSED)
    paused = "trading is paused: no new entries, exits go on; by ann (cli) at 2024-08-05 00:00:00 UTC: lunch"
    assert told(database, book) == [("control", paused)]

    control.steer(Act(ActKind.HALT, "dashboard", "dashboard", "", T0), TradingState.HALTED)
    control.steer(replace(pause, idempotency_key="refused"), TradingState.PAUSED, only_from=())
    halted = "trading is halted: no order of any kind is sent until somebody resumes; by dashboard at"
    assert [text.startswith(halted) for _, text in told(database, book)] == [False, True]

    control.steer(Act(ActKind.RESUME, "ann", "cli", "back", T0), TradingState.RUNNING)
    control.submit(replace(COMMAND, arguments={**COMMAND.arguments, "dry_run": "true"}))
    control.submit(replace(COMMAND, id="k2", idempotency_key="trade"))
    assert [text.partition(":")[0] for _, text in told(database, book)][2:] == ["trading goes on"]


def test_a_flatten_is_told_at_its_beginning_and_with_what_came_of_it(database, book):
    control = SqlControlState(database, book)
    flatten = Command("f", CommandKind.FLATTEN, {}, "f", "ann", "cli", T0, "fire")
    for _ in range(2):
        control.submit(flatten)
    control.claim("f", T0)
    for _ in range(2):
        control.finish(
            "f", CommandResult(CommandStatus.FAILED, "NOT sold: BTCUSDT 1", {}, T0), TradingState.HALTED
        )
    assert [text for _, text in told(database, book)] == [
        "a flatten has begun: entries stop, what the ledger bought is sold, then trading is halted;"
        " by ann (cli) at 2024-08-05 00:00:00 UTC: fire",
        "the flatten by ann has ended (failed): NOT sold: BTCUSDT 1",
    ]

    control.submit(replace(flatten, id="g", idempotency_key="g"))
    control.steer(Act(ActKind.RESUME, "bob", "mcp", "no", T0), TradingState.RUNNING)
    assert "; a flatten that had not ended was withdrawn; by bob (mcp) at" in told(database, book)[-1][1]


def test_what_nobody_is_to_be_told_is_dropped(control, book, database):
    control.steer(Act(ActKind.HALT, "ann", "cli", "fire", T0), TradingState.HALTED)
    outbox = SqlOutbox(database, book)
    outbox.enqueue("order", "sent", T0)
    assert (outbox.discard_unsent(), outbox.discard_unsent()) == (2, 0)
    assert told(database, book) == []


def test_an_act_on_a_program_is_opened_before_it_is_done(control, book, database):
    start = act(ActKind.START, key="k")
    assert control.open_act(start, "STOPPED") is None
    (waiting,) = SqlReadModels(database, book).audit()
    assert (waiting.before, waiting.after, waiting.outcome) == ("STOPPED", None, None)
    control.close_act(
        "k",
        outcome=ActOutcome.DONE,
        answer="started",
        at=T0 + MINUTE,
        before="STOPPED",
        after="RUNNING",
    )
    first = control.open_act(start, "RUNNING")
    assert first is not None
    assert (first.before, first.after, first.outcome, first.answer) == (
        "STOPPED",
        "RUNNING",
        "done",
        "started",
    )
    assert first.finished_at == T0 + MINUTE


def test_a_key_makes_a_command_happen_once(control, database):
    assert control.submit(COMMAND) == COMMAND
    again = replace(COMMAND, id="k2", created_at=T0 + MINUTE)
    assert control.submit(again) == COMMAND
    assert control.pending() == (COMMAND,)
    for other in (replace(again, arguments={"symbol": "ETHUSDT"}), replace(again, arguments={})):
        with pytest.raises(ConfigurationError, match="used for another command"):
            control.submit(other)
    assert audit(database) == [("ann", "cli", "trade", "", None, None, None)]


class Full(Exception):
    """No more orders today."""


def test_what_is_not_admitted_is_not_stored_and_what_is_known_not_judged_again(control, database):
    shown: list[Sequence[AskedOrder]] = []
    control.submit(COMMAND, admit=shown.append)
    control.submit(COMMAND, admit=shown.append)
    assert shown == [()]
    second = replace(COMMAND, id="k2", idempotency_key="key2", created_at=T0 + MINUTE)

    def refuse(asked: Sequence[AskedOrder]) -> None:
        assert [one.key for one in asked] == ["key"]
        raise Full

    with pytest.raises(Full):
        control.submit(second, admit=refuse)
    assert control.pending() == (COMMAND,)
    assert len(audit(database)) == 1
    others = replace(second, actor="bob")
    control.submit(others, admit=shown.append)
    assert shown[-1] == ()


def test_commands_stored_at_the_same_time_do_not_pass_together(control):
    def ask(number: int) -> bool:
        def admit(asked: Sequence[AskedOrder]) -> None:
            if len(asked) >= 3:
                raise Full

        try:
            control.submit(replace(COMMAND, id=f"k{number}", idempotency_key=f"key{number}"), admit=admit)
        except Full:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(ask, range(12))) == 3
    assert len(control.pending()) == 3


def test_a_command_is_taken_once_and_answered(control, book, database):
    control.submit(COMMAND)
    assert control.result("k1") is None
    assert control.claim("k1", T0)
    assert not control.claim("k1", T0)
    assert not control.claim("none", T0)
    assert (control.pending(), control.result("k1")) == ((), None)
    result = CommandResult(CommandStatus.DONE, "bought", {"order": "bta-1"}, T0 + MINUTE)
    control.finish("k1", result)
    assert control.result("k1") == result
    assert control.result("none") is None
    (row,) = SqlReadModels(database, book).audit()
    assert (row.outcome, row.answer, row.finished_at) == ("done", "bought", T0 + MINUTE)
    assert (row.idempotency_key, row.details) == ("key", {"command": "k1", "symbol": "BTCUSDT"})
    with pytest.raises(StorageError, match="no command none"):
        control.finish("none", result)


def test_commands_wait_in_the_order_they_came(control):
    later = replace(COMMAND, id="a", idempotency_key="2", created_at=T0 + MINUTE)
    control.submit(later)
    control.submit(COMMAND)
    assert control.pending() == (COMMAND, later)


def test_a_session_is_kept_from_its_beginning_to_its_end(sessions):
    assert sessions.latest() is None
    first = session(deadline=T0 + MINUTE, duration_minutes=1)
    sessions.begin(first)
    assert sessions.latest() == first
    sessions.end("s1", reason="duration", exit_code=0, at=T0 + MINUTE)
    assert sessions.latest() == replace(first, ended_at=T0 + MINUTE, end_reason="duration", exit_code=0)
    second = session("s0", started_at=T0 + MINUTE)
    sessions.begin(second)
    assert sessions.latest() == second
    with pytest.raises(StorageError, match="no session none"):
        sessions.end("none", reason="", exit_code=1, at=T0)


def test_cycles_of_a_session_are_numbered_on(sessions, database, book):
    sessions.begin(session())
    assert sessions.next_cycle_number("s1") == 1
    SqlDecisionLog(database, book).open_cycle(cycle_start("c7", 7), "s1")
    assert sessions.next_cycle_number("s1") == 8
    assert sessions.next_cycle_number("other") == 1


def test_starts_are_counted_until_a_cycle_completes(sessions):
    assert [sessions.count_start(), sessions.count_start()] == [1, 2]
    sessions.reset_starts()
    sessions.reset_starts()
    assert sessions.count_start() == 1


def test_a_process_has_one_heartbeat(sessions, database, book):
    sessions.beat(Heartbeat("trader", 1, T0, None))
    last = Heartbeat("trader", 2, T0 + MINUTE, T0)
    sessions.beat(last)
    assert SqlReadModels(database, book).status().heartbeats == (last,)


def test_an_incident_is_open_once_until_it_is_cleared(database, book):
    outbox, reads = SqlOutbox(database, book), SqlReadModels(database, book)
    incident = Incident("balance", "BTC differs", "critical", T0)
    assert outbox.raise_incident(incident)
    assert not outbox.raise_incident(replace(incident, text="still"))
    assert reads.incidents() == (incident,)
    outbox.clear_incident("balance", T0 + MINUTE)
    outbox.clear_incident("balance", T0 + MINUTE)
    assert reads.incidents() == ()
    assert outbox.raise_incident(incident)


def test_an_incident_is_told_in_the_transaction_that_opens_it(database, book):
    outbox, reads = SqlOutbox(database, book), SqlReadModels(database, book)
    incident = Incident("balance", "BTC differs", "critical", T0)
    outbox.raise_incident(incident, told="BTC differs; halted")
    outbox.raise_incident(incident, told="not told again")
    again = replace(incident, text="USDT differs", opened_at=T0 + MINUTE)
    assert outbox.raise_incident(again, told="USDT differs; halted", anew=True)
    assert reads.incidents() == (again,)
    assert told(database, book) == [("incident", "BTC differs; halted"), ("incident", "USDT differs; halted")]

    with pytest.raises(StorageError):
        # a message that cannot be stored
        outbox.raise_incident(replace(incident, key="other"), told=cast("str", object()))
    assert reads.incidents() == (again,)


def test_messages_wait_until_they_are_sent(database, book):
    outbox = SqlOutbox(database, book)
    for text in ("one", "two", "three"):
        outbox.enqueue("fill", text, T0)
    first, second = outbox.unsent(2)
    assert (first[1:], second[1:]) == (("fill", "one"), ("fill", "two"))
    outbox.mark_sent(first[0], T0)
    assert [text for _, _, text in outbox.unsent(9)] == ["two", "three"]


def test_a_ban_is_kept_by_address_and_scope_and_never_shortened(database):
    bans = SqlBans(database, "https://api.binance.com")
    assert bans.until(BanScope.ALL) is None
    bans.set_until(BanScope.ALL, T0 + MINUTE, "429")
    bans.set_until(BanScope.ALL, T0, "earlier")
    bans.set_until(BanScope.NEW_ORDERS, T0, "-1015")
    again = SqlBans(database, "https://api.binance.com")
    assert (again.until(BanScope.ALL), again.until(BanScope.NEW_ORDERS)) == (T0 + MINUTE, T0)
    assert SqlBans(database, "http://127.0.0.1").until(BanScope.ALL) is None
    bans.set_until(BanScope.ALL, T0 + 2 * MINUTE, "418")
    assert bans.until(BanScope.ALL) == T0 + 2 * MINUTE


def test_the_largest_weight_of_the_newest_minute_is_kept_by_address(database):
    weights = SqlWeights(database, "https://api.binance.com")
    assert weights.read() == (0, 0)
    for minute, used in ((7, 100), (7, 40), (6, 900)):
        weights.note(minute, used)
        assert SqlWeights(database, "https://api.binance.com").read() == (7, 100)
    weights.note(7, 101)
    assert weights.read() == (7, 101)
    weights.note(8, 2)
    assert weights.read() == (8, 2)
    assert SqlWeights(database, "http://127.0.0.1").read() == (0, 0)


def test_writers_take_turns_and_none_is_lost(sessions):
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: sessions.count_start(), range(40)))
    assert sorted(counts) == list(range(1, 41))

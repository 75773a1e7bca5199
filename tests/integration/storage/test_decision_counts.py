"""What is counted by periods says the same as the decisions themselves, whatever was asked and whenever they changed."""

import random
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from sqlalchemy import delete, select

from binance_trade_agent.domain.decisions import CycleKind, GateResult, Miss, Outcome, Reason
from binance_trade_agent.domain.orders import OrderStatus
from binance_trade_agent.storage import models
from binance_trade_agent.storage.database import connect_engine, parse_url
from binance_trade_agent.storage.decision_counts import pieces
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.journal import SqlOrderJournal
from binance_trade_agent.storage.migration import alembic_config, migrate
from binance_trade_agent.storage.read_models import SqlReadModels
from binance_trade_agent.storage.sessions import SqlSessions
from tests.integration.storage.samples import (
    cycle_start,
    decision,
    exchange_order,
    fill,
    intent,
    report,
    session,
)

BEGIN = datetime(2024, 8, 5, 7, 13, tzinfo=UTC)
DAYS = 75
SYMBOLS = ("BTCUSDT", "ETHUSDT")


class Trader:
    """Writes cycles at chosen times, decisions of a few kinds, orders whose news come later."""

    def __init__(self, database, book, rng):
        SqlSessions(database, book).begin(session())
        self.log = SqlDecisionLog(database, book)
        self.journal = SqlOrderJournal(database, book)
        self.rng = rng
        self.cycles = 0
        self.open = []

    def cycle(self, at, kind=CycleKind.SCHEDULED):
        self.cycles += 1
        start = cycle_start(f"c{self.cycles}", self.cycles, SYMBOLS)
        start = replace(start, kind=kind, started_at=at, scheduled_at=at)
        # some are decided before the hour in which their cycle begins, or after it
        made = [
            self._decision(symbol, at + timedelta(seconds=self.rng.randint(-90, 90))) for symbol in SYMBOLS
        ]
        self.log.open_cycle(start, "s1")
        if self.rng.random() < 0.3:
            order = replace(intent(), created_at=at, symbol=made[0].symbol)
            made[0] = replace(made[0], outcome=Outcome.UNKNOWN, client_order_id=order.client_order_id)
            self.journal.write_intent(order, made[0], start.id)
            self.open.append((order, self.cycles))
        self.log.close_cycle(replace(report(start, made), finished_at=at), {})
        if self.open and self.rng.random() < 0.4:
            self._news(*self.open.pop(0))

    def _news(self, order, number):
        if self.rng.random() < 0.5:
            self.journal.mark_not_placed(order.client_order_id, "it never arrived")
        else:
            traded = [replace(fill(number, "1", order_id=number), symbol=order.symbol)]
            done = exchange_order(order, OrderStatus.FILLED, traded, order_id=number)
            self.journal.record(order.client_order_id, done)

    def _decision(self, symbol, at):
        near = self.rng.choice([None, 0.0, 0.25, 0.5])
        made = replace(
            decision(f"{self.cycles}-{symbol}", symbol),
            decided_at=at,
            reason=Reason(self.rng.choice(["hold", "veto"]), f"{self.cycles}"),
            nearest_miss=None if near is None else Miss(f"near {self.cycles}", near),
        )
        if self.rng.random() < 0.3:
            gates = (GateResult("spread", False, "1", "2", "wide"),)
            return replace(made, outcome=Outcome.REFUSED, reason=Reason("spread", "wide"), gates=gates)
        return made if self.rng.random() < 0.9 else replace(made, signal=None, outcome=Outcome.NO_DATA)


def counted_by_hand(rows, since, until, symbol):
    groups = defaultdict(list)
    for row in rows:
        if since <= row.decided_at < until and row.scheduled and symbol in (None, row.symbol):
            groups[row.symbol, row.action, row.outcome, row.reason_code, row.blocking_gate].append(row)
    return {key: _told(own) for key, own in groups.items()}


def _told(rows):
    moments = [row.decided_at for row in rows]
    missed = [(row.miss_distance, row.decided_at) for row in rows if row.miss_distance is not None]
    least = min((distance for distance, _ in missed), default=None)
    last = max((at for distance, at in missed if distance == least), default=None)
    return len(rows), min(moments), max(moments), least, last


def told(summary):
    return {
        (one.symbol, one.action, one.outcome, one.code, one.gate): (
            one.count,
            one.first_at,
            one.last_at,
            one.nearest,
            one.nearest_at,
        )
        for one in summary.counts
    }


def stored_decisions(database):
    with database.read() as transaction:
        rows = transaction.scalars(select(models.Decision)).all()
        transaction.expunge_all()
        return rows


def check_spans(database, book, rng, times=25):
    rows, reads = stored_decisions(database), SqlReadModels(database, book)
    for _ in range(times):
        since, until = sorted(_moment(rng) for _ in range(2))
        symbol = rng.choice([None, *SYMBOLS])
        summary = reads.summary(since=since, until=until, symbol=symbol)
        assert told(summary) == counted_by_hand(rows, since, until, symbol)
    whole = reads.summary(since=BEGIN - timedelta(days=100), until=BEGIN + timedelta(days=200))
    assert sum(one.count for one in whole.counts) == sum(row.scheduled for row in rows)


def _moment(rng):
    at = BEGIN + timedelta(seconds=rng.uniform(-1e5, DAYS * 86400 + 1e5))
    unit = rng.choice([timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1), timedelta(days=30)])
    return at - (at - datetime(1970, 1, 1, tzinfo=UTC)) % unit


def a_story(database, book, seed):
    rng = random.Random(seed)
    trader = Trader(database, book, rng)
    moments = sorted(BEGIN + timedelta(seconds=rng.uniform(0, DAYS * 86400)) for _ in range(60))
    # busy hours beside the lonely cycles
    moments += [moments[-1] + timedelta(minutes=7 * number) for number in range(20)]
    for at in moments:
        trader.cycle(at, rng.choice([CycleKind.SCHEDULED] * 5 + [CycleKind.WORKFLOW]))
    return rng


@pytest.mark.parametrize("seed", [1, 2])
def test_counts_say_what_the_decisions_say(database, book, seed):
    rng = a_story(database, book, seed)
    with database.read() as transaction:
        stored = set(transaction.scalars(select(models.DecisionCount.hours)))
    assert stored == {1, 24, 720}
    check_spans(database, book, rng)


def test_a_database_from_before_the_counts_is_counted_when_it_is_upgraded(database, book, url):
    rng = a_story(database, book, 3)
    with database.read() as transaction:
        until = transaction.get_one(models.Book, book.id).counted_until
        before = _counts(transaction)
    with database.write() as transaction:
        transaction.execute(delete(models.DecisionCount))
    database.close()
    engine = connect_engine(parse_url(url))
    with engine.connect() as connection:
        command.downgrade(alembic_config(connection), "0005")
        connection.commit()
    engine.dispose()
    migrate(url)
    with database.read() as transaction:
        assert transaction.get_one(models.Book, book.id).counted_until == until
        assert _counts(transaction) == before
    check_spans(database, book, rng, times=5)


def _counts(transaction):
    return sorted(transaction.execute(select(models.DecisionCount.__table__)).all(), key=str)


def test_a_span_is_told_by_the_longest_periods_that_fit():
    def at(day, hour=0, minute=0):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day, hours=hour, minutes=minute)

    told_by = list(pieces(at(58, 22, 30), at(122, 2, 20), at(122, 1)))
    assert told_by == [
        (at(58, 22, 30), at(58, 23), 0),
        (at(58, 23), at(59), 1),
        (at(59), at(60), 24),
        (at(60), at(120), 720),
        (at(120), at(122), 24),
        (at(122), at(122, 1), 1),
        (at(122, 1), at(122, 2, 20), 0),
    ]
    assert list(pieces(at(1), at(9), None)) == [(at(1), at(9), 0)]
    assert list(pieces(at(1, 0, 10), at(1, 0, 50), at(9))) == [(at(1, 0, 10), at(1, 0, 50), 0)]

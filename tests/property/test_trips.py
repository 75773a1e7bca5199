"""Whatever order fills come in: round trips are those of the fills in order, and account for all that was realised."""

import itertools
import os
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from binance_trade_agent.domain.money import ZERO, total
from binance_trade_agent.domain.orders import Fill, OrderStatus, Side
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.round_trips import (
    RoundTrip,
    TripBook,
    losing_streak,
    trip_after,
    trip_without,
)
from binance_trade_agent.storage import models
from binance_trade_agent.storage.books import open_book
from binance_trade_agent.storage.database import Database, open_database
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.journal import SqlOrderJournal
from binance_trade_agent.storage.ledger import SqlLedger
from binance_trade_agent.storage.migration import migrate
from binance_trade_agent.storage.sessions import SqlSessions
from tests.integration.storage import postgres
from tests.integration.storage.conftest import postgres_server  # noqa: F401 - a fixture
from tests.integration.storage.samples import (
    T0,
    cycle_start,
    decision,
    exchange_order,
    fill,
    intent,
    session,
)

_accounts = itertools.count(1)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('trips')}/book.db"
        migrate(url)
        opened = open_database(url)
        yield opened
        opened.close()
        return
    with postgres.fresh_database(request.getfixturevalue("postgres_server"), f"trips_{os.getpid()}") as url:
        migrate(url)
        opened = open_database(url)
        yield opened
        opened.close()


@st.composite
def histories(draw: st.DrawFn) -> list[Fill]:
    """Fills of one symbol by trade id, a few an order; sales take a part, nearly all or all of what is held."""
    made: list[Fill] = []
    trade_ids = itertools.count(1)
    held = Decimal(0)
    for order_id in range(1, draw(st.integers(1, 7)) + 1):
        buys = not held or draw(st.booleans())
        for _ in range(draw(st.integers(1, 2))):
            if not buys and not held:
                break
            share = draw(st.sampled_from(["0.4", "0.995", "1"]))
            quantity = Decimal(draw(st.integers(1, 10**6))).scaleb(-4) if buys else held * Decimal(share)
            made.append(
                fill(
                    next(trade_ids),
                    str(quantity),
                    str(draw(st.integers(90, 110))),
                    order_id=order_id,
                    side=Side.BUY if buys else Side.SELL,
                    commission=draw(st.sampled_from(["0", "0.01"])),
                    commission_asset=draw(st.sampled_from(["USDT", "BNB"])),
                )
            )
            held += quantity if buys else -quantity
    return made


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(fills=histories(), moved=st.sampled_from([None, "0.5", "1"]), data=st.data())
def test_trips_are_those_of_the_fills_in_order(
    database: Database, fills: list[Fill], moved: str | None, data: st.DataObject
) -> None:
    book = open_book(database, mode="simulated", address="local", account=str(next(_accounts)), quote="USDT")
    SqlSessions(database, book).begin(session())
    log, journal = SqlDecisionLog(database, book), SqlOrderJournal(database, book)
    ledger = SqlLedger(database, book)
    for order_id in {one.exchange_order_id for one in fills}:
        log.open_cycle(cycle_start(f"c{order_id}", order_id), "s1")
        own = [one for one in fills if one.exchange_order_id == order_id]
        sent = intent(f"bta-{order_id}", side=own[0].side, quantity=str(total([one.quantity for one in own])))
        journal.write_intent(sent, decision(f"d{order_id}"), f"c{order_id}")
    marks = [ledger.mark()]
    for one in data.draw(st.permutations(fills)):
        sent = journal.get(f"bta-{one.exchange_order_id}").intent
        report = exchange_order(sent, OrderStatus.PARTIALLY_FILLED, [one], order_id=one.exchange_order_id)
        journal.record(sent.client_order_id, report)
        marks.append(ledger.mark())
    assert marks == sorted(set(marks))
    held = ledger.positions()["BTCUSDT"].quantity
    taken = held * Decimal(moved) if moved and held > 0 else None
    if taken is not None:
        ledger.move_out("BTCUSDT", taken, T0)

    expected, untold = _in_order(fills, taken)
    assert ledger.trips() == _trip_book(expected)
    stored = select(models.RoundTrip.number, models.RoundTrip.realised).filter_by(book_id=book.id)
    with database.read() as transaction:
        rows = transaction.execute(stored.order_by(models.RoundTrip.number)).all()
    assert rows == [(number, trip.realised) for number, trip in enumerate(expected, 1)]
    told = total([trip.realised for trip in expected])
    assert told + untold == ledger.positions()["BTCUSDT"].realised


def _in_order(fills: list[Fill], taken: Decimal | None) -> tuple[list[RoundTrip], Decimal]:
    """The trips of the fills one after another, and what sales of remains realised, which no trip tells."""
    position, trips, untold = Position("BTCUSDT", "BTC", "USDT"), [], ZERO
    current: RoundTrip | None = None
    for one in fills:
        before, position = position, position.after(one)
        after = trip_after(current, one, before, position)
        if after is None:
            untold += position.realised - before.realised
            continue
        if current is None:
            trips.append(after)
        trips[-1] = after
        current = after if after.closed_at is None else None
    if taken is not None and current is not None:
        trips[-1] = trip_without(current, position.without(taken), T0)
    return trips, untold


def _trip_book(trips: list[RoundTrip]) -> TripBook:
    closed = [trip for trip in trips if trip.closed_at is not None]
    newest_first = sorted(reversed(closed), key=lambda trip: trip.closed_at or T0, reverse=True)
    streak, last_loss_at = losing_streak(newest_first)
    return TripBook(
        open={"BTCUSDT": trips[-1]} if trips and trips[-1].closed_at is None else {},
        last_closed={"BTCUSDT": closed[-1]} if closed else {},
        streak=streak,
        last_loss_at=last_loss_at,
    )

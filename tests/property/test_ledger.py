"""Whatever order news of orders comes in, and however often: each fill is booked once, and the sums are plain ones."""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from binance_trade_agent.domain.money import total
from binance_trade_agent.domain.orders import ExchangeOrder, Fill, OrderIntent, OrderStatus, Side
from binance_trade_agent.domain.portfolio import Position
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
        url = f"sqlite:///{tmp_path_factory.mktemp('ledger')}/book.db"
        migrate(url)
        opened = open_database(url)
        yield opened
        opened.close()
        return
    with postgres.fresh_database(request.getfixturevalue("postgres_server"), f"ledger_{os.getpid()}") as url:
        migrate(url)
        opened = open_database(url)
        yield opened
        opened.close()


@dataclass(frozen=True)
class Story:
    """Orders, and all that is said of them, in the order it is heard."""

    orders: tuple[OrderIntent, ...]
    fills: tuple[Fill, ...]
    news: tuple[ExchangeOrder, ...]


quantities = st.integers(1, 10**12).map(lambda units: Decimal(units).scaleb(-8))
prices = st.integers(1, 10**14).map(lambda units: Decimal(units).scaleb(-8))


@st.composite
def stories(draw: st.DrawFn) -> Story:
    orders, fills, news = [], [], []
    trade_ids = itertools.count(1)
    for number in range(1, draw(st.integers(1, 3)) + 1):
        side = draw(st.sampled_from(Side))
        own = [
            fill(
                next(trade_ids),
                str(draw(quantities)),
                str(draw(prices)),
                order_id=number,
                side=side,
                commission=str(draw(st.sampled_from(["0", "0.00000001", "0.123"]))),
                commission_asset=draw(st.sampled_from(["BTC", "USDT", "BNB"])),
            )
            for _ in range(draw(st.integers(0, 4)))
        ]
        executed = str(total([one.quantity for one in own]))
        canceled = not own or draw(st.booleans())
        sent = intent(side=side, quantity=str(Decimal(executed) + (1 if canceled else 0)))
        final = OrderStatus.CANCELED if canceled else OrderStatus.FILLED
        told = [exchange_order(sent, final, own, executed=executed, order_id=number)]
        told.append(exchange_order(sent, OrderStatus.OPEN, order_id=number))
        told += [exchange_order(sent, OrderStatus.PARTIALLY_FILLED, [one], order_id=number) for one in own]
        told.append(exchange_order(sent, final, executed=executed, order_id=number))
        orders.append(sent)
        fills += own
        news += told + draw(st.lists(st.sampled_from(told), max_size=4))
    return Story(tuple(orders), tuple(fills), tuple(draw(st.permutations(news))))


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=stories())
def test_fills_are_booked_once_and_sums_are_plain(database: Database, story: Story) -> None:
    book = open_book(database, mode="simulated", address="local", account=str(next(_accounts)), quote="USDT")
    SqlSessions(database, book).begin(session())
    log, journal, ledger = (
        SqlDecisionLog(database, book),
        SqlOrderJournal(database, book),
        SqlLedger(database, book),
    )
    for number, sent in enumerate(story.orders, 1):
        log.open_cycle(cycle_start(f"c{number}", number), "s1")
        journal.write_intent(sent, decision(f"d{number}"), f"c{number}")
    for said in story.news:
        before = journal.get(said.client_order_id)
        after = journal.record(said.client_order_id, said)
        assert after.executed >= before.executed
        assert not before.status.is_terminal or after.status is before.status

    with database.read() as transaction:
        booked = transaction.scalars(select(models.Fill.trade_id).filter_by(book_id=book.id)).all()
        flows = transaction.execute(
            select(models.Flow.asset, models.Flow.amount).filter_by(book_id=book.id)
        ).all()
    assert sorted(booked) == [one.trade_id for one in story.fills]
    balances = ledger.balances()
    for asset in ("BTC", "USDT", "BNB"):
        expected = _balance(asset, story.fills)
        assert balances.get(asset, 0) == expected
        assert total([flow.amount for flow in flows if flow.asset == asset]) == expected
    if story.fills:
        position = Position("BTCUSDT", "BTC", "USDT")
        for one in story.fills:
            position = position.after(one)
        assert ledger.positions() == {"BTCUSDT": position}
        assert position.quantity == balances.get("BTC", 0)
    assert journal.unfinished() == ()


def _balance(asset: str, fills: tuple[Fill, ...]) -> Decimal:
    """What the fills make of an asset, added up by themselves."""
    changes = []
    for one in fills:
        sign = 1 if one.side is Side.BUY else -1
        changes.append(
            {"BTC": sign * one.quantity, "USDT": -sign * one.quote_quantity}.get(asset, Decimal(0))
        )
        changes.append(-one.commission if one.commission_asset == asset else Decimal(0))
    return total(changes)

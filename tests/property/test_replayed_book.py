"""Whatever order fills, moves and fees come in: the book of a replay is the ledger's, at every moment there was."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from binance_trade_agent.backtest.book import BookFold
from binance_trade_agent.domain.money import total
from binance_trade_agent.domain.orders import ExchangeOrder, OrderIntent, OrderStatus, Side
from binance_trade_agent.storage.books import open_book
from binance_trade_agent.storage.database import Database, open_database
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.journal import SqlOrderJournal
from binance_trade_agent.storage.ledger import SqlLedger
from binance_trade_agent.storage.migration import migrate
from binance_trade_agent.storage.replay_source import SqlReplaySource
from binance_trade_agent.storage.sessions import SqlSessions
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

quantities = st.integers(1, 400).map(lambda units: Decimal(units).scaleb(-2))
prices = st.integers(90, 110).map(Decimal)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path_factory.mktemp('replayed')}/book.db"
    migrate(url)
    opened = open_database(url)
    yield opened
    opened.close()


@dataclass(frozen=True)
class Story:
    """Orders, what is said of them in the order it is heard, and after which news others take of which symbol."""

    orders: tuple[OrderIntent, ...]
    news: tuple[ExchangeOrder, ...]
    taken: dict[int, tuple[str, Decimal]]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Orders of two symbols, one of which pays the other's fees."""
    orders, news = [], []
    trade_ids = itertools.count(1)
    for number in range(1, draw(st.integers(1, 5)) + 1):
        symbol, side = draw(st.sampled_from(["BTCUSDT", "BNBUSDT"])), draw(st.sampled_from(Side))
        own = [
            fill(
                next(trade_ids),
                str(draw(quantities)),
                str(draw(prices)),
                order_id=number,
                side=side,
                symbol=symbol,
                commission=str(draw(st.sampled_from(["0", "0.001", "0.7"]))),
                commission_asset=draw(st.sampled_from(["BTC", "USDT", "BNB"])),
            )
            for _ in range(draw(st.integers(1, 3)))
        ]
        executed = str(total(one.quantity for one in own))
        sent = intent(side=side, quantity=executed, symbol=symbol)
        orders.append(sent)
        news += [exchange_order(sent, OrderStatus.PARTIALLY_FILLED, [one], order_id=number) for one in own]
    taken = st.tuples(st.sampled_from(["BTCUSDT", "BNBUSDT"]), quantities)
    moves = draw(st.dictionaries(st.integers(0, len(news) - 1), taken, max_size=2))
    return Story(tuple(orders), tuple(draw(st.permutations(news))), moves)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=stories())
def test_the_book_of_a_replay_is_the_ledgers_at_every_moment(database: Database, story: Story) -> None:
    book = open_book(database, mode="simulated", address="local", account=str(next(_accounts)), quote="USDT")
    SqlSessions(database, book).begin(session())
    log, journal, ledger = (
        SqlDecisionLog(database, book),
        SqlOrderJournal(database, book),
        SqlLedger(database, book),
    )
    for number, sent in enumerate(story.orders, 1):
        log.open_cycle(cycle_start(f"c{number}", number, (sent.symbol,)), "s1")
        journal.write_intent(sent, decision(f"d{number}", sent.symbol), f"c{number}", {})
    moments = []
    for number, said in enumerate(story.news):
        journal.record(said.client_order_id, said)
        moments.append((ledger.mark(), ledger.positions(), ledger.balances(), ledger.trips()))
        symbol, quantity = story.taken.get(number, ("", Decimal(0)))
        if symbol and symbol in ledger.positions():
            ledger.move_out(symbol, quantity, T0)
            moments.append((ledger.mark(), ledger.positions(), ledger.balances(), ledger.trips()))
    marks = [mark for mark, *_ in moments]
    assert marks == sorted(set(marks))

    source = SqlReplaySource(database, book)
    fold = BookFold(source.bookings(), source.moves(), "USDT")
    for mark, positions, balances, trips in moments:
        state = fold.at(mark)
        assert state.positions == positions
        assert state.balances == balances
        assert state.trips == trips

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
from binance_trade_agent.domain.orders import (
    CancelIntent,
    CancelStatus,
    ExchangeOrder,
    Fill,
    OrderIntent,
    OrderListIntent,
    OrderStatus,
    Purpose,
    Side,
)
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.storage import models
from binance_trade_agent.storage.books import open_book
from binance_trade_agent.storage.database import Database, open_database
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.journal import SqlOrderJournal
from binance_trade_agent.storage.ledger import SqlLedger
from binance_trade_agent.storage.migration import migrate
from binance_trade_agent.storage.read_models import SqlReadModels
from binance_trade_agent.storage.sessions import SqlSessions
from tests.integration.storage import postgres
from tests.integration.storage.conftest import postgres_server  # noqa: F401 - a fixture
from tests.integration.storage.samples import (
    cancel,
    cycle_start,
    decision,
    exchange_order,
    fill,
    intent,
    order_list,
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
        base = one.symbol.removesuffix("USDT")
        changes.append({base: sign * one.quantity, "USDT": -sign * one.quote_quantity}.get(asset, Decimal(0)))
        changes.append(-one.commission if one.commission_asset == asset else Decimal(0))
    return total(changes)


@dataclass(frozen=True)
class Life:
    """Orders of a position from entry to exit by cancelReplace, and one of the asset fees are paid in."""

    fee_position: OrderIntent
    entry: OrderIntent
    oco: OrderListIntent
    sale: OrderIntent
    swap: CancelIntent
    fills: tuple[Fill, ...]
    #: what happens: a report, a trade taken for someone else's, a missing answer, a cancel's fate
    news: tuple[ExchangeOrder | Fill | str | CancelStatus, ...]


@st.composite
def lives(draw: st.DrawFn) -> Life:
    trade_ids = itertools.count(1)
    fees = st.tuples(st.sampled_from(["0", "0.00000001", "0.5"]), st.sampled_from(["BTC", "USDT", "BNB"]))

    def trades(order_id: int, amounts: list[str], side: Side, symbol: str = "BTCUSDT") -> list[Fill]:
        made = []
        for amount in amounts:
            commission, asset = draw(fees) if symbol == "BTCUSDT" else ("0", "BNB")
            made.append(
                fill(
                    next(trade_ids),
                    amount,
                    str(draw(prices)),
                    order_id=order_id,
                    side=side,
                    symbol=symbol,
                    commission=commission,
                    commission_asset=asset,
                )
            )
        return made

    early = draw(st.sampled_from([[], ["0.25"], ["0.25", "0.5"]]))
    late = ["1.25"] if "0.5" in early else ["1", "1"] if not early else ["1.75"]
    fee_position = intent(symbol="BNBUSDT", quantity="1")
    entry, oco = intent(quantity="2"), order_list(quantity="2")
    sale = intent(side=Side.SELL, purpose=Purpose.EXIT, quantity=str(sum(Decimal(one) for one in late)))
    told: list[tuple[OrderIntent, OrderStatus, list[Fill]]] = [
        (fee_position, OrderStatus.FILLED, trades(1, ["1"], Side.BUY, "BNBUSDT")),
        (entry, OrderStatus.FILLED, trades(2, draw(st.sampled_from([["2"], ["0.5", "1.5"]])), Side.BUY)),
        (oco.stop, OrderStatus.EXPIRED, []),
        (oco.target, OrderStatus.CANCELED, trades(4, early, Side.SELL)),
        (sale, OrderStatus.FILLED, trades(5, late, Side.SELL)),
    ]
    news: list[ExchangeOrder | Fill | str | CancelStatus] = [*CancelStatus]
    for number, (sent, final, own) in enumerate(told, 1):
        executed = str(total([one.quantity for one in own]))
        reports = [exchange_order(sent, OrderStatus.OPEN, order_id=number)]
        reports += [exchange_order(sent, OrderStatus.PARTIALLY_FILLED, [one], order_id=number) for one in own]
        reports.append(exchange_order(sent, final, executed=executed, order_id=number))
        reports.append(exchange_order(sent, final, own, order_id=number))
        news += reports + draw(st.lists(st.sampled_from(reports), max_size=2))
        news += draw(st.lists(st.sampled_from(own), max_size=2)) if own else []
        news += draw(st.sampled_from([[], [sent.client_order_id]]))
    return Life(
        fee_position,
        entry,
        oco,
        sale,
        cancel(oco.stop, replaced_by=sale.client_order_id),
        tuple(one for _, _, own in told for one in own),
        tuple(news),
    )


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(life=lives(), data=st.data())
def test_a_positions_life_ends_the_same_in_whatever_order_it_is_told(
    database: Database, life: Life, data: st.DataObject
) -> None:
    ends = [_told(database, life, data.draw(st.permutations(life.news))) for _ in range(2)]
    assert ends[0] == ends[1]
    balances, positions = ends[0]["balances"], ends[0]["positions"]
    for asset in ("BTC", "USDT", "BNB"):
        assert balances.get(asset, 0) == _balance(asset, life.fills)
    assert positions["BNBUSDT"].quantity == max(balances["BNB"], 0)
    assert positions["BTCUSDT"].quantity == balances["BTC"]
    assert [order.status for order in ends[0]["orders"]] == [
        OrderStatus.FILLED,
        OrderStatus.FILLED,
        OrderStatus.EXPIRED,
        OrderStatus.CANCELED,
        OrderStatus.FILLED,
    ]
    assert (ends[0]["list"], ends[0]["cancel"]) == ("ALL_DONE", "DONE")
    assert ends[0]["outcomes"] == {"d1": "placed", "d2": "placed", "d3": "held", "d4": "placed"}
    assert (ends[0]["flows"], ends[0]["fills"]) == ((), len(life.fills))


def _told(database: Database, life: Life, news: list[ExchangeOrder | Fill | str | CancelStatus]) -> dict:
    """What the database holds in the end, in a book of its own."""
    book = open_book(database, mode="simulated", address="local", account=str(next(_accounts)), quote="USDT")
    SqlSessions(database, book).begin(session())
    log, journal = SqlDecisionLog(database, book), SqlOrderJournal(database, book)
    ledger, reads = SqlLedger(database, book), SqlReadModels(database, book)
    for number in (1, 2, 3):
        log.open_cycle(cycle_start(f"c{number}", number, ("BTCUSDT", "BNBUSDT")), "s1")
    journal.write_intent(life.fee_position, decision("d1", "BNBUSDT"), "c1")
    journal.write_intent(life.entry, decision("d2"), "c1")
    journal.write_list(life.oco, decision("d3"), "c2")
    journal.write_replacement(life.swap, life.sale, decision("d4"), "c3")
    for said in news:
        if isinstance(said, ExchangeOrder):
            journal.record(said.client_order_id, said)
        elif isinstance(said, Fill):
            ledger.book_foreign([said])
        elif isinstance(said, CancelStatus):
            journal.mark_cancel(life.swap.cancel_id, said, "")
        else:
            journal.mark_unknown(said, "no answer")
    orders = (life.fee_position, life.entry, *life.oco.legs, life.sale)
    with database.read() as transaction:
        list_row = transaction.get_one(models.OrderList, (book.id, life.oco.client_list_id))
        listed = list_row.status
    assert journal.unfinished() == journal.unfinished_cancels() == ()
    return {
        "orders": [journal.get(sent.client_order_id) for sent in orders],
        "list": listed,
        "cancel": reads.cancels()[0].status,
        "balances": ledger.balances(),
        "positions": ledger.positions(),
        "outcomes": {row.id: row.outcome for row in reads.decisions()},
        "flows": reads.flows(),
        "fills": len(reads.fills()),
    }

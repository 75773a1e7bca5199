from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from binance_trade_agent.agents.user_data import UserDataAgent
from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.domain.orders import OrderIntent, OrderStatus, OrderType, Purpose, Side
from binance_trade_agent.domain.user_events import OrderReported, StreamLost, StreamOpened, Transferred
from tests.unit.agents.account_in_memory import QUOTE, T0, MemoryJournal, MemoryLedger, TravelExchange

ONE = Decimal(1)


class Desk:
    """An account with 1000 of everything, its open books, and the agent under test."""

    def __init__(self) -> None:
        self.exchange = TravelExchange()
        self.ledger = MemoryLedger()
        self.journal = MemoryJournal(self.ledger)
        self.agent = UserDataAgent(self.journal, self.ledger)
        self.ledger.held, self.ledger.is_open = dict(self.exchange.balances), True

    def order(self, *, purpose: Purpose = Purpose.ENTRY, rests: bool = False, pieces: int = 1) -> str:
        cid = f"bta-{len(self.journal.rows)}"
        side = Side.SELL if purpose.is_protective else Side.BUY
        intent = OrderIntent(
            cid, "BTCUSDT", side, OrderType.LIMIT, ONE, purpose, self.exchange.stamp(), Decimal(100), T0
        )
        self.journal.write(intent)
        self.exchange.send(intent, rests=rests, pieces=pieces)
        return cid

    def tell_all(self) -> None:
        for event in self.exchange.events:
            self.agent.deliver(event)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_fill_is_booked_once_however_often_and_in_whatever_order_it_is_told(desk: Desk) -> None:
    cid = desk.order(pieces=2)
    for event in [*reversed(desk.exchange.events), *desk.exchange.events]:
        desk.agent.deliver(event)
    assert desk.journal.get(cid).status is OrderStatus.FILLED
    assert desk.ledger.held == desk.exchange.balances
    assert desk.agent.take_touched() == {"BTCUSDT"}
    assert desk.agent.take_touched() == frozenset()


def test_what_the_books_know_already_touches_nothing(desk: Desk) -> None:
    cid = desk.order()
    desk.journal.record(cid, desk.exchange.orders[cid])
    desk.tell_all()
    assert desk.agent.take_touched() == frozenset()


def test_protection_that_ends_without_trading_touches_its_symbol(desk: Desk) -> None:
    cid = desk.order(purpose=Purpose.STOP, rests=True)
    desk.tell_all()
    assert desk.agent.take_touched() == frozenset()
    desk.exchange.end(cid)
    desk.agent.deliver(desk.exchange.events[-1])
    assert desk.agent.take_touched() == {"BTCUSDT"}


def test_trades_of_others_are_flows_once(desk: Desk) -> None:
    desk.exchange.trade_by_hand("ETHUSDT", Side.SELL, ONE)
    desk.tell_all()
    desk.tell_all()
    assert desk.ledger.held == desk.exchange.balances
    assert len(desk.ledger.foreign) == 1
    assert desk.ledger.position_rows == {}
    assert desk.agent.take_touched() == frozenset()


def test_transfers_are_flows_once(desk: Desk) -> None:
    desk.exchange.transfer(QUOTE, Decimal(500))
    desk.exchange.transfer("BTC", Decimal(-2))
    desk.tell_all()
    desk.tell_all()
    assert desk.ledger.held == desk.exchange.balances


def test_what_the_last_agreement_holds_already_is_not_booked_again(desk: Desk) -> None:
    desk.exchange.transfer(QUOTE, Decimal(500))
    desk.exchange.trade_by_hand("ETHUSDT", Side.BUY, ONE)
    desk.ledger.held = dict(desk.exchange.balances)
    desk.ledger.agreed(T0 + timedelta(milliseconds=1))
    desk.tell_all()
    assert desk.ledger.held == desk.exchange.balances


def test_nothing_outside_is_booked_before_the_book_is_open(desk: Desk) -> None:
    desk.ledger.is_open = False
    desk.exchange.transfer(QUOTE, Decimal(500))
    desk.exchange.trade_by_hand("ETHUSDT", Side.BUY, ONE)
    desk.tell_all()
    assert (desk.ledger.foreign, desk.ledger.references) == ({}, set())


@pytest.mark.parametrize(
    "wrong",
    [{"side": Side.SELL}, {"symbol": "ETHUSDT"}, {"exchange_order_id": 99}, {"status": OrderStatus.UNKNOWN}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_report_that_contradicts_the_journal_is_an_incident_and_books_nothing(desk: Desk, wrong) -> None:
    cid = desk.order()
    opened, traded = desk.exchange.events
    desk.agent.deliver(opened)
    before, held = desk.journal.get(cid), dict(desk.ledger.held)
    assert isinstance(traded, OrderReported)
    desk.agent.deliver(OrderReported(replace(traded.order, **wrong)))
    assert (desk.journal.get(cid), desk.ledger.held) == (before, held)
    assert list(desk.agent.alarms) == [f"contradictory_report:{cid}"]


def test_a_database_that_fails_is_not_kept_quiet(desk: Desk) -> None:
    class Broken(MemoryLedger):
        def book_transfer(self, *args: object) -> bool:
            raise StorageError("disk full")

    broken = Broken()
    broken.is_open = True
    with pytest.raises(StorageError):
        UserDataAgent(desk.journal, broken).deliver(Transferred("BTC", ONE, T0, "t"))


def test_look_ups_are_due_at_start_while_the_stream_is_down_and_once_after_each_gap(desk: Desk) -> None:
    agent = desk.agent
    assert [agent.look_up_is_due(), agent.look_up_is_due()] == [True, True]
    agent.deliver(StreamOpened())
    assert agent.is_live
    assert [agent.look_up_is_due(), agent.look_up_is_due()] == [True, False]
    agent.deliver(StreamLost("reset"))
    assert not agent.is_live
    assert [agent.look_up_is_due(), agent.look_up_is_due()] == [True, True]
    agent.deliver(StreamOpened())
    assert [agent.look_up_is_due(), agent.look_up_is_due()] == [True, False]


def test_an_order_with_our_prefix_that_nobody_wrote_down_is_looked_into(desk: Desk) -> None:
    desk.agent.deliver(StreamOpened())
    assert desk.agent.look_up_is_due()
    desk.exchange.rest_by_hand("BTCUSDT", "bta-unheard-of")
    desk.tell_all()
    assert desk.agent.look_up_is_due()
    assert desk.ledger.foreign == {}

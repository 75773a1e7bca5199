"""Epochs of an account's book."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.storage import models
from binance_trade_agent.storage.books import next_epoch, open_book
from binance_trade_agent.storage.control_state import SqlControlState
from binance_trade_agent.storage.ledger import SqlLedger
from binance_trade_agent.storage.outbox import SqlOutbox
from binance_trade_agent.storage.read_models import SqlReadModels
from binance_trade_agent.storage.sessions import SqlSessions
from tests.integration.storage.samples import MINUTE, T0, fill, session

ACCOUNT = {"mode": "simulated", "address": "local", "account": "a", "quote": "USDT"}


def test_a_new_epoch_begins_empty_and_the_old_one_is_kept(database, book):
    old = SqlLedger(database, book)
    old.book_foreign([fill(1, commission="0")])
    new = next_epoch(database, book)
    assert new == replace(book, id=new.id, epoch=2)
    assert new.id != book.id
    assert open_book(database, **ACCOUNT) == new
    assert (SqlLedger(database, new).balances(), SqlLedger(database, new).is_open) == ({}, False)
    assert old.balances() == {"BTC": fill(1).quantity, "USDT": -25000}
    # the ids of a wiped exchange begin anew
    assert SqlLedger(database, new).book_foreign([fill(1)]) == 1


def test_an_epoch_is_begun_once_whoever_finds_the_wipe(database, book):
    with ThreadPoolExecutor(4) as pool:
        begun = set(pool.map(lambda _: next_epoch(database, book), range(8)))
    (new,) = begun
    assert new.epoch == 2
    third = next_epoch(database, new)
    assert (third.epoch, next_epoch(database, book)) == (3, third)


def test_what_a_person_set_and_the_run_in_progress_go_on(database, book):
    control = SqlControlState(database, book)
    control.write(TradingState.HALTED, reason="enough", actor="ann", at=T0)
    with database.write() as transaction:
        transaction.add(models.Override(book_id=book.id, name="X", value="1", actor="ann", at=T0))
    sessions, outbox = SqlSessions(database, book), SqlOutbox(database, book)
    running = session("s2", deadline=T0 + MINUTE, started_at=T0 + MINUTE)
    sessions.begin(session("s1"))
    sessions.end("s1", reason="signal", exit_code=143, at=T0)
    sessions.begin(running)
    outbox.enqueue("fill", "sent", T0)
    outbox.mark_sent(outbox.unsent(1)[0][0], T0)
    outbox.enqueue("wipe", "waits", T0)
    new = next_epoch(database, book)
    assert SqlControlState(database, new).read() == control.read()
    assert SqlSessions(database, new).latest() == running
    assert [text for _, _, text in SqlOutbox(database, new).unsent(9)] == ["waits"]
    assert outbox.unsent(9) == ()
    with database.read() as transaction:
        assert transaction.get_one(models.Override, (new.id, "X")).value == "1"
    assert SqlReadModels(database, new).status().cycles == 0


def test_a_book_that_there_is_opens_while_somebody_writes_for_long(database, book):
    with ThreadPoolExecutor(1) as other, database.write():
        assert other.submit(open_book, database, **ACCOUNT).result(timeout=60) == book

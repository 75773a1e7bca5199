"""A process killed at any moment leaves whole transactions and nothing else."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from sqlalchemy import func, select, text

from binance_trade_agent.domain.money import total
from binance_trade_agent.domain.orders import OrderStatus
from binance_trade_agent.storage import models
from binance_trade_agent.storage.database import open_database
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.journal import SqlOrderJournal
from binance_trade_agent.storage.ledger import SqlLedger
from binance_trade_agent.storage.read_models import SqlReadModels
from binance_trade_agent.storage.sessions import SqlSessions
from tests.integration.storage.samples import T0, session

WRITER = """
import itertools, sys
from binance_trade_agent.domain.orders import OrderStatus
from binance_trade_agent.storage.books import open_book
from binance_trade_agent.storage.database import open_database
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.journal import SqlOrderJournal
from tests.integration.storage.samples import cycle_start, decision, exchange_order, fill, intent, report

database = open_database(sys.argv[1])
book = open_book(database, mode="simulated", address="local", account="a", quote="USDT")
log, journal = SqlDecisionLog(database, book), SqlOrderJournal(database, book)
for n in itertools.count(1):
    start = cycle_start(f"c{n}", n)
    log.open_cycle(start, "s1")
    sent = intent(f"bta-{n}")
    journal.write_intent(sent, decision(f"d{n}"), start.id)
    fills = [fill(2 * n, order_id=n), fill(2 * n + 1, order_id=n)]
    journal.record(sent.client_order_id, exchange_order(sent, OrderStatus.FILLED, fills, order_id=n))
    log.close_cycle(report(start, [decision(f"d{n}")]), {})
    print(n, flush=True)
"""


def test_what_a_killed_process_had_confirmed_is_there_and_whole(url, database, book):
    SqlSessions(database, book).begin(session())
    database.close()
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, url],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert writer.stdout is not None
    with writer.stdout:
        for _ in range(10):
            assert writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()
    writer.wait(timeout=60)
    confirmed = int(rest[-1]) if rest else 10

    opened = open_database(url)
    log, reads = SqlDecisionLog(opened, book), SqlReadModels(opened, book)
    assert log.close_interrupted(T0) <= 1
    orders = reads.orders(limit=10_000)
    assert confirmed <= len(orders) <= confirmed + 1
    status = reads.status()
    assert status.cycles == status.decisions == len(reads.decisions(limit=10_000))
    filled = [order for order in orders if order.status == OrderStatus.FILLED]
    assert len(filled) >= confirmed
    assert {order.status for order in orders} <= {OrderStatus.FILLED, OrderStatus.INTENT}
    assert len(reads.fills(limit=10_000)) == 2 * len(filled)
    assert SqlLedger(opened, book).balances()["USDT"] == -50000 * len(filled)
    assert len(SqlOrderJournal(opened, book).unfinished()) == len(orders) - len(filled)
    with opened.read() as transaction:
        flows = transaction.scalars(select(models.Flow.amount).filter_by(asset="BTC")).all()
        assert total(list(flows)) == SqlLedger(opened, book).balances()["BTC"]
        assert transaction.scalar(select(func.count()).select_from(models.Cycle)) == status.cycles
        if url.startswith("sqlite"):
            assert transaction.scalar(text("PRAGMA integrity_check")) == "ok"
    opened.close()

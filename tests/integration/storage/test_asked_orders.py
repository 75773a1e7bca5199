"""What somebody asked for, with what became of it: what a cap is held against."""

from dataclasses import replace
from decimal import Decimal

from binance_trade_agent.domain.caps import Use, use_of
from binance_trade_agent.domain.decisions import Outcome
from binance_trade_agent.domain.orders import OrderStatus, OrderType, TimeInForce
from binance_trade_agent.domain.records import Command, CommandKind, CommandResult, CommandStatus
from binance_trade_agent.storage.control_state import SqlControlState
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.journal import SqlOrderJournal
from binance_trade_agent.storage.read_models import SqlReadModels
from binance_trade_agent.storage.sessions import SqlSessions
from tests.integration.storage.samples import (
    MINUTE,
    T0,
    cycle_start,
    decision,
    exchange_order,
    fill,
    intent,
    session,
)

ASKED = Command("k1", CommandKind.WORKFLOW, {"symbol": "BTCUSDT", "quantity": "2"}, "first", "ann", "mcp", T0)


def resting(control: SqlControlState, number: int, arguments: dict[str, str], order: str = "") -> None:
    """A workflow with these arguments that led to `order`, or that waits."""
    at, details = T0 + number * MINUTE, {"client_order_id": order}
    asked = {"symbol": "BTCUSDT", "side": "BUY"} | arguments
    control.submit(
        replace(ASKED, id=f"k{number}", idempotency_key=f"key{number}", created_at=at, arguments=asked)
    )
    if order:
        control.claim(f"k{number}", at)
        control.finish(f"k{number}", CommandResult(CommandStatus.DONE, "", details, at))


def test_a_resting_order_counts_in_full_at_its_price_until_it_ends(database, book):
    SqlSessions(database, book).begin(session())
    SqlDecisionLog(database, book).open_cycle(cycle_start(), "s1")
    control, journal = SqlControlState(database, book), SqlOrderJournal(database, book)
    entry = replace(intent(), order_type=OrderType.LIMIT, price=Decimal(40000), time_in_force=TimeInForce.GTC)
    journal.write_intent(entry, decision("d1", outcome=Outcome.PLACED), "c1")
    journal.record(entry.client_order_id, exchange_order(entry, OrderStatus.OPEN))
    resting(control, 1, {"limit_price": "40000.5"}, entry.client_order_id)
    resting(control, 2, {"limit_price": "30000", "quantity": "2"})
    resting(control, 3, {"limit_price": "30000", "quantity": "2", "dry_run": "true"})

    def use(order_quantity: Decimal) -> Use:
        asked = SqlReadModels(database, book).asked_orders("ann", since=T0)
        assert [one.quantity for one in asked] == [order_quantity, Decimal(2)]
        return use_of(asked, lambda symbol: None)

    assert use(entry.quantity) == Use(2, entry.quantity * 40000 + 60000)
    part = fill(1)
    journal.record(entry.client_order_id, exchange_order(entry, OrderStatus.CANCELED, [part]))
    assert use(entry.quantity) == Use(2, part.quote_quantity + 60000)


def finished(control: SqlControlState, number: int, result: CommandResult | None, actor: str = "ann") -> None:
    """A command and how it ended; None: it waits."""
    at = T0 + number * MINUTE
    control.submit(
        replace(ASKED, id=f"k{number}", idempotency_key=f"key{number}", created_at=at, actor=actor)
    )
    if result is not None:
        control.claim(f"k{number}", at)
        control.finish(f"k{number}", result)


def test_what_was_asked_for_counts_by_what_became_of_its_order(database, book):
    SqlSessions(database, book).begin(session())
    SqlDecisionLog(database, book).open_cycle(cycle_start(symbols=("BTCUSDT", "ETHUSDT")), "s1")
    control, journal = SqlControlState(database, book), SqlOrderJournal(database, book)
    filled, waiting = intent(), intent(symbol="ETHUSDT")
    journal.write_intent(filled, decision("d1", outcome=Outcome.PLACED), "c1")
    journal.record(filled.client_order_id, exchange_order(filled, OrderStatus.FILLED, [fill(1), fill(2)]))
    journal.write_intent(waiting, decision("d2", "ETHUSDT", outcome=Outcome.PLACED), "c1")

    def ended(status: CommandStatus, order: str = "") -> CommandResult:
        return CommandResult(status, "", {"client_order_id": order} if order else {}, T0 + 9 * MINUTE)

    finished(control, 0, ended(CommandStatus.DONE))  # before the time asked about
    finished(control, 1, ended(CommandStatus.DONE, filled.client_order_id))
    finished(control, 2, ended(CommandStatus.FAILED, waiting.client_order_id))
    finished(control, 3, ended(CommandStatus.REFUSED))
    finished(control, 4, ended(CommandStatus.FAILED))  # its process died: it may have sent an order
    finished(control, 5, None)
    finished(control, 6, ended(CommandStatus.DONE), actor="bob")

    asked = SqlReadModels(database, book).asked_orders("ann", since=T0 + MINUTE)

    assert [(one.key, one.has_order, one.is_settled, one.quote_executed) for one in asked] == [
        ("key1", True, True, Decimal(50000)),
        ("key2", True, False, Decimal(0)),
        ("key3", False, True, Decimal(0)),
        ("key4", False, False, Decimal(0)),
        ("key5", False, False, Decimal(0)),
    ]
    assert {(one.symbol, one.quantity) for one in asked} == {("BTCUSDT", Decimal(2))}

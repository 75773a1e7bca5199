"""Each row of docs/reconciliation.md does what it says, and no case is missing in its table."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from binance_trade_agent.domain.orders import (
    CancelIntent,
    CancelStatus,
    ExchangeOrder,
    JournalCancel,
    JournalOrder,
    OrderStatus,
    Side,
)
from binance_trade_agent.domain.reconciliation import (
    GRACE,
    Adopt,
    CancelDone,
    CancelNotPlaced,
    NotPlaced,
    OrderLookup,
    Wait,
    balances_agree,
    is_wiped,
    resolve,
    resolve_cancel,
    split_open_orders,
)
from binance_trade_agent.storage.order_rows import list_status
from tests.unit.domain.test_orders import INTENT, ROW, T0

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reconciliation.md"
TERMINAL = [status for status in OrderStatus if status.is_terminal]
UNFINISHED = [status for status in OrderStatus if not status.is_terminal]
TIMES = {"not past": T0 + timedelta(seconds=5) + GRACE, "past": T0 + timedelta(seconds=5.001) + GRACE}
CANCEL = JournalCancel(
    CancelIntent("c1", "BTCUSDT", "bta-1", None, None, INTENT.stamp, "test", T0), CancelStatus.UNKNOWN, "", T0
)
CANCEL_WORDS = {CancelDone: "DONE", CancelNotPlaced: "NOT_PLACED", Wait: "Wait"}


def table(name: str) -> list[list[str]]:
    """The cells of a table, without its two head lines."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(f"<!-- table: {name} -->\n")
    lines = itertools.takewhile(lambda line: line.startswith("|"), rest.splitlines())
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines][2:]


def cases(cells: list[str], *values: list[str]) -> Iterator[tuple[str, ...]]:
    """Every case that a row's first cells stand for; `any` is each of the column's values."""
    named = [
        column if cell == "any" else [word.strip() for word in cell.split(",")]
        for cell, column in zip(cells, values, strict=False)
    ]
    for words, column in zip(named, values, strict=True):
        assert set(words) <= set(column), words
    return itertools.product(*named)


def covered(rows: list[list[str]], *values: list[str]) -> dict[tuple[str, ...], list[str]]:
    """Case -> the rest of its row; no case stands in two rows."""
    found: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        for case in cases(row, *values):
            assert case not in found, case
            found[case] = row[len(values) :]
    return found


def found(status: OrderStatus, **changes: object) -> ExchangeOrder:
    order = ExchangeOrder(
        "BTCUSDT", "bta-1", 7, Side.BUY, status, Decimal(1), Decimal(0), Decimal(0), T0, price=Decimal(0)
    )
    return replace(order, **changes)  # type: ignore[arg-type]


ANSWERS = {
    "the order": OrderLookup(found(OrderStatus.OPEN)),
    "another order": OrderLookup(found(OrderStatus.OPEN, side=Side.SELL)),
    "-2013 not found": OrderLookup(None),
    "-2026 archived": OrderLookup(None, archived=True),
}
LISTS = {"not read": None, "hold it": True, "absent": False}
BALANCES = {"not read": None, "agree": True, "moved": False}


def test_orders() -> None:
    executed = ["nothing", "something"]
    values = [
        [s.value for s in UNFINISHED],
        executed,
        list(ANSWERS),
        list(LISTS),
        list(BALANCES),
        list(TIMES),
    ]
    rows = covered(table("orders"), *values)
    assert len(rows) == len(list(itertools.product(*values))), "a case is missing"
    for (status, done, answer, lists, balances, time), (word, _) in rows.items():
        accepted = not OrderStatus(status).is_unresolved
        row = replace(
            ROW,
            status=OrderStatus(status),
            executed=Decimal(done == "something"),
            exchange_order_id=7 if accepted else None,
        )
        lookup = replace(ANSWERS[answer], listed=LISTS[lists], balances_agree=BALANCES[balances])
        resolution = resolve(row, lookup, TIMES[time])
        assert type(resolution).__name__ == word, (status, done, answer, lists, balances, time)
        if answer == "-2026 archived" and isinstance(resolution, Adopt):
            assert (resolution.order.status, resolution.order.executed) == (OrderStatus.CANCELED, 0)


def test_order_lists() -> None:
    statuses = [status.value for status in OrderStatus]
    pairs = covered(table("lists"), statuses, statuses)
    for one, other in itertools.combinations_with_replacement(statuses, 2):
        rows = [pairs[pair] for pair in {(one, other), (other, one)} if pair in pairs]
        assert rows, (one, other)
        for (word,) in rows:
            assert list_status([OrderStatus(one), OrderStatus(other)]).value == word, (one, other)


def test_cancels() -> None:
    fills = ["booked", "missing"]
    values = [[status.value for status in OrderStatus], fills, list(TIMES)]
    rows = covered(table("cancels"), *values)
    for (status, booked, time), (word, _) in rows.items():
        target = replace(ROW, status=OrderStatus(status), executed=Decimal(booked == "missing"))
        assert CANCEL_WORDS[type(resolve_cancel(CANCEL, target, TIMES[time]))] == word, (status, booked, time)
    # a finished row has all its fills, an unresolved one has none
    impossible = {(status.value, "missing") for status in OrderStatus if status not in UNFINISHED[2:]}
    assert {case[:2] for case in itertools.product(*values)} - {case[:2] for case in rows} == impossible


@pytest.mark.parametrize("cells", table("replacements"), ids=lambda cells: " ".join(cells[:3]))
def test_both_halves_of_a_replacement(cells: list[str]) -> None:
    old, new, times, cancel_word, order_word, _ = cells
    for _, _, time in cases(["OPEN", "the order", times], ["OPEN"], ["the order"], list(TIMES)):
        target: JournalOrder = replace(ROW, status=OrderStatus(old), exchange_order_id=7)
        assert CANCEL_WORDS[type(resolve_cancel(CANCEL, target, TIMES[time]))] == cancel_word
        lookup = replace(ANSWERS[new], listed=False, balances_agree=True)
        assert type(resolve(ROW, lookup, TIMES[time])).__name__ == order_word


def test_balances() -> None:
    moves = {"more": Decimal(1), "same": Decimal(0), "less": Decimal(-1)}
    rows = covered(table("balances"), list(Side), list(moves), list(moves), ["none", "some"])
    assert len(rows) == 2 * 3 * 3 * 2
    for (side, base, quote, others), (word,) in rows.items():
        row = replace(ROW, intent=replace(INTENT, side=Side(side)))
        differences = {"BTC": moves[base], "USDT": moves[quote]}
        agree = balances_agree(row, "BTC", "USDT", differences, alone=others == "none")
        assert agree == (word == "agree"), (side, base, quote, others)


def test_open_orders() -> None:
    ids = {"`bta-…`": "bta-1", "anything else": "web_1"}
    rows = {(cells[0], cells[1]): cells[2] for cells in table("open orders")}
    for (prefix, journalled), whose in rows.items():
        order = found(OrderStatus.OPEN, client_order_id=ids[prefix])
        split = split_open_orders([order], {order.client_order_id} if journalled == "yes" else set())
        assert getattr(split, whose) == (order,)
        assert len(split.ours + split.stray + split.foreign) == 1
    assert len(rows) == 3


def test_a_wipe() -> None:
    known = {
        "none asked for": [],
        "one is found": [(ROW, None), (ROW, found(OrderStatus.FILLED))],
        "all are -2013": [(ROW, None), (ROW, None)],
    }
    balances = {"as in the ledger": {}, "differ": {"BTC": Decimal(1)}}
    rows = covered(table("wipe"), list(known), list(balances))
    assert len(rows) == 6
    for (orders, state), (verdict,) in rows.items():
        assert is_wiped(known[orders], balances[state]) == (verdict == "a wipe")


def test_every_case_of_an_order_stands_in_the_table() -> None:
    """Rows that name a state name it as the journal does."""
    named = set(re.findall(r"\b[A-Z]+_?[A-Z]+\b", " ".join(row[0] for row in table("orders"))))
    assert named == {status.value for status in UNFINISHED}
    assert {NotPlaced.__name__, Adopt.__name__, Wait.__name__} == {row[6] for row in table("orders")}

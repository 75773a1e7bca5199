"""What the page of orders shows, and what its cancel says and does."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.history_rows import OrderLife
from binance_trade_agent.domain.records import CancelRow, CommandKind, OrderRow
from binance_trade_agent.interfaces.dashboard.acting import Acting
from binance_trade_agent.interfaces.dashboard.pages import orders
from binance_trade_agent.interfaces.desks import DeskDoor
from tests.fakes import START, FakeDesk, done, fake_desk
from tests.processes import eventually
from tests.resting import with_oco
from tests.unit.interfaces.test_dashboard_overview import in_bitcoin, text


def resting_entry(desk: FakeDesk, **changes: Any) -> OrderRow:
    """An entry at a price, of which nothing has traded."""
    first = desk.reads.order_rows[0]
    row = replace(
        first,
        client_order_id="bta-entry",
        symbol="ETHUSDT",
        order_type="LIMIT",
        purpose="entry",
        side="BUY",
        quantity=Decimal("0.5"),
        price=Decimal("3000"),
        status="OPEN",
        reason="",
        stop_price=None,
        client_list_id=None,
        **changes,
    )
    desk.reads.order_rows = (row, *desk.reads.order_rows)
    return row


def asked(desk: FakeDesk, client_order_id: str) -> tuple[Any, Any]:
    """The question to cancel an order, and the client that asked it."""
    server = Flask("acts")
    Acting(DeskDoor(lambda: desk), {act.name: act for act in orders.PAGE.acts}).install(server)
    client = server.test_client()
    body = {"act": "cancel-order", "target": client_order_id}
    return client.post("/acts/ask", json=body).get_json(), client


def test_what_rests_is_shown_entries_first_each_with_its_cancel() -> None:
    desk = with_oco(fake_desk())
    resting_entry(desk)
    told = text(orders.resting(desk))

    assert "3 open" in told
    assert told.index("ETHUSDT ▲ BUY entry 0.5 3,000.00 0.00 %") < told.index("BTCUSDT ▼ SELL stop")
    assert told.count("Cancel") == 3


def test_nothing_at_rest_and_no_order_say_what_to_do() -> None:
    desk = fake_desk(empty=True)
    assert "Nothing rests at the exchange." in text(orders.resting(desk))
    assert "binance-trade-agent trade" in text(orders.rows(desk, ""))
    assert "No cancel yet." in text(orders.cancels(desk))
    assert orders.unresolved(desk) == []


def test_rows_follow_the_filter_and_come_in_pages() -> None:
    desk = fake_desk()
    assert "ETHUSDT ▼ SELL exit 0.319 market 100.00 % 3,116.02 filled" in text(orders.rows(desk, ""))
    rejected = text(orders.rows(desk, "?status=REJECTED"))
    assert "Filter failure: NOTIONAL (-1013)" in rejected
    assert "filled" not in rejected
    assert "No order is all of this." in text(orders.rows(desk, "?symbol=btcusdt&status=REJECTED"))
    with pytest.raises(ConfigurationError, match="is no symbol"):
        orders.rows(desk, "?symbol=%3Cscript%3E")

    row = desk.reads.order_rows[0]
    desk.reads.order_rows = tuple(replace(row, client_order_id=f"bta-{n}") for n in range(60))
    assert text(orders.rows(desk, "")).endswith("Older")
    assert text(orders.rows(desk, "?cursor=50")).endswith("Newest")


def test_the_last_day_is_24_hours_whatever_the_time_of_day() -> None:
    desk = fake_desk()
    row = desk.reads.order_rows[0]
    ages = {"bta-early": timedelta(hours=23), "bta-late": timedelta(hours=25)}
    desk.reads.order_rows = tuple(
        replace(row, client_order_id=name, created_at=START - age) for name, age in ages.items()
    )
    (export,) = orders.PAGE.exports
    found = list(export.rows(desk, {"since": "24h"}))
    assert [dict(zip(export.columns, row, strict=True))["client_order_id"] for row in found] == ["bta-early"]


def test_an_order_tells_its_life_in_order() -> None:
    desk = with_oco(fake_desk())
    stop, target = desk.reads.order_rows[:2]
    late = stop.created_at + timedelta(minutes=3)
    ended = replace(stop, status="CANCELED", updated_at=late, executed=Decimal("0.005"))
    fill = replace(desk.reads.fill_rows[1], client_order_id=stop.client_order_id, side="SELL", traded_at=late)
    cancel = CancelRow(
        "c1",
        stop.client_order_id,
        "bta-new",
        "BTCUSDT",
        "DONE",
        "trailing",
        late - timedelta(minutes=1),
        late,
    )
    desk.history_reads.lives[stop.client_order_id] = OrderLife(
        ended, (target,), (fill,), (cancel,), "bta-old"
    )
    told = text(orders.one(desk, f"?id={stop.client_order_id}"))

    places = [
        told.index(word)
        for word in (
            "Written with its decision",
            "Cancel written to make room for bta-new: trailing",
            "Traded 0.016 at 62,490.08",
            "Cancel done",
            "Canceled",
        )
    ]
    assert places == sorted(places)
    assert "Took the place of bta-old" in told
    assert f"Its target {target.client_order_id}" in told
    assert "Cancel order" not in told


def test_fills_of_a_book_in_bitcoin_show_satoshis() -> None:
    desk = in_bitcoin(fake_desk())
    order = desk.reads.order_rows[0]
    fill = replace(desk.reads.fill_rows[0], quote_quantity=Decimal("0.00125"))
    desk.history_reads.lives[order.client_order_id] = OrderLife(order, (), (fill,), (), None)
    assert "0.00125000" in text(orders.one(desk, f"?id={order.client_order_id}"))


def test_an_unknown_order_says_what_resolves_it() -> None:
    desk = fake_desk()
    unknown = replace(desk.reads.order_rows[0], status="UNKNOWN")
    desk.reads.order_rows = (unknown, *desk.reads.order_rows[1:])
    desk.reads.stored = replace(desk.reads.stored, unresolved=(unknown,))

    assert "asked for by its id at every start and in every cycle" in text(orders.unresolved(desk))
    assert "counts as not placed" in text(orders.one(desk, f"?id={unknown.client_order_id}"))
    question, _ = asked(desk, unknown.client_order_id)
    assert "looked up in each cycle" in question["problem"]
    assert "There is no order bta-nobody" in text(orders.one(desk, "?id=bta-nobody"))
    assert orders.one(desk, "") == ""


def test_a_cancel_of_an_entry_is_one_command_without_force() -> None:
    desk = fake_desk()
    resting_entry(desk, executed=Decimal("0.1"))
    question, client = asked(desk, "bta-entry")
    assert question["text"] == (
        "Cancel the entry of 0.5 ETHUSDT at 3,000.00. 0.1 of it has traded and stays, with its protection."
    )
    assert question["grave"] is False

    desk.state.answer = done("cancelled")
    for _ in range(3):
        assert client.post("/acts/do", json={"key": question["key"]}).status_code == 202
    eventually(
        lambda: client.get(f"/acts/{question['key']}").get_json()["state"] == "done",
        within_s=120,
        what="the act ends",
    )
    (command,) = desk.state.commands.values()
    assert (command.kind, command.arguments) == (CommandKind.CANCEL, {"client_order_id": "bta-entry"})


@pytest.mark.parametrize("guards", [False, True])
def test_nothing_is_cancelled_where_more_has_traded_than_was_said(*, guards: bool) -> None:
    desk = with_oco(fake_desk())
    row = desk.reads.order_rows[0] if guards else resting_entry(desk)
    question, client = asked(desk, row.client_order_id)
    traded = replace(row, executed=Decimal("0.01"), status="PARTIALLY_FILLED")
    desk.reads.order_rows = tuple(traded if one is row else one for one in desk.reads.order_rows)

    client.post("/acts/do", json={"key": question["key"]})

    def ended() -> Any:
        answer = client.get(f"/acts/{question['key']}").get_json()
        return answer if answer["state"] != "working" else None

    answer = eventually(ended, within_s=120, what="the act ends")
    assert answer["text"] == (
        "Nothing was done, for it changed since you were asked: what of it has traded was 0 and is 0.01 now. Ask again."
    )
    assert desk.state.commands == {}


def test_a_cancel_of_protection_says_what_it_bares_and_is_forced() -> None:
    desk = with_oco(fake_desk())
    stop = desk.reads.order_rows[0]
    question, client = asked(desk, stop.client_order_id)
    assert question["grave"] is True
    assert "with its whole order list. The position is unprotected" in question["text"]
    assert "The next cycle puts protection back" in question["text"]

    desk.state.answer = done("cancelled")
    client.post("/acts/do", json={"key": question["key"]})
    eventually(lambda: desk.state.commands, within_s=120, what="the command is stored")
    (command,) = desk.state.commands.values()
    assert command.arguments == {"client_order_id": stop.client_order_id, "force": "true"}

    desk.steering.halt("drill", actor="cli:ana")
    question, _ = asked(desk, stop.client_order_id)
    assert "halted by cli:ana, so nothing puts it back" in question["text"]


def test_an_order_that_ended_or_is_nobodys_is_not_cancelled() -> None:
    desk = fake_desk()
    assert asked(desk, desk.reads.order_rows[1].client_order_id)[0]["problem"] == "it is FILLED already"
    assert "no order of ours" in asked(desk, "web_1")[0]["problem"]


def test_cancels_link_to_their_orders() -> None:
    desk = fake_desk()
    row = CancelRow("c1", "o1", "o2", "BTCUSDT", "UNKNOWN", "trailing: timed out", START, START)
    desk.reads.cancel_rows = (row,)
    told = text(orders.cancels(desk))
    assert "BTCUSDT ? unknown trailing: timed out its order the new one" in told
    assert "A cancel of BTCUSDT is UNKNOWN" in text(orders.unresolved(desk))


def test_the_file_holds_what_the_filter_asks_for_to_the_last_digit() -> None:
    (export,) = orders.PAGE.exports
    found = list(export.rows(fake_desk(), {"symbol": "BTCUSDT", "status": "", "purpose": "entry"}))
    (row,) = found
    assert dict(zip(export.columns, row, strict=True))["quote_executed"] == Decimal("999.84120000")

"""Protection and what others did, as the command line's tables and JSON tell it."""

import io
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from rich.console import Console

from binance_trade_agent.domain.records import (
    AskedLevelsRow,
    CancelRow,
    FlowRow,
    ForeignOrderRow,
    Incident,
    ProtectionTerms,
)
from binance_trade_agent.interfaces.cli.listings import (
    draw_flows,
    draw_foreign_orders,
    draw_orders,
)
from binance_trade_agent.interfaces.cli.positions import draw_positions, with_protection
from binance_trade_agent.interfaces.cli.status import lines_of
from tests.fake_exchange import rules_of
from tests.fakes import START, FakeDesk, fake_desk
from tests.resting import oco, with_oco


def screen(width: int = 100) -> Console:
    return Console(width=width, file=io.StringIO())


def shown(on: Console) -> list[str]:
    assert isinstance(on.file, io.StringIO)
    lines = on.file.getvalue().splitlines()
    assert max(map(len, lines)) <= on.width
    return [" ".join(line.split()) for line in lines]


def positions_of(desk: FakeDesk, on: Console) -> list[str]:
    guarded = {protection.symbol: protection for protection in desk.watch.protection()}
    draw_positions(desk.watch.positions(), guarded, on, START)
    return shown(on)


def test_a_position_has_its_stop_and_target_in_eighty_columns() -> None:
    lines = positions_of(with_oco(fake_desk()), screen(80))
    assert lines[1] == "symbol quantity average cost covered held for realised in all"
    assert lines[2] == "BTCUSDT 0.015984 62,552.63 0.01598 11 min +0.00"
    assert lines[3] == "ETHUSDT 0 – – – +4.05"
    assert lines[8:] == [
        "symbol level price away, % held by asked by",
        "BTCUSDT stop 61000 -2.95 the exchange the settings",
        "BTCUSDT target 64000 +1.82 the exchange the settings",
    ]


def test_a_wide_table_of_positions_has_cost_and_fees_too() -> None:
    lines = positions_of(with_oco(fake_desk()), screen(140))
    assert "999.84" in lines[2]
    assert lines[1].endswith("cost held for realised in all fees in all")


def test_a_level_tells_who_asked_for_it_and_that_no_order_holds_it() -> None:
    desk = fake_desk()
    desk.reads.order_rows = (oco("l1", START)[0], *desk.reads.order_rows)
    asked = AskedLevelsRow("BTCUSDT", None, Decimal(70000), "ann (cli)", "news", START)
    desk.reads.terms = ProtectionTerms({}, {"BTCUSDT": Decimal("0.01")}, (asked,))
    assert positions_of(desk, screen(80))[9:] == [
        "BTCUSDT stop 61000 -2.95 the exchange the settings",
        "BTCUSDT target 70000 +11.37 the trader, watching ann (cli): news",
    ]


def test_an_unprotected_position_says_why() -> None:
    desk = fake_desk()
    incident = Incident("unprotected:BTCUSDT", "BTCUSDT: no [more] stops: watched", "critical", START)
    desk.reads.stored = replace(desk.reads.stored, incidents=(incident,))
    lines = positions_of(desk, screen())
    assert "unprotected" in lines[2]
    assert lines[-1] == "! BTCUSDT: no [more] stops: watched"


def test_dust_is_no_position_in_danger() -> None:
    desk = fake_desk()
    incident = Incident("unprotected:BTCUSDT", "BTCUSDT: no stop", "critical", START)
    desk.reads.stored = replace(desk.reads.stored, incidents=(incident,))
    held, *others = desk.reads.position_rows
    desk.reads.position_rows = (replace(held, quantity=Decimal("0.00000678")), *others)
    desk.reads.terms = ProtectionTerms(rules=(rules_of("BTCUSDT"),))
    lines = positions_of(desk, screen())
    assert lines[2] == "BTCUSDT 0.00000678 147,469,203.54 dust – +0.00"
    assert lines[-1] == "dust: too little to be sold; it stays, and needs no stop"
    assert not any("no stop" in line for line in lines[:-1])
    (found,) = desk.watch.protection()
    row = with_protection(desk.watch.positions()[0], found)["protection"]
    assert (row["dust"], row["unprotected"]) == (True, False)


def test_a_position_for_programs_nests_what_guards_it() -> None:
    desk = with_oco(fake_desk())
    held, sold = desk.watch.positions()
    (protection,) = desk.watch.protection()
    row = with_protection(held, protection)
    assert (row["symbol"], row["cost"]) == ("BTCUSDT", Decimal("999.84120000"))
    assert row["protection"]["stop"] == Decimal("61000.00")
    assert row["protection"]["target_distance_percent"] == Decimal("1.82")
    assert row["protection"]["unprotected"] is False
    assert with_protection(sold, None)["protection"] is None


@pytest.mark.parametrize("width", [100, 160])
def test_orders_say_what_they_are_for_and_what_they_wait_for(width: int) -> None:
    stop, target = oco("l1", START - timedelta(seconds=9))
    stop_limit = replace(stop, price=Decimal("60390.00"), status="PARTIALLY_FILLED")
    on = screen(width)
    draw_orders([stop, target, stop_limit, *fake_desk().reads.order_rows], on, START)
    lines = shown(on)
    assert len(lines) == 9, "no row is broken"
    if width == 100:
        assert lines[2] == "9 s BTCUSDT SELL stop 0.01598 61000 – – OPEN"
        assert lines[3] == "9 s BTCUSDT SELL target 0.01598 – 64000 – OPEN"
        assert lines[4] == "9 s BTCUSDT SELL stop 0.01598 61000 60390 – PARTIALLY_FILLED"
    else:
        assert lines[2] == "9 s BTCUSDT SELL stop STOP_LOSS 0.01598 61000 – 0 – OPEN bta-l1-stop"


def test_orders_of_others() -> None:
    on = screen()
    order = ForeignOrderRow(
        "BTCUSDT",
        24,
        "web_48561fb15863d39b982a37ddb0c82968",
        "BUY",
        "LIMIT",
        Decimal("60000.00"),
        Decimal("0.002"),
        Decimal(0),
        START - timedelta(minutes=3),
    )
    draw_foreign_orders([order], on, START)
    assert shown(on)[2] == "3 min BTCUSDT BUY LIMIT 0.002 0 60000 24"


def test_flows_have_their_sign() -> None:
    on = screen()
    flows = [
        FlowRow("foreign", "USDT", Decimal("-301.19100"), "ETHUSDT", "BUY of 0.1, order 25", START),
        FlowRow("deposit", "BTC", Decimal("1E+1"), None, "", START),
    ]
    draw_flows(flows, on, START)
    assert shown(on)[2:] == [
        "0 s foreign -301.191 USDT ETHUSDT BUY of 0.1, order 25",
        "0 s deposit +10 BTC –",
    ]


def test_the_status_names_a_cancel_without_an_answer_and_no_protection_at_rest() -> None:
    desk = with_oco(fake_desk())
    assert "unresolved" not in dict(lines_of(desk.watch.status(), None))
    desk.reads.cancel_rows = (CancelRow("c1", "bta-l1-stop", None, "BTCUSDT", "UNKNOWN", "", START, START),)
    assert "cancel of BTCUSDT bta-l1-stop" in dict(lines_of(desk.watch.status(), None))["unresolved"]

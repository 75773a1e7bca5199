"""One refresh of the dashboard: what is sent, what is not, and what a person's act says."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from dash import no_update

from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.records import CancelRow, FlowRow, ForeignOrderRow, Incident
from binance_trade_agent.interfaces.dashboard.callbacks import PARTS, Seen, act, refresh
from binance_trade_agent.interfaces.desks import DeskDoor
from tests.fakes import START, FakeDesk, fake_desk
from tests.resting import oco, with_oco

UTC = ZoneInfo("UTC")


def sent(desk: FakeDesk, seen: Seen) -> tuple[dict[str, Any], Seen]:
    """The parts that are sent, by name."""
    values, marks = refresh(DeskDoor(lambda: desk), seen, UTC)
    return {
        part.name: value for part, value in zip(PARTS, values, strict=True) if value is not no_update
    }, marks


def text(component: Any) -> str:
    """All text of a component tree, in order."""
    if isinstance(component, list | tuple):
        return " ".join(text(child) for child in component)
    if component is None or isinstance(component, bool):
        return ""
    if isinstance(component, str | int | float):
        return str(component)
    return text(getattr(component, "children", None))


def styles(component: Any) -> dict[str, str]:
    """The style of each text that has one of its own."""
    if isinstance(component, list | tuple):
        return {word: style for child in component for word, style in styles(child).items()}
    children = getattr(component, "children", None)
    if isinstance(children, str):
        return {children: getattr(component, "className", "")}
    return styles(children) if children is not None else {}


def test_a_first_refresh_sends_every_part_and_a_second_one_none() -> None:
    desk = fake_desk()

    parts, seen = sent(desk, {})
    assert len(parts) == len(PARTS)

    desk.clock.advance(1)
    assert sent(desk, seen) == ({}, seen)


def test_only_what_changed_is_sent() -> None:
    desk = fake_desk()
    _, seen = sent(desk, {})
    desk.reads.fill_rows = desk.reads.fill_rows[1:]

    assert set(sent(desk, seen)[0]) == {"fills.children"}


def test_figures_are_those_of_the_database() -> None:
    parts, _ = sent(fake_desk(), {})
    shown = text(parts["figures.children"])

    assert "Equity 10,008.89 USDT 10,000.00 put in" in shown
    assert "Profit +8.89 USDT +0.09 %" in shown
    assert "Exposure 1,004.68 USDT 10.04 % of equity" in shown
    assert "Cash 9,004.21 USDT" in shown
    assert "Open positions 1 BTCUSDT" in shown
    assert "Cycles 240 480 decisions" in shown
    assert "Orders 4 3 filled · 1 rejected" in shown


def test_a_loss_has_its_sign() -> None:
    desk = fake_desk()
    desk.reads.stored = replace(desk.reads.stored, contributed=Decimal("10100"))

    assert "−91.11 USDT −0.90 %" in text(sent(desk, {})[0]["figures.children"])


def test_a_position_shows_its_gain_at_the_newest_decisions_price() -> None:
    shown = text(sent(fake_desk(), {})[0]["positions.children"])

    # 0.015984 * 62,855.40 - 999.8412
    assert "BTCUSDT 0.015984 BTC 62,552.63 62,855.40 +4.84 +0.48 %" in shown
    assert "ETHUSDT" not in shown


def test_a_guarded_position_shows_stop_and_target_with_their_distance() -> None:
    shown = text(sent(with_oco(fake_desk()), {})[0]["positions.children"])

    assert "61,000.00 −2.95 % 64,000.00 +1.82 %" in shown
    assert "unprotected" not in shown


def test_an_unprotected_position_says_so() -> None:
    desk = fake_desk()
    assert "unprotected" not in text(sent(desk, {})[0]["positions.children"])
    incident = Incident("unprotected:BTCUSDT", "BTCUSDT takes no stop order", "critical", START)
    desk.reads.stored = replace(desk.reads.stored, incidents=(incident,))

    parts, _ = sent(desk, {})
    assert "✕ unprotected" in text(parts["positions.children"])
    assert "BTCUSDT takes no stop order" in text(parts["attention.children"])


def test_protection_at_rest_is_quiet_and_an_unknown_order_stands_out() -> None:
    desk = with_oco(fake_desk())
    stop_limit = replace(oco("l2", START)[0], price=Decimal("60390.00"), status="UNKNOWN")
    desk.reads.order_rows = (stop_limit, *desk.reads.order_rows)

    parts, _ = sent(desk, {})
    shown = text(parts["orders.children"])
    assert "▼ SELL stop 0.01598 61,000.00 limit 60,390.00 0.00 % ? unknown" in shown
    assert "▼ SELL stop 0.01598 61,000.00 0.00 % at rest" in shown
    assert "▼ SELL target 0.01598 64,000.00 0.00 % at rest" in shown
    assert styles(parts["orders.children"])["at rest"] == "tag quiet"
    assert styles(parts["orders.children"])["? unknown"] == "tag bad"
    assert text(parts["attention.children"]) == ""


def test_what_is_not_resolved_is_counted_first() -> None:
    desk = fake_desk()
    counts = {"CANCELED": 9, "EXPIRED": 8, "FILLED": 20, "OPEN": 2, "UNKNOWN": 1}
    desk.reads.stored = replace(desk.reads.stored, orders_by_status=counts)

    assert "Orders 40 1 unknown · 2 open · 20 filled" in text(sent(desk, {})[0]["figures.children"])


def test_a_cancel_without_an_answer_wants_attention() -> None:
    desk = fake_desk()
    desk.reads.cancel_rows = (CancelRow("c1", "o1", None, "BTCUSDT", "UNKNOWN", "trailing", START, START),)

    shown = text(sent(desk, {})[0]["attention.children"])
    assert "A cancel of BTCUSDT is unresolved (UNKNOWN)" in shown


def test_what_others_did_is_there_only_when_there_is_something() -> None:
    desk = fake_desk()
    parts, seen = sent(desk, {})
    assert parts["outside.children"] == []

    desk.reads.flow_rows = (
        FlowRow("foreign", "USDT", Decimal("-301.191"), "ETHUSDT", "BUY of 0.1, order 25", START),
        FlowRow("opening", "USDT", Decimal(10000), None, "", START),
    )
    parts, seen = sent(desk, seen)
    assert set(parts) == {"outside.children"}
    shown = text(parts["outside.children"])
    assert "Moved from outside not profit or loss" in shown
    assert "foreign −301.191 USDT ETHUSDT BUY of 0.1, order 25" in shown
    assert "opening" not in shown
    assert "Orders of others" not in shown

    desk.reads.foreign_rows = (
        ForeignOrderRow(
            "BTCUSDT", 24, "web_1", "BUY", "LIMIT", Decimal("60000"), Decimal("0.002"), Decimal(0), START
        ),
    )
    shown = text(sent(desk, seen)[0]["outside.children"])
    assert "Orders of others as last looked up; never touched" in shown
    assert "BTCUSDT ▲ BUY limit 0.002 60,000.00 0.00 % 24" in shown


def test_dust_is_named_and_not_counted_as_a_position() -> None:
    desk = fake_desk()
    held = desk.reads.position_rows[0]
    desk.reads.position_rows = (replace(held, quantity=Decimal("0.00001"), cost=Decimal("0.62")),)

    parts, _ = sent(desk, {})
    assert "Open positions 0" in text(parts["figures.children"])
    assert "BTCUSDT dust" in text(parts["positions.children"])


def test_an_empty_database_says_what_to_do() -> None:
    parts, _ = sent(fake_desk(empty=True), {})

    assert "make up" in text(parts["decisions.children"])
    assert "binance-trade-agent trade" in text(parts["fills.children"])
    assert parts["equity-empty.hidden"] is False
    assert parts["pulse.data"]["word"] == "Never started"


def test_a_dead_trader_turns_the_pulse_bad() -> None:
    desk = fake_desk()
    _, seen = sent(desk, {})
    desk.clock.advance(40)

    pulse = sent(desk, seen)[0]["pulse.data"]
    assert (pulse["word"], pulse["tone"]) == ("Dead", "bad")
    assert pulse["text"] == "no sign of life for 41 s"


def test_incidents_and_unresolved_orders_are_shown() -> None:
    desk = fake_desk()
    unknown = replace(desk.reads.order_rows[0], status="UNKNOWN")
    desk.reads.stored = replace(
        desk.reads.stored,
        incidents=(Incident("balance_mismatch", "BTC differs by 0.001", "critical", START),),
        unresolved=(unknown,),
    )

    shown = text(sent(desk, {})[0]["attention.children"])
    assert "BTC differs by 0.001" in shown
    assert "BUY 0.001 ETHUSDT is unresolved (UNKNOWN)" in shown


def test_a_database_that_cannot_be_read_is_a_banner_and_keeps_the_rest() -> None:
    desk = fake_desk()
    _, seen = sent(desk, {})
    desk.reads.broken = "database is locked"

    parts, broken = sent(desk, seen)
    assert set(parts) == {"attention.children", "pulse.data"}
    assert "database is locked" in text(parts["attention.children"])
    assert sent(desk, broken)[1] == broken, "the same failure again is nothing new to send"

    desk.reads.broken = None
    assert set(sent(desk, broken)[0]) == {"attention.children", "pulse.data"}


def test_pause_and_resume_say_how_they_ended() -> None:
    desk = fake_desk()
    door = DeskDoor(lambda: desk)

    assert act(door, "pause", "  news  ").startswith("Paused")
    assert (desk.state.snapshot.reason, desk.state.snapshot.actor) == ("news", "dashboard")
    assert act(door, "resume", None).startswith("Resumed")
    assert desk.state.snapshot.state is TradingState.RUNNING


def test_a_pause_of_a_halted_trader_says_that_nothing_changed() -> None:
    desk = fake_desk()
    desk.steering.halt("drill", actor="cli:ana")

    assert act(DeskDoor(lambda: desk), "pause", "x") == (
        "Nothing was changed: the state is HALTED, set by cli:ana."
    )


def test_control_buttons_follow_the_state() -> None:
    desk = fake_desk()
    parts, seen = sent(desk, {})
    assert (parts["pause.hidden"], parts["resume.hidden"]) == (False, True)

    desk.steering.pause("lunch", actor="mcp:operator")
    parts, _ = sent(desk, seen)
    assert (parts["pause.hidden"], parts["resume.hidden"]) == (True, False)
    assert text(parts["control.children"]) == "Paused by mcp:operator: lunch"

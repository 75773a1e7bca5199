"""What the overview shows, and what moves on every page."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from dash import Dash, Output

from binance_trade_agent.domain.history_rows import DayProfit, EquityBucket, HoldPoint
from binance_trade_agent.domain.records import CancelRow, EquityRow, FlowRow, ForeignOrderRow, Incident
from binance_trade_agent.interfaces.cli.status import lines_of
from binance_trade_agent.interfaces.dashboard import recent_tables, steering_acts
from binance_trade_agent.interfaces.dashboard.components.exports import csv_lines
from binance_trade_agent.interfaces.dashboard.equity_chart import (
    drawdown_percent,
    equity_data,
    equity_traces,
    snapshots,
)
from binance_trade_agent.interfaces.dashboard.held_tables import open_positions
from binance_trade_agent.interfaces.dashboard.live import Beat, Live, Topic
from binance_trade_agent.interfaces.dashboard.page import Context
from binance_trade_agent.interfaces.dashboard.pages import overview
from binance_trade_agent.interfaces.dashboard.registry import all_pages, page_at
from binance_trade_agent.interfaces.desks import DeskDoor
from tests.fake_exchange import rules_of
from tests.fakes import START, FakeDesk, fake_desk
from tests.resting import oco, with_oco


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


def tables(component: Any) -> list[str]:
    """The names of all tables of a component tree."""
    if isinstance(component, list | tuple):
        return [name for child in component for name in tables(child)]
    children = getattr(component, "children", None)
    own = (
        component.to_plotly_json()["props"].get("data-table")
        if hasattr(component, "to_plotly_json")
        else None
    )
    return ([own] if own else []) + (tables(children) if children is not None else [])


class Viewers:
    """A clock that is always past what viewers share."""

    def __init__(self, desk: FakeDesk) -> None:
        self.ticks = 0.0
        self.live = Live(DeskDoor(lambda: desk), self.tick)

    def tick(self) -> float:
        self.ticks += 10
        return self.ticks

    def beat(self) -> Beat:
        return self.live.beat()


def moved(before: Beat, after: Beat) -> set[str]:
    return {name for name in after.topics if before.topics.get(name) != after.topics[name]}


def test_nothing_new_moves_nothing() -> None:
    desk = fake_desk()
    viewers = Viewers(desk)
    first = viewers.beat()
    desk.clock.advance(1)

    assert set(first.topics) == {topic.value for topic in Topic}
    assert viewers.beat() == first


def test_only_what_changed_moves() -> None:
    desk = fake_desk()
    viewers = Viewers(desk)
    first = viewers.beat()

    desk.reads.fill_rows = desk.reads.fill_rows[1:]
    second = viewers.beat()
    assert moved(first, second) == {"orders"}

    desk.steering.pause("lunch", actor="mcp:operator")
    third = viewers.beat()
    assert moved(second, third) == {"control"}

    desk.reads.stored = replace(desk.reads.stored, decisions=482)
    assert moved(third, viewers.beat()) == {"cycles"}


def test_several_viewers_share_a_read() -> None:
    desk = fake_desk()
    live = Live(DeskDoor(lambda: desk), desk.clock.monotonic)
    first = live.beat()
    desk.reads.fill_rows = desk.reads.fill_rows[1:]

    assert live.beat() is first
    desk.clock.advance(1)
    assert live.beat() is not first


def test_the_pulse_is_the_databases() -> None:
    pulse = Viewers(fake_desk()).beat().pulse

    assert (pulse["word"], pulse["tone"], pulse["cycle"]) == ("Cycling", "good", 240)
    assert pulse["figures"]["equity"]["text"] == "10,008.89"
    assert pulse["figures"]["unresolved"]["text"] == "0"
    assert pulse["control"] == {"word": "Trading", "tone": "good", "why": ""}


def test_today_is_told_against_the_last_snapshot_before_midnight() -> None:
    desk = fake_desk()
    newest = desk.reads.equity_rows[-1]
    midnight = START.replace(hour=0, minute=0)
    before = replace(
        newest,
        at=midnight - timedelta(seconds=5),
        total=Decimal("10100"),
        contributed=Decimal(10_000),
    )
    desk.reads.equity_rows = (before, *desk.reads.equity_rows)
    viewers = Viewers(desk)

    # 8.8918 are made in all, 100 were before midnight
    assert viewers.beat().pulse["figures"]["today"]["value"] == "-91.1082"
    later = replace(newest, total=newest.total + 1, at=newest.at + timedelta(seconds=5))
    desk.reads.stored = replace(desk.reads.stored, equity=later)
    assert viewers.beat().pulse["figures"]["today"]["value"] == "-90.1082"


def test_a_books_first_day_is_told_from_its_beginning() -> None:
    assert Viewers(fake_desk()).beat().pulse["figures"]["today"]["value"] == "8.8918"


def test_a_dead_trader_turns_the_pulse_bad() -> None:
    desk = fake_desk()
    viewers = Viewers(desk)
    viewers.beat()
    desk.clock.advance(40)

    pulse = viewers.beat().pulse
    assert (pulse["word"], pulse["tone"]) == ("Dead", "bad")
    assert pulse["text"] == "no sign of life for 41 s"


def test_the_pulse_says_who_stopped_it_and_why() -> None:
    desk = fake_desk()
    desk.steering.pause("lunch", actor="mcp:operator")

    assert Viewers(desk).beat().pulse["control"] == {
        "word": "Paused",
        "tone": "warn",
        "why": "by mcp:operator: lunch",
    }


def test_a_database_that_cannot_be_read_keeps_topics_and_marks_figures_old() -> None:
    desk = fake_desk()
    viewers = Viewers(desk)
    viewers.beat()
    desk.reads.broken = "database is locked"

    broken = viewers.beat()
    assert broken.topics == {}
    assert broken.pulse["stale"] is True
    assert "database is locked" in broken.pulse["text"]
    assert "figures" not in broken.pulse
    assert viewers.beat() == broken, "the same failure again is nothing new"

    desk.reads.broken = None
    assert viewers.beat().topics


def test_a_part_that_cannot_be_read_is_an_error_box_and_other_properties_stay() -> None:
    desk = fake_desk()
    desk.reads.broken = "database is locked"
    app = Dash("parts")
    context = Context(DeskDoor(lambda: desk))
    context.show(app, Output("a", "children"), (Topic.CYCLES,), recent_tables.decisions)

    callback = app.callback_map["a.children"]
    assert callback["inputs"] == [{"id": "live-cycles", "property": "data"}]


def test_figures_are_those_of_the_database() -> None:
    shown = text(overview.key_figures(fake_desk()))

    assert "Equity 10,008.89 USDT 10,000.00 put in" in shown
    assert "Profit +8.89 USDT +0.09 %" in shown
    assert "Exposure 1,004.68 USDT 10.04 % of equity" in shown
    assert "Cash 9,004.21 USDT" in shown
    assert "Open positions 1 BTCUSDT" in shown
    assert "Cycles 240 480 decisions" in shown
    assert "Orders 4 3 filled · 1 rejected" in shown


def test_decisions_by_hand_are_named_apart() -> None:
    desk = fake_desk()
    desk.reads.stored = replace(desk.reads.stored, unscheduled_decisions=4)

    shown = text(overview.key_figures(desk))
    assert "Cycles 240 480 decisions, 4 after fills or by hand" in shown
    told = dict(lines_of(desk.watch.status(), None))["cycles"]
    assert told.startswith("240 with 480 decisions, 4 of them after fills or by hand; the newest")


def test_a_loss_has_its_sign() -> None:
    desk = fake_desk()
    desk.reads.stored = replace(desk.reads.stored, contributed=Decimal("10100"))

    assert "−91.11 USDT −0.90 %" in text(overview.key_figures(desk))


def test_a_position_shows_its_gain_at_the_newest_decisions_price() -> None:
    shown = text(open_positions(fake_desk()))

    # 0.015984 * 62,855.40 - 999.8412
    assert "BTCUSDT 0.015984 BTC 62,552.63 62,855.40 +4.84 +0.48 %" in shown
    assert "ETHUSDT" not in shown


def test_a_guarded_position_shows_stop_and_target_with_their_distance() -> None:
    shown = text(open_positions(with_oco(fake_desk())))

    assert "61,000.00 −2.95 % 64,000.00 +1.82 %" in shown
    assert "unprotected" not in shown


def test_an_unprotected_position_says_so() -> None:
    desk = fake_desk()
    assert "unprotected" not in text(open_positions(desk))
    incident = Incident("unprotected:BTCUSDT", "BTCUSDT takes no stop order", "critical", START)
    desk.reads.stored = replace(desk.reads.stored, incidents=(incident,))

    assert "✕ unprotected" in text(open_positions(desk))
    assert "BTCUSDT takes no stop order" in text(overview.alerts(desk))


def test_protection_at_rest_is_quiet_and_an_unknown_order_stands_out() -> None:
    desk = with_oco(fake_desk())
    stop_limit = replace(oco("l2", START)[0], price=Decimal("60390.00"), status="UNKNOWN")
    desk.reads.order_rows = (stop_limit, *desk.reads.order_rows)

    table = recent_tables.orders(desk)
    shown = text(table)
    assert "▼ SELL stop 0.01598 61,000.00 limit 60,390.00 0.00 % ? unknown" in shown
    assert "▼ SELL stop 0.01598 61,000.00 0.00 % at rest" in shown
    assert "▼ SELL target 0.01598 64,000.00 0.00 % at rest" in shown
    assert styles(table)["at rest"] == "tag quiet"
    assert styles(table)["? unknown"] == "tag bad"
    assert text(overview.alerts(desk)) == ""


def test_an_order_that_waits_for_no_price_says_market() -> None:
    desk = fake_desk()
    waiting = replace(desk.reads.order_rows[0], order_type="MARKET", price=None, stop_price=None)
    desk.reads.order_rows = (waiting,)

    assert f"{waiting.purpose} 0.001 market" in text(recent_tables.orders(desk))


def test_what_is_not_resolved_is_counted_first() -> None:
    desk = fake_desk()
    counts = {"CANCELED": 9, "EXPIRED": 8, "FILLED": 20, "OPEN": 2, "UNKNOWN": 1}
    desk.reads.stored = replace(desk.reads.stored, orders_by_status=counts)

    assert "Orders 40 1 unknown · 2 open · 20 filled" in text(overview.key_figures(desk))


def test_a_cancel_without_an_answer_wants_attention() -> None:
    desk = fake_desk()
    desk.reads.cancel_rows = (CancelRow("c1", "o1", None, "BTCUSDT", "UNKNOWN", "trailing", START, START),)

    assert "A cancel of BTCUSDT is unresolved (UNKNOWN)" in text(overview.alerts(desk))


def test_incidents_and_unresolved_orders_are_shown() -> None:
    desk = fake_desk()
    unknown = replace(desk.reads.order_rows[0], status="UNKNOWN")
    desk.reads.stored = replace(
        desk.reads.stored,
        incidents=(Incident("balance_mismatch", "BTC differs by 0.001", "critical", START),),
        unresolved=(unknown,),
    )

    shown = text(overview.alerts(desk))
    assert "BTC differs by 0.001" in shown
    assert "BUY 0.001 ETHUSDT is unresolved (UNKNOWN)" in shown


def test_what_others_did_is_there_only_when_there_is_something() -> None:
    desk = fake_desk()
    assert overview.outside(desk) == []

    desk.reads.flow_rows = (
        FlowRow("foreign", "USDT", Decimal("-301.191"), "ETHUSDT", "BUY of 0.1, order 25", START),
        FlowRow("opening", "USDT", Decimal(10000), None, "", START),
    )
    shown = text(overview.outside(desk))
    assert "Moved from outside not profit or loss" in shown
    assert "foreign −301.191 USDT ETHUSDT BUY of 0.1, order 25" in shown
    assert "opening" not in shown
    assert "Orders of others" not in shown

    desk.reads.foreign_rows = (
        ForeignOrderRow(
            "BTCUSDT", 24, "web_1", "BUY", "LIMIT", Decimal("60000"), Decimal("0.002"), Decimal(0), START
        ),
    )
    shown = text(overview.outside(desk))
    assert "Orders of others as last looked up; never touched" in shown
    assert "BTCUSDT ▲ BUY limit 0.002 60,000.00 0.00 % 24" in shown


def with_dust(desk: FakeDesk, smallest: str = "5") -> FakeDesk:
    """A desk that holds 0.63 USDT worth of BTC, whose smallest order is of so many USDT."""
    held = desk.reads.position_rows[0]
    desk.reads.position_rows = (replace(held, quantity=Decimal("0.00001"), cost=Decimal("0.62")),)
    rules = replace(rules_of("BTCUSDT"), min_notional=Decimal(smallest))
    desk.reads.terms = replace(desk.reads.terms, rules=(rules,))
    return desk


def test_what_the_symbols_rules_let_sell_is_no_dust() -> None:
    desk = with_dust(fake_desk(), smallest="0.5")
    assert "Open positions 1 BTCUSDT" in text(overview.key_figures(desk))
    assert "dust" not in text(open_positions(desk))


def test_dust_is_named_and_not_counted_as_a_position() -> None:
    desk = with_dust(fake_desk())

    assert "Open positions 0 and 1 of dust" in text(overview.key_figures(desk))
    # told beside the positions, not among them
    assert tables(open_positions(desk)) == []
    assert "0.63 USDT of dust (BTCUSDT), too little to be sold" in text(open_positions(desk))
    assert "No position is open" in text(open_positions(desk))


def test_dust_beside_a_position_is_said_where_positions_are_counted() -> None:
    desk = with_dust(fake_desk())
    (dust,) = desk.reads.position_rows
    desk.reads.position_rows = (dust, replace(dust, symbol="ETHUSDT", base="ETH", quantity=Decimal(2)))

    assert "Open positions 1 ETHUSDT and 1 of dust" in text(overview.key_figures(desk))


def test_an_empty_database_says_what_to_do() -> None:
    desk = fake_desk(empty=True)

    assert "make up" in text(recent_tables.decisions(desk))
    assert "binance-trade-agent trade" in text(recent_tables.fills(desk))
    assert "No equity yet" in text(overview.equity_empty(desk))
    assert overview.equity_style(desk).endswith("gone")
    assert Viewers(desk).beat().pulse["word"] == "Never started"


def test_buttons_follow_the_state() -> None:
    desk = fake_desk()
    assert text(overview.steering(desk)).endswith("Pause Halt Flatten")

    desk.steering.pause("lunch", actor="mcp:operator")
    shown = text(overview.steering(desk))
    assert "lunch (mcp:operator)" in shown
    assert shown.endswith("Resume Halt Flatten")

    desk.steering.halt("fire", actor="mcp:operator")
    assert text(overview.steering(desk)).endswith("Resume Flatten")


def test_what_was_put_in_is_no_rise_and_no_fall() -> None:
    def row(total: str, contributed: str) -> EquityRow:
        zero = Decimal(0)
        return EquityRow(START, "USDT", zero, zero, zero, zero, Decimal(total), Decimal(contributed))

    rows = [row("1000", "1000"), row("1100", "1000"), row("600", "500"), row("545", "500"), row("560", "500")]
    assert drawdown_percent(rows) == pytest.approx([0, 0, 0, -9.1667, -6.6667], abs=1e-3)


def test_equity_stands_beside_holding_with_its_drawdown_beneath() -> None:
    desk = fake_desk()
    assert [trace["name"] for trace in equity_traces(desk, "all")] == ["Equity", "Drawdown"]

    rows = desk.reads.equity_rows
    desk.history_reads.holdings = (
        HoldPoint(rows[0].at, rows[0].total, rows[0].total),
        HoldPoint(rows[-1].at, rows[-1].total, None),
    )
    curve, held, fall = equity_traces(desk, "all")
    assert (held["name"], held["y"]) == ("Buy and hold", [float(rows[0].total)])
    assert len(curve["x"]) == len(fall["x"]) == len(rows)


def test_a_snapshot_that_is_first_and_highest_is_drawn_once() -> None:
    one, two, three = fake_desk().reads.equity_rows[:3]
    assert snapshots([EquityBucket(first=one, last=three, lowest=two, highest=one)]) == [one, two, three]


def test_every_page_is_found_and_none_hides_another() -> None:
    pages = all_pages()
    assert page_at("/") in pages
    assert page_at("/nowhere") is None
    assert len({page.path for page in pages}) == len(pages)
    assert steering_acts.HALT.name not in {act.name for page in pages for act in page.acts}


def test_csv_is_exact_in_utc_and_no_formula() -> None:
    lines = list(
        csv_lines(("a", "b", "c", "d"), [(Decimal("1E-8"), START, "=1+1", None), (-1, "x,y", 0.5, "-")])
    )
    assert lines == [
        "a,b,c,d\r\n",
        "0.00000001,2026-05-04T09:30:00+00:00,'=1+1,\r\n",
        '-1,"x,y",0.5,\'-\r\n',
    ]


def in_bitcoin(desk: FakeDesk) -> FakeDesk:
    """The same desk on a book quoted in BTC."""
    desk.reads.equity_rows = tuple(replace(row, quote="BTC") for row in desk.reads.equity_rows)
    desk.reads.stored = replace(desk.reads.stored, equity=desk.reads.equity_rows[-1])
    return desk


@pytest.mark.parametrize(("desk", "places"), [(fake_desk(), 2), (in_bitcoin(fake_desk()), 8)])
def test_the_chart_writes_amounts_as_its_currency_needs(desk: FakeDesk, places: int) -> None:
    operations = equity_data(desk, "all").to_plotly_json()["operations"]
    told = {tuple(each["location"]): each["params"]["value"] for each in operations}
    assert told["layout", "yaxis", "tickformat"] == f",.{places}f"
    assert told["data",][0]["hovertemplate"].startswith(f"%{{y:,.{places}f}}")


def test_what_each_day_made_stands_beside_the_equity() -> None:
    desk = fake_desk()
    day = DayProfit(START.date(), Decimal("-3.5"), Decimal(10_000))
    desk.history_reads.days = (DayProfit(day.day - timedelta(days=1), Decimal(7), Decimal(10_003)), day)

    assert " ".join(text(overview.days(desk)).split()) == "Mon 04 May −3.50 USDT Sun 03 May +7.00 USDT"
    assert "No day yet" in text(overview.days(fake_desk(empty=True)))

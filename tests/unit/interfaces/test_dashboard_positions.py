"""What the page of positions shows, and what its acts say and do."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from dash.development.base_component import Component
from flask import Flask

from binance_trade_agent.control.protections import Protection
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.domain.records import AskedLevelsRow, CommandKind, Incident, ProtectionTerms
from binance_trade_agent.interfaces.dashboard.acting import Acting
from binance_trade_agent.interfaces.dashboard.held_tables import stop_cell
from binance_trade_agent.interfaces.dashboard.holdings import Holding
from binance_trade_agent.interfaces.dashboard.pages import positions
from binance_trade_agent.interfaces.desks import DeskDoor
from binance_trade_agent.ports import SeenMarket
from tests.fake_exchange import rules_of
from tests.fake_market import btc_book
from tests.fakes import START, FakeDesk, done, fake_desk
from tests.processes import eventually
from tests.resting import with_oco
from tests.unit.interfaces.test_dashboard_overview import tables, text, with_dust


class Stage:
    """The acts of the page, on a desk that holds 0.015984 BTC behind a stop and a target."""

    def __init__(self) -> None:
        self.desk: FakeDesk = with_oco(fake_desk())
        self.desk.market_reads.seen["BTCUSDT"] = SeenMarket(btc_book(), START, rules_of("BTCUSDT"))
        server = Flask("acts")
        acts = {act.name: act for act in positions.PAGE.acts}
        Acting(DeskDoor(lambda: self.desk), acts).install(server)
        self.client = server.test_client()

    def ask(self, act: str, **values: str) -> Any:
        body: dict[str, Any] = {"act": act, "target": "BTCUSDT"}
        return self.client.post("/acts/ask", json=body | ({"values": values} if values else {})).get_json()

    def send(self, asked: Any, reason: str = "") -> None:
        assert self.outcome(asked, reason) == {"state": "done", "text": "sold"}

    def outcome(self, asked: Any, reason: str = "") -> Any:
        self.desk.state.answer = done("sold")
        for _ in range(3):
            assert (
                self.client.post("/acts/do", json={"key": asked["key"], "reason": reason}).status_code == 202
            )
        return eventually(lambda: self._ended(asked["key"]), within_s=120, what="the act ends")

    def _ended(self, key: str) -> Any:
        answer = self.client.get(f"/acts/{key}").get_json()
        return None if answer["state"] == "working" else answer


@pytest.fixture
def stage() -> Stage:
    return Stage()


def asked_levels(desk: FakeDesk) -> None:
    row = AskedLevelsRow("BTCUSDT", Decimal("61500"), None, "ann (cli)", "news", START)
    desk.reads.terms = ProtectionTerms(asked=(row,))


def shown(desk: FakeDesk) -> str:
    return text(positions.everything(desk))


def exact(component: Any, name: str) -> Any:
    """The `data-value` of a key figure."""
    for part in walk(component):
        if getattr(part, "data-figure", None) == name:
            return getattr(part, "data-value", None)
    raise AssertionError(f"no figure {name}")


def walk(component: Any) -> list[Component]:
    """All components of a tree."""
    if isinstance(component, list | tuple):
        return [found for child in component for found in walk(child)]
    if not isinstance(component, Component):
        return []
    return [component, *walk(getattr(component, "children", None))]


def test_a_position_shows_its_distances_in_percent_and_in_price() -> None:
    told = shown(with_oco(fake_desk()))

    assert "0.015984 BTC 1,004.68 USDT 62,552.63 62,855.40 +4.84 +0.48 %" in told
    assert "61,000.00 −2.95 % (−1,855.40) 64,000.00 +1.82 % (+1,144.60)" in told
    assert "Close Sell part Move Reduce-only" in told
    # 0.015984 * 61,000 - 999.8412
    assert "If all stops are reached −24.82 USDT" in told
    assert "BTCUSDT exchange 0.01598 61,000.00 64,000.00 the settings" in told


def test_figures_are_exact() -> None:
    drawn = positions.everything(with_oco(fake_desk()))

    assert exact(drawn, "worth") == "1004.6807136"
    assert exact(drawn, "unrealised") == "4.8395136"
    assert exact(drawn, "at-stops") == "-24.8172"
    assert exact(drawn, "without-stop") == "0"


def test_the_share_that_is_unrealised_is_of_what_has_a_price() -> None:
    desk = fake_desk()
    held = desk.reads.position_rows[0]
    unpriced = replace(held, symbol="NEWUSDT", base="NEW", cost=Decimal(9000))
    desk.reads.position_rows = (held, unpriced)

    assert "Unrealised +4.84 USDT +0.48 % of their cost, at the newest price" in shown(desk)


def test_who_asked_for_a_level_is_named_and_what_the_trader_watches() -> None:
    desk = with_oco(fake_desk())
    asked_levels(desk)
    told = shown(desk)

    assert "61,500.00 −2.16 % (−1,355.40) asked for" in told
    assert "BTCUSDT ◷ trader 0.015984 61,500.00 – ann (cli): news" in told
    assert "Settings' levels" in told


def test_who_asked_is_told_once() -> None:
    guarded = Protection("BTCUSDT", Decimal(1), None, (), asked_by="dashboard (dashboard)")
    assert replace(guarded, asked_reason="from the dashboard").asked_words == "dashboard"
    assert replace(guarded, asked_reason="no reason given").asked_words == "dashboard"
    assert replace(guarded, asked_reason="news").asked_words == "dashboard: news"
    assert replace(guarded, asked_by="ann (cli)").asked_words == "ann (cli)"


def test_a_position_without_a_stop_and_dust_say_so() -> None:
    desk = fake_desk()
    incident = Incident("unprotected:BTCUSDT", "BTCUSDT takes no stop order", "critical", START)
    desk.reads.stored = replace(desk.reads.stored, incidents=(incident,))
    told = shown(desk)
    assert "✕ unprotected" in told
    assert "Without a stop 1 BTCUSDT" in told
    assert "✕ BTCUSDT takes no stop order" in told

    with_dust(desk)
    told = shown(desk)
    # 0.63 USDT are held: in the amounts, and in a table of their own
    assert "Open positions 0 and 1 of dust" in told
    assert "Worth 0.63 USDT 0.01 % of equity, 0.63 of it dust, at the newest price" in told
    assert "Without a stop 0" in told
    assert tables(positions.everything(desk)) == ["positions-dust"]
    assert "Close" not in told


@pytest.mark.parametrize(
    ("stop", "told"),
    [(Decimal(61000), "61,000.00 −1.61 % ✕ unprotected"), (None, "✕ unprotected")],
)
def test_a_stop_that_only_the_trader_watches_is_told_alike_wherever_it_is_shown(
    stop: Decimal | None, told: str
) -> None:
    position = fake_desk().reads.position_rows[0]
    guard = Protection(
        "BTCUSDT",
        position.quantity,
        Decimal(62000),
        (),
        alarm="BTCUSDT takes no stop order",
        watched_stop=stop,
    )
    held = Holding(position, guard)
    assert text(stop_cell(held)) == told
    assert text(stop_cell(held, in_full=True)) == told.replace(" % ", " % (−1,000.00) ")


def test_an_empty_database_says_what_to_do() -> None:
    told = shown(fake_desk(empty=True))
    assert "No position is open." in told
    assert "STOP_LOSS_SHARE" in told


def test_closing_says_what_is_sold_for_about_how_much_and_is_one_command(stage: Stage) -> None:
    asked = stage.ask("close-position")
    assert asked["grave"] is True
    assert asked["text"].startswith(
        "Sell 0.01598 BTC at market, about 998.74 USDT. At 62,499.50 USDT that is −0.85 USDT (−0.08 %) on what"
    )
    assert "0.000004 BTC is too little to be sold and stays" in asked["text"]

    stage.send(asked, "enough")
    (command,) = stage.desk.state.commands.values()
    assert command.kind is CommandKind.WORKFLOW
    assert command.arguments == {
        "symbol": "BTCUSDT",
        "side": Side.SELL.value,
        "quantity": "0.01598",
        "at_most": "true",
    }
    assert (command.idempotency_key, command.reason, command.actor) == (asked["key"], "enough", "dashboard")


def with_rules(stage: Stage, **rules: Any) -> None:
    seen = stage.desk.market_reads.seen["BTCUSDT"]
    stage.desk.market_reads.seen["BTCUSDT"] = replace(seen, rules=replace(rules_of("BTCUSDT"), **rules))


def test_what_is_too_much_for_one_order_stays_with_its_protection(stage: Stage) -> None:
    with_rules(stage, market_max_quantity=Decimal("0.01"))
    asked = stage.ask("close-position")
    assert asked["title"] == "Sell as much of BTCUSDT as one order takes?"
    assert asked["text"].startswith("Sell 0.01 BTC at market, about 625.00 USDT.")
    assert (
        "One order takes no more than that: 0.005984 BTC stays, with its protection. Close again to sell on."
        in asked["text"]
    )
    assert "too little" not in asked["text"]
    assert "end with it" not in asked["text"]

    stage.send(asked)
    (command,) = stage.desk.state.commands.values()
    assert (command.arguments["quantity"], command.arguments["at_most"]) == ("0.01", "true")


def test_what_the_exchange_would_refuse_is_not_asked_for(stage: Stage) -> None:
    with_rules(stage, max_notional=Decimal(500), max_notional_for_market=True)
    assert "NOTIONAL: 0.01598" in stage.ask("close-position")["problem"]
    with_rules(stage, trading=False)
    assert "not open for trading" in stage.ask("close-position")["problem"]
    assert stage.desk.state.commands == {}


def test_a_part_is_asked_for_first_and_refused_in_words(stage: Stage) -> None:
    (field,) = stage.ask("sell-part")["fields"]
    assert (field["value"], field["hint"]) == (
        "0.00799",
        "held: 0.015984; a half: 0.00799; a quarter: 0.00399",
    )
    assert stage.ask("sell-part", quantity="1")["problem"] == "only 0.015984 BTC is held"
    assert "LOT_SIZE" in stage.ask("sell-part", quantity="0.0000001")["problem"]
    assert "expected a number" in stage.ask("sell-part", quantity="1,5")["problem"]
    assert "how much" in stage.ask("sell-part", quantity="")["problem"]
    asked = stage.ask("sell-part", quantity="0.01")
    assert asked["text"].startswith("Sell 0.01 BTC at market, about 625.00 USDT.")
    assert asked["text"].endswith("0.005984 BTC stays, with its protection.")
    dust = stage.ask("sell-part", quantity="0.01595")["text"]
    assert dust.endswith("rest at the exchange end with it. 0.000034 BTC is too little to be sold and stays.")
    with_rules(stage, step_size=Decimal("0.000001"), market_step_size=Decimal("0.000001"))
    whole = stage.ask("sell-part", quantity="0.015984")["text"]
    assert whole.endswith("The stop and target that rest at the exchange end with it.")

    stage.send(asked)
    (command,) = stage.desk.state.commands.values()
    assert command.arguments == {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01"}


def test_moving_a_stop_says_where_from_where_to_and_what_it_would_bring(stage: Stage) -> None:
    fields = stage.ask("move-protection")["fields"]
    assert [field["hint"] for field in fields] == [
        "now 61,000.00, −2.95 % from the price; empty: stays as it is",
        "now 64,000.00, +1.82 % from the price; empty: stays as it is",
    ]
    assert "a stop, a target" in stage.ask("move-protection", stop="", target="")["problem"]
    assert "below the price" in stage.ask("move-protection", stop="62499.5")["problem"]
    assert "smallest price" in stage.ask("move-protection", stop="0.001")["problem"]
    assert "above the price" in stage.ask("move-protection", target="62000")["problem"]
    asked = stage.ask("move-protection", stop="62000", target="")
    assert asked["text"].startswith(
        "Move the stop from 61,000.00 to 62,000.00 USDT (−0.80 % from the price); reached, it sells 0.015984 BTC,"
        " −8.83 USDT (−0.88 %) on what it cost."
    )
    assert (
        "At the exchange the stop rests alone from then on: the target leaves it, and 64,000.00 is watched by the"
        " trader, which sells there only while it runs." in asked["text"]
    )

    stage.send(asked, "news")
    (command,) = stage.desk.state.commands.values()
    assert command.kind is CommandKind.PROTECT
    assert command.arguments == {"symbol": "BTCUSDT", "stop_price": "62000"}


def test_moving_says_where_the_target_is_from_then_on(stage: Stage) -> None:
    leaves = "the stop rests alone from then on: the target leaves it, and 65,000.00 is watched by the trader"
    assert leaves in stage.ask("move-protection", target="65000")["text"]

    stop, target, *others = stage.desk.reads.order_rows
    stage.desk.reads.order_rows = (stop, *others)
    assert (
        "The target does not rest at the exchange: 65,000.00 is watched"
        in (stage.ask("move-protection", target="65000")["text"])
    )
    assert "target" not in stage.ask("move-protection", stop="61500")["text"]

    stage.desk.reads.order_rows = (target, *others)
    assert "exchange" not in stage.ask("move-protection", target="65000")["text"]
    assert "the target leaves it, and 64,000.00" in stage.ask("move-protection", stop="61500")["text"]

    stage.desk.reads.order_rows = tuple(others)
    assert "exchange" not in stage.ask("move-protection", stop="61500", target="65000")["text"]


def test_levels_are_said_to_the_last_digit_on_the_exchanges_steps_as_they_are_sent(stage: Stage) -> None:
    asked = stage.ask("move-protection", stop="61500.559", target="63000.551")
    assert "to 61,500.55 USDT" in asked["text"]
    assert "to 63,000.56 USDT" in asked["text"]

    stage.send(asked)
    (command,) = stage.desk.state.commands.values()
    assert command.arguments == {"symbol": "BTCUSDT", "stop_price": "61500.55", "target_price": "63000.56"}


def test_levels_are_said_as_they_were_typed_where_the_steps_are_not_known(stage: Stage) -> None:
    stage.desk.market_reads.seen.clear()
    asked = stage.ask("move-protection", stop="1061500.5559")
    assert "to 1,061,500.5559 USDT" in asked["text"]

    stage.send(asked)
    (command,) = stage.desk.state.commands.values()
    assert command.arguments == {"symbol": "BTCUSDT", "stop_price": "1061500.5559"}


def test_asked_levels_can_be_taken_back(stage: Stage) -> None:
    assert "nobody asked" in stage.ask("protection-to-settings")["problem"]
    asked_levels(stage.desk)
    session = stage.desk.reads.stored.session
    assert session is not None
    settings = {"STOP_LOSS_SHARE": "0.02", "TAKE_PROFIT_SHARE": "0.04"}
    stage.desk.reads.stored = replace(stage.desk.reads.stored, session=replace(session, settings=settings))
    asked = stage.ask("protection-to-settings")
    assert asked["text"] == (
        "The stop at 61,500.00 that ann (cli) asked for no longer holds. What rests at the exchange moves to the levels"
        " of the settings (STOP_LOSS_SHARE 2.00 %, TAKE_PROFIT_SHARE 4.00 %). One thing is not undone: until this"
        " position is closed the stop rests there alone, and the target is watched by the trader, which sells there only"
        " while it runs."
    )

    stage.send(asked)
    (command,) = stage.desk.state.commands.values()
    assert (command.kind, command.arguments) == (CommandKind.PROTECT, {"symbol": "BTCUSDT"})


@pytest.mark.parametrize(
    ("act", "values"),
    [
        ("close-position", {}),
        ("sell-part", {"quantity": "0.01"}),
        ("move-protection", {"stop": "61500"}),
        ("protection-to-settings", {}),
    ],
)
def test_nothing_is_sent_where_another_quantity_is_held_than_was_said(
    stage: Stage, act: str, values: dict[str, str]
) -> None:
    asked_levels(stage.desk)
    asked = stage.ask(act, **values)
    held = stage.desk.reads.position_rows[0]
    stage.desk.reads.position_rows = (replace(held, quantity=Decimal("0.03"), cost=Decimal(1900)),)

    told = stage.outcome(asked)
    assert told["state"] == "failed"
    assert "what is held was 0.015984 BTC and is 0.03 BTC now" in told["text"]
    assert stage.desk.state.commands == {}


def test_nothing_is_moved_from_a_level_that_was_not_said(stage: Stage) -> None:
    asked = stage.ask("move-protection", stop="61800")
    stage.desk.reads.order_rows = tuple(
        replace(row, stop_price=Decimal(61200)) if row.stop_price else row
        for row in stage.desk.reads.order_rows
    )
    assert "the stop was 61,000 and is 61,200 now" in stage.outcome(asked)["text"]
    assert stage.desk.state.commands == {}


@pytest.mark.parametrize("act", ["close-position", "sell-part", "move-protection", "protection-to-settings"])
def test_a_halted_trader_and_nothing_held_are_said_before_anything_is_sent(stage: Stage, act: str) -> None:
    held = stage.desk.reads.position_rows
    stage.desk.reads.position_rows = ()
    assert stage.ask(act)["problem"] == "nothing of BTCUSDT is held any more"
    stage.desk.reads.position_rows = held
    stage.desk.steering.halt("drill", actor="cli:ana")
    assert "halted by cli:ana (drill)" in stage.ask(act)["problem"]
    assert stage.desk.state.commands == {}


def test_what_the_exchange_takes_is_not_guessed(stage: Stage) -> None:
    stage.desk.market_reads.seen.clear()
    assert "sell a part" in stage.ask("close-position")["problem"]


def test_what_is_too_little_is_not_closed(stage: Stage) -> None:
    held = stage.desk.reads.position_rows[0]
    stage.desk.reads.position_rows = (replace(held, quantity=Decimal("0.00004")),)
    assert "too little to be sold" in stage.ask("close-position")["problem"]

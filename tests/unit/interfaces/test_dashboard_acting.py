"""Acts of the dashboard: words first, one act a dialog, its outcome told."""

import threading
import time
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from binance_trade_agent.domain.acts import AuditRow
from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.records import Incident
from binance_trade_agent.interfaces.dashboard import steering_acts
from binance_trade_agent.interfaces.dashboard.acting import Act, Acting, Doing, Field, Told, Wish, Words
from binance_trade_agent.interfaces.desks import Desk, DeskDoor
from tests.fakes import START, FakeClock, FakeDesk, done, fake_desk
from tests.unit.interfaces.test_dashboard_overview import with_dust


class Stage:
    """A server with the acts of steering and one that waits until it may."""

    def __init__(self) -> None:
        self.desk: FakeDesk = fake_desk()
        self.clock = FakeClock()
        self.may_go = threading.Event()
        self.done: list[Doing] = []
        self.client: FlaskClient = self.started()

    def started(self) -> FlaskClient:
        """What a process answers that has just started."""
        acts = (*steering_acts.ALL, Act("slow", self._words, self._do, self._fields))
        server = Flask("acts")
        Acting(DeskDoor(lambda: self.desk), {act.name: act for act in acts}, self.clock.monotonic).install(
            server
        )
        return server.test_client()

    def _words(self, desk: Desk, wish: Wish) -> Words:
        if wish.values["price"] != "1":
            raise ConfigurationError("the price must be 1")
        return Words("Slow?", f"Moves {wish.target} to {wish.values['price']}.", "Move")

    def _fields(self, desk: Desk, wish: Wish) -> tuple[Field, ...]:
        return (Field("price", "Price", "2", kind="decimal"),)

    def _do(self, doing: Doing) -> Told:
        self.may_go.wait(60)
        self.done.append(doing)
        return Told(True, "moved")

    def ask(self, act: str, target: str = "", **values: str) -> Any:
        body: dict[str, Any] = {"act": act, "target": target}
        return self.client.post("/acts/ask", json=body | ({"values": values} if values else {})).get_json()

    def send(self, key: str, **more: str) -> int:
        return self.client.post("/acts/do", json={"key": key, **more}).status_code

    def outcome(self, key: str) -> dict[str, str]:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            answer: dict[str, str] = self.client.get(f"/acts/{key}").get_json()
            if answer.get("state") != "working":
                return answer
        raise AssertionError("no outcome")


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_pause_and_a_resume_say_how_they_ended(stage: Stage) -> None:
    asked = stage.ask("pause")
    assert asked["title"] == "Pause trading?"
    assert stage.send(asked["key"], reason="  news  ") == 202
    assert stage.outcome(asked["key"])["text"].startswith("Paused")
    assert (stage.desk.state.snapshot.reason, stage.desk.state.snapshot.actor) == ("news", "dashboard")

    asked = stage.ask("resume")
    stage.send(asked["key"])
    assert stage.outcome(asked["key"])["text"].startswith("Resumed")
    assert stage.desk.state.snapshot.state is TradingState.RUNNING


@pytest.mark.parametrize(("act", "word"), [("pause", ""), ("halt", "HALT")])
def test_what_rests_to_be_bought_is_named_before_it_is_cancelled(stage: Stage, act: str, word: str) -> None:
    reads = stage.desk.reads
    resting = replace(
        reads.order_rows[0],
        side="BUY",
        purpose="entry",
        status="OPEN",
        symbol="ETHUSDT",
        price=Decimal("2800.00"),
    )
    reads.order_rows = (replace(resting, quantity=Decimal("0.20"), executed=Decimal(0)),)
    named = "The next cycle cancels what rests to be bought: BUY 0.2 ETHUSDT at 2800."
    asked = stage.ask(act)
    assert named in asked["text"]
    stage.send(asked["key"], typed=word)
    assert named in stage.outcome(asked["key"])["text"]


def test_a_resume_where_no_trader_runs_says_so(stage: Stage) -> None:
    stage.desk.lease.held = False
    stage.desk.programs.stop(actor="ann", channel="cli")
    asked = stage.ask("resume")
    stage.send(asked["key"])
    assert stage.outcome(asked["key"])["text"].endswith(
        "from the next cycle on. But no trader runs, autonomous_trader is STOPPED: `binance-trade-agent start` starts it."
    )


def test_a_resume_does_not_fail_for_its_footnote(stage: Stage) -> None:
    stage.desk.lease.broken = "no more connections"
    asked = stage.ask("resume")
    stage.send(asked["key"])
    assert stage.outcome(asked["key"])["text"] == "Resumed: entries are allowed from the next cycle on."


def test_a_pause_of_a_halted_trader_says_that_nothing_changed(stage: Stage) -> None:
    stage.desk.steering.halt("drill", actor="cli:ana")
    asked = stage.ask("pause")
    stage.send(asked["key"])

    assert stage.outcome(asked["key"]) == {
        "state": "failed",
        "text": "Nothing was changed: the state is HALTED, set by cli:ana.",
    }


def test_a_resume_after_a_halt_says_what_it_means(stage: Stage) -> None:
    stage.desk.steering.halt("drill", actor="cli:ana")
    asked = stage.ask("resume")
    assert "halted by cli:ana: drill" in asked["text"]
    assert asked["grave"] is True


@pytest.mark.parametrize(("act", "word"), [("halt", "HALT"), ("flatten", "FLATTEN")])
def test_halt_and_flatten_want_their_word_typed(stage: Stage, act: str, word: str) -> None:
    asked = stage.ask(act)
    assert asked["typed"] == word
    for wrong in ("", "yes", word[:-1]):
        assert stage.send(asked["key"], typed=wrong) == 409
    assert stage.desk.state.history == []
    assert stage.desk.state.commands == {}

    stage.desk.state.answer = done("sold")
    assert stage.send(asked["key"], typed=word.lower()) == 202
    assert stage.outcome(asked["key"])["state"] == "done"


def test_flatten_says_what_it_would_sell_and_is_one_command(stage: Stage) -> None:
    stage.desk.state.answer = done("everything is sold")
    asked = stage.ask("flatten")
    assert asked["text"].startswith("Sell 0.015984 BTC, about 1,004.68 USDT at market.")

    for _ in range(3):
        assert stage.send(asked["key"], typed="FLATTEN", reason="fire") == 202
    assert stage.outcome(asked["key"]) == {"state": "done", "text": "everything is sold"}
    (command,) = stage.desk.state.commands.values()
    assert (command.idempotency_key, command.channel, command.reason) == (asked["key"], "dashboard", "fire")


def test_flatten_promises_no_sale_of_what_is_too_little(stage: Stage) -> None:
    with_dust(stage.desk)
    assert stage.ask("flatten")["text"] == (
        "Nothing that can be sold is held. Our open entries are cancelled first; afterwards trading is halted until"
        " somebody resumes. Too little to be sold, so it is kept: 0.00001 BTC."
    )


def test_each_dialog_has_a_key_of_its_own(stage: Stage) -> None:
    assert stage.ask("pause")["key"] != stage.ask("pause")["key"]


def test_fields_are_asked_for_first_and_refused_in_words(stage: Stage) -> None:
    assert stage.ask("slow", "BTCUSDT")["fields"][0] | {} == {
        "name": "price",
        "label": "Price",
        "value": "2",
        "hint": "",
        "kind": "decimal",
        "choices": [],
    }
    assert stage.ask("slow", "BTCUSDT", price="2") == {"problem": "the price must be 1"}
    assert stage.ask("slow", "BTCUSDT", price="1")["text"] == "Moves BTCUSDT to 1."


def test_a_slow_act_holds_nothing_up_and_is_done_once(stage: Stage) -> None:
    key = stage.ask("slow", "BTCUSDT", price="1")["key"]
    assert [stage.send(key) for _ in range(3)] == [202, 202, 202]
    assert stage.client.get(f"/acts/{key}").get_json() == {"state": "working"}
    other = stage.ask("pause")["key"]
    stage.send(other)
    assert stage.outcome(other)["state"] == "done"

    stage.may_go.set()
    assert stage.outcome(key) == {"state": "done", "text": "moved"}
    assert [(doing.wish.target, doing.key, doing.reason) for doing in stage.done] == [
        ("BTCUSDT", key, "no reason given")
    ]


def test_an_old_question_an_unknown_key_and_an_unknown_act_do_nothing(stage: Stage) -> None:
    key = stage.ask("pause")["key"]
    stage.clock.advance(181)
    assert stage.send(key) == 410
    assert stage.send("dashboard-guess") == 410
    assert stage.client.get("/acts/dashboard-guess").status_code == 404
    assert stage.client.post("/acts/ask", json={"act": "sell_it_all"}).status_code == 404
    assert stage.client.post("/acts/ask", data=b"[]", content_type="application/json").status_code == 404
    assert stage.desk.state.history == []


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ("done", {"state": "done", "text": "trade, asked for at 2026-05-04 09:30:00 UTC: done: sold"}),
        ("failed", {"state": "failed", "text": "trade, asked for at 2026-05-04 09:30:00 UTC: failed: sold"}),
        (None, {"state": "working"}),
    ],
)
def test_a_dashboard_that_was_restarted_tells_the_outcome_from_the_audit(
    stage: Stage, outcome: str | None, told: dict[str, str]
) -> None:
    key = stage.ask("slow", "BTCUSDT", price="1")["key"]
    stage.may_go.set()
    stage.send(key)
    stage.outcome(key)
    stage.desk.reads.audit_rows = (kept(key, outcome),)

    stage.client = stage.started()
    assert stage.send(key) == 202
    assert stage.client.get(f"/acts/{key}").get_json() == told
    assert len(stage.done) == 1


def kept(key: str, outcome: str | None) -> AuditRow:
    answer = "sold" if outcome else None
    return AuditRow(
        1, START, "dashboard", "dashboard", "trade", "why", None, None, key, outcome, answer, None
    )


def test_what_nobody_finishes_is_not_told_as_on_its_way_for_ever(stage: Stage) -> None:
    stage.desk.reads.audit_rows = (kept("dashboard-1", None),)
    stage.desk.clock.advance(301)
    told = stage.client.get("/acts/dashboard-1").get_json()
    assert told["state"] == "failed"
    assert told["text"].endswith("how it ended is not known yet; see Audit before asking again")


def test_a_key_that_nothing_knows_and_an_audit_that_cannot_be_read_do_not_say_that_nothing_was_done(
    stage: Stage,
) -> None:
    answers = [
        stage.client.post("/acts/do", json={"key": "dashboard-1"}),
        stage.client.get("/acts/dashboard-1"),
    ]
    assert [answer.status_code for answer in answers] == [410, 404]
    unknown = "whether this was done is not known here any more: see Audit before asking again"
    assert [answer.get_json()["problem"] for answer in answers] == [unknown, unknown]

    stage.desk.reads.broken = "database is locked"
    answers = [
        stage.client.post("/acts/do", json={"key": "dashboard-1"}),
        stage.client.get("/acts/dashboard-1"),
    ]
    assert [answer.status_code for answer in answers] == [503, 503]
    assert all("database is locked" in answer.get_json()["problem"] for answer in answers)


def test_a_question_that_was_not_confirmed_has_no_outcome(stage: Stage) -> None:
    key = stage.ask("pause")["key"]
    assert "nothing was done" in stage.client.get(f"/acts/{key}").get_json()["problem"]


def test_a_resume_asked_of_a_pause_does_not_lift_a_halt_that_came_since(stage: Stage) -> None:
    stage.desk.steering.pause("news", actor="cli:ana")
    asked = stage.ask("resume")
    stage.desk.steering.halt("fire", actor="cli:ben")
    stage.send(asked["key"])

    told = stage.outcome(asked["key"])
    assert told["state"] == "failed"
    assert "the state was PAUSED and is HALTED now; set by was cli:ana and is cli:ben now" in told["text"]
    assert stage.desk.state.snapshot.state is TradingState.HALTED


def test_a_resume_is_one_of_the_state_it_was_asked_of_alone(stage: Stage) -> None:
    stage.desk.steering.halt("fire", actor="cli:ben")
    told = steering_acts.RESUME.do(Doing(stage.desk, Wish(), "k", "why", {"the state": "PAUSED"}))
    assert told == Told(False, "Nothing was changed: the state is HALTED, set by cli:ben.")
    assert stage.desk.state.snapshot.state is TradingState.HALTED


def test_a_resume_says_that_it_withdraws_a_flatten_and_withdraws_none_it_did_not_name(stage: Stage) -> None:
    stage.desk.steering.pause("news", actor="cli:ana")
    blind = stage.ask("resume")
    flatten = Incident("flatten", "a flatten by ann has not ended since 09:30", "warning", START)
    stage.desk.reads.stored = replace(stage.desk.reads.stored, incidents=(flatten,))
    stage.send(blind["key"])
    assert "a flatten was not on its way and is a flatten by ann" in stage.outcome(blind["key"])["text"]
    assert stage.desk.state.snapshot.state is TradingState.PAUSED

    asked = stage.ask("resume")
    assert "a flatten by ann has not ended since 09:30; it is withdrawn" in asked["text"]
    stage.send(asked["key"])
    assert stage.outcome(asked["key"])["state"] == "done"


def test_pause_and_halt_are_never_held_up_by_other_acts(stage: Stage) -> None:
    for _ in range(16):
        assert stage.send(stage.ask("slow", price="1")["key"]) == 202
    assert stage.send(stage.ask("slow", price="1")["key"]) == 409
    assert stage.send(stage.ask("flatten")["key"], typed="FLATTEN") == 409
    assert stage.send(stage.ask("pause")["key"]) == 202
    halt = stage.ask("halt")["key"]
    assert stage.send(halt, typed="HALT") == 202
    assert stage.outcome(halt)["state"] == "done"
    stage.may_go.set()


def test_an_act_on_its_way_is_never_forgotten(stage: Stage) -> None:
    key = stage.ask("slow", "BTCUSDT", price="1")["key"]
    stage.send(key)
    stage.clock.advance(901)
    for _ in range(501):
        stage.ask("pause")
    assert stage.send(key) == 202
    assert stage.client.get(f"/acts/{key}").get_json() == {"state": "working"}
    stage.may_go.set()
    assert stage.outcome(key) == {"state": "done", "text": "moved"}


def test_a_database_that_cannot_be_read_is_told(stage: Stage) -> None:
    stage.desk.reads.broken = "database is locked"
    assert stage.ask("flatten") == {"problem": "database is locked"}

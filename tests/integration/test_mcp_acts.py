"""What tokens may do: tiers of halt and resume, caps, confirmations of acts on real money, pace, ends."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from binance_trade_agent.bootstrap.tokens import TokenFile
from binance_trade_agent.domain.caps import AskedOrder, use_of
from binance_trade_agent.domain.grants import Caps, Grant, Tier
from binance_trade_agent.interfaces.mcp_server.access import TokenTable
from binance_trade_agent.interfaces.mcp_server.confirmations import Confirmations
from binance_trade_agent.interfaces.mcp_server.pace import Pace
from tests.fakes import FakeClock, FakeDesk, done, fake_desk
from tests.mcp_calls import (
    CONTROL_TOKEN,
    PING,
    READ_TOKEN,
    TABLE,
    TRADE_TOKEN,
    Served,
    bearer,
    call,
    over_http,
    refused,
    serving,
    toolbox,
)

CAPPED = "k" * 32
CAPPED_TABLE = TokenTable({CAPPED: Grant("capped", Tier.TRADE, Caps(2, Decimal(2000)))})
TRADE = "execute_trading_workflow"


@pytest.fixture
def served() -> Iterator[Served]:
    with serving(fake_desk(), TABLE) as server:
        yield server


@pytest.fixture
def capped() -> Iterator[Served]:
    desk = fake_desk()
    desk.state.answer = done("bought")
    with serving(desk, CAPPED_TABLE) as server:
        yield server


async def test_a_controlling_token_halts_but_does_not_lift_a_halt(served: Served) -> None:
    assert (await over_http(served, READ_TOKEN, "halt_trading", reason="x"))[1].startswith("FORBIDDEN: ")
    failed, halted = await over_http(served, CONTROL_TOKEN, "halt_trading", reason="storm")
    assert (failed, halted["state"], halted["actor"]) == (False, "HALTED", "mcp:steerer")

    failed, text = await over_http(served, CONTROL_TOKEN, "resume_trading", reason="over")
    assert failed
    assert text.startswith(
        "FORBIDDEN: trading is HALTED (storm): lifting that needs a token of the tier trade"
    )
    assert served.desk.state.snapshot.state == "HALTED"

    failed, resumed = await over_http(served, TRADE_TOKEN, "resume_trading", reason="over")
    assert (failed, resumed["state"]) == (False, "RUNNING")


async def test_a_controlling_token_lifts_a_pause(served: Served) -> None:
    await over_http(served, CONTROL_TOKEN, "pause_trading", reason="news")
    failed, resumed = await over_http(served, CONTROL_TOKEN, "resume_trading", reason="no news")

    assert (failed, resumed["state"]) == (False, "RUNNING")


def settled(key: str, quote: str) -> AskedOrder:
    return AskedOrder(
        key, "BTCUSDT", Decimal("0.01"), has_order=True, is_settled=True, quote_executed=Decimal(quote)
    )


def under_way(key: str, quantity: str | None) -> AskedOrder:
    amount = Decimal(quantity) if quantity else None
    return AskedOrder(key, "BTCUSDT", amount, has_order=False, is_settled=False, quote_executed=Decimal(0))


async def test_orders_a_day_are_capped(capped: Served) -> None:
    await over_http(capped, CAPPED, TRADE, symbol="BTCUSDT", quantity="0.001", idempotency_key="a")
    capped.desk.reads.asked["mcp:capped"] = (settled("a", "10"), under_way("b", "0.001"))

    failed, text = await over_http(capped, CAPPED, TRADE, symbol="BTCUSDT", quantity="0.001")

    assert failed
    assert text == (
        "CAP_REACHED: this token may cause 2 orders a day and has caused 2; it is renewed at 00:00 UTC"
    )
    assert list(capped.desk.state.commands) == ["a"]
    repeated = await over_http(capped, CAPPED, TRADE, symbol="BTCUSDT", quantity="0.001", idempotency_key="a")
    assert repeated[0] is False


async def test_the_amount_a_day_is_capped_by_what_traded_and_what_is_under_way(capped: Served) -> None:
    capped.desk.reads.asked["mcp:capped"] = (settled("a", "1200.5"),)

    failed, text = await over_http(capped, CAPPED, TRADE, symbol="BTCUSDT", quantity="0.02")
    assert failed
    assert "CAP_REACHED: this token may trade 2000 of quote currency a day; 799.5 is left" in text
    assert "about 1257.108" in text

    assert (await over_http(capped, CAPPED, TRADE, symbol="BTCUSDT", quantity="0.01"))[0] is False
    assert len(capped.desk.state.commands) == 1


@pytest.mark.parametrize(
    ("asked", "arguments", "text"),
    [
        ((), {}, "BAD_ARGUMENT: quantity: this token's amount a day is capped"),
        ((), {"quantity": "1", "symbol": "DOGEUSDT"}, "CAP_REACHED: no price of the symbol is known"),
        (
            (under_way("a", None),),
            {"quantity": "0.001"},
            "CAP_REACHED: an earlier order of this token is under way",
        ),
    ],
)
async def test_what_cannot_be_valued_is_refused(
    capped: Served, asked: tuple[AskedOrder, ...], arguments: dict[str, str], text: str
) -> None:
    capped.desk.reads.asked["mcp:capped"] = asked

    failed, said = await over_http(capped, CAPPED, TRADE, **{"symbol": "BTCUSDT", **arguments})

    assert failed
    assert said.startswith(text)
    assert capped.desk.state.commands == {}


def test_use_counts_what_may_still_trade_in_full() -> None:
    half = AskedOrder(
        "h", "BTCUSDT", Decimal(2), has_order=True, is_settled=False, quote_executed=Decimal(70)
    )
    none = AskedOrder("n", "BTCUSDT", None, has_order=False, is_settled=True, quote_executed=Decimal(0))

    use = use_of((settled("a", "10"), half, none), lambda _: Decimal(50))

    assert (use.orders, use.quote) == (2, Decimal(110))


def live(desk: FakeDesk) -> Confirmations:
    desk.state.answer = done("bought")
    return Confirmations(desk.clock.monotonic)


async def test_real_money_is_asked_for_twice_and_traded_once() -> None:
    desk = fake_desk(mode="live")
    box = toolbox(desk, confirmations=live(desk))

    first = await call(box, TRADE, symbol="btcusdt", quantity="0.01", side="BUY")
    assert first["text"].startswith(
        "Nothing was done yet. This trades real money: Buy 0.01 BTC at market, about "
    )
    assert (first["finished_at"], desk.state.commands) == (None, {})

    code = first["confirmation"]
    for _ in range(2):
        second = await call(box, TRADE, symbol="BTCUSDT", quantity="0.01", side="BUY", confirmation=code)
        assert (second["text"].split(": ")[-1], second["idempotency_key"]) == (
            "bought",
            first["idempotency_key"],
        )
    assert len(desk.state.commands) == 1


async def test_a_code_is_bound_to_its_arguments_and_ends() -> None:
    desk = fake_desk(mode="live")
    box = toolbox(desk, confirmations=live(desk))
    code = (await call(box, TRADE, symbol="BTCUSDT", quantity="0.01"))["confirmation"]

    for other in (
        {"quantity": "0.02"},
        {"quantity": "0.01", "side": "BUY"},
        {"quantity": "0.01", "symbol": "ETHUSDT"},
        {"quantity": "0.01", "idempotency_key": "mine"},
        {},
    ):
        text = await refused(box, TRADE, **{"symbol": "BTCUSDT", "confirmation": code, **other})
        assert text.startswith("CONFIRMATION_INVALID: ")
    desk.clock.advance(121)
    late = await refused(box, TRADE, symbol="BTCUSDT", quantity="0.01", confirmation=code)
    assert late.startswith("CONFIRMATION_INVALID: ")
    assert desk.state.commands == {}


def test_a_code_is_bound_to_its_token() -> None:
    codes = Confirmations(FakeClock().monotonic)
    code = codes.ask("a", "act", "key")

    assert codes.key("b", "act", code) is None
    assert codes.key("a", "act", code) == "key"


async def test_a_code_where_none_is_asked_for_does_nothing() -> None:
    desk = fake_desk()
    text = await refused(desk, TRADE, symbol="BTCUSDT", confirmation="abc")

    assert text.startswith("CONFIRMATION_INVALID: ")
    assert desk.state.commands == {}


def test_pace_counts_a_minute_for_each_token() -> None:
    clock = FakeClock()
    pace = Pace(2, clock.monotonic)

    assert [pace.wait_s("a"), pace.wait_s("a"), pace.wait_s("b")] == [None, None, None]
    clock.advance(20)
    assert pace.wait_s("a") == 40
    clock.advance(40)
    assert pace.wait_s("a") is None


async def test_too_many_calls_are_told_to_wait() -> None:
    with serving(fake_desk(), TABLE, calls_per_minute=2) as server:
        answers = [await over_http(server, READ_TOKEN, "get_orders") for _ in range(3)]
        other = await over_http(server, TRADE_TOKEN, "get_orders")

    assert [failed for failed, _ in answers] == [False, False, True]
    assert answers[2][1].startswith("RATE_LIMITED: more than 2 calls in a minute; wait ")
    assert other[0] is False


def test_a_token_counts_from_its_making_to_its_end_without_a_restart(tmp_path: Path) -> None:
    now = datetime(2026, 5, 4, tzinfo=UTC)
    clock = FakeClock(now)
    path = tmp_path / "secrets" / "mcp_tokens.json"
    table = TokenTable({}, stored=TokenFile(path, clock.now).tokens, now=clock.now)
    with serving(fake_desk(), table) as server:

        def status(token: str) -> tuple[int, str]:
            answer = httpx.post(f"{server.url}/mcp", json=PING, headers=bearer(token), timeout=60)
            return answer.status_code, answer.text

        maker = TokenFile(path, clock.now)
        token = maker.create("claude", Tier.READ, Caps(), 1)
        short = maker.create("short", Tier.READ, Caps(), None)
        assert status(token)[0] == status(short)[0] == 400  # let in: no MCP session was begun

        maker.revoke("short")
        assert status(short) == (
            401,
            '{"error":"invalid_token","error_description":'
            '"the token short was revoked at 2026-05-04 00:00 UTC; ask the operator for another"}',
        )
        clock.time += timedelta(days=1)
        assert status(token)[0] == 401
        assert "the token claude expired at 2026-05-05 00:00 UTC" in status(token)[1]

        path.write_text("not json")
        assert status(token)[0] == 401


async def test_a_flatten_is_a_command_of_its_own_and_asked_for_twice_in_live_mode() -> None:
    desk = fake_desk()
    desk.state.answer = done("sold 0.016 BTC; halted")
    answer = await call(desk, "flatten_positions", reason="storm", idempotency_key="f1")
    assert answer["text"] == "sold 0.016 BTC; halted"
    command = desk.state.commands["f1"]
    assert (command.kind, command.actor, command.reason) == ("flatten", "mcp:local", "storm")

    desk = fake_desk(mode="live")
    box = toolbox(desk, confirmations=live(desk))
    first = await call(box, "flatten_positions", reason="storm")
    assert "Sell all that the trader bought (" in first["text"]
    assert desk.state.commands == {}
    await call(box, "flatten_positions", reason="storm", confirmation=first["confirmation"])
    assert len(desk.state.commands) == 1


async def test_a_controlling_token_cancels_but_does_not_flatten(served: Served) -> None:
    served.desk.state.answer = done("cancelled")

    failed, answer = await over_http(
        served, CONTROL_TOKEN, "cancel_order", client_order_id="bta-1", reason="stale"
    )
    assert (failed, answer["text"]) == (False, "cancelled")
    (command,) = served.desk.state.commands.values()
    assert (command.kind, command.arguments) == ("cancel", {"client_order_id": "bta-1"})
    text = (await over_http(served, CONTROL_TOKEN, "flatten_positions", reason="x"))[1]
    assert text.startswith("FORBIDDEN: flatten_positions needs a token of the tier trade")

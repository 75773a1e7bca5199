"""The question before an act on real money: asked of the client's user in both protocol eras, answered in every way."""

from collections.abc import Callable
from typing import Any

import pytest
from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp.types import CallToolResult, ElicitRequestParams, ElicitResult, TextContent

from binance_trade_agent.interfaces.mcp_server.confirmations import Confirmations
from tests.fakes import FakeDesk, done, fake_desk
from tests.mcp_calls import TABLE, TRADE_TOKEN, Served, bearer, serving

ERAS = ("legacy", "2026-07-28")
ORDER = {"symbol": "BTCUSDT", "quantity": "0.01", "side": "BUY"}
Answer = Callable[[Any, ElicitRequestParams], Any]


@pytest.fixture
def desk() -> FakeDesk:
    desk = fake_desk(mode="live")
    desk.state.answer = done("bought")
    return desk


def answering(result: ElicitResult, questions: list[str]) -> Answer:
    async def answer(_: Any, asked: ElicitRequestParams) -> ElicitResult:
        questions.append(asked.message)
        return result

    return answer


async def ask(
    served: Served, era: str, answer: Answer | None, tool: str = "execute_trading_workflow", **arguments: Any
) -> CallToolResult:
    async with (
        create_mcp_http_client(headers=bearer(TRADE_TOKEN)) as http,
        Client(
            streamable_http_client(f"{served.url}/mcp", http_client=http),
            mode=era,
            elicitation_callback=answer,
        ) as client,
    ):
        return await client.call_tool(tool, arguments or ORDER)


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_can_ask_its_user_does_and_the_order_is_sent_once(
    desk: FakeDesk, era: str
) -> None:
    questions: list[str] = []
    yes = answering(ElicitResult(action="accept", content={"go_ahead": True}), questions)
    with serving(desk, TABLE, confirmations=Confirmations(desk.clock.monotonic)) as served:
        result = await ask(served, era, yes)

    assert questions == [
        "Buy 0.01 BTC at market, about 628.55 USDT, in LIVE mode. This trades real money. Go ahead?"
    ]
    assert result.structured_content is not None
    assert result.structured_content["text"] == "bought"
    assert len(desk.state.commands) == 1


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (ElicitResult(action="decline"), "DECLINED"),
        (ElicitResult(action="cancel"), "DECLINED"),
        (ElicitResult(action="accept", content={"go_ahead": False}), "DECLINED"),
        (ElicitResult(action="accept", content={"other": "yes"}), "CONFIRMATION_INVALID"),
    ],
)
async def test_without_a_yes_nothing_is_done(
    desk: FakeDesk, era: str, answer: ElicitResult, code: str
) -> None:
    with serving(desk, TABLE, confirmations=Confirmations(desk.clock.monotonic)) as served:
        result = await ask(served, era, answering(answer, []))

    assert result.is_error
    assert text_of(result).startswith(f"{code}: ")
    assert "nothing was done" in text_of(result)
    assert desk.state.commands == {}


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_cannot_ask_gets_a_code(desk: FakeDesk, era: str) -> None:
    with serving(desk, TABLE, confirmations=Confirmations(desk.clock.monotonic)) as served:
        first = (await ask(served, era, None)).structured_content
        assert first is not None
        assert desk.state.commands == {}
        second = await ask(served, era, None, **ORDER, confirmation=first["confirmation"])

    assert not second.is_error
    assert len(desk.state.commands) == 1


@pytest.mark.parametrize("era", ERAS)
async def test_selling_everything_says_what_is_held(desk: FakeDesk, era: str) -> None:
    questions: list[str] = []
    no = answering(ElicitResult(action="decline"), questions)
    with serving(desk, TABLE, confirmations=Confirmations(desk.clock.monotonic)) as served:
        result = await ask(served, era, no, "flatten_positions", reason="storm")

    assert result.is_error
    assert questions[0].startswith("Sell all that the trader bought (0.015984 BTC), about ")


async def test_an_order_that_a_user_takes_too_long_over_is_not_sent(desk: FakeDesk) -> None:
    async def late(_: Any, __: ElicitRequestParams) -> ElicitResult:
        desk.clock.advance(121)
        return ElicitResult(action="accept", content={"go_ahead": True})

    with serving(desk, TABLE, confirmations=Confirmations(desk.clock.monotonic)) as served:
        result = await ask(served, "2026-07-28", late)

    assert text_of(result).startswith("CONFIRMATION_INVALID: ")
    assert desk.state.commands == {}

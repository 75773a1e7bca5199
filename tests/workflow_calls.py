"""Workflow calls made at once: `python -m tests.workflow_calls CALLS` through the desk, or over MCP.

CALLS is a JSON list of calls; each gets one answer.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp.types import TextContent

from binance_trade_agent.bootstrap.desk import Desk, open_desk
from binance_trade_agent.control.steering import CommandTimeout
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.settings import load_settings
from tests.mcp_calls import bearer


@dataclass(frozen=True, slots=True)
class Call:
    """One workflow asked for."""

    symbol: str
    key: str
    quantity: str | None = None
    side: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call: a command's status, or the MCP server's code. Refused over MCP, there are no details."""

    key: str
    status: str
    text: str
    details: dict[str, str]
    repeated: bool


async def through_desk(desk: Desk, calls: Sequence[Call]) -> list[Answer]:
    """All `calls` at once through one desk."""
    return await asyncio.gather(*(_steered(desk, call) for call in calls))


async def over_mcp(url: str, token: str, calls: Sequence[Call], *, clients: int) -> list[Answer]:
    """All `calls` at once, shared out among `clients` clients."""
    shares = (_client_calls(url, token, calls[first::clients]) for first in range(clients))
    return [answer for answers in await asyncio.gather(*shares) for answer in answers]


async def _steered(desk: Desk, call: Call) -> Answer:
    try:
        result = await desk.steering.trade(
            call.symbol,
            Decimal(call.quantity) if call.quantity else None,
            Side(call.side) if call.side else None,
            actor="many",
            channel="test",
            idempotency_key=call.key,
        )
    except CommandTimeout as error:
        return Answer(call.key, "pending", str(error), {}, False)
    except ConfigurationError as error:
        return Answer(call.key, "bad_argument", str(error), {}, False)
    return Answer(call.key, result.status.value, result.text, dict(result.details), result.repeated)


async def _client_calls(url: str, token: str, calls: Sequence[Call]) -> list[Answer]:
    async with (
        create_mcp_http_client(headers=bearer(token)) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        return await asyncio.gather(*(_called(client, call) for call in calls))


async def _called(client: Client, call: Call) -> Answer:
    arguments: dict[str, Any] = {"symbol": call.symbol, "idempotency_key": call.key}
    if call.quantity:
        arguments["quantity"] = call.quantity
    if call.side:
        arguments["side"] = call.side
    result = await client.call_tool("execute_trading_workflow", arguments)
    if result.is_error:
        (content,) = result.content
        assert isinstance(content, TextContent)
        code, _, text = content.text.partition(": ")
        return Answer(call.key, code.lower(), text, {}, text.startswith("already "))
    answer = result.structured_content
    assert answer is not None
    return Answer(call.key, "done", answer["text"], answer["details"], answer["repeated"])


def main(path: str) -> None:
    """Make the calls in the file `path` through a desk of this process; print their answers."""
    calls = [Call(**call) for call in json.loads(Path(path).read_text(encoding="utf-8"))]
    desk = open_desk(load_settings())
    try:
        answers = asyncio.run(through_desk(desk, calls))
    finally:
        desk.close()
    sys.stdout.write(json.dumps([asdict(answer) for answer in answers]))


if __name__ == "__main__":
    main(sys.argv[1])

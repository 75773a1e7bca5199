"""Every tool, the acting ones too, with arguments made from its own schema, on a real database where nobody trades."""

import random
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import TextContent

from binance_trade_agent.bootstrap.clock import SystemClock
from binance_trade_agent.bootstrap.desk import Desk, open_desk
from binance_trade_agent.bootstrap.launched_changes import LaunchedChanges
from binance_trade_agent.bootstrap.log_tail import LogTail
from binance_trade_agent.control.market import MarketNow, MarketReader
from binance_trade_agent.control.steering import Steering
from binance_trade_agent.domain.errors import Unavailable
from binance_trade_agent.interfaces.desks import DeskDoor
from binance_trade_agent.interfaces.mcp_server.refusals import RefusalCode
from binance_trade_agent.interfaces.mcp_server.server import build_server
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox
from binance_trade_agent.settings import load_settings
from binance_trade_agent.storage.control_state import SqlControlState
from binance_trade_agent.storage.market_reads import SqlMarketReads
from tests.fakes import FakeLauncher, FakeLease
from tests.mcp_calls import TABLE

SEED = 20261123
CALLS_OF_A_TOOL = 14
CLEAR = re.compile(
    rf"^({'|'.join(code for code in RefusalCode if code != 'INTERNAL')}): \S.{{5,}}", re.DOTALL
)
INSIDE = re.compile(r"Traceback|File \"|site-packages|pydantic|sqlalchemy|/binance_trade_agent/")
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1e308,
    -1e308,
    10**30,
    "",
    "NaN",
    "Infinity",
    "\x00",
    "' OR 1=1 --",
    [],
    {},
    "x" * 9000,
)
TEXTS = (
    "BTCUSDT",
    "ethusdt",
    "DOGEUSDT",
    "BUY",
    "SELL",
    "0.01",
    "24h",
    "all",
    "last",
    "day",
    "RISK_MAX_SPREAD_BPS",
    "k1",
    "k2",
    "why not",
)


class Maker:
    """Arguments from schemas: inside their bounds, just outside, or nothing of the kind."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def arguments(self, schema: dict[str, Any]) -> dict[str, Any]:
        required = schema.get("required", ())
        made = {
            name: self._value(one, schema.get("$defs", {}))
            for name, one in schema["properties"].items()
            if name in required or self._random.random() < 0.5
        }
        if self._random.random() < 0.05:
            made["nonsense"] = 1
        return made

    def _value(self, schema: dict[str, Any], parts: dict[str, Any]) -> Any:
        pick = self._random
        if pick.random() < 0.12:
            return pick.choice(ODD)
        if "$ref" in schema:
            return self._value(parts[schema["$ref"].rpartition("/")[2]], parts)
        if "enum" in schema:
            return pick.choice(schema["enum"])
        if "anyOf" in schema:
            return self._value(pick.choice(schema["anyOf"]), parts)
        kinds = schema.get("type")
        return self._of_kind(pick.choice(kinds) if isinstance(kinds, list) else kinds, schema, parts)

    def _of_kind(self, kind: str | None, schema: dict[str, Any], parts: dict[str, Any]) -> Any:
        pick = self._random
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
        high = schema.get("maximum", schema.get("exclusiveMaximum", 1000))
        match kind:
            case "integer":
                return pick.choice((low, high, low - 1, high + 1, pick.randint(int(low), int(high))))
            case "number":
                return pick.choice((low, high, 1e-9, pick.uniform(0.001, 5)))
            case "boolean":
                return pick.choice((True, False))
            case "array":
                return [self._value(schema["items"], parts) for _ in range(pick.randint(0, 3))]
            case "null":
                return None
        longest = schema.get("maxLength")
        texts = (*TEXTS, *(("y" * longest, "y" * (longest + 1)) if longest else ()))
        fitting = [text for text in texts if re.search(schema.get("pattern", ""), text)]
        return pick.choice(fitting if fitting and pick.random() < 0.8 else texts)


def out_of_reach(symbol: str) -> MarketNow:
    raise Unavailable(f"nobody answers about {symbol}")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A real desk on an empty book; who launches a trader launches none, and no exchange answers."""
    made = open_desk(load_settings({"DATA_DIR": str(tmp_path), "TRADING_MODE": "simulated"}, tmp_path))
    state = SqlControlState(made.database, made.book)
    yield replace(
        made,
        steering=Steering(state, FakeLease(held=True), FakeLauncher(), SystemClock()),
        market=MarketReader(SqlMarketReads(made.database, made.book), out_of_reach),
    )
    made.close()


async def test_every_tool_answers_whatever_it_is_given_and_nothing_trades(desk: Desk, tmp_path: Path) -> None:
    box = Toolbox(
        DeskDoor(lambda: desk),
        logs=LogTail(tmp_path / "logs"),
        changes=LaunchedChanges((sys.executable, "-c", 'print(\'{"problems": ["RISK_X is no setting"]}\')')),
        patience_s=0.05,
    )
    maker, ends = Maker(SEED), set()
    async with Client(build_server(box, TABLE, calls_per_minute=100_000)) as client:
        for tool in (await client.list_tools()).tools:
            for _ in range(CALLS_OF_A_TOOL):
                arguments = maker.arguments(tool.input_schema)
                result = await client.call_tool(tool.name, arguments)
                told = (tool.name, arguments, result.content)
                if result.is_error:
                    (content,) = result.content
                    assert isinstance(content, TextContent)
                    assert CLEAR.match(content.text), told
                    assert not INSIDE.search(content.text), told
                    assert len(content.text) < 2000, told
                    ends.add(content.text.partition(":")[0])
                else:
                    assert result.structured_content is not None, told
                    ends.add("DONE")
        assert not (await client.call_tool("get_status", {})).is_error

    assert {"DONE", "BAD_ARGUMENT", "PENDING", "REFUSED", "NOT_FOUND", "FAILED"} <= ends
    assert desk.watch.orders() == ()
    assert desk.watch.fills() == ()
    assert all(Decimal(one.arguments.get("quantity", "1")) > 0 for one in pending(desk))


def pending(desk: Desk) -> tuple[Any, ...]:
    """The commands that wait for a trader."""
    return SqlControlState(desk.database, desk.book).pending()

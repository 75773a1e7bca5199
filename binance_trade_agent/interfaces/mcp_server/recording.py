"""Turns calls into rows: masked, cut short, and written at once where the answer must not go out before them."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any

import structlog

from binance_trade_agent.control.call_log import CallLog
from binance_trade_agent.domain.grants import Grant
from binance_trade_agent.domain.tool_calls import ToolCall
from binance_trade_agent.interfaces.mcp_server.arguments import shown
from binance_trade_agent.telemetry.logs import masked

_LONGEST_TOOL = 120
_LONGEST_ARGUMENTS = 500
#: More than this of what was sent is not even looked at; what is kept of it is much less.
_LONGEST_READ = 20_000
#: An answer waits so long for its row; after that it goes out, and the row follows.
_PATIENCE_S = 2.0
_FLOOD_ROWS = 5
_FLOOD_WINDOW_S = 1.0

_log = structlog.get_logger("binance_agent")


def complain(problem: str) -> None:
    """Say in the log that calls are not kept."""
    _log.error("call log", problem=problem)


class CallRecorder:
    """Notes each call in the log and in the database. `mask` blots out the secrets that this process knows."""

    def __init__(
        self, log: CallLog, mask: Callable[[str], str], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._calls = log
        self._mask = mask
        self._monotonic = monotonic
        self._flood: deque[float] = deque()

    def note(self, grant: Grant, tool: str, arguments: Mapping[str, Any], outcome: str, began: float) -> None:
        """A call that began at `began` (monotonic) and has ended; its row is written within a second."""
        self._calls.note(self._call(grant.name, grant.tier.scope, tool, arguments, outcome, began))

    async def settle(
        self, grant: Grant, tool: str, arguments: Mapping[str, Any], outcome: str, began: float
    ) -> None:
        """As `note`, but the row is written when this returns, unless the database cannot be written now."""
        written: Future[None] = self._calls.settle(
            self._call(grant.name, grant.tier.scope, tool, arguments, outcome, began)
        )
        # a caller that goes away ends its waiting, not the writing
        await asyncio.wait((asyncio.wrap_future(written),), timeout=_PATIENCE_S)

    def note_of_flood(
        self, name: str, tier: str, tool: str, arguments: Mapping[str, Any], outcome: str, began: float
    ) -> None:
        """As `note`, for what can be sent without limit: so many rows a second, and no more."""
        now = self._monotonic()
        while self._flood and self._flood[0] <= now - _FLOOD_WINDOW_S:
            self._flood.popleft()
        if len(self._flood) < _FLOOD_ROWS:
            self._flood.append(now)
            self._calls.note(self._call(name, tier, tool, arguments, outcome, began))

    def flush(self) -> None:
        """Wait until all rows are written, some seconds at most."""
        self._calls.flush()

    def _call(
        self, name: str, tier: str, tool: str, arguments: Mapping[str, Any], outcome: str, began: float
    ) -> ToolCall:
        took_ms = round((self._monotonic() - began) * 1000, 1)
        call = ToolCall(
            at=datetime.now(tz=UTC),
            caller=name,
            tier=tier,
            tool=self._mask(shown(tool[:_LONGEST_TOOL])),
            arguments=self._told(arguments),
            outcome=outcome,
            took_ms=took_ms,
        )
        _log.info("call", caller=call.caller, tool=call.tool, outcome=outcome, took_ms=took_ms)
        return call

    def _told(self, arguments: Mapping[str, Any]) -> str:
        text = json.dumps(masked("arguments", dict(arguments)), ensure_ascii=False, default=str)
        return self._mask(text[:_LONGEST_READ])[:_LONGEST_ARGUMENTS]

"""The SDK's server with tiers: who may call what, how often, and a row of every call."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from inspect import cleandoc
from typing import Any

from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import (
    ResourceError,
    ResourceNotFoundError,
    ToolError,
    UnexpectedResourceError,
)
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, CallToolResult, GetPromptResult, InputRequiredResult, Tool
from pydantic import AnyUrl

from binance_trade_agent.domain.grants import Tier
from binance_trade_agent.domain.tool_calls import ASKED, DONE
from binance_trade_agent.interfaces.mcp_server.access import caller, caller_end, required_tier
from binance_trade_agent.interfaces.mcp_server.confirming import Question
from binance_trade_agent.interfaces.mcp_server.lean_schemas import lean_answer, lean_arguments
from binance_trade_agent.interfaces.mcp_server.pace import Pace
from binance_trade_agent.interfaces.mcp_server.recording import CallRecorder
from binance_trade_agent.interfaces.mcp_server.refusals import (
    RefusalCode,
    code_of,
    plainly,
    prompt_problem,
    refusal,
)
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox

#: The call that reads a resource: the SDK hands it only to some of them.
READING: ContextVar[Context[Toolbox]] = ContextVar("reading")
_CANCELLED = "CANCELLED"
_PROTOCOL_ERROR = "PROTOCOL_ERROR"


class TieredServer(MCPServer[Toolbox]):
    """Lists and runs only what the caller's token opens, and keeps each call with its outcome.

    Acts and refusals are written before they are answered, reads soon after.
    """

    #: How often a token may call, and who keeps the calls: set before the first of them.
    pace: Pace
    recorder: CallRecorder
    _tools: Sequence[Tool] = ()

    async def list_tools(self) -> list[Tool]:
        """The caller's tools."""
        if caller_end() is not None:
            return []
        tier = caller().tier
        return [tool for tool in await self._all_tools() if required_tier(tool.meta) <= tier]

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Toolbox, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Run a tool.

        Raises:
            ToolError: the caller's tier is too low, it calls too often, or the tool refuses.
        """
        began = time.monotonic()
        tool = next((tool for tool in await self._all_tools() if tool.name == name), None)
        try:
            self._admit(tool, name, arguments)
            answer = await super().call_tool(name, arguments, context)
        except ToolError as error:
            if isinstance(error.__cause__, Question):
                await self.recorder.settle(caller(), name, arguments, ASKED, began)
                return error.__cause__.result
            told = plainly(error)
            await self._refused(name, arguments, code_of(told), began)
            raise told from error.__cause__
        except MCPError:
            await self._refused(name, arguments, _PROTOCOL_ERROR, began)
            raise
        except asyncio.CancelledError:
            self.recorder.note(caller(), name, arguments, _CANCELLED, began)
            raise
        if tool is not None and required_tier(tool.meta) > Tier.READ:
            await self.recorder.settle(caller(), name, arguments, DONE, began)
        else:
            self.recorder.note(caller(), name, arguments, DONE, began)
        return answer

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[Toolbox, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        """Read a resource; errors as the SDK's, and one for too many calls."""
        began, name = time.monotonic(), str(uri)
        try:
            self._keep_pace()
            if context is not None:
                READING.set(context)
            contents = await super().read_resource(uri, context)
        except ToolError as error:  # the SDK knows no other way out of a resource
            await self._refused(name, {}, code_of(error), began)
            raise ResourceError(str(error)) from error
        except ResourceError as error:
            await self._refused(name, {}, _resource_code(error), began)
            raise
        self.recorder.note(caller(), name, {}, DONE, began)
        return contents

    async def get_prompt(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,
        context: Context[Toolbox, Any] | None = None,
    ) -> GetPromptResult | InputRequiredResult:
        """Fill in a prompt.

        Raises:
            MCPError: there is none of the name, its arguments cannot be meant, or it is asked for too often.
        """
        began, told = time.monotonic(), f"prompt {name}"
        try:
            self._keep_pace()
            prompt = await super().get_prompt(name, arguments, context)
        except (ToolError, ValueError) as error:
            problem = prompt_problem(error)
            await self._refused(told, arguments or {}, code_of(problem), began)
            raise MCPError(INVALID_PARAMS, str(problem)) from error
        self.recorder.note(caller(), told, arguments or {}, DONE, began)
        return prompt

    async def _refused(self, tool: str, arguments: dict[str, Any], code: str, began: float) -> None:
        grant = caller()
        if code == RefusalCode.RATE_LIMITED:
            self.recorder.note_of_flood(grant.name, grant.tier.scope, tool, arguments, code, began)
        elif code == RefusalCode.DATABASE_UNAVAILABLE:
            # its row cannot be written now either: the answer does not wait for it
            self.recorder.note(grant, tool, arguments, code, began)
        else:
            await self.recorder.settle(grant, tool, arguments, code, began)

    def _admit(self, tool: Tool | None, name: str, arguments: dict[str, Any]) -> None:
        """Raises the refusal of a call that must not begin."""
        self._keep_pace()
        if tool is None:
            raise refusal(
                RefusalCode.UNKNOWN_TOOL, f"there is no tool {name[:64]!r}; tools/list names those there are"
            )
        if (needed := required_tier(tool.meta)) > caller().tier:
            raise refusal(
                RefusalCode.FORBIDDEN, f"{name} needs a token of the tier {needed.scope}; ask the operator"
            )
        known = tool.input_schema.get("properties", {})
        if unknown := sorted(set(arguments) - set(known)):
            raise refusal(
                RefusalCode.BAD_ARGUMENT,
                f"{name} has no argument {unknown[0][:64]!r}; it has {', '.join(known) or 'none'}",
            )

    def _keep_pace(self) -> None:
        if (end := caller_end()) is not None:
            raise refusal(RefusalCode.FORBIDDEN, end)
        if (wait_s := self.pace.wait_s(caller().name)) is not None:
            raise refusal(
                RefusalCode.RATE_LIMITED,
                f"more than {self.pace.calls} calls in a minute; wait {wait_s:.0f} s",
            )

    async def _all_tools(self) -> Sequence[Tool]:
        """Every tool; none is added once the first call came."""
        if not self._tools:
            self._tools = [_told(tool) for tool in await super().list_tools()]
        return self._tools


def _told(tool: Tool) -> Tool:
    """As clients see it."""
    return tool.model_copy(
        update={
            "description": cleandoc(tool.description or ""),
            "input_schema": lean_arguments(tool.input_schema),
            "output_schema": lean_answer(tool.output_schema),
        }
    )


def _resource_code(error: ResourceError) -> str:
    if isinstance(error, ResourceNotFoundError):
        return RefusalCode.NOT_FOUND
    if isinstance(error, UnexpectedResourceError):
        return RefusalCode.INTERNAL
    return code_of(error)

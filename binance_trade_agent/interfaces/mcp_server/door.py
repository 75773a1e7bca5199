"""What is refused before a tool is asked is kept too: one row each, some a second at most, without the token."""

import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from binance_trade_agent.interfaces.mcp_server.access import TokenTable
from binance_trade_agent.interfaces.mcp_server.recording import CallRecorder

_REFUSALS = {
    400: "MESSAGE_INVALID",
    401: "TOKEN_INVALID",
    403: "ORIGIN_FORBIDDEN",
    404: "SESSION_UNKNOWN",  # over, or of another token
    413: "BODY_TOO_LARGE",
    421: "HOST_FORBIDDEN",
    503: "TOO_MANY_SESSIONS",
}
_PATH = "/mcp"
_NOBODY = "unknown"
_TOOL = "door"


class DoorRecorder:
    """Notes the requests that token, Host, Origin, size, session or form closed out."""

    def __init__(self, app: ASGIApp, tokens: TokenTable, recorder: CallRecorder) -> None:
        self._app = app
        self._tokens = tokens
        self._recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] != _PATH:
            await self._app(scope, receive, send)
            return
        began = time.monotonic()

        async def watching(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in _REFUSALS:
                self._note(scope, _REFUSALS[message["status"]], began)
            await send(message)

        await self._app(scope, receive, watching)

    def _note(self, scope: Scope, outcome: str, began: float) -> None:
        headers = Headers(scope=scope)
        known, _ = self._tokens.look_up(headers.get("authorization", "").partition(" ")[2].strip())
        told = {"path": scope["path"][:100], "address": (scope.get("client") or ("",))[0]}
        told |= {name: headers[name][:100] for name in ("host", "origin") if name in headers}
        self._recorder.note_of_flood(known.name if known else _NOBODY, "", _TOOL, told, outcome, began)

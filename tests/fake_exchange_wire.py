"""An HTTP server that answers scripted bytes, and the clock and bans that adapter tests run with.

The server speaks just enough HTTP/1.1 to count requests and to misbehave at the level of bytes:
reset, silence, truncated answers, dropped keep-alive connections.
"""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from binance_trade_agent.domain.records import BanScope

#: What a scripted route does instead of answering.
RESET = "reset"
HANG_UP = "hang up"
SILENCE = "silence"


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)) -> None:
        self._now = now
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    def suspend(self, seconds: float) -> None:
        """The machine sleeps, and with it the monotonic clock; a negative time is one set back."""
        self._now += timedelta(seconds=seconds)


class MemoryBans:
    """Bans that outlive an adapter, as the stored ones do."""

    def __init__(self, until: datetime | None = None) -> None:
        self._until: dict[BanScope, datetime] = {BanScope.ALL: until} if until else {}
        self.reasons: list[str] = []

    def until(self, scope: BanScope = BanScope.ALL) -> datetime | None:
        return self._until.get(scope)

    def set_until(self, scope: BanScope, until: datetime, reason: str) -> None:
        self._until[scope] = until
        self.reasons.append(reason)


class MemoryWeights:
    """A weight book that processes share; counts how often it is read and written."""

    def __init__(self) -> None:
        self.noted: list[tuple[int, int]] = []
        self.reads = 0

    def read(self) -> tuple[int, int]:
        self.reads += 1
        return self.noted[-1] if self.noted else (0, 0)

    def note(self, minute: int, used: int) -> None:
        self.noted.append((minute, used))


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived: `params` are those of query and body together."""

    method: str
    path: str
    query: str
    body: str
    headers: Mapping[str, str]

    @property
    def route(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(self.query) + parse_qsl(self.body))


@dataclass(frozen=True, slots=True)
class Answer:
    """One scripted answer. `announced` is the Content-Length when it is to differ from the body's."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    announced: int | None = None
    content_type: str = "application/json;charset=UTF-8"

    def encoded(self) -> bytes:
        length = len(self.body) if self.announced is None else self.announced
        headers = {"Content-Type": self.content_type, "Content-Length": str(length), **self.headers}
        lines = [f"HTTP/1.1 {self.status} Scripted", *(f"{name}: {text}" for name, text in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


Step = Answer | str | Callable[[Request], "Answer | str"]


def answer(payload: Any, status: int = 200, **headers: str) -> Answer:
    """A JSON answer; underscores in header names stand for hyphens."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(payload).encode(), named)


def refusal(code: int, message: str, status: int = 400, **headers: str) -> Answer:
    """Binance's error form."""
    return answer({"code": code, "msg": message}, status, **headers)


def html(status: int, text: str = "<html><body>nginx</body></html>") -> Answer:
    """A gateway's page."""
    return Answer(status, text.encode(), content_type="text/html")


class FakeExchangeWire:
    """Routes ("GET /api/v3/account") answer their scripted steps in order, the last one for ever.

    `GET /api/v3/time` answers the clock's time unless it is scripted.
    """

    def __init__(self, clock: ManualClock) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.clock_offset_ms = 0
        self._clock = clock
        self._steps: dict[str, deque[Step]] = defaultdict(deque)
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    @property
    def rest_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def websocket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def script(self, route: str, *steps: Step) -> None:
        self._steps[route] = deque(steps)

    def seen(self, route: str) -> list[Request]:
        return [request for request in self.requests if request.route == route]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.drop_connections()
        await self._server.wait_closed()

    def drop_connections(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = await _read_request(reader)
        self.requests.append(request)
        step = self._next_step(request)
        if callable(step):
            step = step(request)
        if isinstance(step, Answer):
            writer.write(step.encoded())
            await writer.drain()
            return step.announced is None
        if step == SILENCE:
            await reader.read()
        if step == RESET:
            writer.transport.abort()
        return False

    def _next_step(self, request: Request) -> Step:
        steps = self._steps.get(request.route)
        if steps:
            return steps.popleft() if len(steps) > 1 else steps[0]
        if request.route == "GET /api/v3/time":
            return answer({"serverTime": to_ms(self._clock.now()) + self.clock_offset_ms})
        return html(404)


def to_ms(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


async def _read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = dict(_header(line) for line in _filled(head[1:]))
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    return Request(method, parts.path, parts.query, body.decode(), headers)


def _header(line: str) -> tuple[str, str]:
    name, _, text = line.partition(":")
    return name.strip().lower(), text.strip()


def _filled(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if line]

"""Bad calls over HTTP: each gets a clear error, nothing is traded, nothing is told of the inside, the server lives."""

import json
import random
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Any

import httpx
import pytest

from binance_trade_agent.bootstrap.launched_changes import LaunchedChanges
from binance_trade_agent.bootstrap.tokens import token_digest
from binance_trade_agent.domain.grants import Caps, Grant, StoredToken, Tier
from binance_trade_agent.interfaces.mcp_server.access import TokenTable
from binance_trade_agent.interfaces.mcp_server.refusals import RefusalCode
from tests.fakes import fake_desk
from tests.mcp_calls import CONTROL_TOKEN, PING, READ_TOKEN, TRADE_TOKEN, Served, bearer, serving

EXPIRED, REVOKED, CAPPED = "e" * 32, "v" * 32, "k" * 32
#: A later token of the name `capped`.
CAPPED_NOW_READS = "l" * 32
PAST = datetime(2026, 1, 1, tzinfo=UTC)
TOKENS = TokenTable(
    {
        TRADE_TOKEN: Grant("operator", Tier.TRADE),
        CONTROL_TOKEN: Grant("steerer", Tier.CONTROL),
        READ_TOKEN: Grant("watcher", Tier.READ),
        CAPPED: Grant("capped", Tier.TRADE, Caps(orders_per_day=1)),
        CAPPED_NOW_READS: Grant("capped", Tier.READ),
    },
    stored=lambda: (
        StoredToken(token_digest(EXPIRED), Grant("old", Tier.TRADE), PAST, expires_at=PAST),
        StoredToken(token_digest(REVOKED), Grant("gone", Tier.TRADE), PAST, revoked_at=PAST),
    ),
)
TRADE = "execute_trading_workflow"
ACTS = (TRADE, "pause_trading", "resume_trading", "halt_trading")
VERSION = "2025-11-25"
#: What only the inside of a program says.
INSIDE = re.compile(
    r"Traceback|File \"|site-packages|pydantic|Error executing tool|sqlalchemy|/binance_trade_agent/"
)
CLEAR = re.compile(rf"^({'|'.join(RefusalCode)}): \S.{{5,}}", re.DOTALL)

NOT_TEXT: tuple[Any, ...] = (None, 5, 1.5, True, [], {}, ["BTCUSDT"], {"a": 1})
SYMBOLS: tuple[Any, ...] = (
    *NOT_TEXT,
    "",
    "BTC",
    "BTC/USDT",
    "BTC USDT",
    "BTCUSDT\n",
    "BTCUSDT\x00",
    "ＢＴＣＵＳＤＴ",
    "B" * 21,
    "B" * 100_000,
    "'; DROP TABLE orders; --",
    "BTCUSDT' OR '1'='1",
    "../../etc/passwd",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "$(reboot)",
    "%s%s%n",
    "BTC\u202eUSDT",
)
QUANTITIES: tuple[Any, ...] = (
    "-1",
    -1,
    0,
    "0",
    "-0",
    "1e308",
    1e308,
    "-1e308",
    "1e15",
    10**40,
    "NaN",
    "sNaN",
    "Infinity",
    "-Infinity",
    "",
    " ",
    "much",
    "0x10",
    "1;2",
    "1,5",
    "١٢",
    "１",
    "1_000",
    " 5 ",
    "0.1\u200b",
    "9" * 5000,
    True,
    [],
    {},
    [1],
)
SIDES: tuple[Any, ...] = ("SHORT", "buy ", "", 1, True, [], {}, "BUY; SELL")
KEYS: tuple[Any, ...] = ("", "x" * 65, "a b", "a\n", "é", "\x00", 5, [], {})
REASONS: tuple[Any, ...] = (None, "", "   ", "\x00\u202e\n", "x" * 201, 5, [], {})
LIMITS: tuple[Any, ...] = (0, -1, 201, 10**30, "ten", 1.5, "1", True, [], {}, None)
SINCE: tuple[Any, ...] = (
    "soon",
    "",
    "-3h",
    "999999w",
    "1e9d",
    "2999-01-01",
    "x" * 41,
    5,
    None,
    [],
    "24h; DROP",
)
CODES: tuple[Any, ...] = ("abc", "", "a b", "x" * 65, 5, [])
PROGRAMS: tuple[Any, ...] = (
    "../secrets/mcp_token",
    "/etc/passwd",
    "..",
    "",
    "A",
    "x" * 41,
    5,
    None,
    "nobody",
)

PRICES: tuple[Any, ...] = QUANTITIES
TIMES: tuple[Any, ...] = (0, -1, 604_801, 10**30, 1e308, "60", 1.5, True, [], {})
FLAGS: tuple[Any, ...] = ("yes", 1, 0, None, [], {}, "true")
NAMES: tuple[Any, ...] = (None, 5, "", "A B", "RISK-X", "x" * 61, "RISK_X; DROP TABLE audit", "$(reboot)", [])
BUY = {"symbol": "BTCUSDT", "side": "BUY"}
SETTING = {"name": "RISK_MAX_SPREAD_BPS", "value": "20", "reason": "r"}

BAD: tuple[tuple[str, dict[str, Any]], ...] = (
    *((TRADE, {"symbol": one}) for one in SYMBOLS),
    *((TRADE, {"symbol": "BTCUSDT", "quantity": one}) for one in QUANTITIES),
    *((TRADE, {"symbol": "BTCUSDT", "side": one}) for one in SIDES),
    *((TRADE, {"symbol": "BTCUSDT", "idempotency_key": one}) for one in KEYS),
    *((TRADE, {"symbol": "BTCUSDT", "confirmation": one}) for one in CODES),
    *(
        (TRADE, arguments)
        for arguments in ({}, {"symbols": "BTCUSDT"}, {"symbol": "BTCUSDT", "quantiy": "0.1"})
    ),
    *product(("pause_trading", "resume_trading", "halt_trading"), ({"reason": one} for one in REASONS)),
    *product(("get_orders", "get_decisions", "get_fills", "get_audit"), ({"limit": one} for one in LIMITS)),
    *(("get_signal", {"symbol": one}) for one in SYMBOLS),
    *(("explain", {"since": one}) for one in SINCE),
    *(("get_logs", {"program": one}) for one in PROGRAMS),
    *(("get_logs", {"lines": one}) for one in LIMITS),
    *(("get_decision", {"decision": one}) for one in ("%", "_", "", "' OR 1=1", "nobody", 5, [])),
    *(("place_order", {**BUY, "symbol": one}) for one in SYMBOLS),
    *(("place_order", {"symbol": "BTCUSDT", "side": one}) for one in (*SIDES, None)),
    *(("place_order", {**BUY, "quantity": one}) for one in QUANTITIES),
    *(("place_order", {**BUY, "limit_price": one}) for one in PRICES),
    *(("place_order", {**BUY, "limit_price": "60000", "time_limit_s": one}) for one in TIMES),
    *(("place_order", {**BUY, **one}) for one in ({"side": "SELL", "limit_price": "1"}, {"time_limit_s": 5})),
    *(("place_order", {**BUY, "dry_run": True}) for _ in (1,)),
    *(("preview_order", {"symbol": one}) for one in SYMBOLS),
    *(("preview_order", {**BUY, "limit_price": one}) for one in PRICES),
    *((TRADE, {"symbol": "BTCUSDT", "dry_run": one}) for one in FLAGS),
    *(("set_protection", {"symbol": "BTCUSDT", "stop_price": one}) for one in PRICES),
    *(("set_protection", {"symbol": "BTCUSDT", "target_price": one}) for one in PRICES),
    *(("set_protection", {"symbol": "BTCUSDT", "back_to_settings": one}) for one in FLAGS),
    ("set_protection", {"symbol": "BTCUSDT"}),
    ("set_protection", {"symbol": "BTCUSDT", "stop_price": "2", "target_price": "1"}),
    *(("set_reduce_only", {"symbols": [one], "on": True, "reason": "r"}) for one in SYMBOLS),
    *(
        ("set_reduce_only", {"symbols": one, "on": True, "reason": "r"})
        for one in ([], "BTCUSDT", ["B"] * 51)
    ),
    *(("set_reduce_only", {"symbols": ["BTCUSDT"], "on": one, "reason": "r"}) for one in FLAGS),
    *product(("start_trading_loop", "stop_trading_loop"), ({"reason": one} for one in REASONS)),
    *(("update_setting", {**SETTING, "name": one}) for one in NAMES),
    *(("update_setting", {**SETTING, "value": one}) for one in (5, True, [], {}, "x" * 5001)),
    *(("update_setting", {**SETTING, "reason": one}) for one in REASONS),
    ("update_setting", {"name": "RISK_MAX_SPREAD_BPS", "reason": "no value"}),
    *(("get_market", {"symbol": one}) for one in SYMBOLS),
    *(("get_market", {"symbol": "BTCUSDT", "fresh": one}) for one in FLAGS),
    *(("get_market", {"symbol": "DOGEUSDT", "fresh": one}) for one in (True, False)),
    *(("get_candles", {"symbol": one}) for one in SYMBOLS),
    *(("get_candles", {"symbol": "BTCUSDT", "limit": one}) for one in (*LIMITS[:2], 501, *LIMITS[3:])),
    *(("get_performance", {"since": one}) for one in SINCE),
    *(("get_performance", {"by": one}) for one in ("year", "", 5, [], {}, "day; DROP")),
    *((name, {}) for name in ("", "nope", "__init__", "get_status; rm -rf /", "x" * 10_000, "GET_STATUS")),
)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    never = LaunchedChanges((sys.executable, "-c", "raise SystemExit(1)"))
    with serving(fake_desk(), TOKENS, calls_per_minute=100_000, changes=never) as server:
        yield server


@pytest.fixture(scope="module")
def session(served: Served) -> Iterator["Session"]:
    with httpx.Client(base_url=served.url, timeout=60) as http:
        yield Session(http, TRADE_TOKEN)


class Session:
    """A bare MCP session: what it sends is not checked before by a client library."""

    def __init__(self, http: httpx.Client, token: str) -> None:
        self._http = http
        self._headers = bearer(token)
        begun = self.post(
            "initialize",
            {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
        )
        self.id = begun.headers["mcp-session-id"]
        self._headers["Mcp-Session-Id"] = self.id
        self._headers["MCP-Protocol-Version"] = VERSION

    def as_if_with(self, token: str) -> "Session":
        """This session, gone on with in another's name."""
        self._headers |= bearer(token)
        return self

    def call(self, tool: Any, arguments: Any) -> tuple[bool, str, str]:
        """(whether it is an error, its text, the whole answer)."""
        answer = self.post("tools/call", {"name": tool, "arguments": arguments})
        assert answer.status_code < 500
        data = [line[6:] for line in answer.text.splitlines() if line.startswith("data: {")]
        message = json.loads(data[-1] if data else answer.text)
        if "error" in message:
            return True, message["error"]["message"], answer.text
        result = message["result"]
        return result.get("isError", False), result["content"][0]["text"], answer.text

    def post(self, method: str, params: dict[str, Any]) -> httpx.Response:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, allow_nan=True)
        return self._http.post(
            "/mcp", content=body, headers={**self._headers, "Content-Type": "application/json"}
        )


def untouched(served: Served) -> None:
    """Nothing was traded or steered, and the server lives."""
    assert served.desk.state.commands == {}
    assert served.desk.state.history == []
    assert served.desk.state.acts == []
    assert served.desk.supervisor.asked == []
    assert httpx.get(f"{served.url}/health", timeout=60).status_code == 200


def test_there_are_at_least_two_hundred() -> None:
    assert len(BAD) >= 200


@pytest.mark.parametrize("tool", sorted({tool for tool, _ in BAD}), ids=lambda tool: tool[:30] or "nameless")
def test_bad_arguments_get_a_clear_error(served: Served, session: Session, tool: str) -> None:
    for arguments in (arguments for name, arguments in BAD if name == tool):
        failed, text, whole = session.call(tool, arguments)
        assert failed, arguments
        assert CLEAR.match(text), (arguments, text)
        assert not text.startswith("INTERNAL"), arguments
        assert not INSIDE.search(whole), (arguments, text)
        assert len(text) < 1000, arguments
    untouched(served)


@pytest.mark.parametrize("arguments", [None, 5, "x", [], [1]])
def test_arguments_that_are_no_object_are_refused(served: Served, session: Session, arguments: Any) -> None:
    failed, _, whole = session.call(TRADE, arguments)

    assert failed
    assert not INSIDE.search(whole.replace("pydantic.dev", ""))
    untouched(served)


@pytest.mark.parametrize(
    ("token", "tool"), [*product([READ_TOKEN], ACTS), (CONTROL_TOKEN, TRADE)], ids=lambda value: value[:12]
)
def test_a_token_of_a_lower_tier_is_refused(served: Served, token: str, tool: str) -> None:
    with httpx.Client(base_url=served.url, timeout=60) as http:
        failed, text, _ = Session(http, token).call(
            tool, {"symbol": "BTCUSDT"} if tool == TRADE else {"reason": "x"}
        )

    assert failed
    assert text.startswith(f"FORBIDDEN: {tool} needs a token of the tier ")
    untouched(served)


@pytest.mark.parametrize(
    ("headers", "status", "text"),
    [
        ({}, 401, "Authentication required"),
        ({"Authorization": "Bearer"}, 401, "Authentication required"),
        ({"Authorization": "Bearer wrong"}, 401, "Authentication required"),
        ({"Authorization": f"Basic {TRADE_TOKEN}"}, 401, "Authentication required"),
        ({"Authorization": f"Bearer {TRADE_TOKEN}x"}, 401, "Authentication required"),
        ({"Authorization": f"Bearer {TRADE_TOKEN[:-1]}"}, 401, "Authentication required"),
        ({"Authorization": "Bearer " + "a" * 60_000}, 401, "Authentication required"),
        ({"Authorization": f"Bearer {EXPIRED}"}, 401, "the token old expired at 2026-01-01 00:00 UTC"),
        ({"Authorization": f"bearer {REVOKED}"}, 401, "the token gone was revoked at 2026-01-01 00:00 UTC"),
        (bearer(TRADE_TOKEN, Host="evil.example"), 421, "Invalid Host"),
        (bearer(TRADE_TOKEN, Host="127.0.0.1.evil.example"), 421, "Invalid Host"),
        (bearer(TRADE_TOKEN, Origin="http://evil.example"), 403, "Invalid Origin"),
        (bearer(TRADE_TOKEN, Origin="null"), 403, "Invalid Origin"),
    ],
    ids=lambda value: None if isinstance(value, dict) else str(value)[:20],
)
def test_the_door_says_what_is_wrong(served: Served, headers: dict[str, str], status: int, text: str) -> None:
    answer = httpx.post(f"{served.url}/mcp", json=PING, headers=headers, timeout=60)

    assert answer.status_code == status
    assert text in answer.text
    assert not INSIDE.search(answer.text)
    untouched(served)


@pytest.mark.parametrize(
    "content",
    [b"x" * 10_000_000, json.dumps({**PING, "pad": "x" * 10_000_000}).encode()],
    ids=["no JSON", "JSON"],
)
def test_ten_megabytes_are_refused(served: Served, content: bytes) -> None:
    headers = {**bearer(TRADE_TOKEN), "Content-Type": "application/json"}
    answer = httpx.post(f"{served.url}/mcp", content=content, headers=headers, timeout=60)

    assert answer.status_code == 413
    untouched(served)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 5000,
        b'{"jsonrpc": "1.0"}',
        b'{"a": NaN}',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"a": ' + b"9" * 5000 + b"}}",
        b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"a": "\\ud800"}}',
        b'[{"jsonrpc": "2.0", "id": 1, "method": "ping"}, {"jsonrpc": "2.0", "id": 2, "method": "ping"}]',
    ],
    ids=lambda content: content[:20].decode(errors="replace"),
)
def test_what_is_no_message_is_refused(served: Served, content: bytes) -> None:
    headers = {**bearer(TRADE_TOKEN), "Content-Type": "application/json"}
    answer = httpx.post(f"{served.url}/mcp", content=content, headers=headers, timeout=60)

    assert 400 <= answer.status_code < 500
    assert not INSIDE.search(answer.text.replace("pydantic.dev", ""))
    untouched(served)


def test_a_session_is_of_the_token_that_began_it_alone() -> None:
    """Nobody goes on in another's session; whoever has a new token of the same name has the tier of the new one.

    On a server of its own: of the refusals at a door only some a second leave a row, whoever is refused.
    """
    desk = fake_desk()
    with serving(desk, TOKENS) as served, httpx.Client(base_url=served.url, timeout=60) as http:
        theirs = Session(http, TRADE_TOKEN).as_if_with(CONTROL_TOKEN)
        answer = theirs.post("tools/call", {"name": "halt_trading", "arguments": {"reason": "not mine"}})

        assert (answer.status_code, "Session not found" in answer.text) == (404, True)
        lesser = Session(http, CAPPED).as_if_with(CAPPED_NOW_READS)
        failed, text, _ = lesser.call("halt_trading", {"reason": "x"})
        assert failed
        assert text.startswith("FORBIDDEN: halt_trading needs a token of the tier control")
        untouched(served)
    written = [(row.caller, row.outcome) for row in desk.reads.calls.written]
    assert written == [("steerer", "SESSION_UNKNOWN"), ("capped", "FORBIDDEN")]


def test_of_two_tokens_in_one_request_the_first_counts(served: Served) -> None:
    with httpx.Client(base_url=served.url, timeout=60) as http:
        headers = [*bearer(READ_TOKEN).items(), ("Authorization", f"Bearer {TRADE_TOKEN}")]
        answer = http.post(
            "/mcp",
            json={
                **PING,
                "method": "tools/call",
                "params": {"name": "halt_trading", "arguments": {"reason": "x"}},
            },
            headers=[
                *headers,
                ("Mcp-Session-Id", Session(http, READ_TOKEN).id),
                ("MCP-Protocol-Version", VERSION),
            ],
        )

    assert "FORBIDDEN: halt_trading needs a token of the tier control" in answer.text
    untouched(served)


def test_more_sessions_than_there_is_room_for_are_refused_and_the_others_go_on() -> None:
    desk = fake_desk()
    with (
        serving(desk, TOKENS, most_sessions=2) as served,
        httpx.Client(base_url=served.url, timeout=60) as http,
    ):
        first, _ = Session(http, READ_TOKEN), Session(http, READ_TOKEN)
        answer = http.post(
            "/mcp", json={**PING, "method": "initialize", "params": {}}, headers=bearer(READ_TOKEN)
        )

        assert (answer.status_code, "Too many open sessions" in answer.text) == (503, True)
        assert first.call("get_status", {})[0] is False
    assert [row.outcome for row in desk.reads.calls.written] == ["TOO_MANY_SESSIONS", "DONE"]


SEED = 20261123
FITTING = ("BTCUSDT", "ethusdt", "24h", "autonomous_trader", "k1", "RISK_MAX_SPREAD_BPS")
LETTERS = "aB9 \n\x00é١\u202e\U0001f600%'{<$;"


def anything(pick: random.Random, depth: int = 2) -> Any:
    """A value of any kind, which may hold others."""
    text = "".join(pick.choices(LETTERS, k=pick.randrange(40)))
    number = pick.choice((0, 1, -1, pick.randrange(-(10**20), 10**20)))
    real = pick.choice((0.5, -0.0, 1e308, 5e-324, float("nan"), float("-inf"), pick.gauss(0, 1e9)))
    inner = [anything(pick, depth - 1) for _ in range(pick.randrange(4))] if depth else []
    return pick.choice(
        (None, True, False, number, real, text, inner, {str(n): v for n, v in enumerate(inner)})
    )


def test_arguments_made_from_the_schemas_never_break_the_server(
    served: Served, session: Session, schemas: dict[str, dict[str, Any]]
) -> None:
    pick = random.Random(SEED)
    for tool in [*sorted(schemas)] * 8:
        arguments = {}
        for name, schema in schemas[tool].items():
            pattern = _pattern(schema)
            fitting = [text for text in FITTING if pattern and re.search(pattern, text)]
            if pick.random() < 0.5:
                arguments[name] = pick.choice((anything(pick), pick.choice(fitting or [None])))
        failed, text, whole = session.call(tool, arguments)

        assert not INSIDE.search(whole), arguments
        assert not text.startswith("INTERNAL"), arguments
        assert not failed or CLEAR.match(text), (arguments, text)
    untouched(served)


@pytest.fixture(scope="module")
def schemas(served: Served) -> dict[str, dict[str, Any]]:
    """Of each reading tool, its arguments' schemas; those that act have their own cases above."""
    with httpx.Client(base_url=served.url, timeout=60) as http:
        answer = Session(http, READ_TOKEN).post("tools/list", {}).text
    (data,) = [line[6:] for line in answer.splitlines() if line.startswith("data: {")]
    tools = json.loads(data)["result"]["tools"]
    assert {tool["inputSchema"]["additionalProperties"] for tool in tools} == {False}
    return {tool["name"]: tool["inputSchema"]["properties"] for tool in tools}


def _pattern(schema: dict[str, Any]) -> str | None:
    kinds = (schema, *schema.get("anyOf", ()))
    return next((kind["pattern"] for kind in kinds if "pattern" in kind), None)

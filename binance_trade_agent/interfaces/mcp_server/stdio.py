"""The server over stdin and stdout, for a client on this machine that starts it: `binance-trade-agent mcp`.

There is no token: whoever can start it can read the data folder. stdout is the protocol alone, all logs go to
stderr. It ends when stdin closes, also in the middle of a call: what a call asked for is stored by then, and is carried out.
"""

import os
import select
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from types import FrameType

import anyio

from binance_trade_agent.bootstrap.tokens import TokenFile, token_file
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.grants import Grant, Tier
from binance_trade_agent.interfaces.mcp_server.access import LocalCaller, TokenTable, stand_for
from binance_trade_agent.interfaces.mcp_server.equipment import equipped
from binance_trade_agent.interfaces.mcp_server.recording import CallRecorder
from binance_trade_agent.interfaces.mcp_server.server import build_server
from binance_trade_agent.settings import Settings
from binance_trade_agent.telemetry.logs import configure_logs

PROGRAM = "binance_agent"
_NAME = "stdio"
#: After the end of stdin the calls under way have so long to end by themselves.
_GRACE_S = 1.0


def serve_stdio(settings: Settings, *, tier: str | None = None, name: str | None = None) -> None:
    """Serve until stdin closes, with a tier (`read` if unset), or with tier and caps of the token `name`.

    Raises:
        ConfigurationError: there is no such tier or token, the token has ended, or both were given.
    """
    configure_logs(
        PROGRAM, level=settings.log_level, line_format=settings.log_format, log_dir=None, stream=sys.stderr
    )
    stand_for(_named(settings, name, tier) if name is not None else _unnamed(tier))
    server = build_server(equipped(settings), TokenTable({}), calls_per_minute=settings.mcp_calls_per_minute)
    _end_with_stdin(server.recorder)
    anyio.run(server.run_stdio_async)


def _unnamed(tier: str | None) -> LocalCaller:
    wanted = tier or Tier.READ.scope
    found = next((one for one in Tier if one.scope == wanted), None)
    if found is None:
        raise ConfigurationError(f"tier {wanted[:40]!r}: expected read, control or trade")
    grant = Grant(_NAME, found)
    return lambda: (grant, None)


def _named(settings: Settings, name: str, tier: str | None) -> LocalCaller:
    """Looks the token up at each call: it may be revoked, or expire, while the client runs."""
    if tier is not None:
        raise ConfigurationError("--tier and --as: a named token has its own tier, give one of the two")
    file = token_file(settings)
    grant, end = _found(file, name)
    if end is not None:
        raise ConfigurationError(end)

    def now() -> tuple[Grant, str | None]:
        try:
            return _found(file, name)
        except ConfigurationError as error:  # the file cannot be read, or the token is gone
            return grant, str(error)

    return now


def _found(file: TokenFile, name: str) -> tuple[Grant, str | None]:
    token = next((token for token in file.tokens() if token.grant.name == name), None)
    if token is None:
        raise ConfigurationError(f"there is no token {name[:40]!r}: see `binance-trade-agent token list`")
    return token.grant, token.end_text(datetime.now(tz=UTC))


def _end_with_stdin(recorder: CallRecorder) -> None:
    """The SDK waits for calls under way, and a thread cannot be broken off: the process ends over them."""
    stdin = os.dup(sys.stdin.fileno())

    def end(code: int) -> None:
        recorder.flush()
        os._exit(code)

    def watch() -> None:
        poll = select.poll()
        poll.register(stdin, 0)  # nothing but the closing of the other side
        poll.poll()
        time.sleep(_GRACE_S)
        end(0)

    def stop(number: int, _: FrameType | None) -> None:
        threading.Thread(target=end, args=(ExitCode.SIGTERM,), daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    threading.Thread(target=watch, name="stdin", daemon=True).start()

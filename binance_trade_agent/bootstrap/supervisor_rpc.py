"""supervisord over its unix socket, for the program names of this project only.

The socket could also shut the machine's other programs down, read logs or reload the
configuration; this module is the only one that talks to it, and it does no more than this.
"""

import http.client
import socket
import xmlrpc.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from binance_trade_agent.domain.errors import TradeAgentError
from binance_trade_agent.domain.programs import ProgramState

TRADER = "autonomous_trader"
PROGRAMS = (TRADER, "binance_agent", "dash_ui", "exchange_simulator", "watchdog")
SOCKET_NAME = "supervisor.sock"

#: supervisor/xmlrpc.py, class Faults
_SHUTDOWN_STATE, _ALREADY_STARTED, _NOT_RUNNING = 6, 60, 70
#: Longer than any program's `stopwaitsecs`.
_ANSWER_TIMEOUT_S = 20.0


class SupervisionError(TradeAgentError):
    """supervisord does not run, or refused what it was asked."""


class ShuttingDown(SupervisionError):
    """supervisord is about to end and takes no orders any more."""


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """A program as supervisord sees it. `state` is its word (RUNNING, EXITED, …); `started_at` is a Unix time."""

    state: str
    pid: int
    started_at: int
    exit_status: int


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_ANSWER_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(_ANSWER_TIMEOUT_S)
        try:
            connection.connect(self._path)
        except OSError:
            connection.close()
            raise
        self.sock = connection


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = _UnixConnection(self._path)
        self._connection = (host, connection)  # what `close` closes
        return connection


class SupervisorClient:
    """The port `Supervisor` over the socket in a run folder. Every method raises `SupervisionError`."""

    def __init__(self, run_dir: Path) -> None:
        self.socket = run_dir / SOCKET_NAME

    def start(self, program: str) -> None:
        """Start a program and do not wait for it; one that runs already is left alone."""
        self._call(lambda rpc: rpc.startProcess(_known(program), False), _ALREADY_STARTED)

    def stop(self, program: str) -> None:
        """Stop a program and wait until it has ended; one that is stopped already is left alone."""
        self._call(lambda rpc: rpc.stopProcess(_known(program), True), _NOT_RUNNING)

    def kill(self, program: str) -> None:
        """SIGKILL a program; supervisord then starts it again, because that end is unexpected."""
        self._call(lambda rpc: rpc.signalProcess(_known(program), "KILL"), _NOT_RUNNING)

    def states(self) -> Mapping[str, str]:
        """program -> supervisord's word for its state."""
        found = self._call(lambda rpc: rpc.getAllProcessInfo())
        return {info["name"]: info["statename"] for info in found if info["name"] in PROGRAMS}

    def programs(self) -> tuple[ProgramState, ...]:
        """Every program in detail, by name."""
        found = self._call(lambda rpc: rpc.getAllProcessInfo())
        return tuple(
            _program(info)
            for info in sorted(found, key=lambda each: str(each["name"]))
            if info["name"] in PROGRAMS
        )

    def process(self, program: str) -> ProcessInfo:
        """One program in detail."""
        info = self._call(lambda rpc: rpc.getProcessInfo(_known(program)))
        return ProcessInfo(info["statename"], info["pid"], info["start"], info["exitstatus"])

    def pid(self) -> int | None:
        """supervisord's own process id; None when none answers at the socket."""
        try:
            return int(self._call(lambda rpc: rpc.getPID()))
        except SupervisionError:
            return None

    def shut_down(self) -> None:
        """Ask supervisord to stop its programs, the trader first, and to end."""
        self._call(lambda rpc: rpc.shutdown())

    def _call(self, ask: Callable[[Any], Any], harmless_fault: int | None = None) -> Any:
        transport = _UnixTransport(str(self.socket))
        with xmlrpc.client.ServerProxy("http://localhost", transport=transport) as proxy:
            try:
                return ask(proxy.supervisor)
            except xmlrpc.client.Fault as fault:
                if fault.faultCode == harmless_fault:
                    return None
                if fault.faultCode == _SHUTDOWN_STATE:
                    raise ShuttingDown("supervisord is shutting down") from fault
                raise SupervisionError(f"supervisord refused: {fault.faultString}") from fault
            except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
                raise SupervisionError(
                    f"supervisord does not run (nothing answers at {self.socket}):"
                    " `make up` or `binance-trade-agent supervise` starts everything"
                ) from error


def _program(info: Mapping[str, Any]) -> ProgramState:
    runs = bool(info["pid"])
    has_ended = not runs and bool(info["stop"])
    return ProgramState(
        name=info["name"],
        state=info["statename"],
        pid=info["pid"] if runs else None,
        started_at=datetime.fromtimestamp(info["start"], tz=UTC) if runs else None,
        exit_code=info["exitstatus"] if has_ended else None,
    )


def _known(program: str) -> str:
    if program not in PROGRAMS:
        raise SupervisionError(f"{program} is none of {', '.join(PROGRAMS)}")
    return program

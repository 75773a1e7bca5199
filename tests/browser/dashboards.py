"""A dashboard on a real socket, on fakes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import waitress

from binance_trade_agent.interfaces.dashboard.access import Guard
from binance_trade_agent.interfaces.dashboard.app import build_app
from binance_trade_agent.interfaces.dashboard.passwords import LoginThrottle
from binance_trade_agent.interfaces.desks import DeskDoor
from binance_trade_agent.interfaces.listening import listen
from tests.browser.real import PASSWORD
from tests.fakes import FakeDesk


@dataclass(frozen=True)
class ServedDashboard:
    """Where it is, and the desk behind it."""

    desk: FakeDesk
    url: str


@contextmanager
def served_dashboard(desk: FakeDesk, mode: str = "simulated") -> Iterator[ServedDashboard]:
    """Serves until the context ends."""
    listener = listen("127.0.0.1", 0, host_setting="DASHBOARD_HOST", port_setting="DASHBOARD_PORT")
    app = build_app(
        DeskDoor(lambda: desk),
        Guard(PASSWORD, b"k" * 32, LoginThrottle()),
        mode=mode,
        mode_note="no keys are set",
    )
    server = waitress.create_server(app.server, sockets=[listener], threads=4, ident="")
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield ServedDashboard(desk, f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        server.trigger.pull_trigger(lambda: _close(server))
        thread.join(60)
        server.task_dispatcher.shutdown()
        assert not thread.is_alive()


def _close(server: Any) -> None:
    # in the server's own thread: its loop ends when nothing is left to listen to
    for channel in list(server.active_channels.values()):
        channel.handle_close()
    server.close()

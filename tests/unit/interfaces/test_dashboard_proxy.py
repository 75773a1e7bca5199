"""Whom the dashboard's server believes that it asks for somebody else."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from waitress.server import create_server

from binance_trade_agent.interfaces.dashboard.__main__ import believing
from binance_trade_agent.interfaces.listening import listen


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def who_asks(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["REMOTE_ADDR"].encode()]


@contextmanager
def serving(host: str, proxy: str | None) -> Iterator[str]:
    """The IPv4 address of a server on `host` that believes `proxy`."""
    listener = listen(host, 0, host_setting="H", port_setting="P")
    server: Any = create_server(
        who_asks, sockets=[listener], clear_untrusted_proxy_headers=True, **believing(proxy, host)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.trigger.pull_trigger(lambda: _close(server))
        thread.join(60)
        server.task_dispatcher.shutdown()
        assert not thread.is_alive()


def _close(server: Any) -> None:
    for channel in list(server.active_channels.values()):
        channel.handle_close()
    server.close()


@pytest.mark.parametrize(
    ("host", "proxy", "seen"),
    [
        ("127.0.0.1", "127.0.0.1", "192.0.2.7"),
        ("127.0.0.1", "::ffff:127.0.0.1", "192.0.2.7"),
        ("127.0.0.1", "10.0.0.5", "127.0.0.1"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("::", "127.0.0.1", "192.0.2.7"),
        ("::", "::ffff:127.0.0.1", "192.0.2.7"),
        ("::", "10.0.0.5", "::ffff:127.0.0.1"),
    ],
)
def test_a_proxy_is_known_whatever_the_server_listens_on(host: str, proxy: str | None, seen: str) -> None:
    if ":" in host and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    with serving(host, proxy) as url:
        asked = httpx.get(url, headers={"X-Forwarded-For": "203.0.113.1, 192.0.2.7"}, timeout=30)
    assert asked.text == seen


def test_a_proxy_with_an_ipv6_address_is_compared_as_it_is() -> None:
    assert believing("2001:db8::5", "::")["trusted_proxy"] == "2001:db8::5"

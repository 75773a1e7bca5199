"""A server's listening socket, taken before anything else is started, so that a taken port is said plainly."""

import socket

from binance_trade_agent.domain.errors import ConfigurationError

_BACKLOG = 128


def listen(host: str, port: int, *, host_setting: str, port_setting: str) -> socket.socket:
    """A socket that listens on `host`:`port`.

    Raises:
        ConfigurationError: the address cannot be taken; the text names the setting to change.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # TCP by name: asyncio sends small answers at once (TCP_NODELAY) only where a socket says that it is TCP, and
    # without that the second part of an answer waits 40 ms for the first to be acknowledged
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise ConfigurationError(
            f"{port_setting}={port}, {host_setting}={host}: cannot listen there ({reason});"
            f" set {port_setting} to a free port, or stop the program that has it"
        ) from error
    return listener

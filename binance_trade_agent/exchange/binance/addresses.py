"""Base addresses of Binance's environments, and how loopback stays clear of proxies."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.modes import TradingMode

_PROXY_EXCEPTIONS = ("NO_PROXY", "no_proxy")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where an exchange listens. The adapter adds `/api`, `/sapi`, `/ws` and `/stream`; `ws_api_url` is complete."""

    rest_url: str
    stream_url: str
    ws_api_url: str


_BINANCE = {
    # testnet.binance.vision; it has no /sapi
    TradingMode.TESTNET: Addresses(
        "https://testnet.binance.vision",
        "wss://stream.testnet.binance.vision",
        "wss://ws-api.testnet.binance.vision/ws-api/v3",
    ),
    TradingMode.DEMO: Addresses(
        "https://demo-api.binance.com",
        "wss://demo-stream.binance.com",
        "wss://demo-ws-api.binance.com/ws-api/v3",
    ),
    TradingMode.LIVE: Addresses(
        "https://api.binance.com",
        "wss://stream.binance.com:9443",
        "wss://ws-api.binance.com:443/ws-api/v3",
    ),
}


def addresses_of(mode: TradingMode) -> Addresses:
    """Binance's addresses for a mode that trades there; raises `KeyError` for one that needs the simulator."""
    return _BINANCE[mode]


def checked_address(url: str, name: str, schemes: tuple[str, ...]) -> str:
    """`url` without trailing slashes; raises `ConfigurationError` unless it is `scheme://host…` without braces."""
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.hostname or "{" in url:
        raise ConfigurationError(f"{name} {url!r} is not an address of the form {schemes[0]}://host[:port]")
    return url.rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether `url` names this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def bypass_proxy(environ: MutableMapping[str, str], *urls: str) -> None:
    """Add the hosts of those `urls` that are loopback to NO_PROXY.

    The websockets library honours proxy variables where aiohttp does not: with one set,
    REST to loopback would work and the streams would fail.
    """
    for host in {urlsplit(url).hostname or "" for url in urls if is_loopback(url)}:
        for variable in _PROXY_EXCEPTIONS:
            listed = [entry for entry in environ.get(variable, "").split(",") if entry]
            if host not in listed:
                environ[variable] = ",".join([*listed, host])

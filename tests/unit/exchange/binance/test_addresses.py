"""Addresses: what is accepted, where the modes point, and that loopback avoids proxies."""

import pytest

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.modes import TradingMode
from binance_trade_agent.exchange.binance.addresses import addresses_of, bypass_proxy, is_loopback
from binance_trade_agent.exchange.binance.config import BinanceConfig


def config(
    rest_url: str = "http://127.0.0.1:9090", recv_window_ms: int = 5000, timeout_s: float = 15
) -> BinanceConfig:
    return BinanceConfig(
        rest_url=rest_url,
        stream_url="ws://127.0.0.1:9090/",
        ws_api_url="ws://127.0.0.1:9090/ws-api/v3",
        api_key="visible-key",
        api_secret="visible-secret",
        recv_window_ms=recv_window_ms,
        request_timeout_s=timeout_s,
    )


def test_each_mode_at_binance_has_its_own_addresses() -> None:
    assert addresses_of(TradingMode.LIVE).rest_url == "https://api.binance.com"
    assert addresses_of(TradingMode.DEMO).rest_url == "https://demo-api.binance.com"
    assert addresses_of(TradingMode.TESTNET).rest_url == "https://testnet.binance.vision"
    with pytest.raises(KeyError):
        addresses_of(TradingMode.SIMULATED)


def test_the_keys_do_not_show() -> None:
    assert "visible" not in repr(config())


def test_trailing_slashes_are_dropped() -> None:
    assert config("http://localhost:1/").rest_url == "http://localhost:1"
    assert config().stream_url == "ws://127.0.0.1:9090"


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:9090", "ws://127.0.0.1", "https://", "https://api{}.binance.com"]
)
def test_an_address_that_cannot_work_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="rest_url"):
        config(url)


@pytest.mark.parametrize("recv_window_ms", [0, 60_001])
def test_a_window_the_exchange_would_refuse_is_refused(recv_window_ms: int) -> None:
    with pytest.raises(ConfigurationError, match="recv_window_ms"):
        config(recv_window_ms=recv_window_ms)


def test_a_timeout_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="request_timeout_s"):
        config(timeout_s=0)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:9090", True),
        ("ws://[::1]:9090", True),
        ("http://localhost", True),
        ("https://api.binance.com", False),
        ("http://10.0.0.1", False),
    ],
)
def test_loopback_is_recognised(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


def test_loopback_hosts_are_added_to_the_proxy_exceptions_once() -> None:
    environ = {"NO_PROXY": "intranet"}

    for _ in range(2):
        bypass_proxy(environ, "http://127.0.0.1:1", "ws://127.0.0.1:2", "https://api.binance.com")

    assert environ == {"NO_PROXY": "intranet,127.0.0.1", "no_proxy": "127.0.0.1"}

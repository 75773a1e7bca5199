"""What the adapter needs to know to reach one account at one exchange."""

from dataclasses import dataclass, field

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.exchange.binance.addresses import checked_address

#: The exchange refuses longer windows (rest-api.md, timing security).
_MAX_RECV_WINDOW_MS = 60_000


@dataclass(frozen=True, slots=True)
class BinanceConfig:
    """Addresses, keys and limits of time; raises `ConfigurationError` if they cannot work.

    `request_timeout_s` bounds a whole request. It is above the 10 s after which Binance
    answers -1007 itself, so that its word is heard (rest-api.md, general information).
    """

    rest_url: str
    stream_url: str
    ws_api_url: str
    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    recv_window_ms: int = 5000
    request_timeout_s: float = 15

    def __post_init__(self) -> None:
        http, websocket = ("http", "https"), ("ws", "wss")
        object.__setattr__(self, "rest_url", checked_address(self.rest_url, "rest_url", http))
        object.__setattr__(self, "stream_url", checked_address(self.stream_url, "stream_url", websocket))
        object.__setattr__(self, "ws_api_url", checked_address(self.ws_api_url, "ws_api_url", websocket))
        if not 0 < self.recv_window_ms <= _MAX_RECV_WINDOW_MS:
            raise ConfigurationError(
                f"recv_window_ms {self.recv_window_ms} is not in 1..{_MAX_RECV_WINDOW_MS}"
            )
        if self.request_timeout_s <= 0:
            raise ConfigurationError(f"request_timeout_s {self.request_timeout_s} is not above 0")

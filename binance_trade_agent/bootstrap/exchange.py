"""Where the exchange of the settings' mode is reached, and with which keys."""

from binance_trade_agent.exchange.binance.addresses import addresses_of
from binance_trade_agent.exchange.binance.config import BinanceConfig
from binance_trade_agent.settings import Settings


def exchange_config(settings: Settings) -> BinanceConfig:
    """Addresses and keys of the settings' mode; single addresses can be overridden."""
    known = None if settings.uses_simulator else addresses_of(settings.mode)
    key, secret = settings.api_credentials
    return BinanceConfig(
        rest_url=settings.rest_url or (known.rest_url if known else ""),
        stream_url=settings.stream_url or (known.stream_url if known else ""),
        ws_api_url=settings.ws_api_url or (known.ws_api_url if known else ""),
        api_key=key,
        api_secret=secret,
        recv_window_ms=settings.binance_recv_window_ms,
        request_timeout_s=settings.binance_request_timeout_seconds,
    )

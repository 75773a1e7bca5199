"""Every address of ccxt's Binance client, changed so that none leaves this machine."""

from collections.abc import Mapping
from typing import Any

import ccxt.pro

# Nothing listens on port 1: a request to any address that was not overridden fails at once.
DEAD = "http://127.0.0.1:1"


def simulator_addresses(rest_url: str, stream_url: str) -> dict[str, Any]:
    """ccxt's `urls.api`: the spot exchange at the simulator, all else nowhere."""
    nowhere = _dead(ccxt.pro.binance().urls["api"])
    sockets = nowhere["ws"]
    spot = {
        "spot": f"{stream_url}/ws",
        "ws-api": {**sockets["ws-api"], "spot": f"{stream_url}/ws-api/v3"},
    }
    rest = f"{rest_url}/api/v3"
    served = {"public": rest, "private": rest, "v1": f"{rest_url}/api/v1", "sapi": f"{rest_url}/sapi/v1"}
    return {**nowhere, **served, "ws": {**sockets, **spot}}


def spot_options() -> dict[str, Any]:
    """ccxt's `options` under which it asks a spot exchange for nothing else."""
    return {
        "defaultType": "spot",
        "fetchMarkets": {"types": ["spot"]},
        "fetchCurrencies": False,
        "fetchMargins": False,
        "recvWindow": 60_000,
    }


def _dead(url: Any) -> Any:
    return {name: _dead(inner) for name, inner in url.items()} if isinstance(url, Mapping) else DEAD

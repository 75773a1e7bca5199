"""Requests of the WebSocket API as they are written on the wire (web-socket-api.md, "Request format"). Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from binance_trade_agent.exchange.simulator.errors import ApiError

_VERSION = "v3/"
_SHOWS_LIMITS = "returnRateLimits"


@dataclass(slots=True)
class WsRequest:
    """One request. `params` are texts as they were signed; `shows_limits` is None where it does not say.

    `signed_payload` is what the signature covers: all parameters but itself, by name, not percent-encoded
    ("SIGNED request security").
    """

    identity: str | int | None = None
    method: str = ""
    params: dict[str, str] = field(default_factory=dict)
    shows_limits: bool | None = None
    signed_payload: bytes = b""

    def read(self, text: str) -> None:
        """Fill in what `text` says, as far as it can be read; raises -1135."""
        # Decimals stay texts: what was signed is how they were written, not their value.
        try:
            frame = json.loads(text, parse_float=str)
            if "\\u" in text:
                # An escaped half of a surrogate pair is JSON, but no text that could be signed or sent back.
                json.dumps(frame, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise ApiError(-1135, "Invalid JSON Request") from None
        if not isinstance(frame, dict):
            raise ApiError(-1135, "Invalid JSON Request")
        identity = frame.get("id")
        if isinstance(identity, bool) or not isinstance(identity, str | int | None):
            raise _invalid("id")
        self.identity = identity
        method = frame.get("method")
        if not isinstance(method, str):
            raise _invalid("method")
        self.method = method.removeprefix(_VERSION)
        params = frame.get("params") or {}
        if not isinstance(params, dict):
            raise ApiError(-1135, "Invalid 'params' in JSON request; expected an object.")
        self.shows_limits = _read_shows_limits(params)
        texts = {name: _text(name, value) for name, value in params.items()}
        pairs = [f"{name}={value}" for name, value in sorted(texts.items()) if name != "signature"]
        self.signed_payload = "&".join(pairs).encode()
        # Signed like any other parameter, but no method's own.
        texts.pop(_SHOWS_LIMITS, None)
        self.params = texts


def _read_shows_limits(params: Mapping[str, Any]) -> bool | None:
    value = params.get(_SHOWS_LIMITS)
    if value is not None and not isinstance(value, bool):
        raise _invalid(_SHOWS_LIMITS)
    return value


def _text(name: str, value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int():
            return str(value)
        case None:
            return ""
        case list() if all(isinstance(each, str) for each in value):
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    raise _invalid(name)


def _invalid(name: str) -> ApiError:
    return ApiError(-1135, f"JSON sent for parameter '{name}' is not valid")

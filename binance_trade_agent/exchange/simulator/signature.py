"""Who signed a request, and when (rest-api.md, "SIGNED endpoint security"). Pure.

The payload is the query string and the body as they were sent, percent-encoding included,
one after the other without a separator, less the `signature` pair.
"""

import hashlib
import hmac
from decimal import Decimal

from binance_trade_agent.exchange.simulator import errors

DEFAULT_RECV_WINDOW_MS = Decimal(5000)
MAX_RECV_WINDOW_MS = Decimal(60_000)

_AHEAD_MS = 1000
_MICROSECONDS_FROM = 10**15
# 2017-01-01: what is older cannot be a Binance timestamp.
_OLDEST_MS = 1_483_228_800_000


def sign(payload: bytes, secret: str) -> str:
    """HMAC-SHA256 of the payload, in lower-case hexadecimal digits."""
    return hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()


def signed_payload(query: bytes, body: bytes) -> bytes:
    """The bytes that were signed: query and body joined, without the signature pair of either."""
    return _unsigned(query) + _unsigned(body)


def verify(query: bytes, body: bytes, secret: str, signature: str) -> None:
    """Raise -1022 unless `signature` (hex, either case) is that of the request."""
    expected = sign(signed_payload(query, body), secret).encode()
    if not hmac.compare_digest(expected, signature.lower().encode()):
        raise errors.bad_signature()


def check_time(timestamp: int, recv_window_ms: Decimal | None, now_ms: int) -> None:
    """Raise -1021 unless timestamp < now + 1 s and now - timestamp <= recvWindow.

    `timestamp` is in milliseconds, or in microseconds when above 10^15. Raises -1131 for a
    recvWindow above 60 s and -1111 for one with more than 3 decimals.
    """
    window_ms = DEFAULT_RECV_WINDOW_MS if recv_window_ms is None else recv_window_ms
    if window_ms > MAX_RECV_WINDOW_MS:
        raise errors.ApiError(-1131, "recvWindow must be less than 60000")
    exponent = window_ms.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -3:
        raise errors.too_precise("recvWindow")
    sent_ms = Decimal(timestamp) / 1000 if timestamp > _MICROSECONDS_FROM else Decimal(timestamp)
    if sent_ms >= now_ms + _AHEAD_MS:
        raise errors.ahead_of_server()
    if sent_ms < _OLDEST_MS or now_ms - sent_ms > window_ms:
        raise errors.outside_recv_window()


def _unsigned(part: bytes) -> bytes:
    if b"signature=" not in part:
        return part
    return b"&".join(pair for pair in part.split(b"&") if not pair.startswith(b"signature="))

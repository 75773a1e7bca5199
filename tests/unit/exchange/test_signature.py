"""Signatures and timestamps; the vector is the one of Binance's documentation."""

from decimal import Decimal

import pytest

from binance_trade_agent.exchange.simulator.errors import ApiError
from binance_trade_agent.exchange.simulator.signature import check_time, sign, signed_payload, verify

SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
PAYLOAD = b"symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
SIGNATURE = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
NOW = 1_767_225_600_000


def test_documented_vector() -> None:
    assert sign(PAYLOAD, SECRET) == SIGNATURE


@pytest.mark.parametrize(
    ("query", "body"),
    [
        (PAYLOAD + b"&signature=x", b""),
        (b"", PAYLOAD + b"&signature=x"),
        (b"signature=x&" + PAYLOAD, b""),
        (PAYLOAD[:40], PAYLOAD[40:] + b"&signature=x"),
    ],
)
def test_payload_is_query_then_body_without_the_signature(query: bytes, body: bytes) -> None:
    assert signed_payload(query, body) == PAYLOAD
    verify(query, body, SECRET, SIGNATURE.upper())


def test_any_other_byte_is_refused() -> None:
    with pytest.raises(ApiError, match="-1022"):
        verify(PAYLOAD.replace(b"quantity=1", b"quantity=2"), b"", SECRET, SIGNATURE)
    with pytest.raises(ApiError, match="-1022"):
        verify(PAYLOAD, b"", SECRET, "é")


@pytest.mark.parametrize(
    ("timestamp", "window", "refusal"),
    [
        (NOW, None, None),
        (NOW - 5000, None, None),
        (NOW - 5001, None, "outside of the recvWindow"),
        (NOW - 6000, "6000", None),
        (NOW + 999, None, None),
        (NOW + 1000, None, "1000ms ahead"),
        (NOW * 1000, None, None),
        ((NOW - 5001) * 1000, None, "outside of the recvWindow"),
        (NOW - 5, "4.999", "outside of the recvWindow"),
        (NOW, "60000", None),
        (NOW, "60000.001", "less than 60000"),
        (NOW, "1.2345", "too much precision"),
        (1, "60000", "outside of the recvWindow"),
    ],
)
def test_time(timestamp: int, window: str | None, refusal: str | None) -> None:
    window_ms = None if window is None else Decimal(window)
    if refusal is None:
        check_time(timestamp, window_ms, NOW)
    else:
        with pytest.raises(ApiError, match=refusal):
            check_time(timestamp, window_ms, NOW)

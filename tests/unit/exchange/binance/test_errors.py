"""What the errors of requests tell, and what they must not."""

from collections.abc import Callable

import aiohttp
import pytest

from binance_trade_agent.domain.errors import ExchangeError, OutcomeUnknown, Unavailable
from binance_trade_agent.exchange.binance.errors import from_transport

ADDRESS = "http://exchange/api/v3/account?timestamp=1&signature=abc"


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        # the text is aiohttp's own
        (lambda: aiohttp.ConnectionTimeoutError(f"Connection timeout to host {ADDRESS}"), Unavailable),
        (lambda: aiohttp.SocketTimeoutError(f"Timeout on reading data from {ADDRESS}"), OutcomeUnknown),
        (lambda: aiohttp.InvalidURL(ADDRESS), OutcomeUnknown),
        (lambda: aiohttp.ClientPayloadError(ADDRESS), OutcomeUnknown),
    ],
)
def test_no_error_tells_the_signed_address(make: Callable[[], Exception], kind: type[ExchangeError]) -> None:
    error = from_transport(make(), True, "POST /api/v3/order")

    assert type(error) is kind
    assert "signature" not in str(error)
    assert type(make()).__name__ in str(error)


def test_the_system_s_own_words_are_told() -> None:
    error = from_transport(ConnectionResetError(104, "Connection reset by peer"), True, "POST /api/v3/order")

    assert isinstance(error, OutcomeUnknown)
    assert "Connection reset by peer" in str(error)

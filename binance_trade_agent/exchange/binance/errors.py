"""What a failed request means, as one of the domain's four errors.

| answer                                            | read          | order, cancel    |
|---------------------------------------------------|---------------|------------------|
| 429, 418, code -1003 or -1015                     | `Throttled`   | `Throttled`      |
| 403 without a Binance code (the firewall's page)  | `Throttled`   | `Throttled`      |
| 4xx with a Binance code                           | `Refused`     | `Refused`        |
| -2010 "Duplicate order sent."                     | `Refused`     | `OutcomeUnknown` |
| -1000, -1001, -1006, -1007, -1008, 408, any 5xx   | `Unavailable` | `OutcomeUnknown` |
| 3xx, 4xx without a code, 2xx that cannot be read  | `Unavailable` | `OutcomeUnknown` |
| no answer once connected: timeout, reset          | `Unavailable` | `OutcomeUnknown` |
| no connection                                     | `Unavailable` | `Unavailable`    |

Sources: rest-api.md, HTTP return codes and error codes; errors.md. A duplicate client order
id is not a refusal: ids are never used twice, so the exchange must already hold this very order.
"""

import re
from datetime import datetime

import aiohttp
import orjson

from binance_trade_agent.domain.errors import (
    ExchangeError,
    OutcomeUnknown,
    Refused,
    Throttled,
    Unavailable,
)
from binance_trade_agent.exchange.binance.timestamps import from_ms

TIMESTAMP_REFUSED = -1021
NO_SUCH_ORDER = -2013
#: A filter or precision failed, so the cached rules may be out of date.
RULES_MAY_HAVE_CHANGED = frozenset({-1013, -1111})
MARKET_CLOSED = "Market is closed"
UNKNOWN_SYMBOL = frozenset({-1121, -1100})

_DUPLICATE_ORDER = (-2010, "Duplicate order sent.")
_THROTTLING_CODES = frozenset({-1003, -1015})
_UNDECIDED_CODES = frozenset({-1000, -1001, -1006, -1007, -1008})
_BANNED_UNTIL = re.compile(r"banned until (\d{13})")
#: Waits where the exchange names none: the weight window is a minute, a ban at least two.
_LIMIT_WAIT_S = 60.0
_BAN_WAIT_S = 120.0
#: The firewall names no time; it bans addresses that insist.
_FIREWALL_WAIT_S = 300.0


def undecided(writes: bool, text: str) -> ExchangeError:
    """The error of a request without a clear answer; `writes` says whether it could have changed something."""
    return OutcomeUnknown(text) if writes else Unavailable(text)


def from_transport(error: Exception, writes: bool, request: str) -> ExchangeError:
    """The error of a request that got no answer."""
    # the text of other client errors holds the signed address
    detail = f": {error}" if isinstance(error, OSError) and str(error) else ""
    text = f"{request}: {type(error).__name__}{detail}"
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Unavailable(text)
    return undecided(writes, text)


def from_answer(
    status: int, body: bytes, retry_after: str | None, now: datetime, writes: bool, request: str
) -> ExchangeError:
    """The error of an answer that is not 2xx; `now` is exchange time, `retry_after` the header's text."""
    code, message = _code_and_message(body)
    if status in {418, 429} or code in _THROTTLING_CODES:
        wait_s = _wait_s(status, message, retry_after, now)
        return Throttled(wait_s, message or f"{request}: HTTP {status}", banned=status == 418)
    if status == 403 and code is None:
        return Throttled(
            _FIREWALL_WAIT_S,
            f"{request}: turned away by the exchange's web firewall before it was looked at (403)",
        )
    decided = 400 <= status < 500 and status != 408 and code not in _UNDECIDED_CODES
    if code is None or not decided or (writes and (code, message) == _DUPLICATE_ORDER):
        detail = f" {code} {message}" if code is not None else ""
        return undecided(writes, f"{request}: HTTP {status}{detail}")
    return Refused(code, message)


def _code_and_message(body: bytes) -> tuple[int | None, str]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None, ""
    if not isinstance(answer, dict) or not isinstance(answer.get("code"), int):
        return None, ""
    return answer["code"], str(answer.get("msg", ""))


def _wait_s(status: int, message: str, retry_after: str | None, now: datetime) -> float:
    if retry_after is not None and retry_after.strip().isdecimal():
        return max(int(retry_after), 1)
    if match := _BANNED_UNTIL.search(message):
        return max((from_ms(int(match[1])) - now).total_seconds(), 1.0)
    return _BAN_WAIT_S if status == 418 else _LIMIT_WAIT_S

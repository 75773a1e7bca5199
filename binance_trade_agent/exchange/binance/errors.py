"""What a failed request means, as one of the domain's four errors.

| answer                                            | read          | order, cancel    |
|---------------------------------------------------|---------------|------------------|
| 429, 418, code -1003 below 500                    | `Throttled`   | `Throttled`      |
| -1015, too many new orders, below 500             | `Throttled`   | `Throttled`      |
| 403 without a Binance code (the firewall's page)  | `Throttled`   | `Throttled`      |
| 4xx with a Binance code                           | `Refused`     | `Refused`        |
| -2010 "Duplicate order sent."                     | `Refused`     | `OutcomeUnknown` |
| -1000, -1001, -1006, -1007, -1008, 408, any 5xx   | `Unavailable` | `OutcomeUnknown` |
| 3xx, 4xx without a code, 2xx that cannot be read  | `Unavailable` | `OutcomeUnknown` |
| no answer once connected: timeout, reset          | `Unavailable` | `OutcomeUnknown` |
| no connection                                     | `Unavailable` | `Unavailable`    |

-1015 forbids new orders, the other demands for silence every request. A read that met a revoked or
malformed key (401, -2015 and -2014), a bad signature (-1022) or a forbidden country (451) is `Refused` and
never "nothing there"; the only such answer is -2013 to a look-up of an order. -2026 (cancelled or expired with
nothing executed, over 90 days ago) stays `Refused` with its code: it does not name the order's side or
number, which whoever asked knows. A refused cancelReplace is taken apart in `order_answers`.

Sources: rest-api.md, HTTP return codes and error codes; errors.md. A duplicate client order
id is not a refusal: ids are never used twice, so the exchange must already hold this very order.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

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
#: A filter or precision failed, or the new half of a cancelReplace did: the cached rules may be out of date.
RULES_MAY_HAVE_CHANGED = frozenset({-1013, -1111, -2021})
MARKET_CLOSED = "Market is closed"
UNKNOWN_SYMBOL = frozenset({-1121, -1100})

_DUPLICATE_ORDER = (-2010, "Duplicate order sent.")
_TOO_MANY_ORDERS = -1015
_THROTTLING_CODES = frozenset({-1003, _TOO_MANY_ORDERS})
_UNDECIDED_CODES = frozenset({-1000, -1001, -1006, -1007, -1008})
_BANNED_UNTIL = re.compile(r"banned until (\d{13})")
#: Waits where the exchange names none: the weight window is a minute, a ban at least two.
_LIMIT_WAIT_S = 60.0
_BAN_WAIT_S = 120.0
_LONGEST_BAN_S = 3 * 24 * 3600.0
_MAX_DIGITS = 9
#: The firewall seldom names a time; it bans addresses that insist.
_FIREWALL_WAIT_S = 300.0


class TooManyOrders(Throttled):
    """The limit of new orders is reached (-1015): no new orders, but reads and cancels go on."""


class RefusedInPart(Refused):
    """A refusal with the results of a request's halves (cancelReplace, -2021 and -2022)."""

    def __init__(self, code: int, message: str, data: Mapping[str, Any]) -> None:
        super().__init__(code, message)
        self.data = data


def is_decided(code: int, message: str) -> bool:
    """Whether Binance's error code and text say for sure that an order or a cancel was not carried out."""
    return code not in _UNDECIDED_CODES and (code, message) != _DUPLICATE_ORDER


def undecided(writes: bool, text: str) -> ExchangeError:
    """The error of a request without a clear answer; `writes` says whether it could have changed something."""
    return OutcomeUnknown(text) if writes else Unavailable(text)


def from_transport(error: Exception, writes: bool, request: str) -> ExchangeError:
    """The error of a request that got no answer."""
    # the text of other client errors, and of a timeout, holds the signed address
    tells = isinstance(error, OSError) and not isinstance(error, TimeoutError)
    detail = f": {error}" if tells and str(error) else ""
    text = f"{request}: {type(error).__name__}{detail}"
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Unavailable(text)
    return undecided(writes, text)


def from_answer(
    status: int, body: bytes, retry_after: str | None, now: datetime, writes: bool, request: str
) -> ExchangeError:
    """The error of an answer that is not 2xx; `now` is exchange time, `retry_after` the header's text."""
    code, message, data = _error_in(body)
    # of an order even these codes say nothing in a 5xx, which means that the outcome is not known
    if status in {418, 429} or (code in _THROTTLING_CODES and not (writes and status >= 500)):
        wait_s = _wait_s(retry_after, message, now, _BAN_WAIT_S if status == 418 else _LIMIT_WAIT_S)
        text = message or f"{request}: HTTP {status}"
        if code == _TOO_MANY_ORDERS and status != 418:
            return TooManyOrders(wait_s, text)
        return Throttled(wait_s, text, banned=status == 418)
    if status == 403 and code is None:
        return Throttled(
            _wait_s(retry_after, "", now, _FIREWALL_WAIT_S),
            f"{request}: turned away by the exchange's web firewall before it was looked at (403)",
        )
    answered = 400 <= status < 500 and status != 408 and code not in _UNDECIDED_CODES
    if code is None or not answered or (writes and not is_decided(code, message)):
        detail = f" {code} {message}" if code is not None else ""
        return undecided(writes, f"{request}: HTTP {status}{detail}")
    return RefusedInPart(code, message, data) if data else Refused(code, message)


def _error_in(body: bytes) -> tuple[int | None, str, Mapping[str, Any]]:
    """Code, text and further data of Binance's error form; no code for anything else."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None, "", {}
    if not isinstance(answer, dict) or not isinstance(answer.get("code"), int):
        return None, "", {}
    data = answer.get("data")
    return answer["code"], str(answer.get("msg", "")), data if isinstance(data, dict) else {}


def _wait_s(retry_after: str | None, message: str, now: datetime, default_s: float) -> float:
    """Seconds of silence that are demanded, 1 s to the longest ban; the default where the demand makes no sense."""
    asked_s = _seconds_of((retry_after or "").strip(), now)
    if asked_s is None and (match := _BANNED_UNTIL.search(message)):
        asked_s = (from_ms(int(match[1])) - now).total_seconds()
    return default_s if asked_s is None else min(max(asked_s, 1.0), _LONGEST_BAN_S)


def _seconds_of(retry_after: str, now: datetime) -> float | None:
    """The header as seconds from now; it is a number of seconds or a date (RFC 9110, 10.2.3)."""
    if retry_after.isdecimal():
        # a number of absurd length is not even converted
        return int(retry_after) if len(retry_after) <= _MAX_DIGITS else _LONGEST_BAN_S
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()

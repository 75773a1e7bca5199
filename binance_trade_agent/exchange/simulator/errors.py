"""Binance's refusals: code, text and HTTP status (errors.md), one constructor each where the text is fixed."""

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """A request is answered with an error object.

    `status` is the HTTP status, `retry_after_s` the Retry-After header of 418 and 429, `data` what
    a cancelReplace tells of its two halves.
    """

    def __init__(
        self,
        code: int,
        message: str,
        *,
        status: int = 400,
        retry_after_s: int | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.retry_after_s = retry_after_s
        self.data = data

    @property
    def body(self) -> dict[str, Any]:
        """The error object: code, text and, if there is any, data."""
        core = {"code": self.code, "msg": self.message}
        return core if self.data is None else {**core, "data": self.data}

    def with_data(self, data: Mapping[str, Any]) -> "ApiError":
        """The same refusal with `data`."""
        return ApiError(
            self.code, self.message, status=self.status, retry_after_s=self.retry_after_s, data=data
        )


NUMBER_PATTERN = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
INTEGER_PATTERN = r"^[0-9]{1,20}$"
SYMBOL_PATTERN = r"^[A-Z0-9-_.]{1,20}$"
CLIENT_ID_PATTERN = r"^[a-zA-Z0-9-_]{1,36}$"


def unavailable(reason: object) -> ApiError:
    """The market source has no prices now; nothing was executed.

    Binance's code for a server that cannot serve, with the simulator's own text: a person
    who reads it looks at the simulator's market, not for an overloaded exchange.
    """
    return ApiError(-1008, f"The simulated market has no prices: {reason}", status=503)


def too_much_weight(limit: int, retry_after_s: int) -> ApiError:
    """429: the window's weight is used up."""
    return ApiError(
        -1003,
        f"Too much request weight used; current limit is {limit} request weight per 1 MINUTE. "
        "Please use WebSocket Streams for live updates to avoid polling the API.",
        status=429,
        retry_after_s=retry_after_s,
    )


def banned(until_ms: int, retry_after_s: int) -> ApiError:
    """418: the address went on after 429."""
    return ApiError(
        -1003,
        f"Way too much request weight used; IP banned until {until_ms}. "
        "Please use WebSocket Streams for live updates to avoid bans.",
        status=418,
        retry_after_s=retry_after_s,
    )


def too_many_orders(limit: int, window: str, retry_after_s: int) -> ApiError:
    """429 for an account that places orders too fast; cancels stay allowed."""
    return ApiError(
        -1015,
        f"Too many new orders; current limit is {limit} orders per {window}.",
        status=429,
        retry_after_s=retry_after_s,
    )


def outside_recv_window() -> ApiError:
    """The request is too old."""
    return ApiError(-1021, "Timestamp for this request is outside of the recvWindow.")


def ahead_of_server() -> ApiError:
    """The client's clock runs ahead."""
    return ApiError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")


def bad_signature() -> ApiError:
    """The signature is not that of the bytes received."""
    return ApiError(-1022, "Signature for this request is not valid.")


def bad_key_format() -> ApiError:
    """The API key is missing or is no key at all."""
    return ApiError(-2014, "API-key format invalid.", status=401)


def unknown_key() -> ApiError:
    """No account has this API key."""
    return ApiError(-2015, "Invalid API-key, IP, or permissions for action.", status=401)


def illegal_characters(name: str, pattern: str) -> ApiError:
    """The value does not match the parameter's pattern."""
    return ApiError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{pattern}'.")


def duplicate_parameter() -> ApiError:
    """A name stands twice in the query or twice in the body."""
    return ApiError(-1101, "Duplicate values for a parameter detected.")


def missing_parameter(name: str) -> ApiError:
    """A mandatory parameter was left out."""
    return ApiError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def neither_parameter(first: str, second: str) -> ApiError:
    """One of two parameters must be sent."""
    return ApiError(-1102, f"Param '{first}' or '{second}' must be sent, but both were empty/null!")


def unread_parameters(read: int, sent: int) -> ApiError:
    """The endpoint does not know some of the parameters."""
    return ApiError(
        -1104, f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'."
    )


def empty_parameter(name: str) -> ApiError:
    """A parameter was sent without a value."""
    return ApiError(-1105, f"Parameter '{name}' was empty.")


def not_required(name: str) -> ApiError:
    """A parameter that this order type does not take."""
    return ApiError(-1106, f"Parameter '{name}' sent when not required.")


def too_precise(name: str) -> ApiError:
    """More decimals than the asset has."""
    return ApiError(-1111, f"Parameter '{name}' has too much precision.")


def bad_interval() -> ApiError:
    """No such candle interval, or one that cannot be made of the market's candles."""
    return ApiError(-1120, "Invalid interval.")


def bad_symbol() -> ApiError:
    """No such symbol."""
    return ApiError(-1121, "Invalid symbol.")


def invalid_data(name: str) -> ApiError:
    """The value is well-formed and still not valid."""
    return ApiError(-1130, f"Data sent for parameter '{name}' is not valid.")


def filter_failure(name: str) -> ApiError:
    """The order breaks a filter of exchangeInfo."""
    return ApiError(-1013, f"Filter failure: {name}")


def rejected(message: str) -> ApiError:
    """The matching engine refuses a new order."""
    return ApiError(-2010, message)


def insufficient_balance() -> ApiError:
    """The account has too little free."""
    return rejected("Account has insufficient balance for requested action.")


def unknown_order() -> ApiError:
    """A cancel for an order that is not open."""
    return ApiError(-2011, "Unknown order sent.")


def no_such_order() -> ApiError:
    """A query for an order that the account never had."""
    return ApiError(-2013, "Order does not exist.")


def no_such_list() -> ApiError:
    """A query for an order list that the account never had."""
    return ApiError(-2013, "Order list does not exist.")

"""Ready answers by name: what Binance and what stands in front of it say when things fail.

Statuses and texts as documented (errors.md) or seen in public; where neither exists, the likeliest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

_JSON = "application/json;charset=UTF-8"
_HTML = "text/html"
_SECONDS_OF_A_BAN = 120


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in place of the true one: `body` as it is, or else the error object of `code` and `message`.

    `{until_ms}` in a message becomes the exchange time at which Retry-After is over.
    """

    status: int
    code: int = 0
    message: str = ""
    body: str | None = None
    content_type: str = _JSON
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def retry_after_s(self) -> int | None:
        """Seconds of the Retry-After header."""
        text = next((value for name, value in self.headers.items() if name.lower() == "retry-after"), None)
        return int(text) if text is not None and text.isascii() and text.isdigit() else None

    def text(self, now_ms: int) -> str:
        """The message for an answer given now."""
        return self.message.replace("{until_ms}", str(now_ms + 1000 * (self.retry_after_s or 0)))

    def with_headers(self, headers: Mapping[str, str]) -> "Answer":
        """The same with more headers, or other values of some."""
        given = {name.lower() for name in headers}
        kept = {name: value for name, value in self.headers.items() if name.lower() not in given}
        return replace(self, headers=kept | dict(headers))


def _page(status: int, title: str) -> Answer:
    body = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return Answer(status, body=body, content_type=_HTML)


_FORBIDDEN = (
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">\n'
    '<HTML><HEAD><META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=iso-8859-1">\n'
    "<TITLE>ERROR: The request could not be satisfied</TITLE>\n</HEAD><BODY>\n<H1>403 ERROR</H1>\n"
    "<H2>The request could not be satisfied.</H2>\nRequest blocked.\n</BODY></HTML>\n"
)
_STREAMS = "Please use WebSocket Streams for live updates"
_TIMEOUT = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
_RESTRICTED = (
    "Service unavailable from a restricted location according to 'b. Eligibility' in "
    "https://www.binance.com/en/terms. Please contact customer service if you believe you received this "
    "message in error."
)
_ARCHIVED = "Order was canceled or expired with no executed qty over 90 days ago and has been archived."
_PRECISION = "Parameter 'quantity' has too much precision."
_ILLEGAL = (
    r"Illegal characters found in parameter 'quantity'; legal range is '^([0-9]{1,20})(\.[0-9]{1,20})?$'."
)
_TOO_MUCH_WEIGHT = (
    f"Too much request weight used; current limit is 6000 request weight per 1 MINUTE. {_STREAMS} "
    "to avoid polling the API."
)
_FILTERS = (
    "LOT_SIZE",
    "MARKET_LOT_SIZE",
    "PRICE_FILTER",
    "NOTIONAL",
    "PERCENT_PRICE_BY_SIDE",
    "MAX_NUM_ORDERS",
    "MAX_NUM_ALGO_ORDERS",
    "MAX_POSITION",
)
_WEIGHT_HEADERS = {"Retry-After": "17", "x-mbx-used-weight": "6001", "x-mbx-used-weight-1m": "6001"}

READY: Mapping[str, Answer] = {
    "-1000": Answer(500, -1000, "An unknown error occurred while processing the request."),
    "-1001": Answer(503, -1001, "Internal error; unable to process your request. Please try again."),
    "-1003": Answer(429, -1003, _TOO_MUCH_WEIGHT, headers=_WEIGHT_HEADERS),
    "-1006": Answer(
        500,
        -1006,
        "An unexpected response was received from the message bus. Execution status unknown.",
    ),
    "-1007": Answer(503, -1007, _TIMEOUT),
    "-1008": Answer(
        503,
        -1008,
        "Server is currently overloaded with other requests. Please try again in a few minutes.",
    ),
    "-1015": Answer(
        429,
        -1015,
        "Too many new orders; current limit is 100 orders per 10 SECOND.",
        headers={"Retry-After": "7"},
    ),
    "-1016": Answer(503, -1016, "This service is no longer available."),
    "-1021": Answer(400, -1021, "Timestamp for this request is outside of the recvWindow."),
    "-1021 ahead": Answer(400, -1021, "Timestamp for this request was 1000ms ahead of the server's time."),
    "-1022": Answer(400, -1022, "Signature for this request is not valid."),
    "-1100": Answer(400, -1100, _ILLEGAL),
    "-1111": Answer(400, -1111, _PRECISION),
    **{f"-1013 {name}": Answer(400, -1013, f"Filter failure: {name}") for name in _FILTERS},
    "-2010 balance": Answer(400, -2010, "Account has insufficient balance for requested action."),
    "-2010 duplicate": Answer(400, -2010, "Duplicate order sent."),
    "-2010 would take": Answer(400, -2010, "Order would immediately match and take."),
    "-2010 would trigger": Answer(400, -2010, "Order would trigger immediately."),
    "-2010 closed": Answer(400, -2010, "Market is closed."),
    "-2011": Answer(400, -2011, "Unknown order sent."),
    "-2013": Answer(400, -2013, "Order does not exist."),
    "-2014": Answer(401, -2014, "API-key format invalid."),
    "-2015": Answer(401, -2015, "Invalid API-key, IP, or permissions for action."),
    "-2026": Answer(400, -2026, _ARCHIVED),
    "403": Answer(403, body=_FORBIDDEN, content_type=_HTML, headers={"X-Cache": "Error from cloudfront"}),
    "410": _page(410, "410 Gone"),
    "418": Answer(
        418,
        -1003,
        f"Way too much request weight used; IP banned until {{until_ms}}. {_STREAMS} to avoid bans.",
        headers={"Retry-After": str(_SECONDS_OF_A_BAN)},
    ),
    "429": Answer(429, -1003, _TOO_MUCH_WEIGHT, headers=_WEIGHT_HEADERS),
    "451": Answer(451, 0, _RESTRICTED),
    "502": _page(502, "502 Bad Gateway"),
    "503": _page(503, "503 Service Temporarily Unavailable"),
    "504": _page(504, "504 Gateway Time-out"),
    "maintenance page": Answer(200, body="<html>maintenance</html>\n", content_type=_HTML),
}

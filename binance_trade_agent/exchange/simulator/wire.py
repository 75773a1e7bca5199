"""JSON as Binance writes it: decimals are strings with 8 places, everything else plain."""

from decimal import Decimal
from typing import Any

import orjson


def decimal_text(value: Decimal) -> str:
    """`value` with exactly 8 decimals and no exponent."""
    return f"{value:.8f}"


def _encode(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:.8f}"
    raise TypeError(f"{type(value).__name__} has no place on the wire")


def dumps(payload: Any) -> bytes:
    """The payload as JSON bytes."""
    return orjson.dumps(payload, default=_encode)

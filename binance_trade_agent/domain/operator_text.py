"""Lists, pairs, amounts, times and addresses as an operator writes them in one line of text.

Each function also takes the value in its parsed form, and raises `ValueError` saying what is wrong.
"""

import ipaddress
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit


def items(value: Any) -> tuple[str, ...]:
    """The parts of a comma list."""
    parts = value.split(",") if isinstance(value, str) else [str(item) for item in value]
    return tuple(part.strip() for part in parts if part.strip())


def pairs(value: Any) -> dict[str, str]:
    """A comma list of NAME=VALUE, each name once; names in upper case."""
    found = list(value.items()) if isinstance(value, Mapping) else [_pair(item) for item in items(value)]
    names = [str(name).upper() for name, _ in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} is named twice")
    return {name: str(content) for name, (_, content) in zip(names, found, strict=True)}


def amounts(value: Any) -> dict[str, Decimal]:
    """A comma list of ASSET=amount, none below 0."""
    try:
        found = {asset: Decimal(amount) for asset, amount in pairs(value).items()}
    except InvalidOperation:
        raise ValueError("an amount is not a number") from None
    if any(not amount.is_finite() or amount < 0 for amount in found.values()):
        raise ValueError("an amount is negative or not finite")
    return found


def json_object(value: Any) -> dict[str, Any]:
    """A JSON object."""
    try:
        parsed = json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise ValueError("it is not a JSON object")
    return parsed


def time_or_count(value: Any) -> Any:
    """An ISO 8601 time (UTC unless it says otherwise), or a whole number."""
    if not isinstance(value, str):
        return value
    if value.isdigit():
        return int(value)
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def host(value: Any) -> str:
    """A name or address to listen on, without a port."""
    text = str(value)
    name = r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*"
    if not (re.fullmatch(name, text) or _is_ipv6(text)):
        raise ValueError("it is neither a host name nor an IP address")
    return text


def ip_address(value: Any) -> str:
    """An IPv4 or IPv6 address, in the form in which it is compared."""
    return str(ipaddress.ip_address(str(value).strip()))


def http_address(value: Any) -> str:
    """An http or https address without a trailing slash."""
    return _address(str(value), "http", "https")


def websocket_address(value: Any) -> str:
    """A ws or wss address without a trailing slash."""
    return _address(str(value), "ws", "wss")


def database_address(value: Any) -> str:
    """A SQLAlchemy address of SQLite or PostgreSQL; the latter by psycopg unless it says otherwise."""
    text = str(value)
    if re.search(r"[?&]password=", text):
        raise ValueError("the password belongs before the host, not into the query")
    if not re.match(r"(sqlite:///|postgres(ql)?(\+psycopg)?://).", text):
        raise ValueError("it names neither SQLite nor PostgreSQL")
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", text)


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ipaddress.AddressValueError:
        return False
    return True


def _address(text: str, *schemes: str) -> str:
    parts = urlsplit(text)
    # reading the port raises ValueError when it is none
    if parts.scheme not in schemes or not parts.hostname or parts.port == 0:
        raise ValueError(f"it is no address that starts with {schemes[0]}:// or {schemes[1]}://")
    return text.rstrip("/")


def _pair(item: str) -> tuple[str, str]:
    name, separator, content = item.partition("=")
    if not separator or not name.strip() or not content.strip():
        raise ValueError(f"{item!r} is not of the form NAME=VALUE")
    return name.strip(), content.strip()

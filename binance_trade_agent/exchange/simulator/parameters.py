"""Request parameters: from query string, body or both, checked as strictly as Binance checks them."""

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar
from urllib.parse import parse_qsl

from binance_trade_agent.exchange.simulator import errors
from binance_trade_agent.exchange.simulator.errors import (
    CLIENT_ID_PATTERN,
    INTEGER_PATTERN,
    NUMBER_PATTERN,
    SYMBOL_PATTERN,
)

SIGNED_NAMES = ("timestamp", "recvWindow", "signature")

Choice = TypeVar("Choice", bound=StrEnum)

_LARGEST_INTEGER = 2**63 - 1

_COMPILED = {
    pattern: re.compile(pattern, re.ASCII)
    for pattern in (CLIENT_ID_PATTERN, INTEGER_PATTERN, NUMBER_PATTERN, SYMBOL_PATTERN)
}


def read_pairs(query: bytes, body: bytes) -> dict[str, str]:
    """The parameters of a request; one that stands in both places counts as in the query.

    Raises -1101 when a name stands twice in the same place.
    """
    return {**_pairs(body), **_pairs(query)}


def _pairs(part: bytes) -> dict[str, str]:
    if not part:
        return {}
    pairs = parse_qsl(part.decode("utf-8", "replace"), keep_blank_values=True)
    found = dict(pairs)
    if len(found) != len(pairs):
        raise errors.duplicate_parameter()
    return found


class Arguments:
    """The parameters of one request, read by name and type.

    `x(name)` is None when the parameter was not sent; `need_x(name)` raises -1102 then.
    Each raises -1105 for an empty value and -1100 for one that breaks its pattern. `sent_names` lets
    the same reader serve one order and the orders of a list: the name to look for (and to complain
    about) for each name read; others count as not sent.
    """

    def __init__(self, values: Mapping[str, str], sent_names: Mapping[str, str] | None = None) -> None:
        self._values = values
        self._sent_names = sent_names

    def __contains__(self, name: str) -> bool:
        return self.sent_name(name) in self._values

    def renamed(self, sent_names: Mapping[str, str]) -> "Arguments":
        """The same parameters, read by other names."""
        return Arguments(self._values, sent_names)

    def extended(self, values: Mapping[str, str]) -> "Arguments":
        """The same parameters and some that go without saying."""
        return Arguments({**self._values, **values}, self._sent_names)

    def sent_name(self, name: str) -> str:
        """What the caller calls `name`; empty when the request has no such parameter."""
        return name if self._sent_names is None else self._sent_names.get(name, "")

    def missing(self, name: str) -> errors.ApiError:
        """-1102 for a parameter that was left out."""
        return errors.missing_parameter(self.sent_name(name) or name)

    def refuse(self, *names: str) -> None:
        """Raise -1106 when one of these parameters was sent."""
        for name in names:
            if name in self:
                raise errors.not_required(self.sent_name(name))

    def expect(self, known: frozenset[str]) -> None:
        """Raise -1104 when a parameter was sent that the endpoint does not know."""
        sent = len(self._values)
        read = sum(1 for name in self._values if name in known)
        if read != sent:
            raise errors.unread_parameters(read, sent)

    def text(self, name: str, pattern: str | None = None) -> str | None:
        """The value as it is."""
        value = self._values.get(self.sent_name(name))
        if value is None:
            return None
        if not value:
            raise errors.empty_parameter(self.sent_name(name))
        if pattern is not None and _COMPILED[pattern].fullmatch(value) is None:
            raise errors.illegal_characters(self.sent_name(name), pattern)
        return value

    def need_text(self, name: str, pattern: str | None = None) -> str:
        """The value as it is; mandatory."""
        value = self.text(name, pattern)
        if value is None:
            raise self.missing(name)
        return value

    def need_symbol(self) -> str:
        """The `symbol` parameter; whether it exists is the exchange's matter."""
        return self.need_text("symbol", SYMBOL_PATTERN)

    def integer(self, name: str) -> int | None:
        """A whole number; -1102 when it is malformed in that 64 bits do not hold it."""
        value = self.text(name, INTEGER_PATTERN)
        if value is not None and int(value) > _LARGEST_INTEGER:
            raise self.missing(name)
        return None if value is None else int(value)

    def need_integer(self, name: str) -> int:
        """A whole number; mandatory."""
        number = self.integer(name)
        if number is None:
            raise self.missing(name)
        return number

    def limit(self, default: int, maximum: int) -> int:
        """The `limit` parameter: cut to `maximum`, -1130 for 0."""
        value = self.integer("limit")
        if value == 0:
            raise errors.invalid_data("limit")
        return default if value is None else min(value, maximum)

    def decimal(self, name: str, places: int = 20) -> Decimal | None:
        """A positive decimal without exponent; -1111 when it has more than `places` decimals, -1013 for 0."""
        value = self.text(name, NUMBER_PATTERN)
        if value is None:
            return None
        if len(value.partition(".")[2].rstrip("0")) > places:
            raise errors.too_precise(self.sent_name(name))
        number = Decimal(value)
        if number == 0:
            raise errors.ApiError(-1013, f"Invalid {self.sent_name(name)}.")
        return number

    def choice(self, name: str, kind: type[Choice], refusal: errors.ApiError) -> Choice | None:
        """One of an enumeration's values, else `refusal`."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return kind(value)
        except ValueError:
            raise refusal from None

    def need_choice(self, name: str, kind: type[Choice], refusal: errors.ApiError) -> Choice:
        """One of an enumeration's values, else `refusal`; mandatory."""
        value = self.choice(name, kind, refusal)
        if value is None:
            raise self.missing(name)
        return value

    def flag(self, name: str) -> bool:
        """`true` or `false`; false when not sent."""
        value = self.text(name)
        if value is not None and value.lower() not in {"true", "false"}:
            raise errors.illegal_characters(self.sent_name(name), "true|false")
        return value is not None and value.lower() == "true"

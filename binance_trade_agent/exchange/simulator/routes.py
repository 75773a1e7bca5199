"""What a REST route is: path, weight, parameters, security, and a handler that knows no transport."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from binance_trade_agent.exchange.simulator.parameters import SIGNED_NAMES, Arguments
from binance_trade_agent.exchange.simulator.spot import Account


class Security(Enum):
    """Who may call a route."""

    PUBLIC = auto()
    SIGNED = auto()


@dataclass(frozen=True, slots=True)
class Call:
    """One request that has passed limits and signature."""

    arguments: Arguments
    now_ms: int
    caller: Account | None = None

    @property
    def account(self) -> Account:
        """The account that signed; only a SIGNED route may ask."""
        if self.caller is None:
            raise LookupError("a public route has no account")
        return self.caller


Handler = Callable[[Call], Any]
Weight = int | Callable[[Mapping[str, str]], int]


@dataclass(frozen=True, slots=True)
class Route:
    """One method and path below `/api/v3/` (or, with a leading slash, from the root).

    `free_on_success`: the weight is taken back when the request succeeds. `counts_orders`: the
    reply carries the order counters.
    """

    method: str
    path: str
    handler: Handler
    weight: Weight
    names: frozenset[str] = frozenset()
    security: Security = Security.PUBLIC
    free_on_success: bool = False
    counts_orders: bool = False

    @property
    def full_path(self) -> str:
        """The path on the server."""
        return self.path if self.path.startswith("/") else f"/api/v3/{self.path}"

    @property
    def known_names(self) -> frozenset[str]:
        """Every parameter that may be sent."""
        return self.names.union(SIGNED_NAMES) if self.security is Security.SIGNED else self.names

    def weight_of(self, values: Mapping[str, str]) -> int:
        """The weight of a request with these parameters."""
        return self.weight if isinstance(self.weight, int) else self.weight(values)


def names(text: str) -> frozenset[str]:
    """Parameter names from one space-separated line."""
    return frozenset(text.split())

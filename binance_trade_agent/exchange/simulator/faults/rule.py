"""A fault rule: what it does, to which requests, how often; and what it has done so far."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from binance_trade_agent.exchange.simulator.faults.answers import Answer
from binance_trade_agent.exchange.simulator.faults.kinds import EXECUTIONS, Kind

_ORDER_PATHS = ("/api/v3/order", "/api/v3/order/oco", "/api/v3/order/cancelReplace", "/api/v3/sor/order")
_ORDER_CALLS = ("order.place", "order.cancelReplace", "sor.order.place", "orderList.place")

#: The method of a WebSocket API request; its path is the API's name of the method.
WS = "WS"


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as rules see it; its parameters are read only when a rule asks for them."""

    method: str
    path: str
    parameters: Callable[[], Mapping[str, Any]]

    @property
    def places_orders(self) -> bool:
        """Whether it asks for a new order or order list."""
        if self.method == WS:
            return self.path in _ORDER_CALLS or self.path.startswith("orderList.place.")
        return self.method == "POST" and (
            self.path in _ORDER_PATHS or self.path.startswith("/api/v3/orderList/")
        )


@dataclass(frozen=True, slots=True)
class Match:
    """Which requests a rule is about: None is any; a path may end in * for all that begin so."""

    method: str | None = None
    path: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)

    def covers(self, request: Seen) -> bool:
        """Whether the request is one of them."""
        if self.method not in (None, request.method) or not self._covers_path(request.path):
            return False
        if not self.parameters:
            return True
        given = request.parameters()
        return all(name in given and str(given[name]) == value for name, value in self.parameters.items())

    def _covers_path(self, path: str) -> bool:
        if self.path is None:
            return True
        if self.path.endswith("*"):
            return path.startswith(self.path[:-1])
        return path == self.path


@dataclass(frozen=True, slots=True)
class Symbol:
    """Changes of one symbol's exchangeInfo entry: `filters` by name, None takes one away."""

    symbol: str
    entry: Mapping[str, Any]
    filters: Mapping[str, Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Spec:
    """A rule as written. Only what its kind takes is set; `count` None is without end."""

    kind: Kind
    source: Mapping[str, Any]
    match: Match = field(default_factory=Match)
    skip: int = 0
    count: int | None = None
    answer: Answer | None = None
    delay_s: float = 0
    share: Decimal = Decimal(0)
    reason: str = ""
    shift_ms: int = 0
    symbol: Symbol | None = None
    asset: str = ""
    status: int = 0
    close_code: int | None = None
    event: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Rule:
    """A rule in force: how many requests it saw, how often it acted, how many requests wait for its end."""

    rule_id: int
    spec: Spec
    seen: int = 0
    fired: int = 0
    held: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def meets(self, request: Seen) -> bool:
        """Note a request; whether the rule acts on it."""
        spec = self.spec
        if spec.kind in EXECUTIONS and not request.places_orders:
            return False
        if not spec.match.covers(request):
            return False
        self.seen += 1
        if self.seen <= spec.skip or (spec.count is not None and self.fired >= spec.count):
            return False
        self.fired += 1
        return True

    def view(self) -> dict[str, Any]:
        """The rule and its counts, for the control route."""
        counts = {"seen": self.seen, "fired": self.fired, "held": self.held}
        return {"id": self.rule_id, **self.spec.source, **counts}

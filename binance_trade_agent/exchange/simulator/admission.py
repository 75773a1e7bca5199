"""What every request passes whatever its transport: market time, weight, who asks, parameters, the handler."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from binance_trade_agent.exchange.simulator import signature
from binance_trade_agent.exchange.simulator.faults.visibility import Visibility
from binance_trade_agent.exchange.simulator.limits import WeightLimit
from binance_trade_agent.exchange.simulator.parameters import Arguments
from binance_trade_agent.exchange.simulator.routes import Call, Route, Security
from binance_trade_agent.exchange.simulator.spot import Account, SpotExchange

#: Statuses of requests that were carried out; 409 is a replacement of which one half was.
EXECUTED = frozenset({200, 409})


@dataclass(slots=True)
class Asked:
    """One request: who is asking from where, for what, and, once that is known, the account that signed.

    `identify` finds the account of a signed request, given its arguments and the time in milliseconds;
    it raises `ApiError`. `also` are parameters that the transport takes besides those of the route.
    """

    route: Route
    address: str
    values: Mapping[str, str]
    identify: Callable[[Arguments, int], Account]
    also: frozenset[str] = frozenset()
    caller: Account | None = None


class Admission:
    """Carries requests out. `weights` counts all transports' requests together, by address."""

    def __init__(self, exchange: SpotExchange, visibility: Visibility) -> None:
        self.weights = WeightLimit()
        self._exchange = exchange
        self._visibility = visibility

    def carry_out(self, asked: Asked) -> Any:
        """The route's answer; raises `ApiError` and `MarketUnavailable`."""
        self._exchange.market.advance()
        now_ms = self._exchange.market.now_ms()
        route = asked.route
        weight = route.weight_of(asked.values)
        self.weights.charge(asked.address, weight, now_ms)
        arguments = Arguments(asked.values)
        if route.security is Security.SIGNED:
            asked.caller = asked.identify(arguments, now_ms)
        arguments.expect(route.known_names | asked.also)
        payload = route.handler(Call(arguments, now_ms, asked.caller))
        payload = self._visibility.shown(route.method, route.path, payload)
        if route.free_on_success:
            self.weights.refund(asked.address, weight)
        return payload


def timely_signature(arguments: Arguments, now_ms: int) -> str:
    """The signature that was sent, once timestamp and recvWindow are found good; raises `ApiError`."""
    given = arguments.need_text("signature")
    timestamp = arguments.need_integer("timestamp")
    window_ms = arguments.decimal("recvWindow") if "recvWindow" in arguments else None
    signature.check_time(timestamp, window_ms, now_ms)
    return given

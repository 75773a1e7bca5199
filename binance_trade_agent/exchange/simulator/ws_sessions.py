"""One connection to the WebSocket API and the user data streams it is subscribed to."""

from collections.abc import Iterable
from typing import Any

from binance_trade_agent.exchange.simulator import errors, wire
from binance_trade_agent.exchange.simulator.connections import Connection


class Session:
    """A connection's subscriptions, numbered from 0; a number is never given twice."""

    def __init__(self, connection: Connection, address: str, now_ms: int, *, shows_limits: bool) -> None:
        self.connection = connection
        self.address = address
        self.connected_ms = now_ms
        self.shows_limits = shows_limits
        self._accounts: dict[int, int] = {}
        self._next_id = 0

    @property
    def subscriptions(self) -> list[int]:
        """The numbers of the active subscriptions."""
        return list(self._accounts)

    def subscribe(self, account_id: int) -> int:
        """Subscribe to an account and return the number; raises -2035 when it already is."""
        if account_id in self._accounts.values():
            raise errors.ApiError(-2035, "User Data Stream subscription already active.")
        number, self._next_id = self._next_id, self._next_id + 1
        self._accounts[number] = account_id
        return number

    def unsubscribe(self, number: int | None) -> list[int]:
        """End one subscription, or all, and return their numbers; raises -2036 for one that is not active."""
        if number is None:
            ended = self.subscriptions
        elif number in self._accounts:
            ended = [number]
        else:
            raise errors.ApiError(-2036, "User Data Stream subscription not active.")
        for each in ended:
            del self._accounts[each]
        return ended

    def is_subscribed_to(self, account_id: int) -> bool:
        """Whether this connection is told of the account."""
        return account_id in self._accounts.values()

    def tell(self, account_id: int, events: Iterable[bytes]) -> None:
        """Send the account's events, given as JSON, under its subscription's number."""
        numbers = [number for number, owner in self._accounts.items() if owner == account_id]
        for number in numbers:
            for event in events:
                self.connection.send(b'{"subscriptionId":%d,"event":%s}' % (number, event))

    def send(self, frame: dict[str, Any]) -> None:
        """Send a frame as it is."""
        self.connection.send(wire.dumps(frame))

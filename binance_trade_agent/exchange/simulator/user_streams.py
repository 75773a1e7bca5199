"""All user data streams of the exchange, and how they misbehave when told to.

Events are only worded when somebody is subscribed to the account.
"""

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Any

from aiohttp import WSCloseCode

from binance_trade_agent.exchange.simulator import user_events, wire
from binance_trade_agent.exchange.simulator.changes import AccountChange
from binance_trade_agent.exchange.simulator.ws_sessions import Session


class UserStreamHub:
    """Tells subscribed sessions of each account's changes; `now_ms` is the exchange's time.

    `silent`: no event is sent, while connections stay open and answer. `duplicate`: each event is sent
    twice. `reorder`: the events of one change are sent last first. `refuse_status`: the HTTP status with
    which new connections are refused, None to accept them.
    """

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self.silent = False
        self.duplicate = False
        self.reorder = False
        self.refuse_status: int | None = None
        self._now_ms = now_ms
        self._sessions: dict[Session, None] = {}
        # Microseconds of this machine's clock, so that they go on rising after a restart.
        self._execution_ids = itertools.count(time.time_ns() // 1000)

    def add(self, session: Session) -> None:
        """A connection was opened."""
        self._sessions[session] = None

    def remove(self, session: Session) -> None:
        """A connection is closed."""
        self._sessions.pop(session, None)

    def is_heard(self, account_id: int) -> bool:
        """Whether somebody is subscribed to the account."""
        return any(session.is_subscribed_to(account_id) for session in self._sessions)

    def accept(self, change: AccountChange) -> None:
        """Tell the account's subscribers what happened to it."""
        if self.silent or not self.is_heard(change.account_id):
            return
        events = [wire.dumps(event) for event in user_events.events_of(change, self._execution_ids)]
        if self.reorder:
            events.reverse()
        if self.duplicate:
            events = [event for event in events for _ in range(2)]
        for session in self._sessions:
            session.tell(change.account_id, events)

    def unsubscribe(self, session: Session, number: int | None) -> None:
        """End one of a session's subscriptions, or all, and say so; raises -2036 for one that is not active."""
        for ended in session.unsubscribe(number):
            event = user_events.stream_terminated(self._now_ms())
            session.send({"subscriptionId": ended, "event": event})

    def send(self, frame: dict[str, Any]) -> None:
        """Send a raw frame to every connection."""
        for session in self._sessions:
            session.send(frame)

    def drop(self, close_code: int | None) -> None:
        """End every connection: with this close code, or, when None, without a word."""
        for session in self._sessions:
            if close_code is None:
                session.connection.abort()
            else:
                session.connection.end(close_code)

    def terminate(self) -> None:
        """End every subscription with eventStreamTerminated; the connections stay."""
        for session in self._sessions:
            self.unsubscribe(session, None)

    def shutdown(self) -> None:
        """Announce a shutdown to every connection, then close it."""
        self.send({"event": user_events.server_shutdown(self._now_ms())})
        self.drop(WSCloseCode.GOING_AWAY)

    async def close(self) -> None:
        """Close every connection as a server that goes away does, and wait for it."""
        closing = [session.connection.close(WSCloseCode.GOING_AWAY) for session in self._sessions]
        await asyncio.gather(*closing, return_exceptions=True)

"""Places where a test has the process die at once, as `kill -9` would have it.

`TRADE_AGENT_CRASH_POINT=intent-committed` kills it when it first gets there, `intent-committed:3`
the third time. The variable counts in the mode `simulated` only, so that no real account is ever
left by it, and is read once, when this module is imported.
"""

import os
import signal
from collections.abc import Mapping
from enum import StrEnum

from binance_trade_agent.domain.modes import TradingMode

VARIABLE = "TRADE_AGENT_CRASH_POINT"


class CrashPoint(StrEnum):
    """The places, in the order in which an order passes them."""

    CYCLE_OPENED = "cycle-opened"
    INTENT_COMMITTED = "intent-committed"  # an order: committed, not sent
    REPLY_ARRIVED = "reply-arrived"  # answered, the answer not committed
    BOOKING = "booking"  # inside the transaction of an outcome
    OUTCOME_COMMITTED = "outcome-committed"
    LIST_COMMITTED = "list-committed"
    LIST_REPLY_ARRIVED = "list-reply-arrived"
    CANCEL_COMMITTED = "cancel-committed"
    CANCEL_REPLY_ARRIVED = "cancel-reply-arrived"
    REPLACEMENT_COMMITTED = "replacement-committed"
    REPLACEMENT_REPLY_ARRIVED = "replacement-reply-arrived"
    LEVELS_STORED = "levels-stored"  # a stop or target that a person asked for: stored, nothing sent
    ORDER_FOUND = "order-found"  # looked up at the exchange, not adopted
    ORDER_ADOPTED = "order-adopted"
    EVENT_ARRIVED = "event-arrived"  # on the user data stream, not booked
    EVENT_BOOKED = "event-booked"
    TRANSFER_BOOKED = "transfer-booked"
    CYCLE_CLOSING = "cycle-closing"


def armed_point(environment: Mapping[str, str]) -> tuple[CrashPoint | None, int]:
    """The point that kills, and at which visit; (None, 0) outside the mode `simulated`.

    Raises:
        ValueError: no point has the name.
    """
    text = environment.get(VARIABLE, "")
    if not text or environment.get("TRADING_MODE", "").lower() != TradingMode.SIMULATED:
        return None, 0
    name, _, visit = text.partition(":")
    return CrashPoint(name), int(visit or 1)


_armed, _visits_left = armed_point(os.environ)


def reached(point: CrashPoint) -> None:
    """Die here if this is the armed point's turn."""
    global _visits_left
    if point is not _armed:
        return
    _visits_left -= 1
    if _visits_left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

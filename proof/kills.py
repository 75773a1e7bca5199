"""The ways in which a campaign kills the trader, and how often each comes."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from binance_trade_agent.telemetry.crash_points import CrashPoint
from proof.person import FLATTEN

Rule = Mapping[str, Any]

_ORDER = {"method": "POST", "path": "/api/v3/order"}
_REPLACE = {"method": "POST", "path": "/api/v3/order/cancelReplace"}
_LIST = {"method": "POST", "path": "/api/v3/orderList/oco"}

_SENT = {"method": "POST"}
_NO_STREAM = {"fault": "stream_refuse", "status": 503}

#: Faults that may be in force while the trader lives and dies.
FAULTS: Mapping[str, Sequence[Rule]] = {
    "reply lost": ({"fault": "execute_then_reset", "match": _SENT, "count": 2},),
    "reply lost, no stream": ({"fault": "execute_then_reset", "match": _SENT, "count": 2}, _NO_STREAM),
    "-1007 executed": ({"fault": "execute_then_answer", "error": "-1007", "match": _SENT, "count": 2},),
    "502 executed, no stream": (
        {"fault": "execute_then_answer", "error": "502", "match": _SENT, "count": 2},
        _NO_STREAM,
    ),
    "-1007 not executed": ({"fault": "answer", "error": "-1007", "match": _SENT},),
    "reset before": ({"fault": "reset", "match": _SENT},),
    "late answer": ({"fault": "delay", "delay_s": 4, "match": _ORDER, "count": 2},),
    "cut JSON": ({"fault": "truncate", "match": _SENT, "count": 2},),
    "empty body, no stream": ({"fault": "empty", "match": _SENT, "count": 2}, _NO_STREAM),
    "cancel's reply lost": ({"fault": "execute_then_reset", "match": {"method": "DELETE"}, "count": 2},),
    "read lag, reply lost, no stream": (
        {"fault": "invisible", "delay_s": 3, "count": 4},
        {"fault": "execute_then_reset", "match": _SENT, "count": 2},
        _NO_STREAM,
    ),
    "partial fills": ({"fault": "partial", "share": 0.5, "match": _ORDER, "count": 4},),
    "expired": ({"fault": "expire", "match": _ORDER, "count": 2},),
    "refused": ({"fault": "answer", "error": "-2010 balance", "match": _ORDER, "count": 2},),
    "weight": (
        {
            "fault": "answer",
            "error": "429",
            "match": {"method": "GET", "path": "/api/v3/account"},
            "headers": {"Retry-After": "1"},
        },
    ),
    "clock": ({"fault": "clock", "shift_ms": 4000},),
    "stream cut": ({"fault": "stream_drop", "close_code": None},),
    "stream silent": ({"fault": "stream_silent"},),
    "stream doubled": ({"fault": "stream_duplicate"},),
    "stream out of order": ({"fault": "stream_reorder"},),
    "server shutdown": ({"fault": "server_shutdown"},),
}


@dataclass(frozen=True, slots=True)
class Kill:
    """One way to die.

    At a crash point's `visit`; or while the exchange keeps the answer that rule `held` names
    due; or, with neither, at `after_s` from the first cycle. `during` is a fault in force
    meanwhile, and `outlives` leaves the rules to the next life. `asks` is what a person does
    meanwhile more than anything else.
    """

    kind: str
    point: CrashPoint | None = None
    visit: int = 1
    held: Rule | None = None
    after_s: float = 0.0
    during: str = ""
    outlives: bool = False
    asks: str = ""

    @property
    def before_reply(self) -> bool:
        """Whether it comes between the commit of an order's intent and its reply."""
        return self.point in _BEFORE_REPLY or self.held is not None


_BEFORE_REPLY = frozenset(
    {CrashPoint.INTENT_COMMITTED, CrashPoint.LIST_COMMITTED, CrashPoint.REPLACEMENT_COMMITTED}
)


def _hold(kind: str, match: Rule, fault: str = "hold", asks: str = "") -> Kill:
    return Kill(kind, held={"fault": fault, "match": match}, asks=asks)


#: The exchange has carried the order out, its answer is due.
IN_THE_POST = _hold("in the POST, executed", _ORDER)

#: What a person must do for a point to be met.
_ASKED_AT = {
    CrashPoint.LEVELS_STORED: "protect",
    CrashPoint.CANCEL_COMMITTED: "cancel",
    CrashPoint.CANCEL_REPLY_ARRIVED: "cancel",
}

#: While a person moves levels, places entries that rest, or has everything sold.
BY_HAND: Sequence[Kill] = (
    Kill("a stop by hand, levels stored", CrashPoint.LEVELS_STORED, asks="protect"),
    Kill("a stop by hand, at its replacement", CrashPoint.REPLACEMENT_COMMITTED, asks="protect"),
    Kill("a stop by hand, its reply arrived", CrashPoint.REPLACEMENT_REPLY_ARRIVED, asks="protect"),
    _hold("a stop by hand, executed", _REPLACE, asks="protect"),
    Kill("entries by hand, at a fill's event", CrashPoint.EVENT_ARRIVED, asks="limit"),
    Kill("a flatten, at a random time", asks=FLATTEN),
    Kill("a flatten, at a replacement", CrashPoint.REPLACEMENT_COMMITTED, asks=FLATTEN),
    Kill("a flatten, inside a booking", CrashPoint.BOOKING, asks=FLATTEN),
)

#: What comes in each block of a campaign, in random order.
BLOCK: Sequence[Kill] = (
    *(
        Kill(f"at {point}", point, asks=_ASKED_AT.get(point, ""))
        for point in CrashPoint
        if point not in {CrashPoint.TRANSFER_BOOKED, CrashPoint.LEVELS_STORED}
    ),
    *BY_HAND,
    Kill(f"at {CrashPoint.INTENT_COMMITTED}", CrashPoint.INTENT_COMMITTED),
    *[IN_THE_POST] * 3,
    _hold("in the POST, executed later", _ORDER, "hold_before"),
    _hold("in the POST of an OCO", _LIST),
    _hold("in a cancelReplace", _REPLACE),
    *[Kill("at a random time")] * 4,
    *[Kill("at a random time", during="any")] * 6,
    Kill(f"at {CrashPoint.REPLY_ARRIVED}", CrashPoint.REPLY_ARRIVED, during="any"),
    Kill(f"at {CrashPoint.BOOKING}", CrashPoint.BOOKING, during="any"),
)


def plan(rounds: int, rng: random.Random, block: Sequence[Kill] = BLOCK) -> list[Kill]:
    """So many kills: blocks one after another, each in its own order."""
    kills: list[Kill] = []
    while len(kills) < rounds:
        kills += [_drawn(kill, rng) for kill in rng.sample(block, len(block))]
    return kills[:rounds]


def _drawn(kill: Kill, rng: random.Random) -> Kill:
    """The same with its chances drawn."""
    during = rng.choice(list(FAULTS)) if kill.during == "any" else kill.during
    return replace(
        kill,
        kind=f"{kill.kind}, during faults" if during else kill.kind,
        visit=1 if kill.asks else rng.randint(1, 3),
        after_s=rng.uniform(0.0, 2.5),
        during=during,
        outlives=rng.random() < 0.5,
    )

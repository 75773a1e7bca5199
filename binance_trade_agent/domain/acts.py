"""What people, agents and limits do to the trader, and how it is kept: each act is one row of the audit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from binance_trade_agent.domain.decisions import ControlSnapshot, TradingState

#: The channel of what the trader does by itself.
TRADER_CHANNEL = "trader"
#: What messages on acts are sent under.
CONTROL_TOPIC = "control"
#: The incident that is open from the moment a flatten is asked for until it has ended.
FLATTEN_INCIDENT = "flatten"


class ActKind(StrEnum):
    """What is done, as the audit names it."""

    PAUSE = "pause"
    RESUME = "resume"
    HALT = "halt"
    HALT_ENTRIES = "halt_entries"
    TRADE = "trade"
    FLATTEN = "flatten"
    CANCEL = "cancel"
    PROTECT = "protect"
    REDUCE_ONLY = "reduce_only"
    START = "start"
    STOP = "stop"
    RESTART = "restart"
    SET_SETTING = "set_setting"
    UNSET_SETTING = "unset_setting"
    TEST_NOTIFICATION = "test_notification"
    CREATE_TOKEN = "create_token"  # noqa: S105 - names an act
    REVOKE_TOKEN = "revoke_token"  # noqa: S105 - names an act


#: The act that leads to each state.
KIND_OF: Mapping[TradingState, ActKind] = {
    TradingState.RUNNING: ActKind.RESUME,
    TradingState.PAUSED: ActKind.PAUSE,
    TradingState.ENTRIES_HALTED: ActKind.HALT_ENTRIES,
    TradingState.HALTED: ActKind.HALT,
}


#: What those who are notified are told of an act that stops or starts trading.
_NEWS: Mapping[ActKind, str] = {
    ActKind.PAUSE: "trading is paused: no new entries, exits go on",
    ActKind.RESUME: "trading goes on: entries are allowed from the next cycle on",
    ActKind.HALT: "trading is halted: no order of any kind is sent until somebody resumes",
    ActKind.FLATTEN: "a flatten has begun: entries stop, what the ledger bought is sold, then trading is halted",
}


class ActOutcome(StrEnum):
    """How an act ended; an act without an outcome is waiting or being carried out."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Act:
    """Who does what, through what (`cli`, `mcp`, `dashboard`, `trader`), and why. Its key makes it happen once."""

    kind: ActKind
    actor: str
    channel: str
    reason: str
    at: datetime
    idempotency_key: str | None = None


def news_of(act: Act, more: str = "") -> str | None:
    """What an act that stops or starts trading means, who did it and when; None for every other."""
    news = _NEWS.get(act.kind)
    if news is None:
        return None
    through = f" ({act.channel})" if act.channel and act.channel != act.actor else ""
    by = f"by {act.actor}{through} at {act.at:%Y-%m-%d %H:%M:%S} UTC"
    return "; ".join(filter(None, (news, more, by))) + (f": {act.reason}" if act.reason else "")


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An act as people see it. `before` and `after` are what it changed: a control state, an order's or a program's."""

    id: int
    at: datetime
    actor: str
    channel: str
    action: str
    reason: str
    before: str | None
    after: str | None
    idempotency_key: str | None
    #: None while it waits or is carried out; `answer` says how it ended.
    outcome: str | None
    answer: str | None
    finished_at: datetime | None
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Restricted:
    """The symbols that may only be sold after an act: symbol -> why, with who said so.

    `changed` are those that the act changed, `untraded` those it named that the latest session does not trade.
    """

    reduce_only: Mapping[str, str]
    changed: tuple[str, ...]
    untraded: tuple[str, ...]
    done_at: datetime
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Steered(ControlSnapshot):
    """The state that holds after an act. `repeated`: its key was spent at `done_at`, so nothing was done now."""

    done_at: datetime = field(kw_only=True)
    repeated: bool = False
    refused: bool = False

"""The kinds of fault, and what sets them apart."""

from enum import StrEnum


class Kind(StrEnum):
    """What a rule does, by the name that a script uses."""

    ANSWER = "answer"
    EXECUTE_THEN_ANSWER = "execute_then_answer"
    EXECUTE_THEN_RESET = "execute_then_reset"
    RESET = "reset"
    DELAY = "delay"
    HOLD = "hold"
    HOLD_BEFORE = "hold_before"
    TRUNCATE = "truncate"
    EMPTY = "empty"

    INVISIBLE = "invisible"
    PARTIAL = "partial"
    EXPIRE = "expire"

    CLOCK = "clock"
    RULES = "rules"
    FEE_ASSET = "fee_asset"
    STREAM_SILENT = "stream_silent"
    STREAM_REFUSE = "stream_refuse"
    STREAM_DUPLICATE = "stream_duplicate"
    STREAM_REORDER = "stream_reorder"

    WIPE = "wipe"
    STREAM_DROP = "stream_drop"
    STREAM_TERMINATE = "stream_terminate"
    STREAM_EVENT = "stream_event"
    SERVER_SHUTDOWN = "server_shutdown"


#: Of a request that such a rule meets, only the first rule of these kinds acts.
ANSWERS = frozenset(
    {
        Kind.ANSWER,
        Kind.EXECUTE_THEN_ANSWER,
        Kind.EXECUTE_THEN_RESET,
        Kind.RESET,
        Kind.DELAY,
        Kind.HOLD,
        Kind.HOLD_BEFORE,
        Kind.TRUNCATE,
        Kind.EMPTY,
    }
)
#: Change what becomes of new orders; all that match act, together with an answer if need be.
EXECUTIONS = frozenset({Kind.INVISIBLE, Kind.PARTIAL, Kind.EXPIRE})
#: Act on requests, so that they take `match`, `skip` and `count`.
ON_REQUESTS = ANSWERS | EXECUTIONS
#: Act once, at the moment the rule is made.
AT_ONCE = frozenset(
    {Kind.WIPE, Kind.STREAM_DROP, Kind.STREAM_TERMINATE, Kind.STREAM_EVENT, Kind.SERVER_SHUTDOWN}
)

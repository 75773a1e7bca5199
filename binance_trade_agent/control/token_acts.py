"""The audit of what is done to the tokens of MCP clients; the tokens themselves are a file of the data folder."""

import uuid
from collections.abc import Mapping

from binance_trade_agent.domain.acts import Act, ActKind, ActOutcome
from binance_trade_agent.ports import Clock, ControlState


class TokenActs:
    """Writes an act down before it is done, and then how it ended. Both raise `StorageError`."""

    def __init__(self, state: ControlState, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def begin(
        self, kind: ActKind, before: str, *, actor: str, channel: str, reason: str, details: Mapping[str, str]
    ) -> str:
        """Write that it begins; returns its key. `details` never hold a token's text."""
        key = uuid.uuid4().hex
        self._state.open_act(Act(kind, actor, channel, reason, self._clock.now(), key), before, details)
        return key

    def end(self, key: str, outcome: ActOutcome, answer: str, *, before: str, after: str) -> None:
        """Write how it ended."""
        self._state.close_act(
            key, outcome=outcome, answer=answer, at=self._clock.now(), before=before, after=after
        )

"""The structured answers of the tools that steer. `repeated`: the key was spent before, so nothing was done now."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from binance_trade_agent.domain.acts import Restricted, Steered
from binance_trade_agent.domain.overrides import SettingChange
from binance_trade_agent.interfaces.mcp_server.answers import Control
from binance_trade_agent.interfaces.mcp_server.confirming import ToConfirm
from binance_trade_agent.interfaces.mcp_server.plain import Plain


class SteeredAnswer(Control):
    """The control state that holds after the act. `refused`: it stayed as it was."""

    done_at: datetime
    repeated: bool
    refused: bool
    cancelled_next: list[str] = Field(
        default=[], description="entries at rest that the next cycle cancels: side, quantity, symbol, price"
    )

    @classmethod
    def after(cls, steered: Steered, resting: Sequence[str] = ()) -> "SteeredAnswer":
        """The answer for `steered`, which ends the entries `resting` unless nothing was done."""
        return cls(
            **Control.of(steered).model_dump(),
            done_at=steered.done_at,
            repeated=steered.repeated,
            refused=steered.refused,
            cancelled_next=[] if steered.refused or steered.repeated else list(resting),
        )


class RestrictedAnswer(BaseModel):
    """Which symbols may only be sold now. `untraded` were named and are not traded by the latest session."""

    reduce_only: dict[str, str] = Field(description="symbol -> why")
    changed: list[str]
    untraded: list[str]
    done_at: datetime
    repeated: bool

    @classmethod
    def of(cls, done: Restricted) -> "RestrictedAnswer":
        """The answer for `done`."""
        return cls(
            reduce_only=dict(done.reduce_only),
            changed=list(done.changed),
            untraded=list(done.untraded),
            done_at=done.done_at,
            repeated=done.repeated,
        )


class ProgramAnswer(Plain):
    """What a start or a stop did: supervisord's words for the trader before and after it."""

    text: str
    program: str
    before: str
    after: str
    done_at: datetime
    repeated: bool


class ChangeAnswer(BaseModel):
    """What became of a setting. With `confirmation` set nothing was done yet: call again with that code."""

    text: str
    name: str
    before: str | None
    after: str | None
    done_at: datetime | None
    idempotency_key: str
    repeated: bool = False
    confirmation: str | None = None
    confirm_within_s: float | None = None

    @classmethod
    def of(cls, done: SettingChange, key: str) -> "ChangeAnswer":
        """The answer for `done`."""
        return cls(
            text=f"{done.name}: {done.before} -> {done.after}; a running trader takes it before its next cycle",
            name=done.name,
            before=done.before,
            after=done.after,
            done_at=done.done_at,
            idempotency_key=key,
            repeated=done.repeated,
        )

    @classmethod
    def to_confirm(cls, name: str, asked: ToConfirm) -> "ChangeAnswer":
        """The answer of a call that did nothing yet."""
        return cls(
            text=asked.text,
            name=name,
            before=None,
            after=None,
            done_at=None,
            idempotency_key=asked.key,
            confirmation=asked.code,
            confirm_within_s=asked.within_s,
        )

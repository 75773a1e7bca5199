"""Asks before an act on real money: the person behind the client where it can ask them, else the caller, by a code.

A client that declares form elicitation shows the question to its user, and the tool goes on with the answer. For any
other the first call returns a code, and the second, with it, acts. Either way nothing has been done until then.
"""

from collections.abc import Callable
from dataclasses import dataclass

import anyio
from mcp.server.elicitation import AcceptedElicitation, ElicitationResult, render_elicitation_schema
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from pydantic import BaseModel, Field, ValidationError

from binance_trade_agent.interfaces.mcp_server.access import caller
from binance_trade_agent.interfaces.mcp_server.confirmations import LIFE_S, Confirmations
from binance_trade_agent.interfaces.mcp_server.refusals import RefusalCode, refusal
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox, toolbox_of

#: From this revision on a question is the answer of a first call, and the client calls again with its user's.
_ASKED_BY_ANSWER = "2026-07-28"
_QUESTION = "agreement"


class Agreement(BaseModel):
    """What the client's user is asked for."""

    go_ahead: bool = Field(title="Go ahead", description="Yes: do it now. No: do nothing.")


@dataclass(frozen=True, slots=True)
class ToConfirm:
    """Nothing was done: call again with `code` within `within_s`, and all else unchanged."""

    text: str
    key: str
    code: str
    within_s: float


class Question(ToolError):
    """Carries a question out of a tool; the server makes it the answer of the call."""

    def __init__(self, result: InputRequiredResult) -> None:
        super().__init__("a question to the user")
        self.result = result


async def agreed(
    ctx: Context[Toolbox], *, act: str, key: str, code: str | None, what: Callable[[], str]
) -> str | ToConfirm:
    """The idempotency key to act with, once it was agreed to; or what to confirm it with.

    `act` tells this act with all its arguments from any other, `key` is the idempotency key if it is new, `code` what the
    caller gave as `confirmation`, and `what` says in words what will happen. Where nothing needs to be
    confirmed, `key` comes back at once. Call it before anything is done; never catch what it raises.

    Raises:
        ToolError: CONFIRMATION_INVALID or DECLINED, and the question itself on its way out.
    """
    confirmations = toolbox_of(ctx).confirmations
    if code is not None:
        return _spent(confirmations, act, code)
    if confirmations is None:
        return key
    if not _can_ask(ctx):
        return _to_confirm(confirmations, act, key, what())
    if (ctx.protocol_version or "") >= _ASKED_BY_ANSWER:
        return _answered(ctx, confirmations, act) or _ask(confirmations, act, key, what())
    return await _asked_now(ctx, key, what())


def _spent(confirmations: Confirmations | None, act: str, code: str) -> str:
    key = confirmations.key(caller().name, act, code) if confirmations else None
    if key is None:
        raise refusal(
            RefusalCode.CONFIRMATION_INVALID,
            "the code is over, or was given for other arguments or another token; nothing was done."
            " Call without it for a new one",
        )
    return key


def _can_ask(ctx: Context[Toolbox]) -> bool:
    """Whether the client can show a form to its user; an empty declaration means that it can."""
    declared = ctx.client_capabilities.elicitation if ctx.client_capabilities else None
    return declared is not None and (declared.form is not None or declared.url is None)


def _to_confirm(confirmations: Confirmations, act: str, key: str, what: str) -> ToConfirm:
    return ToConfirm(
        text=f"Nothing was done yet. This trades real money: {what}. If that is meant, call again"
        f" within {LIFE_S:.0f} s with confirmation, and all else unchanged",
        key=key,
        code=confirmations.ask(caller().name, act, key),
        within_s=LIFE_S,
    )


def _ask(confirmations: Confirmations, act: str, key: str, what: str) -> str:
    form = ElicitRequestFormParams(message=_text(what), requested_schema=render_elicitation_schema(Agreement))
    # the SDK seals the code: the client can neither read it nor use it for anything else
    raise Question(
        InputRequiredResult(
            input_requests={_QUESTION: ElicitRequest(params=form)},
            request_state=confirmations.ask(caller().name, act, key),
        )
    )


def _answered(ctx: Context[Toolbox], confirmations: Confirmations, act: str) -> str | None:
    """The key of the act that was agreed to; None where nothing was asked yet."""
    if ctx.request_state is None:
        return None
    key = _spent(confirmations, act, ctx.request_state)
    answer = (ctx.input_responses or {}).get(_QUESTION)
    if not isinstance(answer, ElicitResult) or answer.action != "accept":
        confirmations.forget(ctx.request_state)
        raise _declined()
    try:
        return _said(Agreement.model_validate(answer.content or {}), key)
    except ValidationError as error:
        raise _unreadable() from error


async def _asked_now(ctx: Context[Toolbox], key: str, what: str) -> str:
    try:
        with anyio.fail_after(LIFE_S):
            answer: ElicitationResult[Agreement] = await ctx.elicit(_text(what), Agreement)
    except TimeoutError as error:
        raise refusal(
            RefusalCode.CONFIRMATION_INVALID, f"nobody answered within {LIFE_S:.0f} s; nothing was done"
        ) from error
    except ValueError as error:
        raise _unreadable() from error
    if not isinstance(answer, AcceptedElicitation):
        raise _declined()
    return _said(answer.data, key)


def _said(agreement: Agreement, key: str) -> str:
    if not agreement.go_ahead:
        raise _declined()
    return key


def _declined() -> ToolError:
    return refusal(
        RefusalCode.DECLINED, "the user did not agree; nothing was done. Do not ask again unless they want it"
    )


def _unreadable() -> ToolError:
    return refusal(
        RefusalCode.CONFIRMATION_INVALID, "the client's answer was not of the form; nothing was done"
    )


def _text(what: str) -> str:
    return f"{what}. This trades real money. Go ahead?"

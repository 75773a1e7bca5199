"""Failures an agent can act on: a stable code, then a sentence that says what to do next.

Anything else that goes wrong reaches the client as INTERNAL, its text withheld.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from pydantic import ValidationError

from binance_trade_agent.control.steering import CommandTimeout
from binance_trade_agent.domain.errors import ConfigurationError, DatabaseBusy, StorageError


class RefusalCode(StrEnum):
    """The codes; they never change their meaning."""

    BAD_ARGUMENT = "BAD_ARGUMENT"
    CAP_REACHED = "CAP_REACHED"
    CONFIRMATION_INVALID = "CONFIRMATION_INVALID"
    DATABASE_UNAVAILABLE = "DATABASE_UNAVAILABLE"
    DECLINED = "DECLINED"
    FORBIDDEN = "FORBIDDEN"
    PENDING = "PENDING"
    REFUSED = "REFUSED"
    FAILED = "FAILED"
    INTERNAL = "INTERNAL"
    NOT_FOUND = "NOT_FOUND"
    RATE_LIMITED = "RATE_LIMITED"
    UNKNOWN_TOOL = "UNKNOWN_TOOL"


def refusal(code: RefusalCode, text: str) -> ToolError:
    """The error a client sees as `<code>: <text>`."""
    return ToolError(f"{code}: {text}")


def plainly(error: ToolError) -> ToolError:
    """The SDK's `error` without what it puts before the text: `<code>: <text>`, whatever went wrong."""
    cause = error.__cause__
    if isinstance(error, UnexpectedToolError):
        told: ToolError = UnexpectedToolError(
            f"{RefusalCode.INTERNAL}: something went wrong inside the server; its log says what."
            " Nothing is known of what was done: look before you try again"
        )
    elif isinstance(cause, ValidationError):
        told = refusal(RefusalCode.BAD_ARGUMENT, "; ".join(_problem(one) for one in cause.errors()))
    elif isinstance(cause, ToolError):
        told = ToolError(str(cause))
    else:
        told = error
    told.__cause__ = cause
    return told


def prompt_problem(error: Exception) -> ToolError:
    """The refusal of a prompt that there is not, or whose arguments cannot be meant."""
    if isinstance(error, ToolError):
        return error
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ValidationError):
        cause = cause.__cause__
    told = "; ".join(_problem(one) for one in cause.errors()) if cause else str(error)
    return refusal(RefusalCode.BAD_ARGUMENT, f"{told}; prompts/list names the prompts and their arguments")


def code_of(error: Exception) -> str:
    """The code that `error` begins with."""
    return str(error).partition(":")[0]


def _problem(error: Any) -> str:
    """Which argument, and what is expected of it; not its value, which may be anything."""
    return f"{'.'.join(str(part) for part in error['loc']) or 'arguments'}: {error['msg']}"


@contextmanager
def refusals() -> Iterator[None]:
    """Turns the errors that the control plane raises on purpose into refusals."""
    try:
        yield
    except DatabaseBusy as error:
        raise refusal(
            RefusalCode.DATABASE_UNAVAILABLE,
            f"{error}; nothing was done, try again with the same idempotency_key",
        ) from error
    except StorageError as error:
        raise refusal(
            RefusalCode.DATABASE_UNAVAILABLE, f"{error}; nothing was done, try again in a few seconds"
        ) from error
    except ConfigurationError as error:
        raise refusal(RefusalCode.BAD_ARGUMENT, "; ".join(error.problems)) from error
    except CommandTimeout as error:
        raise refusal(RefusalCode.PENDING, str(error)) from error

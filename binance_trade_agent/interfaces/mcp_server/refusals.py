"""Failures an agent can act on: a stable code, then a sentence that says what to do next.

Anything else that goes wrong reaches the client as a bare "Error executing tool", its text withheld.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from mcp.server.mcpserver.exceptions import ToolError

from binance_trade_agent.control.steering import CommandTimeout
from binance_trade_agent.domain.errors import ConfigurationError, StorageError


class RefusalCode(StrEnum):
    """The codes; they never change their meaning."""

    BAD_ARGUMENT = "BAD_ARGUMENT"
    DATABASE_UNAVAILABLE = "DATABASE_UNAVAILABLE"
    FORBIDDEN = "FORBIDDEN"
    PENDING = "PENDING"
    REFUSED = "REFUSED"
    FAILED = "FAILED"


def refusal(code: RefusalCode, text: str) -> ToolError:
    """The error a client sees as `<code>: <text>`."""
    return ToolError(f"{code}: {text}")


@contextmanager
def refusals() -> Iterator[None]:
    """Turns the errors that the control plane raises on purpose into refusals."""
    try:
        yield
    except StorageError as error:
        raise refusal(
            RefusalCode.DATABASE_UNAVAILABLE, f"{error}; nothing was done, try again in a few seconds"
        ) from error
    except ConfigurationError as error:
        raise refusal(RefusalCode.BAD_ARGUMENT, "; ".join(error.problems)) from error
    except CommandTimeout as error:
        raise refusal(RefusalCode.PENDING, str(error)) from error
